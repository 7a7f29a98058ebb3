#!/usr/bin/env bash
# Prints the ten longest source files and fails when one is longer than 500 lines. Tables of data are excepted below.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=500
tables=()    # paths of files that are tables of data, each with a reason

lengths=$(git ls-files -co --exclude-standard -- '*.swift' '*.c' '*.h' '*.py' '*.sh' Makefile \
    | while read -r file; do [[ ! -f $file ]] || printf '%6d %s\n' "$(wc -l <"$file")" "$file"; done \
    | sort -rn)
echo "The ten longest files:"
head -10 <<<"$lengths" || true

failed=0
while read -r count file; do
    ((count > limit)) || continue
    for table in "${tables[@]}"; do [[ $file != "$table" ]] || continue 2; done
    echo "$file has $count lines; the limit is $limit: split it where its ideas part" >&2
    failed=1
done <<<"$lengths"
exit $failed
