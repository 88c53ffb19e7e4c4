"""Goldens of MobileNetV1, ShuffleNet v1 and MobileNetV2's ablations, with weights by formula, by PyTorch in fp64.

    python generate_networks.py [--record] [--look]

Tensors have the names that native files give them; the numbers follow from each name and shape (`weights` below), so that no
weights are stored. Everything is computed in double precision: what a golden's tolerance allows is the tested program's alone.
`--look` prints how far PyTorch's own fp32 is away, and how much the pixels of each map differ.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F

import formula

VERSIONS = {"torch": torch.__version__, "numpy": np.__version__}
LOOK = "--look" in sys.argv
# Width and height of the inputs: the usual one, an odd one, one that is no square.
SIZES = [(224, 224), (193, 193), (160, 96)]
SAMPLES = 12


def weights(name, shape, gain, precision):
    """A weight's and a bias's numbers; `shape` is the native one, outputs last.

    A weight's variance is the gain over three times the inputs of one output. ReLU6 cuts in MobileNetV1 from a gain of 7 on;
    with sums that would be too much.
    """
    u = formula.units(int(np.prod(shape)), formula.seed_of(f"{name}.weight")).reshape(shape)
    inputs = 9 if len(shape) == 3 else int(np.prod(shape[:-1]))
    w = (u * np.float32(2) - np.float32(1)) * np.float32(np.sqrt(gain / inputs))
    u = formula.units(shape[-1], formula.seed_of(f"{name}.bias"))
    b = (u * np.float32(2) - np.float32(1)) * np.float32(0.3)
    return torch.from_numpy(w).to(precision), torch.from_numpy(b).to(precision)


def divisible(value, divisor=8):
    """TF-slim's rounding of widths."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


