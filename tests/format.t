#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Every C file is laid out as .clang-format says. `make format` mends what this finds.

cd "$(dirname "$0")/.." || exit 1
mapfile -t files < <(git ls-files '*.c' '*.h')
echo "1..1"
if errors=$(clang-format-14 --dry-run -Werror "${files[@]}" 2>&1); then
    echo "ok 1 - ${#files[@]} files"
else
    grep -E ': error:' <<<"$errors" | cut -d: -f1 | sort | uniq -c | sed 's/^/# /'
    echo "# make format lays them out"
    echo "not ok 1 - ${#files[@]} files"
fi
