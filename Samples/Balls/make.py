"""Draws the pictures of this folder: tennis balls on crops of the sample photographs, with masks and boxes.

    python make.py

Needs numpy and pillow. The same seed gives the same pictures.
"""

import pathlib

import numpy as np
from PIL import Image, ImageFilter

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT, COUNT = 320, 240, 24
random = np.random.default_rng(7)
# Nobody's face gets a ball: of the astronaut the suit alone.
photographs = [Image.open(HERE.parent / "astronaut.png").convert("RGB").crop((0, 225, 512, 512)),
               Image.open(HERE.parent / "chelsea.png").convert("RGB")]


def background():
    photograph = photographs[random.integers(len(photographs))]
    scale = random.uniform(0.6, 1)
    width = int(min(photograph.width, photograph.height * WIDTH / HEIGHT) * scale)
    height = int(width * HEIGHT / WIDTH)
    x, y = random.integers(photograph.width - width + 1), random.integers(photograph.height - height + 1)
    crop = photograph.crop((x, y, x + width, y + height)).resize((WIDTH, HEIGHT), Image.BILINEAR)
    if random.random() < 0.5:
        crop = crop.transpose(Image.FLIP_LEFT_RIGHT)
    return np.asarray(crop, np.float32) * random.uniform(0.6, 1.15)


def ball(picture, mask, radius, cx, cy):
    """A lit sphere with felt and its white seam; the mask takes what is more than half covered."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    u, v = (x - cx) / radius, (y - cy) / radius
    inside = u * u + v * v
    z = np.sqrt(np.clip(1 - inside, 0, 1))
    a, b = random.uniform(0, 2 * np.pi, 2)
    rotation = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    p = np.stack([u, v, z], -1) @ rotation
    seam = np.abs(p[..., 2] - 0.7 * np.sin(2 * np.arctan2(p[..., 1], p[..., 0])) * np.sqrt(np.clip(1 - p[..., 2] ** 2, 0, 1))) < 0.07
    light = np.array([random.uniform(-0.6, 0.6), random.uniform(-0.9, -0.3), 0.7])
    light /= np.linalg.norm(light)
    shade = 0.35 + 0.75 * np.clip(np.stack([u, v, z], -1) @ light, 0, 1)
    felt = np.array([random.uniform(185, 225), random.uniform(215, 245), random.uniform(40, 90)])
    colour = np.where(seam[..., None], 235, felt) * shade[..., None] + random.normal(0, 7, (HEIGHT, WIDTH, 1))
    alpha = np.clip((1 - np.sqrt(inside)) * radius + 0.5, 0, 1)
    shadow = np.clip(1 - np.hypot((x - cx) / (1.1 * radius), (y - cy - 0.95 * radius) / (0.3 * radius)), 0, 1) * 0.5
    picture *= 1 - (shadow * (alpha < 1))[..., None]
    picture[:] = picture * (1 - alpha[..., None]) + colour * alpha[..., None]
    mask[alpha > 0.5] = 1


for folder in ("images", "labels", "masks"):
    (HERE / folder).mkdir(exist_ok=True)
(HERE / "data.yaml").write_text("names:\n  0: ball\n")
(HERE / "masks.yaml").write_text("classes:\n  0: background\n  1: ball\n")
for index in range(COUNT):
    picture, mask, boxes = background(), np.zeros((HEIGHT, WIDTH), np.uint8), []
    for _ in range(random.integers(1, 4)):
        radius = float(np.exp(random.uniform(np.log(14), np.log(60))))
        cx, cy = random.uniform(0.1, 0.9) * WIDTH, random.uniform(0.2, 0.9) * HEIGHT
        if any(np.hypot(cx - x, cy - y) < radius + r for x, y, r in boxes):
            continue
        boxes.append((cx, cy, radius))
        ball(picture, mask, radius, cx, cy)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    image.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.7))).save(HERE / "images" / f"ball{index:02}.jpg", quality=82)
    Image.fromarray(mask).save(HERE / "masks" / f"ball{index:02}.png", optimize=True)
    lines = []
    for cx, cy, r in boxes:
        x1, x2, y1, y2 = max(cx - r, 0), min(cx + r, WIDTH), max(cy - r, 0), min(cy + r, HEIGHT)
        lines.append(f"0 {(x1 + x2) / 2 / WIDTH:.5f} {(y1 + y2) / 2 / HEIGHT:.5f} {(x2 - x1) / WIDTH:.5f} {(y2 - y1) / HEIGHT:.5f}")
    (HERE / "labels" / f"ball{index:02}.txt").write_text("\n".join(lines) + "\n")
