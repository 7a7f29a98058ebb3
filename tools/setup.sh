#!/usr/bin/env bash
# Makes sure that the system packages Diorama links against are there; installs those that are missing.
#
#   tools/setup.sh            quick and silent when nothing is missing; needs root or sudo only to install
set -euo pipefail

die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# "Debian package:header:library"
needs=(libpng-dev:png.h:png libjpeg-dev:jpeglib.h:jpeg libopenblas-dev:cblas.h:openblas)

command -v swift >/dev/null || die "Swift is not in PATH; Diorama needs Swift 6.2 or newer (https://swift.org/install)."

compiler=${CC:-}
for candidate in clang cc gcc; do
    [[ -n $compiler ]] || ! command -v $candidate >/dev/null || compiler=$candidate
done
[[ -n $compiler ]] || die "no C compiler was found; the Swift toolchain brings clang: put its usr/bin folder in PATH."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Whether a program that includes the header $1 links against the library $2.
links() {
    printf '#include <stdio.h>\n#include <%s>\nint main(void) { return 0; }\n' "$1" >"$scratch/probe.c"
    "$compiler" "$scratch/probe.c" -l"$2" -o "$scratch/probe" 2>"$scratch/errors"
}

missing=()
find_missing() {
    missing=()
    local need package header library
    for need in "${needs[@]}"; do
        IFS=: read -r package header library <<<"$need"
        links "$header" "$library" || missing+=("$package")
    done
}

find_missing
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian's names)." \
    "Install the development packages of libpng, libjpeg-turbo and OpenBLAS with your system's package manager."

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || die "missing: ${missing[*]}, and installing them needs root." \
        "Run this as root, then make again:  apt-get install ${missing[*]}"
    as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
"${apt[@]}" update || echo "setup: apt-get update failed; going on with the package lists that are there" >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >"$scratch/apt.log" 2>&1 || {
    cat "$scratch/apt.log" >&2
    die "apt-get could not install ${missing[*]}; its messages are above."
}

find_missing
((${#missing[@]} == 0)) || die "installed, but a test program still does not link: ${missing[*]}." "$(cat "$scratch/errors")"
