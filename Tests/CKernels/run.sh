#!/usr/bin/env bash
# Holds the kernels to plain loops in C: all that this machine has under the address and undefined behaviour sanitizers, then
# NEON, compiled for aarch64 and run by an emulator. Installs the cross tools from Debian where they are missing.
set -euo pipefail
cd "$(dirname "$0")"
clang=${CLANG:-clang}
kernels=../../Sources/Core/CKernels
flags=(-std=c11 -Wall -Wextra -Werror -Wno-unused-parameter -I"$kernels/include" kernels_test.c functions_test.c pixels_test.c training_test.c block_test.c "$kernels"/*.c)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

"$clang" -fuse-ld=lld -O1 -g -fsanitize=address,undefined -fno-sanitize=pointer-overflow "${flags[@]}" -o "$build/native" -lm -lpthread
"$build/native"

root=/usr/aarch64-linux-gnu
if [ ! -e "$root/include/stdio.h" ] || ! command -v qemu-aarch64 >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "run.sh: needs qemu-user and the aarch64 cross tools of Debian; install them, then try again" >&2
    exit 1
  fi
  sudo=$([ "$(id -u)" = 0 ] || command -v sudo || true)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq qemu-user libc6-dev-arm64-cross \
    libgcc-12-dev-arm64-cross >/dev/null
fi
gcc=$(ls -d /usr/lib/gcc-cross/aarch64-linux-gnu/* | tail -n 1)
"$clang" --target=aarch64-linux-gnu -fuse-ld=lld -isystem "$root/include" -B"$root/lib" \
  -B"$gcc" -L"$root/lib" -L"$gcc" -static -O2 "${flags[@]}" -o "$build/aarch64" -lm -lpthread
qemu-aarch64 "$build/aarch64" neon portable
