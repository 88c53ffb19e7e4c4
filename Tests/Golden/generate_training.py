"""Goldens of training: gradients of a graph with every kind of layer, and steps of the optimisers, from PyTorch in fp64.

    python generate_training.py [--record]

Inputs, weights and labels follow from names (`formula.py`); `Tests/TrainingTests` builds the same graph.
"""

import numpy as np
import torch
import torch.nn.functional as F

import formula

EPSILON = 1e-3
BATCH = 2
CLASSES = 3


def tensor(name, shape, low=-1.0, high=1.0):
    """Numbers between low and high by the tensor's name, rounded to fp32 as Swift has them."""
    u = formula.units(int(np.prod(shape)), formula.seed_of(name)).reshape(shape)
    low, high = np.float32(low), np.float32(high)
    return torch.tensor((low + (high - low) * u).astype(np.float64))


def same_padding(extent, stride, dilation):
    output = -(-extent // stride)
    total = max((output - 1) * stride + 2 * dilation + 1 - extent, 0)
    return total // 2, total - total // 2


class Graph:
    """The layers by hand; maps are [N, C, H, W] here and [N, H, W, C] in the goldens."""

    def __init__(self):
        self.parameters = {}

    def parameter(self, name, shape, low, high):
        if name not in self.parameters:
            self.parameters[name] = tensor(name, shape, low, high).requires_grad_()
        return self.parameters[name]

    def finish(self, name, x, channels, normalised, activation):
        if normalised:
            gamma = self.parameter(f"{name}.gamma", [channels], 0.5, 1.5)
            beta = self.parameter(f"{name}.beta", [channels], -0.5, 0.8)
            x = F.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)
        else:
            x = x + self.parameter(f"{name}.bias", [channels], -0.5, 0.8)[None, :, None, None]
        return {"linear": lambda v: v, "relu": F.relu, "relu6": F.relu6}[activation](x)

    def pointwise(self, name, x, outputs, activation, normalised=True):
        inputs = x.shape[1]
        bound = (3.5 / inputs) ** 0.5
        w = self.parameter(f"{name}.weight", [inputs, outputs], -bound, bound)
        return self.finish(name, F.conv2d(x, w.t()[:, :, None, None]), outputs, normalised, activation)

    def depthwise(self, name, x, activation, stride=1, dilation=1, padding="same", normalised=True):
        channels = x.shape[1]
        w = self.parameter(f"{name}.weight", [3, 3, channels], -0.6, 0.6)
        if padding == "same":
            top, bottom = same_padding(x.shape[2], stride, dilation)
            left, right = same_padding(x.shape[3], stride, dilation)
        else:
            top = bottom = left = right = dilation
        y = F.conv2d(F.pad(x, (left, right, top, bottom)), w.permute(2, 0, 1)[:, None], stride=stride, dilation=dilation,
                     groups=channels)
        return self.finish(name, y, channels, normalised, activation)


def grid_sample_rows(x, height, width, align):
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=align)


def network(g, a_in, b_in):
    a = g.pointwise("a", a_in, 19, "relu6")
    d = g.depthwise("d", a, "relu", stride=2)
    e = g.depthwise("e", d, "relu6", dilation=2, normalised=False)
    p = g.pointwise("p", e, 24, "linear", normalised=False)
    s = F.relu6(p + b_in)
    pooled = s.mean((2, 3), keepdim=True)
    gate = g.pointwise("g", pooled, 17, "relu", normalised=False)
    q = g.pointwise("q", s, 17, "linear", normalised=False)
    r = F.relu(q + gate)
    c = torch.cat([r, pooled.expand(-1, -1, r.shape[2], r.shape[3])], 1)
    u = grid_sample_rows(c, a.shape[2], a.shape[3], False)
    v = g.depthwise("v", u, "relu6", padding="symmetric")
    t = torch.cat([v, a], 1)
    return g.pointwise("l", t, CLASSES, "linear", normalised=False)


def nhwc(x):
    return x.detach().permute(0, 2, 3, 1).reshape(-1, x.shape[3], x.shape[1]).numpy()


def gradients(golden, dice):
    g = Graph()
    a_in = tensor("input a", [BATCH, 9, 8, 32], -1, 2).permute(0, 3, 1, 2)
    b_in = tensor("input b", [BATCH, 5, 4, 24], -1, 2).permute(0, 3, 1, 2)
    logits = network(g, a_in, b_in)
    logits.retain_grad()
    labels = (formula.numbers(BATCH * 17 * 15, formula.seed_of("labels")) % np.uint64(4)).astype(np.int64)
    labels = torch.tensor(np.where(labels == 3, 255, labels).reshape(BATCH, 17, 15))
    weight = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    wide = grid_sample_rows(logits, 17, 15, True)
    loss = F.cross_entropy(wide, labels, weight, ignore_index=255)
    valid = labels != 255
    for k in range(1, CLASSES):
        p = torch.where(valid, wide.softmax(1)[:, k], 0)
        truth = (labels == k).double()
        loss = loss + dice / (CLASSES - 1) * (1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1))
    loss.backward()
    tensors = [formula.tensor_golden("answer", nhwc(logits), 24), formula.tensor_golden("answer gradient", nhwc(logits.grad), 24)]
    for name, p in g.parameters.items():
        shape = [1] * (3 - p.grad.dim()) + list(p.grad.shape)
        tensors.append(formula.tensor_golden(f"{name} gradient", p.grad.numpy().reshape(shape), 24))
    formula.write(golden, {"versions": {"torch": torch.__version__}, "loss": loss.item(), "tensors": tensors})


def optimisers():
    cases = []
    for kind in ("sgd", "adamw"):
        w = torch.nn.Parameter(tensor("w", [37]))
        options = {"sgd": lambda: torch.optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.01),
                   "adamw": lambda: torch.optim.AdamW([w], lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05)}
        optimiser = options[kind]()
        for step in range(7):
            w.grad = tensor(f"gradient {step}", [37])
            optimiser.step()
        cases.append({"kind": kind, "values": [formula.short(v) for v in w.detach().numpy()]})
    formula.write("training_optimisers.json", {"versions": {"torch": torch.__version__}, "cases": cases})


def soft_loss():
    """A teacher's probabilities, in bytes as the features' file has them; the last cell of each picture says nothing."""
    pictures, cells, classes = 2, 20, 3
    logits = tensor("soft logits", [pictures, cells, classes], -3, 3).requires_grad_()
    soft = (formula.numbers(pictures * cells * classes, formula.seed_of("soft labels")) % np.uint64(256)).astype(np.int64)
    soft = soft.reshape(pictures, cells, classes)
    soft[:, -1] = 0
    taught = torch.tensor(soft[:, :-1].reshape(-1, classes) / soft[:, :-1].sum(2).reshape(-1, 1))
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, classes), taught)
    loss.backward()
    formula.write("training_soft.json", {
        "versions": {"torch": torch.__version__}, "loss": loss.item(),
        "gradient": [formula.short(v) for v in logits.grad.numpy().reshape(-1)]})


gradients("training_gradients.json", 0)
gradients("training_gradients_dice.json", 0.7)
optimisers()
soft_loss()
