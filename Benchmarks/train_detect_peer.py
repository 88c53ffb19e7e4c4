"""Trains the detection head of `backbone train detect` in PyTorch: on the same features, from the same first values, with
the same batches, loss and schedule; prints its losses and writes a model file for `backbone eval detect`.

    backbone train detect … --out ours.safetensors --cache features --averaging 0
    python train_detect_peer.py features base.safetensors ours.safetensors theirs.safetensors \\
        --held 39 --epochs 6 --batch 8 --rate 0.002

It is for heads that begin with the base's layers (no batch norm), for AdamW and the multibox loss.
"""

import argparse
import json
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def mixed(state):
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class Numbers:
    """SplitMix64, as Sources/Learning/Training has it."""

    def __init__(self, key):
        self.state = key & MASK

    def next(self):
        self.state = (self.state + GOLDEN) & MASK
        return mixed(self.state)

    def permutation(self, count):
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = ((self.next() >> 32) * (i + 1)) >> 32
            order[i], order[j] = order[j], order[i]
        return order


def first_weights(name, shape, fan_in, seed):
    """He's distribution by twelve even numbers each."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed ^ value) + np.uint64(GOLDEN) * np.arange(1, count * 12 + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    units = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
    sums = units.reshape(count, 12).sum(1) - 6
    return torch.tensor((sums * math.sqrt(2 / fan_in)).astype(np.float32).reshape(shape))


def default_boxes(maps, low, high):
    """y, x, height, width of each, relative to a square input."""
    ratios = [1, 2, 0.5, 3, 0.3333]
    scales = [low + (high - low) * i / (len(maps) - 1) for i in range(len(maps))] + [1]
    boxes = []
    for index, (rows, columns) in enumerate(maps):
        shapes = [(0.1, 1), (scales[0], 2), (scales[0], 0.5)] if index == 0 else (
            [(scales[index], r) for r in ratios] + [(math.sqrt(scales[index] * scales[index + 1]), 1)])
        for row in range(rows):
            for column in range(columns):
                for scale, ratio in shapes:
                    boxes.append([(row + 0.5) / rows, (column + 0.5) / columns, scale / math.sqrt(ratio),
                                  scale * math.sqrt(ratio)])
    return torch.tensor(np.array(boxes, np.float32))


def targets(record, anchors, corners):
    """Classes (-1 ignored) and codes of all default boxes, from a sample's bytes."""
    classes, codes = torch.zeros(len(anchors), dtype=torch.long), torch.zeros(len(anchors), 4)
    things, ignored, labels = [], [], []
    for i in range(record[0]):
        part = record[1 + 18 * i:19 + 18 * i]
        box = np.frombuffer(part[2:].tobytes(), "<f4")
        if part[1]:
            ignored.append(box)
        else:
            things.append(box)
            labels.append(int(part[0]))

    def shared(box):
        size = (torch.minimum(corners[:, 2:], box[2:]) - torch.maximum(corners[:, :2], box[:2])).clamp(min=0)
        return size[:, 0] * size[:, 1]

    area = (corners[:, 2:] - corners[:, :2]).prod(1)
    for box in ignored:
        classes[shared(torch.tensor(box)) >= 0.5 * area] = -1
    if not things:
        return classes, codes
    truths = torch.tensor(np.stack(things))
    overlaps = torch.stack([
        shared(t) / (area + (t[2:] - t[:2]).prod() - shared(t)) for t in truths])
    best, match = overlaps.max(0)
    match[best < 0.5] = -1
    match[overlaps.argmax(1)] = torch.arange(len(truths))
    where = torch.where(match >= 0)[0]
    box, anchor = truths[match[where]], anchors[where]
    classes[where] = torch.tensor(labels)[match[where]]
    codes[where] = torch.stack([
        ((box[:, 1] + box[:, 3]) / 2 - anchor[:, 0]) / anchor[:, 2] * 10,
        ((box[:, 0] + box[:, 2]) / 2 - anchor[:, 1]) / anchor[:, 3] * 10,
        torch.log((box[:, 3] - box[:, 1]) / anchor[:, 2]) * 5,
        torch.log((box[:, 2] - box[:, 0]) / anchor[:, 3]) * 5], 1)
    return classes, codes


