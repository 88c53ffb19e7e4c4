"""Goldens of Sources/Learning/Datasets: COCO outlines as pycocotools fills them, and augmentation's oracle from Pillow.

    python generate_datasets.py [--record]
"""

import sys
from importlib.metadata import version

import numpy as np
from PIL import Image, ImageEnhance, __version__ as pillow_version
from pycocotools import mask as coco

import formula

SEED = 20
VERSIONS = {"pycocotools": version("pycocotools"), "numpy": np.__version__, "pillow": pillow_version}


def polygons(random, width, height):
    """Outlines of every bad manner: concave, crossing themselves, leaving the picture, thin, with doubled corners."""
    kind = random.integers(6)
    count = int(random.integers(3, 12))
    if kind == 0:  # Anything inside.
        points = random.uniform(0, [width, height], (count, 2))
    elif kind == 1:  # Leaving the picture on all sides.
        points = random.uniform(-10, [width + 10, height + 10], (count, 2))
    elif kind == 2:  # A star around a centre: concave.
        angles = np.sort(random.uniform(0, 2 * np.pi, count))
        radius = random.uniform(2, min(width, height) / 2, count)
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None] + [width / 2, height / 2]
    elif kind == 3:  # Corners on whole and half pixels.
        points = random.integers(0, [2 * width + 1, 2 * height + 1], (count, 2)) / 2
    elif kind == 4:  # Thinner than a pixel.
        x, y = random.uniform(1, width - 2), random.uniform(1, height - 2)
        points = np.array([[x, y], [x + 0.4, y + 7.3], [x + 0.6, y + 7.1]])
    else:  # The picture's own border, a corner twice.
        points = np.array([[0, 0], [0, 0], [width, 0], [width, height], [width, height], [0, height]], float)
    return [round(float(v), 2) for v in points.ravel()]


def outlines():
    random = np.random.default_rng(SEED)
    images, annotations, areas = [], [], []
    for number in range(1, 41):
        width, height = (int(v) for v in random.integers(9, 70, 2))
        images.append({"id": number * 3, "width": width, "height": height, "file_name": f"{number:03}.png"})
        if number % 4 == 0:  # A mask of noise: many runs, long differences.
            mask = (random.random((height, width)) < random.uniform(0.02, 0.98)).astype(np.uint8)
            if number % 8 == 0:
                mask[:, : width // 2] = number % 16 == 0
            encoded = coco.encode(np.asfortranarray(mask))
            truth = mask
            if number % 3:
                segmentation = {"size": encoded["size"], "counts": encoded["counts"].decode()}
            else:
                flat = mask.ravel(order="F")
                edges = np.flatnonzero(np.diff(flat)) + 1
                runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
                segmentation = {"size": [height, width], "counts": ([0] if flat[0] else []) + runs}
        else:
            segmentation = [polygons(random, width, height) for _ in range(int(random.integers(1, 4)))]
            truth = coco.decode(coco.merge(coco.frPyObjects(segmentation, height, width)))
        rows = np.flatnonzero(truth.ravel())
        areas.append({"pixels": int(rows.size), "crc": formula_crc(truth)})
        annotations.append(
            {"id": number, "image_id": number * 3, "category_id": 5 if number % 2 else 90, "iscrowd": 0,
             "area": int(rows.size), "bbox": [0, 0, width, height], "segmentation": segmentation})
    categories = [{"id": 90, "name": "kite"}, {"id": 5, "name": "cat"}]
    return {"versions": VERSIONS, "truth": areas,
            "file": {"images": images, "annotations": annotations, "categories": categories}}


def formula_crc(mask):
    """FNV-1a of the mask's bytes, row by row, so that the test need not store the pixels."""
    value = 0xCBF29CE484222325
    for byte in mask.astype(np.uint8).ravel().tolist():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def sampled(name, pixels):
    flat = np.asarray(pixels, np.uint8).reshape(-1)
    places = formula.numbers(96, formula.seed_of(name)) % np.uint64(flat.size)
    return [int(flat[int(i)]) for i in places]


def augmentation():
    """Windows of a picture resized, and colours changed, by Pillow."""
    resized = []
    for number, (width, height, out_width, out_height, scale_x, scale_y, share_x, share_y, mirrored) in enumerate([
        (97, 61, 45, 40, 1, 1, 0, 0, False),
        (97, 61, 45, 40, 1, 1, 0, 0, True),
        (97, 61, 130, 101, 1, 1, 0, 0, False),
        (160, 120, 75, 75, 1.7, 1.25, 0.3, 0.9, False),
        (160, 120, 75, 75, 2.5, 3.5, 1, 0, True),
        (333, 200, 64, 48, 1.05, 1, 0.5, 0.5, False),
    ]):
        # The window that is seen, in pixels of the picture.
        x, y = (scale_x - 1) * share_x / scale_x * width, (scale_y - 1) * share_y / scale_y * height
        image = Image.fromarray(formula.image(width, height))
        if mirrored:  # The picture lies the other way around under the same window.
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        box = (x, y, x + width / scale_x, y + height / scale_y)
        box = (box[0], box[1], min(box[2], width), min(box[3], height))
        out = image.resize((out_width, out_height), Image.Resampling.BILINEAR, box=box)
        resized.append({
            "picture": [width, height], "output": [out_width, out_height], "scale": [scale_x, scale_y],
            "share": [share_x, share_y], "mirrored": mirrored, "values": sampled(f"window{number}", out)})
    image = Image.fromarray(formula.image(64, 48))
    colours = []
    for kind, factor in [("brightness", 0.7), ("brightness", 1.4), ("contrast", 0.6), ("contrast", 1.3),
                         ("saturation", 0), ("saturation", 0.5), ("saturation", 1.5)]:
        enhance = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
                   "saturation": ImageEnhance.Color}[kind]
        out = enhance(image).enhance(factor)
        colours.append({"kind": kind, "factor": factor, "values": sampled(f"{kind}{factor}", out)})
    return {"versions": VERSIONS, "resized": resized, "colours": colours}


def main():
    formula.write("augmentation_pillow.json", augmentation())
    formula.write("coco_outlines.json", outlines())


main()
