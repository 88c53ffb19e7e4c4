"""Goldens of DeepLabV3 with atrous spatial pyramid pooling and of SSD with full convolutions, on MobileNetV1 and V2, by PyTorch.

    python generate_heads.py [--record]

Networks and heads are written out here from their papers' tables with `torch.nn.functional`; the numbers of a tensor follow from
its name (`values`), so that no weights are stored. Written with PyTorch 2.13.
"""

import numpy as np
import torch
import torch.nn.functional as F

from formula import network_input, seed_of, tensor_golden, units, write

WIDTH = 0.5
V1_ROWS = [(64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2)]
V2_ROWS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
BOXES = [3, 6, 6, 6, 6, 6]


def values(name, shape):
    """Batch norm is folded: a bias near 0, weights uniform by the number of inputs of one output."""
    count = int(np.prod(shape))
    u = units(count, seed_of(name)) * np.float32(2) - np.float32(1)
    if len(shape) == 1:
        return (u * np.float32(0.3)).reshape(shape)
    inputs = 9 if len(shape) == 3 else int(np.prod(shape[:-1]))
    return (u * np.float32((4.5 / inputs) ** 0.5)).reshape(shape)


def pads(extent, stride, dilation):
    """TensorFlow's SAME for three taps: zeros before and behind."""
    output = -(-extent // stride)
    total = max((output - 1) * stride + 2 * dilation + 1 - extent, 0)
    return total // 2, total - total // 2


def convolution(x, name, outputs, clamp=None, taps=1, stride=1, dilation=1):
    inputs = x.shape[1]
    shape = (inputs, outputs) if taps == 1 else (3, 3, inputs, outputs)
    w = torch.from_numpy(values(f"{name}.weight", shape).astype(np.float64)).reshape(taps, taps, inputs, outputs)
    b = torch.from_numpy(values(f"{name}.bias", (outputs,)).astype(np.float64))
    if taps == 3:
        x = F.pad(x, pads(x.shape[3], stride, dilation) + pads(x.shape[2], stride, dilation))
    return clamped(F.conv2d(x, w.permute(3, 2, 0, 1), b, stride=stride, dilation=dilation), clamp)


def depthwise(x, name, stride, dilation):
    channels = x.shape[1]
    w = torch.from_numpy(values(f"{name}.weight", (3, 3, channels)).astype(np.float64))
    b = torch.from_numpy(values(f"{name}.bias", (channels,)).astype(np.float64))
    x = F.pad(x, pads(x.shape[3], stride, dilation) + pads(x.shape[2], stride, dilation))
    y = F.conv2d(x, w.permute(2, 0, 1)[:, None], b, stride=stride, dilation=dilation, groups=channels)
    return clamped(y, 6)


def clamped(x, clamp):
    return x if clamp is None else x.clamp(0, clamp)


class Strides:
    """Strides beyond the output stride become dilations of the layers behind."""

    def __init__(self, output_stride):
        self.limit, self.reached, self.dilation = output_stride, 2, 1

    def next(self, stride):
        own = self.dilation
        if stride == 2 and self.reached == self.limit:
            self.dilation *= 2
            return 1, own
        self.reached *= stride
        return stride, own


def mobilenet_v1(x, output_stride):
    """The deepest map, and the deepest at the next finer stride."""
    strides = Strides(output_stride)
    x = convolution(x, "backbone.stem", 16, 6, taps=3, stride=2)
    index, finer, reached = 0, None, 2
    for channels, repeats, first in V1_ROWS:
        for repeat in range(repeats):
            stride, dilation = strides.next(first if repeat == 0 else 1)
            if stride == 2:
                finer = x
            name = f"backbone.block{index}"
            x = depthwise(x, f"{name}.depthwise", stride, dilation)
            x = convolution(x, f"{name}.project", int(channels * WIDTH), 6)
            index += 1
    return finer, x


def mobilenet_v2(x, output_stride):
    strides = Strides(output_stride)
    x = convolution(x, "backbone.stem", 16, 6, taps=3, stride=2)
    index, finer = 0, None
    for factor, channels, repeats, first in V2_ROWS:
        outputs = max(8, int(channels * WIDTH + 4) // 8 * 8)
        for repeat in range(repeats):
            stride, dilation = strides.next(first if repeat == 0 else 1)
            name, block = f"backbone.block{index}", x
            if factor > 1:
                x = convolution(x, f"{name}.expand", x.shape[1] * factor, 6)
            if stride == 2:
                finer = x
            x = depthwise(x, f"{name}.depthwise", stride, dilation)
            x = convolution(x, f"{name}.project", outputs)
            if stride == 1 and block.shape == x.shape:
                x = x + block
            index += 1
    return finer, x


def deeplab(deepest, output_stride, outputs):
    relu = float("inf")
    size = deepest.shape[2:]
    pooled = convolution(deepest.mean((2, 3), keepdim=True), "deeplab.pooling", 256, relu)
    branches = [pooled.expand(-1, -1, *size), convolution(deepest, "deeplab.aspp", 256, relu)]
    for index, rate in enumerate([6, 12, 18]):
        branches.append(
            convolution(deepest, f"deeplab.atrous{index + 1}", 256, relu, taps=3, dilation=rate * 16 // output_stride))
    x = convolution(torch.cat(branches, 1), "deeplab.projection", 256, relu)
    return convolution(x, "deeplab.logits", outputs)


def ssd(finer, deepest, outputs):
    maps = [finer, deepest]
    for index, channels in enumerate([512, 256, 256, 128]):
        name, channels = f"ssd.extra{index}", int(channels * WIDTH)
        x = convolution(maps[-1], f"{name}.reduce", channels // 2, 6)
        maps.append(convolution(x, f"{name}.expand", channels, 6, taps=3, stride=2))
    answers = []
    for kind, each in [("box", 4), ("class", outputs)]:
        parts = [
            convolution(x, f"ssd.predictor{index}.{kind}", BOXES[index] * each, taps=3)
            .permute(0, 2, 3, 1).reshape(1, -1, each)
            for index, x in enumerate(maps)
        ]
        answers.append(torch.cat(parts, 1))
    return answers


def picture(height, width):
    return torch.from_numpy(network_input(width, height).astype(np.float64)).permute(0, 3, 1, 2)


def main():
    networks = {"mobilenet-v1": mobilenet_v1, "mobilenet-v2": mobilenet_v2}
    cases = []
    for network, run in networks.items():
        for output_stride, height, width in [(16, 161, 289), (8, 313, 329), (8, 129, 137)]:
            _, deepest = run(picture(height, width), output_stride)
            logits = deeplab(deepest, output_stride, 21)
            cases.append({
                "network": network, "head": "aspp", "width": WIDTH, "outputStride": output_stride,
                "input": [height, width], "outputs": 21,
                "tensors": [tensor_golden("logits", logits[0].permute(1, 2, 0).numpy())]})
        for height, width in [(161, 193), (300, 300)]:
            finer, deepest = run(picture(height, width), 32)
            if network == "mobilenet-v2":
                deepest = convolution(deepest, "backbone.last", 1280, 6)
            codes, logits = ssd(finer, deepest, 21)
            cases.append({
                "network": network, "head": "ssd", "width": WIDTH, "outputStride": 32, "input": [height, width],
                "outputs": 21,
                "tensors": [tensor_golden("codes", codes.numpy()), tensor_golden("logits", logits.numpy())]})
    write("heads_pytorch.json", {"cases": cases})


main()
