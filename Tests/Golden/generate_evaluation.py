"""Goldens of evaluation: COCO's figures from pycocotools, VOC's and those of segmentation from NumPy.

    python generate_evaluation.py DATA [--record]

DATA is the folder of development data. Boxes and masks follow from formulas, which `Tests/EvaluationTests` repeats.
"""

import contextlib
import io
import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import formula

DATA = pathlib.Path([a for a in sys.argv[1:] if not a.startswith("--")][0])
VERSIONS = {"pycocotools": version("pycocotools"), "numpy": np.__version__}

# Pictures, classes, at most so many true boxes and detections a picture, and different scores.
CASES = {
    "ordinary": (40, 5, 8, 12, 1000),
    "ties": (30, 3, 6, 20, 5),
    "many detections": (6, 1, 20, 260, 50),
    "few": (5, 6, 2, 3, 10),
    "nothing found": (6, 2, 4, 0, 10),
    "one picture": (1, 2, 30, 60, 20),
}


class Numbers:
    """The numbers of a name, one after another, as `SplitMix64(named:)` gives them."""

    def __init__(self, name):
        self.all = formula.units(200_000, formula.seed_of(name)).astype(np.float64)
        self.place = 0

    def unit(self):
        self.place += 1
        return float(self.all[self.place - 1])

    def below(self, count):
        return int(self.unit() * count)

    def quarter(self, low, span):
        """A multiple of a quarter, so that overlaps are equal now and then."""
        return int((low + self.unit() * span) * 4) / 4


def make(name):
    """A case's pictures, each with its true boxes and its detections."""
    pictures, classes, truths, founds, scores = CASES[name]
    g = Numbers(name)
    samples = []
    for _ in range(pictures):
        truth, found = [], []
        count = 0 if g.unit() < 0.15 else g.below(truths + 1)
        for _ in range(count):
            kind = g.below(classes)
            x, y = g.quarter(0, 400), g.quarter(0, 400)
            w, h = g.quarter(4, 40), g.quarter(4, 40)
            scale = [1, 3, 8][g.below(3)]
            w, h = w * scale, h * scale
            share = 0.5 + 0.5 * g.unit()
            truth.append({
                "class": kind, "bbox": [x, y, w, h], "area": w * h * share,
                "crowd": g.unit() < 0.1, "difficult": g.unit() < 0.1,
            })
        for _ in range(g.below(founds + 1)):
            if truth and g.unit() < 0.8:
                like = truth[g.below(len(truth))]
                x, y, w, h = like["bbox"]
                reach = [0, 0.1, 0.4][g.below(3)]
                x, y = x + int((g.unit() - 0.5) * w * reach * 4) / 4, y + int((g.unit() - 0.5) * h * reach * 4) / 4
                kind = like["class"] if g.unit() < 0.9 else g.below(classes)
            else:
                kind = g.below(classes)
                x, y, w, h = g.quarter(0, 400), g.quarter(0, 400), g.quarter(4, 300), g.quarter(4, 300)
            found.append({"class": kind, "bbox": [x, y, w, h], "score": g.below(scores) / scores})
        samples.append((truth, found))
    return samples, classes


