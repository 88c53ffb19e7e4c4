"""The eight-bit DeepLabV3 on MobileNetV2 as a float checkpoint with Hugging Face's names.

    python backbone.py deeplabv3_mnv2_pascal_quant.tflite OUT.safetensors

`backbone import OUT.safetensors` makes a model file of it. The file's weights are eight-bit numbers with a scale and a zero; here
they are multiplied out. Batch norm is already part of them, so that the checkpoint's does nothing.
Needs ai-edge-litert, numpy and safetensors.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from safetensors.numpy import save_file


def layers():
    """The names of the convolutions in the order in which the network runs them."""
    yield "mobilenet_v2.conv_stem.first_conv"
    yield "mobilenet_v2.conv_stem.conv_3x3"
    yield "mobilenet_v2.conv_stem.reduce_1x1"
    for block in range(16):
        for part in ("expand_1x1", "conv_3x3", "reduce_1x1"):
            yield f"mobilenet_v2.layer.{block}.{part}"
    for part in ("conv_aspp", "conv_pool", "conv_projection", "classifier"):
        yield f"segmentation_head.{part}"


def value(interpreter, details, index):
    """A constant in real numbers."""
    numbers = interpreter.get_tensor(index).astype(np.float64)
    facts = details[index]["quantization_parameters"]
    return ((numbers - facts["zero_points"]) * facts["scales"]).astype(np.float32)


def main(model, out):
    interpreter = Interpreter(model_path=model)
    interpreter.allocate_tensors()
    details = {entry["index"]: entry for entry in interpreter.get_tensor_details()}
    kinds = ("CONV_2D", "DEPTHWISE_CONV_2D")
    operations = [entry for entry in interpreter._get_ops_details() if entry["op_name"] in kinds]
    tensors = {}
    for name, operation in zip(layers(), operations, strict=True):
        weight, bias = (value(interpreter, details, index) for index in operation["inputs"][1:])
        # From outputs, rows, columns, inputs, and from 1, rows, columns, channels.
        axes = (0, 3, 1, 2) if operation["op_name"] == "CONV_2D" else (3, 0, 1, 2)
        tensors[f"{name}.convolution.weight"] = np.ascontiguousarray(weight.transpose(axes))
        if name.endswith("classifier"):
            tensors[f"{name}.convolution.bias"] = bias
            continue
        # What is added to a variance before the root is taken, here and there.
        epsilon = 1e-5 if name.startswith("segmentation_head") else 1e-3
        norm = f"{name}.normalization"
        tensors[f"{norm}.weight"] = np.ones(len(bias), np.float32)
        tensors[f"{norm}.bias"] = bias
        tensors[f"{norm}.running_mean"] = np.zeros(len(bias), np.float32)
        tensors[f"{norm}.running_var"] = np.full(len(bias), 1 - epsilon, np.float32)
    save_file(tensors, out)


main(*sys.argv[1:])
