"""Masks of people for pictures that have none, by a DeepLabV3 with MobileNetV2 as a teacher, through LiteRT.

    python teacher.py deeplabv3_mnv2_pascal_quant.tflite IMAGES MASKS OUT

For each picture in IMAGES without a mask in MASKS: OUT/images has a link to it and OUT/masks a mask, 1 where the teacher sees a
person (class 15 of Pascal VOC). OUT is then a data set of its own. Needs ai-edge-litert, numpy and pillow.
"""

import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

model, images, masks, out = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
interpreter = Interpreter(model_path=model, num_threads=2)
interpreter.allocate_tensors()
source, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
size = source["shape"][1]
known = {path.stem for path in masks.iterdir()}
for folder in ("images", "masks"):
    (out / folder).mkdir(parents=True, exist_ok=True)
(out / "classes.txt").write_text("background\nperson\n")
for path in sorted(images.iterdir()):
    if path.stem in known:
        continue
    picture = Image.open(path).convert("RGB")
    interpreter.set_tensor(source["index"], np.asarray(picture.resize((size, size), Image.BILINEAR))[None])
    interpreter.invoke()
    labels = np.squeeze(interpreter.get_tensor(answer["index"]))
    if labels.ndim == 3:
        labels = labels.argmax(-1)
    person = Image.fromarray((labels == 15).astype(np.uint8)).resize(picture.size, Image.NEAREST)
    person.save(out / "masks" / f"{path.stem}.png")
    link = out / "images" / path.name
    if not link.exists():
        link.symlink_to(path.resolve())
    print(path.stem, round(float(np.asarray(person).mean()), 4))
