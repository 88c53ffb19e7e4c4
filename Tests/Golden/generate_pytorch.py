"""Goldens of torchvision's, timm's and Hugging Face's MobileNetV2 with weights by formula.

    python generate_pytorch.py [--record] [--weights FOLDER]

A golden has the names and shapes of the network's own `state_dict`; the numbers follow from each name (`formula.torch_values`), so
a test writes the same safetensors and no weights are stored. `--weights` saves each network as PyTorch would, for a look.
"""

import pathlib
import sys
import types

import numpy as np
import torch

# torchvision's own operators, which no network here uses, are missing where it was built for another PyTorch; this module
# of it is the one that would insist on them.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
import torchvision
import timm
import transformers
from safetensors.torch import save_file
from transformers import MobileNetV2Config, MobileNetV2ForImageClassification, MobileNetV2ForSemanticSegmentation

import formula
from formula import torch_values as values

VERSIONS = {"torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__,
            "transformers": transformers.__version__}
CLASSES = 10
SIZES = (224, 161)
WEIGHTS = pathlib.Path(sys.argv[sys.argv.index("--weights") + 1]) if "--weights" in sys.argv else None


def fill(model):
    """Sets all numbers by formula; the names and shapes in order."""
    state = model.state_dict()
    shapes = {}
    for name, tensor in state.items():
        shapes[name] = list(tensor.shape)
        if tensor.dtype == torch.float32:
            tensor.copy_(torch.from_numpy(values(name, tuple(tensor.shape))))
        else:
            tensor.zero_()
    model.load_state_dict(state)
    return shapes


def torchvision_places(model):
    blocks = [model.features[i + 1] for i in range(17)]
    return model.features[0], blocks, [b.conv[0] for b in blocks], model.features[18]


def timm_places(model):
    blocks = [b for stage in model.blocks for b in stage]
    # The activation is part of timm's batch norm.
    return model.bn1, blocks, [b.bn1 for b in blocks], model.bn2


def hugging_face_places(model):
    inner = model.mobilenet_v2
    blocks = [inner.conv_stem, *inner.layer]
    return inner.conv_stem.first_conv, blocks, [getattr(b, "expand_1x1", None) for b in blocks], inner.conv_1x1


def record(name, model, places, run, card):
    shapes = fill(model.eval())
    if WEIGHTS:
        save_file({n: t.contiguous() for n, t in model.state_dict().items()}, WEIGHTS / f"{name}.safetensors")
    stem, blocks, expansions, last = places(model)
    taps = {"stem": stem} | {f"block{i}": blocks[i] for i in (0, 1, 3, 6, 10, 13, 16)}
    taps |= {"block1/expansion": expansions[1], "block13/expansion": expansions[13]}
    if last is not None:
        taps["last"] = last
    kept = {}
    handles = [m.register_forward_hook(lambda _, __, out, key=key: kept.__setitem__(key, out)) for key, m in taps.items()]
    cases = []
    for size in SIZES if card["task"] == "classify" else (161,):
        pixels = torch.from_numpy(formula.network_input(size, size)).permute(0, 3, 1, 2).contiguous()
        with torch.no_grad():
            logits = run(model, pixels)
        maps = {key: kept[key][0].permute(1, 2, 0).numpy() for key in taps}
        maps["logits"] = logits.reshape(1, 1, -1).numpy() if logits.dim() == 2 else logits[0].permute(1, 2, 0).numpy()
        goldens = [formula.tensor_golden(key, value, 40) for key, value in maps.items()]
        cases.append({"size": size, "taps": goldens})
        print(name, size, {g["name"]: (round(g["mean"], 2), round(g["deviation"], 2), round(g["peak"], 2)) for g in goldens})
    for handle in handles:
        handle.remove()
    counter = [n for n in shapes if n.endswith("num_batches_tracked")]
    tensors = [{"name": n, "shape": s} for n, s in shapes.items() if n not in counter]
    golden = {"versions": VERSIONS, "card": card, "tensors": tensors, "counters": counter, "cases": cases}
    formula.write(f"pytorch_{name}.json", golden)


def main():
    torch.set_num_threads(1)
    classes = {"num_classes": CLASSES}

    for width in (1.0, 0.5):
        model = torchvision.models.mobilenet_v2(width_mult=width, **classes)
        record(f"torchvision_{int(width * 100):03}", model, torchvision_places, lambda m, x: m(x),
               {"task": "classify", "width": width, "padding": "symmetric", "outputStride": 32, "outputs": CLASSES})
    for width, entry in ((1.0, "mobilenetv2_100"), (0.35, "mobilenetv2_035"), (1.4, "mobilenetv2_140")):
        model = timm.create_model(entry, pretrained=False, **classes)
        record(f"timm_{int(width * 100 + 0.5):03}", model, timm_places, lambda m, x: m(x),
               {"task": "classify", "width": width, "padding": "symmetric", "outputStride": 32, "outputs": CLASSES})
    for width in (1.0, 1.4):
        config = MobileNetV2Config(depth_multiplier=width, num_labels=CLASSES, tf_padding=True)
        record(f"hf_{int(width * 100):03}", MobileNetV2ForImageClassification(config), hugging_face_places,
               lambda m, x: m(x).logits,
               {"task": "classify", "width": width, "padding": "same", "outputStride": 32, "outputs": CLASSES})
    for stride in (16, 8):
        config = MobileNetV2Config(depth_multiplier=1.0, num_labels=21, tf_padding=True, output_stride=stride)
        model = MobileNetV2ForSemanticSegmentation(config)
        record(f"hf_segmentation_{stride}", model, lambda m: (*hugging_face_places(m)[:3], None), lambda m, x: m(x).logits,
               {"task": "segment", "width": 1.0, "padding": "same", "outputStride": stride, "outputs": 21})


if __name__ == "__main__":
    main()
