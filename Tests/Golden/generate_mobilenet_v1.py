"""Goldens of MobileNetV1 from TensorFlow, with weights by formula under TF-slim's and Keras' names.

    python generate_mobilenet_v1.py [--record] [--files FOLDER]

`--files` also writes the checkpoints that the goldens are held to once by hand, as TensorFlow writes them:
- `slim.pb`, `slim_spelt.pb`, `slim_folded.pb`: frozen graphs whose batch norm is one operation, arithmetic, or folded;
- `slim.tflite`, `slim_dilated.tflite`, `keras.tflite`, `keras_float16.tflite`: converted;
- `keras.safetensors`: the weights of `keras.applications.MobileNet` under their paths.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Plain kernels: the others reorder sums from machine to machine.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
import tensorflow as tf

import formula

v1 = tf.compat.v1
VERSIONS = {"tensorflow": tf.__version__, "keras": keras.__version__}
FILES = pathlib.Path(sys.argv[sys.argv.index("--files") + 1]) if "--files" in sys.argv else None
WIDTH = 0.25
OUTPUTS = 11
PLAN = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


def values(name, shape):
    """A tensor's numbers: a uniform range by the inputs for weights, batch norm away from 0 in variance and scale."""
    u = formula.units(int(np.prod(shape)), formula.seed_of(name)).reshape(shape)
    signed = u * np.float32(2) - np.float32(1)
    if len(shape) > 1:
        # [3, 3, channels, 1] is a depthwise weight.
        inputs = 9 if shape[-1] == 1 else int(np.prod(shape[:-1]))
        return signed * np.float32(np.sqrt(7 / inputs))
    if name.endswith("moving_variance"):
        return u + np.float32(0.5)
    if name.endswith("gamma"):
        return u * np.float32(0.8) + np.float32(0.6)
    return signed * np.float32(0.3)


def slim(x, norm, output_stride=32):
    """TF-slim's graph on a placeholder, its operations and names; the outputs of all taps."""
    taps, reached, dilation = {}, 2, 1

    def read(name, *shape):
        return v1.get_variable(name, initializer=tf.constant(values(name, shape)))

    def normalise(y, scope):
        c = y.shape[3]
        parts = {k: values(f"MobilenetV1/{scope}/BatchNorm/{k}", (c,))
                 for k in ("gamma", "beta", "moving_mean", "moving_variance")}
        if norm == "folded":
            return y + tf.constant((parts["beta"] - parts["moving_mean"] * factor(scope, c)).astype(np.float32))
        g, b, m, v = (read(f"MobilenetV1/{scope}/BatchNorm/{k}", c) for k in parts)
        if norm == "spelt":
            with tf.name_scope(f"MobilenetV1/MobilenetV1/{scope}/BatchNorm/"):
                return tf.nn.batch_normalization(y, m, v, b, g, 0.001)
        return v1.nn.fused_batch_norm(y, g, b, m, v, epsilon=0.001, is_training=False)[0]

    def factor(scope, c):
        """What folding multiplies the weights with."""
        gamma = values(f"MobilenetV1/{scope}/BatchNorm/gamma", (c,)).astype(np.float64)
        return gamma / np.sqrt(values(f"MobilenetV1/{scope}/BatchNorm/moving_variance", (c,)).astype(np.float64) + 0.001)

    def weight(scope, kind, *shape):
        name = f"MobilenetV1/{scope}/{kind}"
        if norm != "folded":
            return read(name, *shape)
        c = shape[2] if kind == "depthwise_weights" else shape[3]
        f = factor(scope, c).reshape((c, 1) if kind == "depthwise_weights" else (c,))
        return v1.get_variable(name, initializer=tf.constant((values(name, shape) * f).astype(np.float32)))

    c = int(32 * WIDTH)
    x = tf.nn.conv2d(x, weight("Conv2d_0", "weights", 3, 3, 3, c), 2, "SAME")
    x = taps["stem"] = tf.nn.relu6(normalise(x, "Conv2d_0"))
    for i, (outputs, stride) in enumerate(PLAN):
        scope, own = f"Conv2d_{i + 1}", dilation
        if reached == output_stride and stride == 2:
            stride, dilation = 1, dilation * 2
        reached *= stride
        w = weight(f"{scope}_depthwise", "depthwise_weights", 3, 3, c, 1)
        x = tf.nn.depthwise_conv2d(x, w, [1, stride, stride, 1], "SAME", dilations=[own, own])
        x = tf.nn.relu6(normalise(x, f"{scope}_depthwise"))
        o = int(outputs * WIDTH)
        x = tf.nn.conv2d(x, weight(f"{scope}_pointwise", "weights", 1, 1, c, o), 1, "SAME")
        x = taps[f"block{i}"] = tf.nn.relu6(normalise(x, f"{scope}_pointwise"))
        c = o
    x = tf.reduce_mean(x, [1, 2], keepdims=True)
    scope = "MobilenetV1/Logits/Conv2d_1c_1x1"
    x = tf.nn.conv2d(x, read(f"{scope}/weights", 1, 1, c, OUTPUTS), 1, "SAME")
    x = taps["logits"] = tf.nn.bias_add(x, read(f"{scope}/biases", OUTPUTS))
    v1.nn.softmax(tf.squeeze(x, [1, 2]), name="MobilenetV1/Predictions/Softmax")
    return taps


