"""The backbone and the heads of `backbone train segment` in PyTorch, with the weights of a model file and our initial values."""

import json
import math
import os
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Tests" / "Golden"))
from formula import numbers, seed_of  # noqa: E402

PLAN = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


class Tensors:
    """A safetensors file, read where it is asked for."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDONLY)
        length = struct.unpack("<Q", os.pread(self.file, 8, 0))[0]
        self.header = json.loads(os.pread(self.file, length, 8))
        self.metadata, self.start = self.header.pop("__metadata__", {}), 8 + length

    def place(self, name):
        entry = self.header[name]
        return entry["shape"], self.start + entry["data_offsets"][0]

    def __contains__(self, name):
        return name in self.header

    def __getitem__(self, name):
        shape, at = self.place(name)
        return np.frombuffer(os.pread(self.file, 4 * math.prod(shape), at), np.float32).reshape(shape).copy()


def initial(name, shape, seed):
    """`Sources/Learning/Training`'s numbers for a layer that begins anew."""
    fan_in = 9 if len(shape) == 3 else shape[0]
    u = (numbers(math.prod(shape) * 12, seed ^ seed_of(name)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    total = 0
    for k in range(12):
        total = total + u[k::12]
    return ((total - 6) * math.sqrt(2 / fan_in)).astype(np.float32).reshape(shape)


class Layer(nn.Module):
    """A convolution with bias or batch norm and its clamp; TensorFlow's SAME padding, or one pixel on each side."""

    def __init__(self, name, inputs, outputs, act, weights, seed, depthwise=False, stride=1, dilation=1, norm=False, same=True):
        super().__init__()
        shape = [3, 3, outputs] if depthwise else [inputs, outputs]
        self.pretrained = not norm and f"{name}.weight" in weights
        w = torch.from_numpy(weights[f"{name}.weight"] if self.pretrained else initial(f"{name}.weight", shape, seed))
        w = w.permute(2, 0, 1)[:, None] if depthwise else w.t()[:, :, None, None]
        self.conv = nn.Conv2d(inputs, outputs, 3 if depthwise else 1, stride, dilation if depthwise else 0, dilation,
                              outputs if depthwise else 1, bias=not norm)
        self.conv.weight.data = w.contiguous()
        if not norm:
            self.conv.bias.data = torch.from_numpy(weights[f"{name}.bias"]) if self.pretrained else torch.zeros(outputs)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03) if norm else None
        self.act = {"linear": nn.Identity, "relu": lambda: nn.ReLU(True), "relu6": lambda: nn.ReLU6(True)}[act]()
        self.same = same and self.conv.kernel_size[0] == 3

    def forward(self, x):
        c = self.conv
        if self.same:
            pads = [p for n in (x.shape[3], x.shape[2]) for p in self.pads(n)]
            if len(set(pads)) == 1 and pads[0] == c.padding[0]:
                y = c(x)
            else:
                y = F.conv2d(F.pad(x, pads), c.weight, c.bias, c.stride, 0, c.dilation, c.groups)
        else:
            y = c(x)
        return self.act(self.norm(y) if self.norm else y)

    def pads(self, extent):
        c = self.conv
        total = max((-(-extent // c.stride[0]) - 1) * c.stride[0] + c.dilation[0] * (c.kernel_size[0] - 1) + 1 - extent, 0)
        return total // 2, total - total // 2


class Block(nn.Module):
    def __init__(self, index, inputs, outputs, expansion, stride, dilation, weights):
        super().__init__()
        name, wide = f"backbone.block{index}", inputs * expansion
        layer = lambda part, *a, **k: Layer(f"{name}.{part}", *a, weights, 0, **k)
        self.expand = layer("expand", inputs, wide, "relu6") if expansion != 1 else None
        self.depthwise = layer("depthwise", wide, wide, "relu6", depthwise=True, stride=stride, dilation=dilation)
        self.project = layer("project", wide, outputs, "linear")
        self.skip, self.index, self.inputs, self.outputs, self.wide = stride == 1 and inputs == outputs, index, inputs, outputs, wide

    def forward(self, x, maps):
        e = self.expand(x) if self.expand else x
        maps[f"block{self.index}/expansion"] = e
        y = self.project(self.depthwise(e))
        maps[f"block{self.index}"] = y = x + y if self.skip else y
        return y


def blocks_of(weights, output_stride):
    blocks, channels, stride, dilation = [], 32, 2, 1
    for t, c, n, s in PLAN:
        for i in range(n):
            step, rate = s if i == 0 else 1, dilation
            if step == 2 and stride == output_stride:
                step, dilation = 1, dilation * 2
            stride *= step
            blocks.append(Block(len(blocks), channels, c, t, step, rate, weights))
            blocks[-1].grid = stride
            channels = c
    return blocks


class Frozen(nn.Module):
    """The backbone up to its deepest tap; pictures of bytes in, taps out."""

    def __init__(self, blocks, taps, weights, card):
        super().__init__()
        w = torch.from_numpy(weights["backbone.stem.weight"])
        self.stem = nn.Conv2d(3, 32, 3, 2, bias=True)
        self.stem.weight.data = (w if w.dim() == 4 else w.reshape(3, 3, 3, 32)).permute(3, 2, 0, 1).contiguous()
        self.stem.bias.data = torch.from_numpy(weights["backbone.stem.bias"])
        deepest = max(int(tap.split("/")[0].removeprefix("block")) for tap in taps)
        self.blocks, self.taps = nn.ModuleList(blocks[:deepest + 1]), taps
        self.register_buffer("mean", torch.tensor(card["input"]["mean"])[:, None, None])
        self.register_buffer("scale", 1 / torch.tensor(card["input"]["standardDeviation"])[:, None, None])

    def forward(self, x):
        x, maps = (x - self.mean) * self.scale, {}
        pads = [p for n in (x.shape[3], x.shape[2]) for p in ((max((-(-n // 2) - 1) * 2 + 3 - n, 0)) // 2, -(-max((-(-n // 2) - 1) * 2 + 3 - n, 0) // 2))]
        x = F.relu6(self.stem(F.pad(x, pads)), inplace=True)
        for block in self.blocks:
            x = block(x, maps)
        return tuple(maps[tap] for tap in self.taps)


class Head(nn.Module):
    """DeepLab-lite or the pyramid, below it the blocks that learn too."""

    def __init__(self, o, blocks, weights, classes):
        super().__init__()
        first = int(o.unfreeze.removeprefix("block")) if o.unfreeze else len(blocks)
        self.learning, self.taps, self.kind = nn.ModuleList(blocks[first:]), [], o.head
        layer = lambda name, *a, **k: Layer(name, *a, weights, o.seed, **{"norm": True, **k})
        self.wanted = ["block16"] if o.head == "deeplab" else o.levels.split(",")
        self.first = first
        for tap in self.wanted:
            block = int(tap.split("/")[0].removeprefix("block"))
            if block >= first:
                tap = f"block{first - 1}"
            if tap not in self.taps:
                self.taps.append(tap)
        if o.head == "deeplab":
            self.pooling, self.aspp = layer("deeplab.pooling", 320, 256, "relu"), layer("deeplab.aspp", 320, 256, "relu")
            self.projection = layer("deeplab.projection", 512, 256, "relu")
            self.logits = layer("deeplab.logits", 256, classes, "linear", norm=False)
            return
        channels = lambda tap: blocks[int(tap.split("/")[0].removeprefix("block"))].wide if "/" in tap else blocks[int(tap.removeprefix("block"))].outputs
        widths = [int(w) for w in o.widths.split(",")]
        self.deepest = layer("pyramid.deepest", channels(self.wanted[0]), widths[0], "relu6")
        self.levels = nn.ModuleList()
        for i, (tap, width) in enumerate(zip(self.wanted[1:], widths), 1):
            name, before = f"pyramid.level{i}", widths[max(i - 2, 0)]
            self.levels.append(nn.ModuleDict({
                "narrow": layer(f"{name}.narrow", before, width, "linear", norm=False) if before != width else nn.Identity(),
                "lateral": layer(f"{name}.lateral", channels(tap), width, "linear"),
                "depthwise": layer(f"{name}.depthwise", width, width, "relu6", depthwise=True),
                "pointwise": layer(f"{name}.pointwise", width, width, "relu6")}))
        self.logits = layer("pyramid.logits", widths[-1], classes, "linear", norm=False)

    def forward(self, taps):
        maps = dict(zip(self.taps, taps))
        if len(self.learning):
            x = maps[f"block{self.first - 1}"]
            for block in self.learning:
                x = block(x, maps)
        x = maps[self.wanted[0]]
        if self.kind == "deeplab":
            aspp = self.aspp(x)
            pooled = self.pooling(x.mean((2, 3), keepdim=True)).expand(-1, -1, *aspp.shape[2:])
            return self.logits(self.projection(torch.cat([pooled, aspp], 1)))
        x = self.deepest(x)
        for level, tap in zip(self.levels, self.wanted[1:]):
            x, lateral = level["narrow"](x), level["lateral"](maps[tap])
            if x.shape != lateral.shape:
                x = F.interpolate(x, size=lateral.shape[2:], mode="bilinear", align_corners=False)
            x = level["pointwise"](level["depthwise"](F.relu6(lateral + x, inplace=True)))
        return self.logits(x)

    def groups(self, o):
        """Weights decay, biases and batch norm do not; what was trained before learns more slowly."""
        groups = {}
        for layer in self.modules():
            if isinstance(layer, Layer):
                for p in layer.parameters():
                    key = (p.dim() > 1, layer.pretrained)
                    groups.setdefault(key, []).append(p)
        return [{"params": ps, "weight_decay": o.weight_decay if decays else 0.0, "share": o.backbone_rate if old else 1.0}
                for (decays, old), ps in groups.items()]
