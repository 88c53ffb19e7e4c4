#!/bin/sh
# Lets libFuzzer search for files that break a reader, under the address sanitizer:
#
#   Tests/Fuzz/run.sh [SECONDS_EACH] [FORMAT...]
#
# A file that does harm is left in .build-fuzz/found, with the command that reads it again. The files that reached new code
# are kept in .build-fuzz/corpus, so that the next run goes on where this one ended.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-180}
[ $# -gt 0 ] && shift
formats=${*:-coco cvat graph jpeg labelme png safetensors supervisely tflite voc yolo}

BACKBONE_FUZZ=1 swift build -c release --scratch-path .build-fuzz --sanitize address --sanitize fuzzer --product fuzz
swift build -c release --product mutate
mkdir -p .build-fuzz/found
for format in $formats; do
  corpus=.build-fuzz/corpus/$format
  mkdir -p "$corpus"
  .build/release/mutate --format "$format" --write-seeds "$corpus"
  echo "fuzz: $format for $seconds s"
  FUZZ_FORMAT=$format ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 .build-fuzz/release/fuzz \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=300000 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix=".build-fuzz/found/$format-" "$corpus" 2>&1 | grep -E 'stat::|SUMMARY|ERROR|Test unit|Fatal' || true
done
if [ -n "$(ls .build-fuzz/found)" ]; then
  echo "fuzz: files that do harm are in .build-fuzz/found; again with FUZZ_FORMAT=FORMAT .build-fuzz/release/fuzz FILE" >&2
  exit 1
fi
