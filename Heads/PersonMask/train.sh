#!/usr/bin/env bash
# Trains person-mask again, to the same bits: README.md in this folder tells what it is and where the data comes from.
#
#   train.sh DATA TEACHER OUT.safetensors [PYTHON]
#
# DATA has the folders voc (images, masks, annotations) and coco128 (images, masks, labels); TEACHER is
# deeplabv3_mnv2_pascal_quant.tflite; PYTHON has ai-edge-litert, numpy and pillow. The model person-ssdlite must be installed.
# BACKBONE names the program, .build/release/backbone by default.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=$1 teacher=$2 out=$3 python=${4:-python3}
backbone=${BACKBONE:-$here/../../.build/release/backbone}
labels=$(mktemp -d)
trap 'rm -rf "$labels"' EXIT
"$python" "$here/teacher.py" "$teacher" "$data/coco128/images" "$data/coco128/masks" "$labels/teacher" >/dev/null
ln -s "$(cd "$data" && pwd)/voc" "$labels/voc"
ln -s "$(cd "$data" && pwd)/coco128" "$labels/coco128"
out=$(realpath -m "$out")
cd "$labels"
"$backbone" train segment --model person-ssdlite --name person-mask --out "$out" \
  --data voc --hold-out "list:$here/held-out-voc.txt" --data coco128 --hold-out "list:$here/held-out-coco128.txt" \
  --data teacher --hold-out none --classes person,void=unlabeled \
  --head pyramid --levels block16,block13/expansion,block6/expansion,block2 --widths 128,64,32 --unfreeze block14 \
  --variants 32 --epochs 3 --batch 16 --rate 0.002 --backbone-rate 0.3 --dice 1 --averaging 0.99 --seed 1 \
  --only-learned --gate 0.1
