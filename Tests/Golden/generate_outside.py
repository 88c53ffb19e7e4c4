"""The network of Tests/OutsidePackage in PyTorch: its taps for one image, with weights by formula.

Usage: python generate_outside.py > outside_network.json   (torch 2.13, numpy)
"""
import json

import numpy as np
import torch
import torch.nn.functional as F

ROWS = [  # kernel, expanded, outputs, squeeze-and-excite, activation, stride
    (3, 16, 16, True, F.relu, 2),
    (3, 40, 24, False, F.relu, 2),
    (3, 56, 24, False, F.relu, 1),
    (5, 64, 40, True, F.hardswish, 2),
    (5, 96, 40, True, F.hardswish, 1),
]
HEIGHT, WIDTH = 61, 47


def values(name, count, bound):
    state = 2166136261
    for byte in name.encode():
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    numbers = np.empty(count, np.float32)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        numbers[i] = np.float32(np.float32(state >> 8) / np.float32(1 << 23)) - np.float32(1)
    return numbers * np.float32(bound)


def layer(name, x, outputs, kernel=1, stride=1, depthwise=False):
    inputs = x.shape[1]
    if depthwise:
        fan = kernel * kernel
        w = values(f"{name}.weight", fan * outputs, np.sqrt(np.float32(6) / np.float32(fan)))
        w = w.reshape(kernel, kernel, outputs).transpose(2, 0, 1)[:, None]
    else:
        fan = kernel * kernel * inputs
        w = values(f"{name}.weight", fan * outputs, np.sqrt(np.float32(6) / np.float32(fan)))
        w = w.reshape(kernel, kernel, inputs, outputs).transpose(3, 2, 0, 1)
    b = values(f"{name}.bias", outputs, 0.1)
    return F.conv2d(
        x, torch.tensor(w.copy(), dtype=torch.float64), torch.tensor(b, dtype=torch.float64), stride, kernel // 2,
        groups=outputs if depthwise else 1)


image = values("image", HEIGHT * WIDTH * 3, 1).reshape(HEIGHT, WIDTH, 3)
x = torch.tensor(image.transpose(2, 0, 1)[None].copy(), dtype=torch.float64)
taps = {}
x = F.hardswish(layer("backbone.stem", x, 16, 3, 2))
for index, (kernel, expanded, outputs, excites, activation, stride) in enumerate(ROWS):
    name = f"backbone.block{index}"
    y = activation(layer(f"{name}.expand", x, expanded))
    y = activation(layer(f"{name}.depthwise", y, expanded, kernel, stride, depthwise=True))
    if excites:
        s = y.mean((2, 3), keepdim=True)
        s = F.relu(layer(f"{name}.excite.reduce", s, expanded // 4))
        y = y * F.hardsigmoid(layer(f"{name}.excite.expand", s, expanded))
    y = layer(f"{name}.project", y, outputs)
    x = x + y if stride == 1 and x.shape[1] == outputs else y
    if index > 0:
        taps[f"block{index}"] = [float(f"{v:.7g}") for v in x[0].permute(1, 2, 0).flatten().tolist()]
print(json.dumps({"height": HEIGHT, "width": WIDTH, "taps": taps}))
