#!/bin/sh
# Compiles the C kernels for arm64, where the baseline is NEON, and runs their products where there is an emulator.
#
#   tools/check-arm64.sh
#
# Needs clang (Swift brings one) and the headers of the C library; to run products (tools/check_kernels.c) also Debian's qemu-user,
# gcc-aarch64-linux-gnu and libc6-dev-arm64-cross. The pool of threads is plain POSIX and not among the kernels: the headers of another
# machine's threads do not compile.
set -eu
cd "$(dirname "$0")/.."
# The C library's headers are this machine's; only its list of missing functions is told apart by architecture.
stubs=$(mktemp -d)
trap 'rm -r "$stubs"' EXIT
mkdir "$stubs/gnu" "$stubs/objects"
: > "$stubs/gnu/stubs.h"
headers=$(find /usr/include -maxdepth 1 -name '*-linux-gnu*' | head -n 1)
for source in Sources/CKernels/levels/*.c Sources/CKernels/dispatch.c Sources/CKernels/copy.c; do
    clang --target=aarch64-linux-gnu -isystem "$stubs" -isystem "${headers:-/usr/include}" -std=c11 -O2 -Wall -Wextra -Werror \
        -ISources/CKernels/include -S -o /dev/null "$source"
done
echo "arm64: all kernels compile"

if command -v qemu-aarch64 > /dev/null && command -v aarch64-linux-gnu-gcc > /dev/null; then
    for source in Sources/CKernels/levels/*.c Sources/CKernels/dispatch.c Sources/CKernels/copy.c tools/check_kernels.c; do
        clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -std=c11 -O2 -Wall -Wextra -Werror \
            -ISources/CKernels/include -ISources/CKernels/levels -c -o "$stubs/objects/$(basename "$source").o" "$source"
    done
    aarch64-linux-gnu-gcc -static "$stubs"/objects/*.o -lm -o "$stubs/check"
    for processor in max cortex-a72; do
        echo "as $processor:"
        qemu-aarch64 -cpu "$processor" "$stubs/check"
    done
else
    echo "arm64: nothing was run, for want of qemu-user, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross"
fi