def coco(truth, results):
    """COCO's tools run on a data set and results."""
    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = truth
        data.createIndex()
        found = data.loadRes(results) if results else COCO()
        if not results:
            found.dataset = dict(truth, annotations=[])
            found.createIndex()
        run = COCOeval(data, found, "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run


def figures(run):
    """The twelve figures, each class's, and the precisions of the first class at an IoU of 0.5; -1 for none."""
    precision, recall = run.eval["precision"], run.eval["recall"]

    def mean(values):
        values = values[values > -1]
        return float(values.mean()) if values.size else -1

    classes = range(precision.shape[2])
    return {
        "stats": [float(v) for v in run.stats],
        "ap": [mean(precision[:, :, k, 0, 2]) for k in classes],
        "ap50": [mean(precision[0, :, k, 0, 2]) for k in classes],
        "ap75": [mean(precision[5, :, k, 0, 2]) for k in classes],
        "ar100": [mean(recall[:, k, 0, 2]) for k in classes],
        "precisions": [float(v) for v in precision[0, :, 0, 0, 2]],
    }


def coco_case(samples, classes):
    annotations, results = [], []
    for picture, (truth, found) in enumerate(samples):
        for box in truth:
            annotations.append({
                "id": len(annotations) + 1, "image_id": picture + 1, "category_id": box["class"] + 1,
                # The tools know no difficult boxes; an area outside every range is ignored in the same way.
                "bbox": box["bbox"], "area": 1e11 if box["difficult"] else box["area"], "iscrowd": int(box["crowd"]),
            })
        for box in found:
            results.append({
                "image_id": picture + 1, "category_id": box["class"] + 1, "bbox": box["bbox"], "score": box["score"],
            })
    data = {
        "info": {}, "images": [{"id": picture + 1} for picture in range(len(samples))],
        "categories": [{"id": k + 1} for k in range(classes)], "annotations": annotations,
    }
    return figures(coco(data, results))


def overlap(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h) if w > 0 and h > 0 else 0.0


def voc(samples, kind):
    """The two average precisions of VOC's development kits; -1 where nothing is to be found."""
    positives = sum(b["class"] == kind and not (b["difficult"] or b["crowd"]) for t, _ in samples for b in t)
    if positives == 0:
        return [-1, -1]
    found = [(b["score"], p, b["bbox"]) for p, (_, f) in enumerate(samples) for b in f if b["class"] == kind]
    order = np.argsort([-score for score, _, _ in found], kind="stable") if found else []
    seen, tp, fp = set(), [], []
    for index in order:
        _, picture, box = found[index]
        truth = [b for b in samples[picture][0] if b["class"] == kind]
        overlaps = [overlap(box, b["bbox"]) for b in truth]
        best = int(np.argmax(overlaps)) if overlaps else -1
        if best >= 0 and overlaps[best] >= 0.5:
            if truth[best]["difficult"] or truth[best]["crowd"]:
                hit = miss = 0
            else:
                hit = int((picture, best) not in seen)
                miss = 1 - hit
                seen.add((picture, best))
        else:
            hit, miss = 0, 1
        tp.append(hit)
        fp.append(miss)
    tp, fp = np.cumsum(tp), np.cumsum(fp)
    recall = tp / positives
    precision = tp / np.maximum(tp + fp, 1)
    eleven = np.mean([max(precision[recall >= t / 10], default=0.0) for t in range(11)])
    r = np.concatenate([[0], recall, [1]])
    p = np.concatenate([[0], precision, [0]])
    p = np.maximum.accumulate(p[::-1])[::-1]
    step = np.flatnonzero(r[1:] != r[:-1])
    return [float(eleven), float(((r[step + 1] - r[step]) * p[step + 1]).sum())]


def segmentation(name, width, height, classes, kinds):
    """Counts and figures of two masks by formula: ids up to `kinds`, of which those from `classes` on are no class."""
    draws = formula.numbers(width * height * 2, formula.seed_of(name)) >> np.uint64(40)
    truth = (draws[: width * height] % np.uint64(kinds)).astype(np.int64)
    other = (draws[width * height :] % np.uint64(kinds)).astype(np.int64)
    # Two of three pixels agree; every thirteenth of the truth is void, every seventeenth of the prediction is no class.
    place = np.arange(width * height)
    prediction = np.where(place % 3 == 0, other, truth)
    truth = np.where(place % 13 == 0, 255, truth)
    prediction = np.where(place % 17 == 0, 255, prediction)
    valid = truth < classes
    columns = np.minimum(prediction[valid], classes)
    counts = np.bincount(truth[valid] * (classes + 1) + columns, minlength=classes * (classes + 1))
    counts = counts.reshape(classes, classes + 1)
    right = np.diag(counts)
    rows, columns = counts.sum(1), counts[:, :classes].sum(0)
    with np.errstate(invalid="ignore"):
        iou = right / (rows + columns - right)
        accuracy = right / rows

    def known(values):
        return [float(v) for v in values if not np.isnan(v)]

    def mean(values):
        # One after another: NumPy's own order of additions depends on the machine.
        return sum(known(values)) / len(known(values))

    return {
        "name": name, "width": width, "height": height, "classes": classes, "kinds": kinds,
        "counts": counts.reshape(-1).tolist(), "iou": [float(v) if v == v else -1 for v in iou],
        "mean_iou": mean(iou), "pixel_accuracy": float(right.sum() / counts.sum()), "mean_accuracy": mean(accuracy),
    }


cases = []
for name in CASES:
    samples, classes = make(name)
    pictures, _, truths, founds, scores = CASES[name]
    cases.append({
        "name": name, "pictures": pictures, "classes": classes, "truths": truths, "founds": founds, "scores": scores,
        "coco": coco_case(samples, classes), "voc": [voc(samples, k) for k in range(classes)],
    })

folder = DATA / "coco-eval"
truth = json.loads((folder / "gts/sampled_gts_bbox_area.json").read_text())
results = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
official = figures(coco(truth, results))

formula.write("evaluation_boxes.json", {"versions": VERSIONS, "cases": cases, "val2014": official})
formula.write("evaluation_masks.json", {
    "versions": VERSIONS,
    "cases": [
        segmentation("two classes", 64, 48, 2, 2),
        segmentation("twenty-one classes", 100, 75, 21, 23),
        segmentation("absent classes", 33, 21, 12, 5),
    ],
})
