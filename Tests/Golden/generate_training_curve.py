"""Goldens of whole training runs: the loss of every step, from PyTorch in fp64.

    python generate_training_curve.py [--record]

The initial values, the order of the samples and the rates are those of `Sources/Learning/Training`, written anew here from their
definitions; features, truth and trained weights follow from names (`formula.py`). `LossCurveTests` runs the same. It prints
how far PyTorch in fp32 is from PyTorch in fp64: no implementation in fp32 can be expected to be much nearer.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

import formula
from formula import numbers, seed_of, units

EPSILON, MOMENTUM = 1e-3, 0.03
SAMPLES, TRAINING, BATCH, EPOCHS = 32, 26, 4, 13
CLASSES, HEIGHT, WIDTH = 3, 25, 22
CLASS_WEIGHTS = [0.5, 1.0, 2.0]
# What the taps of a network of width 0.35 hand out for an input of about 104x88.
TAPS = {"block15": (4, 3, 56), "block16": (4, 3, 112), "block13/expansion": (7, 6, 192), "block6/expansion": (13, 11, 96)}
RUNS = [
    {"name": "deeplab", "kind": "adamw", "rate": 0.003, "decay": 0.05, "warm_up": 8, "seed": 7, "taps": ["block16"]},
    {"name": "deeplab", "kind": "sgd", "rate": 0.05, "decay": 0.001, "warm_up": 8, "seed": 11, "dice": 0.7, "averaging": 0.9, "taps": ["block16"]},
    {"name": "pyramid", "kind": "adamw", "rate": 0.003, "decay": 0.05, "warm_up": 8, "seed": 3, "dice": 1, "averaging": 0.95,
     "taps": ["block15", "block13/expansion", "block6/expansion"]},
    {"name": "pyramid", "kind": "sgd", "rate": 0.05, "decay": 0.001, "warm_up": 8, "seed": 5,
     "taps": ["block15", "block13/expansion", "block6/expansion"]},
    {"name": "classifier", "kind": "adamw", "rate": 0.003, "decay": 0.05, "warm_up": 8, "seed": 13, "averaging": 0.9, "taps": ["block15"]},
    {"name": "classifier", "kind": "sgd", "rate": 0.01, "decay": 0.001, "warm_up": 8, "seed": 17, "taps": ["block15"]},
]


def initial(name, shape, seed):
    """He's normal distribution as the sum of twelve uniform deviates, drawn by seed and name."""
    fan_in = 9 if len(shape) == 3 else shape[0]
    count = int(np.prod(shape))
    u = (numbers(count * 12, seed ^ seed_of(name)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    total = np.zeros(count)
    for k in range(12):
        total = total + u.reshape(count, 12)[:, k]
    return ((total - 6) * math.sqrt(2 / fan_in)).astype(np.float32).reshape(shape)


def permutation(count, key):
    order = list(range(count))
    draws = numbers(count, key)
    for n, i in enumerate(range(count - 1, 0, -1)):
        j = ((int(draws[n]) >> 32) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    return order


def samples_of(step, per_epoch, seed):
    epoch, place = divmod(step, per_epoch)
    key = seed ^ ((epoch + 1) * 0xD1B54A32D192ED03 % (1 << 64))
    return permutation(TRAINING, key)[place * BATCH:(place + 1) * BATCH]


def rate(step, total, run):
    if step < run["warm_up"]:
        return run["rate"] * (step + 1) / run["warm_up"]
    return run["rate"] * 0.5 * (1 + math.cos(math.pi * (step - run["warm_up"]) / (total - run["warm_up"])))


def features(tap):
    """Halves in -0.5 ... 2.5, `[samples, channels, height, width]`."""
    height, width, channels = TAPS[tap]
    u = units(SAMPLES * height * width * channels, seed_of(f"curve {tap}")) * np.float32(3) - np.float32(0.5)
    return u.astype(np.float16).reshape(SAMPLES, height, width, channels).transpose(0, 3, 1, 2)


def truth():
    """Squares of 5 by 5 pixels of one class each; every seventh pixel or so is void."""
    squares = numbers(SAMPLES * 25, seed_of("curve truth")).reshape(SAMPLES, 5, 5) % np.uint64(CLASSES)
    labels = np.repeat(np.repeat(squares, 5, 1), 5, 2)[:, :HEIGHT, :WIDTH].astype(np.int64)
    void = numbers(SAMPLES * HEIGHT * WIDTH, seed_of("curve void")).reshape(labels.shape) % np.uint64(7) == 0
    labels[void] = 255
    return torch.tensor(labels)


def classes():
    """A class for each sample."""
    return torch.tensor((numbers(SAMPLES, seed_of("curve group")) % np.uint64(CLASSES)).astype(np.int64))


class Network:
    def __init__(self, run, kind):
        self.run, self.kind, self.training = run, kind, True
        self.parameters, self.moments, self.pretrained = {}, {}, set()

    def parameter(self, name, make):
        if name not in self.parameters:
            self.parameters[name] = torch.tensor(make()).to(self.kind).requires_grad_()
        return self.parameters[name]

    def finish(self, name, y, channels, normalised, activation, trained=False):
        if normalised:
            gamma = self.parameter(f"{name}.gamma", lambda: np.ones(channels))
            beta = self.parameter(f"{name}.beta", lambda: np.zeros(channels))
            mean, variance = self.moments.setdefault(name, (torch.zeros(channels, dtype=self.kind), torch.ones(channels, dtype=self.kind)))
            y = F.batch_norm(y, mean, variance, gamma, beta, self.training, MOMENTUM, EPSILON)
        else:
            bias = self.parameter(f"{name}.bias", lambda: self.trained(f"{name}.bias", [channels]) if trained else np.zeros(channels))
            y = y + bias[None, :, None, None]
        return {"linear": lambda v: v, "relu": F.relu, "relu6": F.relu6}[activation](y)

    def trained(self, name, shape):
        self.pretrained.add(name)
        fan_in = {1: 100, 2: shape[0], 3: 9}[len(shape)]
        bound = np.float32(math.sqrt(3.5 / fan_in))
        u = units(int(np.prod(shape)), seed_of(name)).reshape(shape)
        return -bound + (bound - -bound) * u

    def pointwise(self, name, x, outputs, activation, normalised=True, trained=False):
        shape = [x.shape[1], outputs]
        w = self.parameter(f"{name}.weight", lambda: self.trained(f"{name}.weight", shape) if trained else initial(f"{name}.weight", shape, self.run["seed"]))
        return self.finish(name, F.conv2d(x, w.t()[:, :, None, None]), outputs, normalised, activation, trained)

    def depthwise(self, name, x, activation, normalised=True, trained=False):
        channels = x.shape[1]
        shape = [3, 3, channels]
        w = self.parameter(f"{name}.weight", lambda: self.trained(f"{name}.weight", shape) if trained else initial(f"{name}.weight", shape, self.run["seed"]))
        y = F.conv2d(x, w.permute(2, 0, 1)[:, None], padding=1, groups=channels)
        return self.finish(name, y, channels, normalised, activation, trained)

    def __call__(self, taps):
        return getattr(self, self.run["name"])(*taps)

    def deeplab(self, deepest):
        pooled = self.pointwise("deeplab.pooling", deepest.mean((2, 3), keepdim=True), 256, "relu")
        aspp = self.pointwise("deeplab.aspp", deepest, 256, "relu")
        both = torch.cat([pooled.expand(-1, -1, *aspp.shape[2:]), aspp], 1)
        return self.pointwise("deeplab.logits", self.pointwise("deeplab.projection", both, 256, "relu"), CLASSES, "linear", False)

    def block16(self, block15):
        x = self.pointwise("backbone.block16.expand", block15, 336, "relu6", False, trained=True)
        x = self.depthwise("backbone.block16.depthwise", x, "relu6", False, trained=True)
        return self.pointwise("backbone.block16.project", x, 112, "linear", False, trained=True)

    def classifier(self, block15):
        mean = self.block16(block15).mean((2, 3), keepdim=True)
        return self.pointwise("classifier", mean, CLASSES, "linear", False)

    def pyramid(self, block15, middle, fine):
        x = self.pointwise("pyramid.deepest", self.block16(block15), 24, "relu6")
        for level, (below, width) in enumerate([(middle, 24), (fine, 16)], 1):
            name = f"pyramid.level{level}"
            if x.shape[1] != width:
                x = self.pointwise(f"{name}.narrow", x, width, "linear", False)
            lateral = self.pointwise(f"{name}.lateral", below, width, "linear")
            x = F.interpolate(x, size=lateral.shape[2:], mode="bilinear", align_corners=False)
            x = self.depthwise(f"{name}.depthwise", F.relu6(lateral + x), "relu6")
            x = self.pointwise(f"{name}.pointwise", x, width, "relu6")
        return self.pointwise("pyramid.logits", x, CLASSES, "linear", False)

    def values(self):
        """What is averaged: what learns, and batch norm's moments."""
        return list(self.parameters.values()) + [t for pair in self.moments.values() for t in pair]

    def optimiser(self):
        decay, base = self.run["decay"], self.run["rate"]
        groups = [{"params": [p], "lr": base, "share": 0.1 if name in self.pretrained else 1.0,
                   "weight_decay": decay if p.dim() > 1 else 0.0} for name, p in self.parameters.items()]
        if self.run["kind"] == "sgd":
            return torch.optim.SGD(groups, lr=base, momentum=0.9)
        return torch.optim.AdamW(groups, lr=base, betas=(0.9, 0.999), eps=1e-8)


def enlarged(logits):
    return F.interpolate(logits, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False)


def mean_iou(network, taps, labels):
    network.training = False
    with torch.no_grad():
        found = enlarged(network([t[TRAINING:] for t in taps])).argmax(1)
    real = labels[TRAINING:]
    found = found[real != 255]
    real = real[real != 255]
    hits = [((found == k) & (real == k)).sum().item() for k in range(CLASSES)]
    either = [((found == k) | (real == k)).sum().item() for k in range(CLASSES)]
    return sum(h / e for h, e in zip(hits, either) if e) / sum(e > 0 for e in either)


def loss_of(logits, labels, weight, dice):
    """Cross-entropy, and the soft Dice loss of the classes behind the background over all pixels of the batch."""
    wide = enlarged(logits)
    loss = F.cross_entropy(wide, labels, weight, ignore_index=255)
    valid = labels != 255
    for k in range(1, CLASSES):
        p = torch.where(valid, wide.softmax(1)[:, k], 0)
        real = (labels == k).to(wide.dtype)
        loss = loss + dice / (CLASSES - 1) * (1 - (2 * (p * real).sum() + 1) / (p.sum() + real.sum() + 1))
    return loss


def top1(network, taps, labels):
    network.training = False
    with torch.no_grad():
        found = network([t[TRAINING:] for t in taps])[:, :, 0, 0].argmax(1)
    return (found == labels[TRAINING:]).double().mean().item()


def train(run, kind):
    classifies = run["name"] == "classifier"
    network = Network(run, kind)
    taps = [torch.tensor(features(tap).astype(np.float32)).to(kind) for tap in run["taps"]]
    labels, weight = classes() if classifies else truth(), torch.tensor(CLASS_WEIGHTS, dtype=kind)
    per_epoch = TRAINING // BATCH
    total, losses = per_epoch * EPOCHS, []
    with torch.no_grad():
        network([t[:BATCH] for t in taps])  # makes the parameters
    for mean, variance in network.moments.values():
        mean.zero_(), variance.fill_(1)
    optimiser = network.optimiser()
    averages = [value.detach().clone() for value in network.values()]
    for step in range(total):
        batch = samples_of(step, per_epoch, run["seed"])
        answer = network([t[batch] for t in taps])
        if classifies:
            loss = F.cross_entropy(answer[:, :, 0, 0], labels[batch], weight)
        else:
            loss = loss_of(answer, labels[batch], weight, run.get("dice", 0))
        optimiser.zero_grad()
        loss.backward()
        if step == 0:
            gradients = [formula.tensor_golden(name, p.grad.numpy(), 12) for name, p in network.parameters.items()]
        for group in optimiser.param_groups:
            group["lr"] = rate(step, total, run) * group["share"]
        optimiser.step()
        losses.append(loss.item())
        keep = min(run.get("averaging", 0), (step + 1) / (step + 10))
        with torch.no_grad():
            for average, value in zip(averages, network.values()):
                average.lerp_(value, 1 - keep)
    with torch.no_grad():
        for value, average in zip(network.values(), averages):
            value.copy_(average)
    return losses, gradients, top1(network, taps, labels) if classifies else mean_iou(network, taps, labels)


torch.set_num_threads(1)
runs = []
for run in RUNS:
    losses, gradients, metric = train(run, torch.float64)
    near, _, _ = train(run, torch.float32)
    off = max(abs(a - b) / a for a, b in zip(losses, near))
    print(f"{run['name']} {run['kind']}: loss {losses[0]:.4f} to {losses[-1]:.4f}, metric {metric:.4f}; fp32 differs by {off:.1e}")
    runs.append({"head": run["name"], "kind": run["kind"], "rate": run["rate"], "decay": run["decay"], "warmUp": run["warm_up"],
                 "seed": run["seed"],
                 "dice": run.get("dice", 0), "averaging": run.get("averaging", 0), "losses": [round(loss, 9) for loss in losses], "metric": round(metric, 9)}
                | ({"gradients": gradients} if run["name"] == "classifier" else {}))
formula.write("training_curves.json", {"versions": {"torch": torch.__version__}, "epochs": EPOCHS, "batch": BATCH, "runs": runs})
