#!/bin/sh
# Compiles the C kernels for arm64, where the baseline is NEON.
#
#   tools/check-arm64.sh
#
# Needs clang (Swift brings one) and the headers of the C library; links and runs nothing. The pool of
# threads is plain POSIX and not among them: the headers of another machine's threads do not compile.
set -eu
cd "$(dirname "$0")/.."
# The C library's headers are this machine's; only its list of missing functions is told apart by architecture.
stubs=$(mktemp -d)
trap 'rm -r "$stubs"' EXIT
mkdir "$stubs/gnu"
: > "$stubs/gnu/stubs.h"
headers=$(find /usr/include -maxdepth 1 -name '*-linux-gnu*' | head -n 1)
for source in Sources/CKernels/levels/*.c Sources/CKernels/dispatch.c Sources/CKernels/copy.c; do
    clang --target=aarch64-linux-gnu -isystem "$stubs" -isystem "${headers:-/usr/include}" -std=c11 -O2 -Wall -Wextra -Werror \
        -ISources/CKernels/include -S -o /dev/null "$source"
done
echo "arm64: all kernels compile"