class Network:
    """The layers that all networks are made of, on tensors [1, channels, height, width]."""

    def __init__(self, padding, gain, precision):
        self.padding, self.gain, self.precision = padding, gain, precision

    def weights(self, name, *shape):
        return weights(name, shape, self.gain, self.precision)

    def pads(self, extent, stride, dilation):
        """Zeros before and after an axis."""
        if self.padding == "symmetric":
            return [dilation, dilation]
        total = max((-(-extent // stride) - 1) * stride + 2 * dilation + 1 - extent, 0)
        return [total // 2, total - total // 2]

    def padded(self, x, stride, dilation, value=0.0):
        pads = self.pads(x.shape[3], stride, dilation) + self.pads(x.shape[2], stride, dilation)
        return F.pad(x, pads, value=value)

    def convolution(self, x, name, outputs, stride):
        w, b = self.weights(name, 3, 3, x.shape[1], outputs)
        return F.conv2d(self.padded(x, stride, 1), w.permute(3, 2, 0, 1), b, stride)

    def depthwise(self, x, name, stride, dilation):
        c = x.shape[1]
        w, b = self.weights(name, 3, 3, c)
        w = w.permute(2, 0, 1)[:, None]
        return F.conv2d(self.padded(x, stride, dilation), w, b, stride, dilation=dilation, groups=c)

    def pointwise(self, x, name, outputs, groups=1):
        w, b = self.weights(name, x.shape[1] // groups, outputs)
        return F.conv2d(x, w.T[:, :, None, None], b, groups=groups)


class Strides:
    """Strides that would exceed the output stride become dilations of the layers behind."""

    def __init__(self, limit, reached):
        self.limit, self.reached, self.dilation = limit, reached, 1

    def next(self, stride):
        own = self.dilation
        if stride == 2 and self.reached == self.limit:
            self.dilation *= 2
            return 1, own
        self.reached *= stride
        return stride, own


def mobilenet_v1(x, net, width, output_stride):
    """"MobileNets", table 1; names and maps of all taps."""
    strides, maps = Strides(output_stride, 2), {}
    x = maps["stem"] = F.relu6(net.convolution(x, "backbone.stem", divisible(32 * width), 2))
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
    for i, (outputs, stride) in enumerate(plan):
        name = f"backbone.block{i}"
        x = F.relu6(net.depthwise(x, f"{name}.depthwise", *strides.next(stride)))
        x = maps[f"block{i}"] = F.relu6(net.pointwise(x, f"{name}.project", divisible(outputs * width)))
    return maps


def shufflenet(x, net, groups, stem, outputs, output_stride):
    """"ShuffleNet", table 1; `outputs` are those of stage 2."""
    strides, maps = Strides(output_stride, 4), {}
    x = maps["stem"] = F.relu(net.convolution(x, "backbone.stem", stem, 2))
    x = F.max_pool2d(x, 3, 2, 1)
    i = 0
    for stage, repeats in enumerate((4, 8, 4)):
        o = outputs << stage
        for unit in range(repeats):
            name, (stride, dilation) = f"backbone.block{i}", strides.next(2 if unit == 0 else 1)
            y = F.relu(net.pointwise(x, f"{name}.expand", o // 4, groups if i else 1))
            y = F.channel_shuffle(y, groups)
            y = net.depthwise(y, f"{name}.depthwise", stride, dilation)
            y = net.pointwise(y, f"{name}.project", o - x.shape[1] if unit == 0 else o, groups)
            # Zeros around count in the averages.
            x = F.relu(torch.cat([F.avg_pool2d(x, 3, stride, 1), y], 1) if unit == 0 else x + y)
            maps[f"block{i}"] = x
            i += 1
    return maps


def mobilenet_v2(x, net, width, output_stride, bottleneck, shortcut):
    """"MobileNetV2", table 2, with the variants of section 6.4."""
    strides, maps = Strides(output_stride, 2), {}
    x = maps["stem"] = F.relu6(net.convolution(x, "backbone.stem", divisible(32 * width), 2))
    plan = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    before, i = None, 0
    for times, outputs, repeats, first in plan:
        for place in range(repeats):
            name, (stride, dilation) = f"backbone.block{i}", strides.next(first if place == 0 else 1)
            e = x
            if times > 1:
                e = net.pointwise(x, f"{name}.expand", times * x.shape[1])
                if shortcut == "expansions" and before is not None and before.shape == e.shape:
                    e = e + before
                e = before = maps[f"block{i}/expansion"] = F.relu6(e)
            y = F.relu6(net.depthwise(e, f"{name}.depthwise", stride, dilation))
            y = net.pointwise(y, f"{name}.project", divisible(outputs * width))
            y = F.relu6(y) if bottleneck == "relu6" else y
            x = maps[f"block{i}"] = x + y if shortcut == "bottlenecks" and x.shape == y.shape else y
            i += 1
    maps["last"] = F.relu6(net.pointwise(x, "backbone.last", max(1280, divisible(1280 * width))))
    return maps


def case(run, size, padding, output_stride, gain, names=None, **said):
    """One network on one input."""
    answers = []
    for precision in (torch.float64, torch.float32) if LOOK else (torch.float64,):
        x = torch.from_numpy(formula.network_input(*size)).permute(0, 3, 1, 2).to(precision)
        answers.append(run(x, Network(padding, gain, precision)))
    taps = []
    for name, wide in answers[0].items():
        if names is None or name in names:
            taps.append(formula.tensor_golden(name, wide[0].permute(1, 2, 0).numpy(), SAMPLES))
    if LOOK:
        worst = {n: float((a - answers[1][n]).abs().max() / a.abs().max()) for n, a in answers[0].items()}
        spread = {n: float(a.std((2, 3)).mean() / a.std()) for n, a in answers[0].items() if a.shape[2] > 1}
        dead = float((answers[0][taps[-1]["name"]] == 0).double().mean())
        print(size, padding, output_stride, said, "fp32 off by", max(worst.values()), "of the peak; spread of pixels",
              round(list(spread.values())[-1], 3), "peaks", [round(t["peak"], 2) for t in taps], "zeros", round(dead, 2))
    return {"width": size[0], "height": size[1], "padding": padding, "outputStride": output_stride,
            "gain": gain, **said, "taps": taps}


def main():
    torch.set_num_threads(1)

    for width in (1.0, 0.5, 0.25):
        def run(output_stride):
            return lambda x, net: mobilenet_v1(x, net, width, output_stride)
        cases = [case(run(32), size, padding, 32, 7.5) for padding in ("same", "symmetric") for size in SIZES]
        if width == 0.5:
            cases += [case(run(s), (193, 160), p, s, 7.5) for p in ("same", "symmetric") for s in (16, 8)]
        formula.write(f"network_mobilenet-v1_{int(width * 100):03}.json",
                      {"versions": VERSIONS, "scale": width, "groups": 1, "cases": cases})

    # Groups, scale, channels of the first convolution and of stage 2.
    for groups, scale, stem, outputs in [(1, 0.5, 12, 72), (2, 1, 24, 200), (3, 0.5, 12, 120), (4, 1, 24, 272),
                                         (8, 0.5, 16, 192), (3, 2, 48, 480), (3, 1.5, 24, 360), (8, 0.25, 8, 96)]:
        def run(output_stride):
            return lambda x, net: shufflenet(x, net, groups, stem, outputs, output_stride)
        cases = [case(run(32), size, "symmetric", 32, 4.5) for size in SIZES]
        if (groups, scale) == (3, 0.5):
            cases += [case(run(s), (193, 160), "symmetric", s, 4.5) for s in (16, 8)]
        formula.write(f"network_shufflenet_{groups}_{int(scale * 100):03}.json",
                      {"versions": VERSIONS, "scale": scale, "groups": groups, "cases": cases})

    cases = []
    for bottleneck, shortcut in [("linear", "bottlenecks"), ("relu6", "bottlenecks"), ("linear", "none"),
                                 ("linear", "expansions"), ("relu6", "expansions"), ("relu6", "none")]:
        for size, padding, output_stride in [((129, 97), "same", 32), ((160, 96), "symmetric", 16)]:
            def run(x, net):
                return mobilenet_v2(x, net, 0.5, output_stride, bottleneck, shortcut)
            names = ["stem", "last"] + [f"block{i}" for i in (0, 1, 2, 5, 9, 12, 16)]
            names += [f"block{i}/expansion" for i in (1, 2, 3, 6, 10, 13, 16)]
            cases.append(case(run, size, padding, output_stride, 4.5, names, bottleneck=bottleneck, shortcut=shortcut))
    formula.write("network_mobilenet-v2_ablations.json",
                  {"versions": VERSIONS, "scale": 0.5, "groups": 1, "cases": cases})


if __name__ == "__main__":
    main()
