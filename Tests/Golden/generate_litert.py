"""Goldens of DeepLabV3-lite from LiteRT: the class map of its own 257x257 output.

    python generate_litert.py MODEL DATA [--record]

MODEL is `deeplabv3_257_mv_gpu.tflite`, DATA the folder of development data. Pictures are resized to 257x257 bytes first,
by the linear interpolation of `Sources/Vision/Processing` with half-pixel centres, so that both sides begin with equal pixels.
"""

import pathlib
import sys
from importlib.metadata import version

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image, ImageOps, __version__ as pillow_version

import formula

ARGUMENTS = [a for a in sys.argv[1:] if not a.startswith("--")]
MODEL, DATA = map(pathlib.Path, ARGUMENTS)
PACKAGE = formula.FOLDER.parent.parent
SIZE = 257
VERSIONS = {"ai-edge-litert": version("ai-edge-litert"), "pillow": pillow_version, "model": "deeplabv3_257_mv_gpu"}


def network(resolver):
    interpreter = Interpreter(str(MODEL), experimental_op_resolver_type=resolver, num_threads=1)
    interpreter.allocate_tensors()

    def run(pixels):
        values = pixels.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values[None])
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    return run


# Kernels that sum in one order, and those that a phone would use.
reference = network(OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
fast = network(OpResolverType.BUILTIN)


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def shrink(pixels):
    """To 257x257 bytes: linear in fp32 along a row, then between rows, rounded to even halves."""
    f = np.float32

    def taps(extent):
        at = (np.arange(SIZE).astype(f) + f(0.5)) * (f(extent) / f(SIZE)) - f(0.5)
        at = np.clip(at, f(0), f(extent - 1))
        lower = at.astype(int)
        return lower, np.minimum(lower + 1, extent - 1), at - lower.astype(f)

    values = pixels.astype(f)
    lower, upper, share = taps(pixels.shape[1])
    rows = values[:, lower] + (values[:, upper] - values[:, lower]) * share[None, :, None]
    lower, upper, share = taps(pixels.shape[0])
    return np.rint(rows[lower] + (rows[upper] - rows[lower]) * share[:, None, None]).astype(np.uint8)


def runs(ids):
    """The map row by row as id, length, id, length."""
    flat = ids.reshape(-1)
    ends = np.append(np.flatnonzero(np.diff(flat)) + 1, flat.size)
    starts = np.append(0, ends[:-1])
    return [int(v) for start, end in zip(starts, ends) for v in (flat[start], end - start)]


def iou(found, truth, identity, void=255):
    valid = truth != void
    a, b = (found == identity) & valid, (truth == identity) & valid
    return (a & b).sum() / max((a | b).sum(), 1)


def main():
    answers = []
    names = ["Samples/astronaut.png", "Samples/chelsea.png", "Samples/grace_hopper.jpg", "images/bird_segmentation.bmp",
             "images/cat.bmp", "images/pets.jpg"]
    for name in names:
        pixels = pixels_of((PACKAGE if name.startswith("Samples") else DATA) / name)
        small = shrink(pixels)
        logits = reference(small)
        ids = logits.argmax(-1).astype(np.uint8)
        other = fast(small).argmax(-1)
        print(f"{name}: LiteRT's two sets of kernels agree on {(ids == other).mean():.5%}; classes "
              f"{ {int(k): int(v) for k, v in zip(*np.unique(ids, return_counts=True))} }")
        answer = {"file": name, "pixels": formula.pixel_digest(pixels), "shrunk": formula.pixel_digest(small),
                  "logits": formula.tensor_golden(name, logits), "runs": runs(ids)}
        if "bird" in name:
            truth = np.asarray(Image.open(DATA / "images" / "bird_segmentation_mask.bmp"))
            height, width = truth.shape
            to_truth = ids[np.arange(height) * SIZE // height][:, np.arange(width) * SIZE // width]
            to_map = truth[(np.arange(SIZE) * height + height // 2) // SIZE][:, (np.arange(SIZE) * width + width // 2) // SIZE]
            # The picture's own size decides; the other way round for comparison.
            answer["iou"] = formula.short(iou(to_truth, truth, 3))
            print("bird against the truth:", iou(to_truth, truth, 3), "at the map's size:", iou(ids, to_map, 3),
                  "classes in the truth:", np.unique(truth))
        answers.append(answer)
    formula.write("deeplab_257.json", {"versions": VERSIONS, "size": SIZE, "pictures": answers})


if __name__ == "__main__":
    main()
