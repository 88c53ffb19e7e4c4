#!/usr/bin/env bash
# Makes objects-ssdlite and objects-mask again: README.md in this folder tells what they are and where the data comes from.
#
#   train.sh VOC DEEPLAB OUT [PYTHON]
#
# VOC has JPEGImages, Annotations and ImageSets/Main/val.txt; DEEPLAB is deeplabv3_mnv2_pascal_quant.tflite;
# OUT is a folder. PYTHON has ai-edge-litert, numpy and safetensors. BACKBONE names the program, THREADS how many it may use.
# A run that was stopped goes on where its checkpoints are.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
voc=$(realpath "$1") deeplab=$(realpath "$2") out=$(realpath -m "$3") python=${4:-python3}
backbone=$(realpath "${BACKBONE:-$here/../../.build/release/backbone}")
threads=${THREADS:-$(nproc)}
origin="deeplabv3_mnv2_pascal_quant.tflite (TensorFlow, Apache-2.0), its eight-bit weights multiplied out"
mkdir -p "$out/boxes/JPEGImages" "$out/boxes/Annotations"
cd "$out"

# The names at odd places of val.txt choose among epochs, those at even places are seen by nobody.
awk 'NR % 2 == 1' "$voc/ImageSets/Main/val.txt" >chosen-on.txt
awk 'NR % 2 == 0' "$voc/ImageSets/Main/val.txt" >reported-on.txt
for picture in "$voc"/JPEGImages/*.jpg; do
  name=$(basename "$picture" .jpg)
  grep -qxF "$name" reported-on.txt && continue
  if [ -e "$voc/Annotations/$name.xml" ]; then
    ln -sf "$picture" boxes/JPEGImages/
    ln -sf "$voc/Annotations/$name.xml" boxes/Annotations/
  fi
done

"$python" "$here/backbone.py" "$deeplab" checkpoint.safetensors
make_base() {
  "$backbone" import checkpoint.safetensors --name "$1" --out "$1.safetensors" --input-size "$3" --fit stretch \
    --output-stride "$2" --licence Apache-2.0 --origin "$origin"
}
make_base deeplab-mobilenetv2 32 321
# The mask is DeepLab's own network, at a smaller input than it was made for.
make_base objects-mask 16 449

resumed() { if [ -e "$1.checkpoint" ]; then echo --resume; fi; }

# shellcheck disable=SC2046
[ -e objects-ssdlite.safetensors ] || "$backbone" train detect --data boxes --hold-out list:chosen-on.txt \
  --model deeplab-mobilenetv2.safetensors --out objects-ssdlite.safetensors --unfreeze block7 --augment light --balance 0.05 \
  --variants 8 --epochs 2 --batch 16 --backbone-rate 0.2 --weight-decay 0.02 --patience 0 --cache-limit 30000 \
  --threads "$threads" $(resumed objects-ssdlite)
# The mask leaves out what it has in common with the detector.
convert() {
  "$backbone" models convert "$1.safetensors" --precision fp16 --licence Apache-2.0 \
    --origin "Heads/Objects/train.sh, from $2" --out "$here/CObjects/$1.safetensors" "${@:3}"
}
convert objects-ssdlite "$origin, and Pascal VOC"
convert objects-mask "$origin" --base objects-ssdlite.safetensors
