"""Pictures with masks, their split and their variants, as `backbone train segment` has them, with PIL and NumPy.

Folders of Pascal VOC (`annotations`, `images`, `masks`), and of images and masks whose values a YAML file or `classes.txt`
names. `backbone` itself reads more.
"""

import math
import pathlib
import re

import numpy as np
from PIL import Image, ImageFilter, ImageOps

VOC = ("background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
       "pottedplant sheep sofa train tvmonitor").split()
VOID = 255


class Sample:
    def __init__(self, image, mask, table):
        self.image, self.mask, self.table = image, mask, table

    def read(self):
        """The picture, and its mask with the lesson's class numbers."""
        image = ImageOps.exif_transpose(Image.open(self.image)).convert("RGB")
        return image, Image.fromarray(self.table[np.asarray(Image.open(self.mask))])


def value_names(folder):
    """What the masks' values are called."""
    if (folder / "annotations").is_dir() or (folder / "Annotations").is_dir():
        return dict(enumerate(VOC))
    for path in sorted(folder.glob("*.y*ml")):
        section, names = None, {}
        for line in path.read_text().splitlines():
            if match := re.match(r"(\w+):", line):
                section = match[1]
            elif section == "classes" and (match := re.match(r"\s+(\d+):\s*(.+?)\s*$", line)):
                names[int(match[1])] = match[2]
        if names:
            return names
    return dict(enumerate((folder / "classes.txt").read_text().splitlines()))


def open_folder(path, classes):
    """The samples of a folder by name; `classes` as in `person,vehicle=car+bus,void=unlabeled`."""
    folder = pathlib.Path(path)
    names = {name: value for value, name in value_names(folder).items()}
    table = np.zeros(256, np.uint8)
    table[VOID] = VOID
    number = 0
    for part in classes.split(","):
        target, _, sources = part.partition("=")
        number += target != "void"
        for source in (sources or target).split("+"):
            if source in names:
                table[names[source]] = VOID if target == "void" else number
    images = {p.stem: p for p in (folder / "images").iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png")}
    masks = {p.stem: p for p in (folder / "masks").iterdir() if p.suffix.lower() == ".png"}
    return [Sample(images[name], masks[name], table) for name in sorted(images.keys() & masks.keys(), key=str.encode)]


def split(samples, rule):
    """`every:N`, `every:N+M` or `none`: (learned from, kept apart)."""
    if rule == "none":
        return samples, []
    n, _, first = rule.removeprefix("every:").partition("+")
    held = set(range(int(first or 0), len(samples), int(n)))
    return [s for i, s in enumerate(samples) if i not in held], [s for i, s in enumerate(samples) if i in held]


def stretch(image, mask, size):
    """The picture itself."""
    return np.asarray(image.resize((size, size), Image.BILINEAR)), np.asarray(mask.resize((size, size), Image.NEAREST))


def colour_matrix(r):
    """Brightness, contrast, saturation and hue as one matrix and a share of the mean luma."""
    luma = np.array([0.299, 0.587, 0.114])
    brightness, contrast = r.uniform(0.7, 1.3), r.uniform(0.7, 1.3)
    saturation = 0 if r.random() < 0.05 else r.uniform(0.6, 1.4)
    turn = r.uniform(-0.04, 0.04) * 2 * math.pi
    c, s = math.cos(turn), math.sin(turn) / math.sqrt(3)
    hue = np.full((3, 3), (1 - c) / 3) + c * np.eye(3) + s * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    gray = np.broadcast_to(luma, (3, 3))
    matrix = (gray + saturation * (np.eye(3) - gray)) @ hue * brightness
    return (matrix * contrast).astype(np.float32), np.float32((1 - contrast) * brightness), luma.astype(np.float32)


def varied(image, mask, size, r):
    """A variant: mirrored, larger or smaller, of another proportion, moved, recoloured, blurred; resampled once."""
    if r.random() < 0.5:
        image, mask = image.transpose(Image.FLIP_LEFT_RIGHT), mask.transpose(Image.FLIP_LEFT_RIGHT)
    scale, root = math.exp(r.uniform(math.log(0.5), math.log(2))), math.sqrt(math.exp(r.uniform(math.log(0.75), math.log(4 / 3))))
    source, target = [], []
    for extent, factor in ((image.width, scale * root), (image.height, scale / root)):
        length = size * factor
        start = (size - length) * r.random()
        first, last = max(round(start), 0), min(round(start + length), size)
        target.append((first, max(last, first + 1)))
        source.append([min(max((p - start) / length, 0), 1) * extent for p in target[-1]])
    (x1, x2), (y1, y2) = target
    box = (source[0][0], source[1][0], source[0][1], source[1][1])
    part = image.resize((x2 - x1, y2 - y1), Image.BILINEAR, box=box)
    if r.random() < 0.1:
        part = part.filter(ImageFilter.GaussianBlur(r.uniform(0.5, 1.2)))
    matrix, share, luma = colour_matrix(r)
    pixels = np.asarray(part, np.float32).reshape(-1, 3)
    pixels = pixels @ matrix.T + share * float(pixels.mean(0) @ luma)
    picture = np.full((size, size, 3), 128, np.uint8)
    picture[y1:y2, x1:x2] = np.clip(pixels + 0.5, 0, 255).astype(np.uint8).reshape(y2 - y1, x2 - x1, 3)
    truth = np.full((size, size), VOID, np.uint8)
    truth[y1:y2, x1:x2] = np.asarray(mask.resize((x2 - x1, y2 - y1), Image.NEAREST, box=box))
    return picture, truth


def variants(sample, index, count, size, seed):
    """All variants of a picture, the first being the picture itself: `[count, size, size, 3]` and `[count, size, size]`."""
    image, mask = sample.read()
    made = [stretch(image, mask, size)]
    made += [varied(image, mask, size, np.random.default_rng((seed, index, variant))) for variant in range(1, count)]
    return np.stack([m[0] for m in made]), np.stack([m[1] for m in made])
