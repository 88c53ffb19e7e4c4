"""`backbone train segment` in PyTorch: the same data, head, schedule and loss, for its time, memory and result.

    python Benchmarks/train_segment.py --data DIR --model MODEL.safetensors --classes person [options]
    python Benchmarks/train_segment.py … --features FILE --log OURS.csv

The first computes the features itself and trains on them. The second trains on the features that `backbone train segment
--cache FILE` kept, from the same initial values and with the same batches, and prints its losses beside those of our log.
Options have the names and defaults of `backbone train segment`.
"""

import argparse
import concurrent.futures
import csv
import json
import math
import os
import resource
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F

import segment_data
from segment_network import Frozen, Head, Tensors, blocks_of, numbers


def order_of(count, epoch, seed):
    order, draws = list(range(count)), numbers(count, seed ^ ((epoch + 1) * 0xD1B54A32D192ED03 % (1 << 64)))
    for n, i in enumerate(range(count - 1, 0, -1)):
        j = ((int(draws[n]) >> 32) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    return order


class Cache:
    """Halves in a file; memory holds a batch of them."""

    def __init__(self, taps, truth, source=None):
        self.taps, self.truth_size, self.shapes, self.source = taps, truth, None, source
        if source:
            self.shapes = [source.place(tap)[0][1:] for tap in taps]
            self.usable = np.frombuffer(os.pread(source.file, *reversed(self.flat("usable"))), np.uint8)
        else:
            self.files = [tempfile.TemporaryFile() for _ in range(len(taps) + 1)]

    def flat(self, name):
        shape, at = self.source.place(name)
        return at, math.prod(shape)

    def append(self, maps, truth):
        self.shapes = [(m.shape[2], m.shape[3], m.shape[1]) for m in maps]
        for file, m in zip(self.files, maps):
            file.write(m.permute(0, 2, 3, 1).contiguous().half().numpy())
        self.files[-1].write(np.ascontiguousarray(truth))

    def finish(self):
        for file in self.files:
            file.flush()

    def read(self, samples):
        maps = []
        for i, shape in enumerate(self.shapes):
            size = 2 * math.prod(shape)
            buffer = np.empty((len(samples), *shape), np.float16)
            for n, s in enumerate(samples):
                self.fill(i, self.taps[i], s * size, buffer[n])
            maps.append(torch.from_numpy(buffer).float().permute(0, 3, 1, 2))
        truth = np.empty((len(samples), self.truth_size), np.uint8)
        for n, s in enumerate(samples):
            self.fill(-1, "truth", s * self.truth_size, truth[n])
        return maps, torch.from_numpy(truth)

    def fill(self, index, name, at, buffer):
        if self.source:
            os.preadv(self.source.file, [buffer], self.source.place(name)[1] + at)
        else:
            os.preadv(self.files[index].fileno(), [buffer], at)


def extract(o, training, held, frozen, taps):
    """Pictures are read and varied by as many threads as there are cores while the backbone runs."""
    cache = Cache(taps, o.size * o.size)
    frozen = frozen.eval().to(memory_format=torch.channels_last)
    work = [(s, i, o.variants) for i, s in enumerate(training)] + [(s, i, 1) for i, s in enumerate(held)]
    with torch.inference_mode(), concurrent.futures.ThreadPoolExecutor(o.threads) as pool:
        waiting = []
        for n in range(len(work) + 4):
            if n < len(work):
                sample, index, count = work[n]
                waiting.append(pool.submit(segment_data.variants, sample, index, count, o.size, o.seed))
            if n >= 4:
                pictures, truth = waiting.pop(0).result()
                x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
                cache.append(frozen(x), truth)
    cache.finish()
    return cache


def rate(o, step, total):
    if step < o.warm_up:
        return o.rate * (step + 1) / o.warm_up
    return o.rate * 0.5 * (1 + math.cos(math.pi * (step - o.warm_up) / max(total - o.warm_up, 1)))


def loss_of(logits, labels, weight, dice):
    wide = F.interpolate(logits, size=labels.shape[1:], mode="bilinear", align_corners=False)
    if dice == 0:
        return F.cross_entropy(wide, labels, weight, ignore_index=255)
    logs = wide.log_softmax(1)
    loss = F.nll_loss(logs, labels, weight, ignore_index=255)
    valid = labels != 255
    for k in range(1, wide.shape[1]):
        p, real = logs[:, k].exp() * valid, labels == k
        loss = loss + dice / (wide.shape[1] - 1) * (1 - (2 * (p * real).sum() + 1) / (p.sum() + real.sum() + 1))
    return loss


def validate(o, head, cache, samples, classes):
    counts = torch.zeros(classes * classes, dtype=torch.int64)
    head.eval()
    with torch.inference_mode():
        for i in range(0, len(samples), o.batch):
            maps, truth = cache.read(samples[i:i + o.batch])
            wide = F.interpolate(head(maps), size=(o.size, o.size), mode="bilinear", align_corners=False)
            found, truth = wide.argmax(1).flatten(), truth.long().flatten()
            valid = truth < classes
            counts += torch.bincount(truth[valid] * classes + found[valid], minlength=classes * classes)
    head.train()
    counts = counts.reshape(classes, classes)
    hits = counts.diag()
    return (hits / (counts.sum(0) + counts.sum(1) - hits)).tolist()


def train(o, head, cache, training, held, classes, report):
    head.train().to(memory_format=torch.channels_last)
    groups = head.groups(o)
    if o.optimiser == "sgd":
        optimiser = torch.optim.SGD(groups, lr=o.rate, momentum=0.9, fused=True)
    else:
        optimiser = torch.optim.AdamW(groups, lr=o.rate, fused=True)
    weight = torch.tensor(o.class_weights)
    values = [v.detach() for v in [*head.parameters(), *(b for b in head.buffers() if b.is_floating_point())]]
    averages = [v.clone() for v in values]
    per_epoch = len(training) // o.batch
    total, recent, ious = per_epoch * o.epochs, [], []
    for step in range(total):
        if step % per_epoch == 0:
            order = order_of(len(training), step // per_epoch, o.seed)
        place = step % per_epoch * o.batch
        maps, truth = cache.read([training[i] for i in order[place:place + o.batch]])
        loss = loss_of(head(maps), truth.reshape(-1, o.size, o.size).long(), weight, o.dice)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = rate(o, step, total) * group["share"]
        optimiser.step()
        if o.averaging:
            torch._foreach_lerp_(averages, values, 1 - min(o.averaging, (step + 1) / (step + 10)))
        recent.append(loss.item())
        ends = (step + 1) % per_epoch == 0
        if ends and held:
            if o.averaging:
                kept = [v.clone() for v in values]
                torch._foreach_copy_(values, averages)
            ious = validate(o, head, cache, held, classes)
            if o.averaging and step + 1 < total:
                torch._foreach_copy_(values, kept)
        if ends or len(recent) == 50:
            report(step + 1, sum(recent) / len(recent), sum(ious) / len(ious) if ends and ious else None)
            recent = []
    return ious


def arguments():
    a = argparse.ArgumentParser()
    add = a.add_argument
    add("--data", action="append", required=True), add("--model", required=True), add("--classes", required=True)
    add("--hold-out", default="every:5"), add("--head", choices=["deeplab", "pyramid"], default="pyramid")
    add("--levels", default="block16,block13/expansion,block6/expansion,block3/expansion"), add("--widths", default="128,64,32")
    add("--unfreeze"), add("--output-stride", type=int), add("--size", type=int), add("--class-weights")
    add("--dice", type=float, default=1), add("--averaging", type=float, default=0.99)
    add("--variants", type=int, default=8), add("--epochs", type=int, default=10), add("--batch", type=int, default=8)
    add("--optimiser", choices=["adamw", "sgd"], default="adamw"), add("--rate", type=float)
    add("--backbone-rate", type=float, default=0.1), add("--weight-decay", type=float), add("--warm-up", type=int)
    add("--seed", type=int, default=1), add("--threads", type=int, default=os.cpu_count())
    add("--features", help="a file that `backbone train segment --cache` kept"), add("--log", help="our log, to compare with")
    return a.parse_args()


def main():
    o = arguments()
    torch.set_num_threads(o.threads)
    weights = Tensors(o.model)
    card = json.loads(weights.metadata["card"])
    o.size, o.output_stride = o.size or card["input"]["width"], o.output_stride or card["backbone"]["outputStride"]
    classes = 1 + sum(not part.startswith("void=") for part in o.classes.split(","))
    o.class_weights = [float(w) for w in o.class_weights.split(",")] if o.class_weights else [1.0] * classes
    parts = [segment_data.split(segment_data.open_folder(path, o.classes), o.hold_out) for path in o.data]
    learned, apart = [s for p in parts for s in p[0]], [s for p in parts for s in p[1]]
    blocks = blocks_of(weights, o.output_stride)
    head = Head(o, blocks, weights, classes)
    begin = time.perf_counter()
    if o.features:
        cache = Cache(head.taps, o.size * o.size, Tensors(o.features))
        usable = np.flatnonzero(cache.usable).tolist()
    else:
        cache = extract(o, learned, apart, Frozen(blocks, head.taps, weights, card), head.taps)
        usable = range(len(learned) * o.variants + len(apart))
    feature_time = time.perf_counter() - begin
    training = [s for s in usable if s < len(learned) * o.variants]
    held = [s for s in usable if s >= len(learned) * o.variants]
    sgd = o.optimiser == "sgd"
    o.rate, o.weight_decay = o.rate or (0.05 if sgd else 0.002), (1e-4 if sgd else 0.01) if o.weight_decay is None else o.weight_decay
    o.warm_up = min(len(training) // o.batch * o.epochs // 20, 200) if o.warm_up is None else o.warm_up
    ours = {int(row["step"]): row for row in csv.DictReader(open(o.log))} if o.log else {}
    worst = [0.0]

    def report(step, loss, metric):
        text = f"step {step:5}  loss {loss:.6f}" + (f"  mean IoU {metric:.4f}" if metric is not None else "")
        if step in ours:
            other = float(ours[step]["loss"])
            worst[0] = max(worst[0], abs(other - loss) / loss)
            text += f"   ours {other:.6f} {ours[step]['mean_iou'][:6]}  differs by {abs(other - loss) / loss:.1e}"
        print(text, flush=True)

    begin = time.perf_counter()
    ious = train(o, head, cache, training, held, classes, report)
    print(f"pictures {len(learned)} x {o.variants} and {len(apart)}, {len(training) // o.batch * o.epochs} steps")
    print(f"features {feature_time:.1f} s, training {time.perf_counter() - begin:.1f} s, "
          f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    print("IoU " + " ".join(f"{iou:.4f}" for iou in ious) + (f"; the losses differ by at most {worst[0]:.1e}" if ours else ""))


main()
