#!/bin/sh
# Counts the uses of `unsafe` in the sources, module by module, and fails where a reader of files has one outside the files
# that are named here: each of these is small, hands out checked values only, and has tests of its own.
set -eu
cd "$(dirname "$0")/.."

allowed="
Sources/Learning/Datasets/Augmentation/PixelLoops.swift
Sources/Learning/Datasets/Formats/VOC/Expat.swift
Sources/Formats/ImageCodecs/CodecBridge.swift
Sources/Core/ModelFiles/Weights/Weights.swift
"
readers="Sources/Formats/Checkpoints Sources/Learning/Datasets Sources/Formats/ImageCodecs Sources/Core/ModelFiles"

total=0
for module in Sources/*/*/ Heads/*/; do
  count=$(find "$module" -name '*.swift' -exec cat {} + | { grep -v '^ *//' || true; } | { grep -ow unsafe || true; } | wc -l)
  [ "$count" -gt 0 ] && printf '%5d  %s\n' "$count" "${module%/}"
  total=$((total + count))
done | sort -rn
find Sources Heads -name '*.swift' -exec cat {} + | { grep -v '^ *//' || true; } | grep -ow unsafe | wc -l \
  | awk '{ printf "%5d  in all\n", $1 }'

wrong=""
for file in $(find $readers -name '*.swift' | sort); do
  case "$allowed" in *"
$file
"*) continue ;; esac
  grep -v '^ *//' "$file" | grep -qw unsafe && wrong="$wrong $file"
done
if [ -n "$wrong" ]; then
  echo "unsafe-count: a reader touches raw memory in$wrong; use FileBytes or RawSpan of Sources/Core/Files" >&2
  exit 1
fi