def same(x, stride):
    """TensorFlow's SAME padding of a 3x3 filter."""
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("features"), parser.add_argument("base"), parser.add_argument("ours"), parser.add_argument("out")
    for name, kind, value in [("held", int, 0), ("epochs", int, 10), ("batch", int, 8), ("rate", float, 0.002),
                              ("backbone-rate", float, 0.1), ("weight-decay", float, 0.01), ("seed", int, 1)]:
        parser.add_argument(f"--{name}", type=kind, default=value)
    options = parser.parse_args()
    ours = safe_open(options.ours, "pt")
    base = safe_open(options.base, "pt")
    card = json.loads(ours.metadata()[next(k for k in ours.metadata() if "card" in k)])
    detection = card["detection"]
    outputs = detection["outputs"]

    parameters = {}
    for name in ours.keys():
        if not name.startswith("ssdlite."):
            continue
        shape = ours.get_slice(name).get_shape()
        new = ".class.pointwise." in name
        if not new:
            value = base.get_tensor(name)
        elif name.endswith("bias"):
            value = torch.zeros(shape)
        else:
            value = first_weights(name, shape, shape[0], options.seed) * 0.1
        parameters[name] = torch.nn.Parameter(value.reshape(shape).clone())

    def pointwise(name, x):
        return F.conv2d(x, parameters[f"{name}.weight"].t()[:, :, None, None], parameters[f"{name}.bias"])

    def depthwise(name, x, stride=1):
        weight = parameters[f"{name}.weight"].permute(2, 0, 1)[:, None]
        return F.relu6(F.conv2d(same(x, stride), weight, parameters[f"{name}.bias"], stride, groups=x.shape[1]))

    extras = sum(1 for n in parameters if n.endswith("reduce.weight"))

    def head(maps):
        maps = list(maps)
        for i in range(extras):
            half = F.relu6(pointwise(f"ssdlite.extra{i}.reduce", maps[-1]))
            half = depthwise(f"ssdlite.extra{i}.depthwise", half, 2)
            maps.append(F.relu6(pointwise(f"ssdlite.extra{i}.expand", half)))
        found = []
        for kind, values in [("box", 4), ("class", outputs)]:
            parts = []
            for i, x in enumerate(maps):
                name = f"ssdlite.predictor{i}.{kind}"
                y = pointwise(f"{name}.pointwise", depthwise(f"{name}.depthwise", x))
                parts.append(y.permute(0, 2, 3, 1).reshape(len(y), -1, values))
            found.append(torch.cat(parts, 1))
        return found, [tuple(m.shape[2:]) for m in maps]

    cache = safe_open(options.features, "np")
    taps = [k for k in cache.keys() if k not in ("truth", "usable")]
    taps.sort(key=lambda k: k == "last")  # Shallow to deep.
    slices, truth = [cache.get_slice(t) for t in taps], cache.get_tensor("truth")
    usable = np.flatnonzero(cache.get_tensor("usable"))
    training = [int(i) for i in usable if i < len(truth) - options.held]

    def read(samples):
        return [torch.tensor(np.stack([s[i] for i in samples]).astype(np.float32)).permute(0, 3, 1, 2) for s in slices]

    with torch.no_grad():
        _, maps = head(read(training[:1]))
    anchors = default_boxes(maps, detection["minimumScale"], detection["maximumScale"])
    corners = torch.stack([
        anchors[:, 1] - anchors[:, 3] / 2, anchors[:, 0] - anchors[:, 2] / 2, anchors[:, 1] + anchors[:, 3] / 2,
        anchors[:, 0] + anchors[:, 2] / 2], 1)

    steps_per_epoch = len(training) // options.batch
    total = steps_per_epoch * options.epochs
    warm_up = min(total // 20, 200)
    groups = []
    for name, parameter in parameters.items():
        groups.append({"params": [parameter], "weight_decay": options.weight_decay if name.endswith("weight") else 0.0,
                       "factor": options.backbone_rate if name.startswith("backbone.") else 1})
    optimiser = torch.optim.AdamW(groups, lr=options.rate)
    losses, start = [], time.time()
    for step in range(total):
        epoch, place = divmod(step, steps_per_epoch)
        if place == 0:
            order = Numbers(options.seed ^ (((epoch + 1) * 0xD1B54A32D192ED03) & MASK)).permutation(len(training))
        samples = [training[order[place * options.batch + i]] for i in range(options.batch)]
        rate = options.rate * (step + 1) / warm_up if step < warm_up else (
            options.rate * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(total - warm_up, 1))))
        for group in optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        (codes, logits), _ = head(read(samples))
        parts = [targets(truth[i], anchors, corners) for i in samples]
        positives = max(sum(int((c > 0).sum()) for c, _ in parts), 1)
        loss = 0
        for i, (classes, wanted) in enumerate(parts):
            thing = classes > 0
            loss = loss + F.smooth_l1_loss(codes[i][thing], wanted[thing], reduction="sum")
            entropy = F.cross_entropy(logits[i], classes.clamp(min=0), reduction="none")
            negatives = torch.where(classes == 0)[0]
            count = min(max(3 * int(thing.sum()), 3), len(negatives))
            hardest = negatives[entropy[negatives].argsort(descending=True, stable=True)[:count]]
            loss = loss + entropy[thing].sum() + entropy[hardest].sum()
        loss = loss / positives
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if (step + 1) % steps_per_epoch == 0 or step % 50 == 49:
            print(f"step {step + 1} loss {losses[-1]:.4f} mean of 50 {np.mean(losses[-50:]):.4f} {time.time() - start:.0f} s",
                  flush=True)
    tensors = {n: ours.get_tensor(n) for n in ours.keys()}
    tensors.update({n: p.detach().contiguous() for n, p in parameters.items()})
    save_file(tensors, options.out, metadata=ours.metadata())
    log = options.out.removesuffix(".safetensors") + ".csv"
    with open(log, "w") as file:
        file.write("step,loss\n" + "".join(f"{i + 1},{v}\n" for i, v in enumerate(losses)))


main()
