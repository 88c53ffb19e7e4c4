"""Goldens of whole networks that learn: gradients of all parameters, from the image on, by PyTorch in fp64.

    python generate_training_networks.py [--record] [--look]

Networks, inputs, weights and the answers' gradients follow from names; `Tests/TrainingTests/WholeNetworks.swift` builds the same
graphs. The loss is the sum of the answers times numbers by formula, so that every answer has a gradient of its own.
`--look` prints how far PyTorch's own fp32 is away.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F

import formula
from generate_networks import Network, mobilenet_v2, shufflenet

LOOK = "--look" in sys.argv
BATCH = 2
CLASSES = 3
BOXES = [3, 6, 6, 6, 6, 6]
ACTIVATIONS = {
    "linear": lambda x: x, "relu": F.relu, "relu6": F.relu6, "hard-swish": F.hardswish, "hard-sigmoid": F.hardsigmoid,
    "sigmoid": torch.sigmoid}


def units(name, shape):
    """Numbers in [-1, 1) by name."""
    return formula.units(int(np.prod(shape)), formula.seed_of(name)).reshape(shape) * np.float32(2) - np.float32(1)


class Learning(Network):
    """The layers of `generate_networks.py`, with weights that have gradients, and more layers."""

    def __init__(self, padding, gain, precision):
        super().__init__(padding, gain, precision)
        self.parameters = {}

    def parameter(self, name, make):
        if name not in self.parameters:
            self.parameters[name] = make().to(self.precision).requires_grad_()
        return self.parameters[name]

    def weight(self, name, *shape):
        """Uniform, of a variance of a third of the gain over the inputs of one output."""
        inputs = int(np.prod(shape[:2] if len(shape) == 3 else shape[:-1]))
        bound = np.float32(np.sqrt(self.gain / inputs))
        return self.parameter(f"{name}.weight", lambda: torch.from_numpy(units(f"{name}.weight", shape) * bound))

    def vector(self, name, count, scale, offset):
        values = units(name, [count]) * np.float32(scale) + np.float32(offset)
        return self.parameter(name, lambda: torch.from_numpy(values))

    def weights(self, name, *shape):
        return self.weight(name, *shape), self.vector(f"{name}.bias", shape[-1], 0.3, 0)

    def layer(self, x, name, outputs, activation="linear", kernel=(1, 1), stride=1, dilation=1, groups=1,
              padding="same", normalised=False):
        """A convolution with its bias or batch norm, and its activation."""
        inputs = x.shape[1]
        if kernel == (1, 1) and stride == 1:
            shape = [inputs // groups, outputs]
        else:
            shape = [*kernel, outputs] if groups == inputs == outputs else [*kernel, inputs // groups, outputs]
        w = self.weight(name, *shape).reshape(*kernel, inputs // groups, outputs).permute(3, 2, 0, 1)
        pads = []
        for extent, taps in ((x.shape[3], kernel[1]), (x.shape[2], kernel[0])):
            reach = (taps - 1) * dilation
            total = 2 * (reach // 2) if padding == "symmetric" else max(
                (-(-extent // stride) - 1) * stride + reach + 1 - extent, 0)
            pads += [total // 2, total - total // 2]
        y = F.conv2d(F.pad(x, pads), w, stride=stride, dilation=dilation, groups=groups)
        if normalised:
            gamma = self.vector(f"{name}.gamma", outputs, 0.5, 1)
            beta = self.vector(f"{name}.beta", outputs, 0.3, 0)
            y = F.batch_norm(y, None, None, gamma, beta, training=True, eps=1e-3)
        else:
            y = y + self.vector(f"{name}.bias", outputs, 0.3, 0)[None, :, None, None]
        return ACTIVATIONS[activation](y)

    def squeeze_excite(self, x, name, squeezed, inner="relu", gate="hard-sigmoid"):
        y = self.layer(x.mean((2, 3), keepdim=True), f"{name}.reduce", squeezed, inner)
        return x * self.layer(y, f"{name}.expand", x.shape[1], gate)


def whole_mobilenet(x, net):
    last = mobilenet_v2(x, net, 0.35, 32, "linear", "bottlenecks")["last"]
    return [net.layer(last.mean((2, 3), keepdim=True), "classifier", 5)]


def units_of_shufflenet(x, net):
    """The first two: the one that halves the map, beside its averages, and one with a sum."""
    return [shufflenet(x, net, 3, 12, 120, 32)["block1"]]


def gates(x, net):
    """Hard-swish, 5x5 depthwise convolutions and squeeze-and-excite, as MobileNetV3 has them, and activations by themselves."""
    x = net.layer(x, "stem", 16, "hard-swish", (3, 3), stride=2, normalised=True)
    x = net.layer(F.relu6(x), "expand", 24, "hard-swish", normalised=True)
    x = net.layer(x, "filter", 24, "hard-swish", (5, 5), stride=2, groups=24, normalised=True)
    p = net.layer(net.squeeze_excite(x, "first", 6), "project", 12, normalised=True)
    x = net.layer(p, "far", 12, "sigmoid", (5, 5), dilation=2, groups=12, padding="symmetric")
    x = F.hardswish(x + p)
    x = net.layer(x, "tall", 14, "hard-sigmoid", (5, 3), dilation=2, groups=2, padding="symmetric")
    x = net.squeeze_excite(F.hardswish(x), "second", 5, "hard-swish", "sigmoid")
    return [net.layer(x, "logits", CLASSES)]


def full_heads(x, net):
    """DeepLabV3 with atrous spatial pyramid pooling and SSD with full convolutions, on a backbone of two layers."""
    finer = net.layer(x, "backbone.stem", 8, "relu6", (3, 3), stride=2)
    deepest = net.layer(finer, "backbone.deep", 12, "relu6", (3, 3), stride=8, groups=2)
    pooled = net.layer(deepest.mean((2, 3), keepdim=True), "deeplab.pooling", 256, "relu")
    parts = [pooled.expand(-1, -1, *deepest.shape[2:]), net.layer(deepest, "deeplab.aspp", 256, "relu")]
    for i, rate in enumerate([6, 12, 18]):
        parts.append(net.layer(deepest, f"deeplab.atrous{i + 1}", 256, "relu", (3, 3), dilation=rate))
    projected = net.layer(torch.cat(parts, 1), "deeplab.projection", 256, "relu")
    answers = [net.layer(projected, "deeplab.logits", CLASSES)]
    maps = [finer, deepest]
    for i in range(4):
        half = net.layer(maps[-1], f"ssd.extra{i}.reduce", 16, "relu6")
        maps.append(net.layer(half, f"ssd.extra{i}.expand", 16, "relu6", (3, 3), stride=2))
    for i, x in enumerate(maps):
        for kind, values in (("box", 4), ("class", CLASSES)):
            answers.append(net.layer(x, f"ssd.predictor{i}.{kind}", BOXES[i] * values, kernel=(3, 3)))
    return answers


def run(case, height, width, padding, gain, precision):
    """The named answers and gradients as arrays of three axes or fewer, channels last."""
    net = Learning(padding, gain, precision)
    x = torch.from_numpy(units("input", [BATCH, height, width, 3])).to(precision).permute(0, 3, 1, 2)
    answers = case(x, net)
    loss, found = 0, {}
    for i, answer in enumerate(answers):
        answer = answer.permute(0, 2, 3, 1)
        found[f"answer {i}"] = answer
        loss = loss + (answer * torch.from_numpy(units(f"answer gradient {i}", answer.shape)).to(precision)).sum()
    loss.backward()
    for name, p in net.parameters.items():
        if p.grad is not None:
            found[f"{name} gradient"] = p.grad
    shaped = {}
    for name, value in found.items():
        shape = [1, 1, *value.shape]
        shaped[name] = value.detach().numpy().reshape(-1, shape[-2], shape[-1])
    return shaped


def record(name, case, height, width, padding="same", gain=4.5, samples=16):
    wide = run(case, height, width, padding, gain, torch.float64)
    if LOOK:
        narrow = run(case, height, width, padding, gain, torch.float32)
        errors = {n: float(np.abs(v - narrow[n]).max() / np.abs(v).max()) for n, v in wide.items()}
        worst = max(errors, key=errors.get)
        least = min(wide, key=lambda n: np.abs(wide[n]).max())
        print(name, len(wide), "tensors; fp32 off by", errors[worst], "of the peak at", worst, "; smallest peak",
              np.abs(wide[least]).max(), "of", least, "; largest", max(np.abs(v).max() for v in wide.values()))
    formula.write(f"training_network_{name}.json", {
        "versions": {"torch": torch.__version__}, "gain": gain,
        "tensors": [formula.tensor_golden(n, v, samples) for n, v in wide.items()]})


def main():
    torch.set_num_threads(1)
    record("mobilenet-v2", whole_mobilenet, 41, 35)
    record("gates", gates, 37, 33, samples=24)
    record("shufflenet", units_of_shufflenet, 45, 37, padding="symmetric", samples=24)
    record("heads", full_heads, 97, 81)


if __name__ == "__main__":
    main()
