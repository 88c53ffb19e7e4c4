"""Goldens of SSD's training from torchvision: box codes, matched default boxes, the losses and their gradients.

    python generate_detection.py [--record]

torchvision's own classes do the work: `BoxCoder`, `SSDMatcher`, `SSD.compute_loss`, `sigmoid_focal_loss`.
"""

import sys
from types import SimpleNamespace

import numpy as np
import torch

import formula

try:
    import torchvision  # noqa: F401
except RuntimeError:  # A build for other hardware than PyTorch's: its operators are missing, and none is used here.
    for name in [n for n in sys.modules if n.startswith("torchvision")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
from torchvision.models.detection._utils import BoxCoder, SSDMatcher
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou, sigmoid_focal_loss

VERSIONS = {"torch": torch.__version__, "torchvision": torchvision.__version__}
# The smallest maps of an SSDLite input, so that the golden stays small.
MAPS = [(5, 5), (3, 3), (2, 2), (1, 1)]
OUTPUTS = 4


def default_boxes():
    """As Heads/SSDLite makes them: centres and sizes relative to a square input; x1, y1, x2, y2."""
    ratios = np.array([1, 2, 0.5, 3, 0.3333], np.float32)
    scales = [np.float32(0.2 + (0.95 - 0.2) * i / (len(MAPS) - 1)) for i in range(len(MAPS))] + [np.float32(1)]
    boxes = []
    for index, (rows, columns) in enumerate(MAPS):
        scale = scales[index]
        if index == 0:
            shapes = [(np.float32(0.1), 1), (scale, 2), (scale, 0.5)]
        else:
            shapes = [(scale, r) for r in ratios] + [(np.sqrt(scale * scales[index + 1]), 1)]
        for row in range(rows):
            for column in range(columns):
                for size, ratio in shapes:
                    height, width = size / np.sqrt(np.float32(ratio)), size * np.sqrt(np.float32(ratio))
                    y, x = (row + 0.5) / rows, (column + 0.5) / columns
                    boxes.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return torch.tensor(np.array(boxes, np.float32))


def truths():
    """Five pictures: several things, tiny and large ones, two that want the same default box, one thing, nothing."""
    random = np.random.default_rng(5)

    def boxes(count, low, high):
        centre, size = random.uniform(0.15, 0.85, (count, 2)), random.uniform(low, high, (count, 2))
        return np.concatenate([centre - size / 2, centre + size / 2], 1).clip(0, 1).astype(np.float32)

    pictures = [boxes(6, 0.1, 0.6), boxes(3, 0.02, 0.06), boxes(2, 0.7, 0.95),
                np.array([[0.3, 0.3, 0.33, 0.33], [0.31, 0.31, 0.34, 0.34]], np.float32),
                np.zeros((0, 4), np.float32)]
    return [{"boxes": torch.tensor(b), "labels": torch.tensor(random.integers(1, OUTPUTS, len(b)))} for b in pictures]


def shortened(values):
    return [formula.short(v) for v in np.asarray(values, np.float32).reshape(-1)]


def places(name, count, samples=160):
    return (formula.numbers(samples, formula.seed_of(name)) % np.uint64(count)).astype(np.int64)


def summary(name, gradient):
    """Values at places by formula, and the sum of magnitudes."""
    flat = gradient.detach().numpy().reshape(-1)
    return {"values": shortened(flat[places(name, flat.size)]), "sum": float(np.abs(flat.astype(np.float64)).sum())}


def main():
    anchors, targets = default_boxes(), truths()
    count = len(anchors)
    matcher = SSDMatcher(0.5)
    matched = [
        matcher(box_iou(t["boxes"], anchors)) if len(t["boxes"]) else torch.full((count,), -1) for t in targets]
    coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
    codes = []
    for t, m in zip(targets, matched):
        for place in torch.where(m >= 0)[0].tolist():
            x, y, w, h = coder.encode_single(t["boxes"][m[place]][None], anchors[place][None])[0].tolist()
            codes.append([formula.short(v) for v in (y, x, h, w)])
    box = torch.tensor(formula.units(len(targets) * count * 4, formula.seed_of("detection box"))) * 4 - 2
    logits = torch.tensor(formula.units(len(targets) * count * OUTPUTS, formula.seed_of("detection class"))) * 6 - 3
    # Ours are ty, tx, th, tw; torchvision's dx, dy, dw, dh.
    order = [1, 0, 3, 2]
    losses = {}
    for name in ["ssd", "focal"]:
        ours = box.reshape(len(targets), count, 4).clone().requires_grad_(True)
        classes = logits.reshape(len(targets), count, OUTPUTS).clone().requires_grad_(True)
        if name == "ssd":
            parts = SSD.compute_loss(
                SimpleNamespace(box_coder=coder, neg_to_pos_ratio=3), targets,
                {"bbox_regression": ours[..., order], "cls_logits": classes}, [anchors] * len(targets), matched)
            loss = parts["bbox_regression"] + parts["classification"]
        else:
            loss, foreground = 0, sum(int((m >= 0).sum()) for m in matched)
            for i, (t, m) in enumerate(zip(targets, matched)):
                hot = torch.zeros(count, OUTPUTS)
                where = torch.where(m >= 0)[0]
                hot[where, t["labels"][m[where]]] = 1
                # Output 0 is the background, which focal loss has no use for.
                loss = loss + sigmoid_focal_loss(classes[i][:, 1:], hot[:, 1:], 0.25, 2, "sum")
                if len(where):
                    wanted = coder.encode_single(t["boxes"][m[where]], anchors[where])
                    loss = loss + torch.nn.functional.smooth_l1_loss(
                        ours[i][where][:, order], wanted, reduction="sum")
            loss = loss / foreground
        loss.backward()
        losses[name] = {"loss": float(loss), "box": summary(f"{name} box", ours.grad),
                        "class": summary(f"{name} class", classes.grad)}
    formula.write("detection_torchvision.json", {
        "versions": VERSIONS, "maps": MAPS, "outputs": OUTPUTS,
        "truths": [{"boxes": shortened(t["boxes"]), "classes": t["labels"].tolist()} for t in targets],
        "matched": [[[i, int(v)] for i, v in enumerate(m.tolist()) if v >= 0] for m in matched],
        "codes": codes, "losses": losses})


main()
