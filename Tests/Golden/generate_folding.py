"""Records how PyTorch folds batch norm into convolutions: folding_pytorch.json.

Made with torch 2.13.0. Run: python3 Tests/Golden/generate_folding.py
"""

import json
import pathlib

import torch
from torch.nn.utils.fusion import fuse_conv_bn_eval

torch.manual_seed(20)
CASES = []
for kind, inputs, outputs, epsilon in [
    ("convolution", 3, 4, 1e-3),
    ("convolution", 2, 5, 1e-5),
    ("depthwise", 6, 6, 1e-3),
    ("depthwise", 3, 3, 1e-5),
    ("pointwise", 4, 7, 1e-3),
    ("pointwise", 7, 2, 1e-5),
]:
    size = 1 if kind == "pointwise" else 3
    groups = inputs if kind == "depthwise" else 1
    convolution = torch.nn.Conv2d(inputs, outputs, size, bias=False, groups=groups)
    norm = torch.nn.BatchNorm2d(outputs, eps=epsilon)
    with torch.no_grad():
        norm.weight.uniform_(0.2, 2)
        norm.bias.normal_()
        norm.running_mean.normal_()
        # Small variances are where a wrong epsilon shows.
        norm.running_var.copy_(10 ** torch.empty(outputs).uniform_(-4, 1))
    # The numbers in the file are fp32; PyTorch folds them in fp64, and the result is rounded once.
    fused = fuse_conv_bn_eval(convolution.eval().double(), norm.eval().double())
    # [out, in, height, width] to [height, width, in, out], in which output channels vary fastest.
    weight = fused.weight.detach().permute(2, 3, 1, 0)
    CASES.append(
        {
            "kind": kind,
            "inputs": inputs,
            "outputs": outputs,
            "epsilon": epsilon,
            "weight": convolution.weight.detach().flatten().tolist(),
            "gamma": norm.weight.tolist(),
            "beta": norm.bias.tolist(),
            "mean": norm.running_mean.tolist(),
            "variance": norm.running_var.tolist(),
            "foldedWeight": weight.float().flatten().tolist(),
            "foldedBias": fused.bias.detach().float().tolist(),
        }
    )
path = pathlib.Path(__file__).with_name("folding_pytorch.json")
path.write_text(json.dumps(CASES) + "\n")