def freeze(norm, width, height, output_stride=32):
    """The taps' values for the input by formula, and the frozen graph."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [1, height, width, 3], name="input")
        with v1.variable_scope("", use_resource=False):
            taps = slim(x, norm, output_stride)
        session.run(v1.global_variables_initializer())
        answers = session.run(taps, {x: formula.network_input(width, height)})
        end = "MobilenetV1/Predictions/Softmax"
        graph = v1.graph_util.convert_variables_to_constants(session, session.graph_def, [end])
    return answers, graph


def lite(graph, size):
    """A frozen graph as a TensorFlow Lite model."""
    def run(x):
        return tf.graph_util.import_graph_def(
            graph, {"input": x}, ["MobilenetV1/Predictions/Softmax:0"], name="")[0]
    function = v1.wrap_function(run, [tf.TensorSpec([1, size, size, 3], tf.float32)])
    return tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()


def cases(answers_by_size, kind):
    return [{"width": w, "height": h, "outputStride": s,
             "taps": [formula.tensor_golden(n, a[0], 16) for n, a in answers.items()]}
            for (w, h, s), answers in answers_by_size.items()]


def slim_goldens():
    sizes = [(224, 224, 32), (193, 193, 32), (160, 96, 32), (193, 193, 16), (193, 193, 8)]
    answers = {size: freeze("fused", *size)[0] for size in sizes}
    for norm in ("spelt", "folded"):
        for name, a in freeze(norm, 193, 193)[0].items():
            error = np.abs(a - answers[sizes[1]][name]).max()
            assert error < 1e-4, f"{norm} {name}: {error}"
    formula.write("mobilenet_v1_slim.json", {"versions": VERSIONS, "cases": cases(answers, "slim")})
    if FILES:
        for norm, name in [("fused", "slim"), ("spelt", "slim_spelt"), ("folded", "slim_folded")]:
            (FILES / f"{name}.pb").write_bytes(freeze(norm, 224, 224)[1].SerializeToString())
        (FILES / "slim.tflite").write_bytes(lite(freeze("fused", 193, 193)[1], 193))
        (FILES / "slim_dilated.tflite").write_bytes(lite(freeze("fused", 193, 193, 8)[1], 193))


def keras_goldens():
    answers = {}
    for width, height in [(224, 224), (160, 96)]:
        model = keras.applications.MobileNet(
            input_shape=(height, width, 3), alpha=WIDTH, weights=None, classes=OUTPUTS, classifier_activation=None)
        for w in model.weights:
            w.assign(values(w.path, tuple(w.shape)))
        layers = {"stem": "conv1_relu"} | {f"block{i}": f"conv_pw_{i + 1}_relu" for i in range(13)}
        layers["logits"] = "conv_preds"
        probe = keras.Model(model.inputs, [model.get_layer(n).output for n in layers.values()])
        maps = probe(formula.network_input(width, height), training=False)
        answers[width, height, 32] = {n: m.numpy() for n, m in zip(layers, maps)}
        if FILES and width == height:
            converter = tf.lite.TFLiteConverter.from_keras_model(model)
            (FILES / "keras.tflite").write_bytes(converter.convert())
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
            (FILES / "keras_float16.tflite").write_bytes(converter.convert())
            safetensors(FILES / "keras.safetensors", {w.path: w.numpy() for w in model.weights})
    formula.write("mobilenet_v1_keras.json", {"versions": VERSIONS, "cases": cases(answers, "keras")})


def safetensors(path, tensors):
    """The format as its own package writes it, which is not needed here for anything else."""
    header, data = {}, b""
    for name, a in tensors.items():
        raw = np.ascontiguousarray(a, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


if __name__ == "__main__":
    slim_goldens()
    keras_goldens()
