# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Tests of what `make install` and `make deb` leave. Sourced by tests/install/*.t.
#
#   check DESCRIPTION COMMAND...   passes if the command does
#   equal DESCRIPTION GOT EXPECTED
#   skip DESCRIPTION WHY           one test
#   finish                         the plan, and the exit status

set -u
top=$(realpath "$(dirname "${BASH_SOURCE[1]}")/../..")
work=$(mktemp -d)
chmod 755 "$work"
tests=0
failures=0
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM HUP

report() { # "ok"|"not ok" DESCRIPTION
    tests=$((tests + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $tests - $2"
}

check() {
    local description=$1
    shift
    if "$@" >"$work/check.out" 2>&1 </dev/null; then
        report ok "$description"
    else
        report 'not ok' "$description"
        sed 's/^/# /' "$work/check.out" | tail -n 20
    fi
}

equal() {
    if [ "$2" = "$3" ]; then
        report ok "$1"
    else
        report 'not ok' "$1"
        diff <(echo "$3") <(echo "$2") | sed 's/^/# /'
    fi
}

skip() {
    report ok "$1 # SKIP $2"
}

finish() {
    echo "1..$tests"
    [ $failures = 0 ]
    exit
}

# has FILE...: all of them are below $root.
has() {
    local file missing=0
    for file in "$@"; do
        [ -e "$root$file" ] || [ -L "$root$file" ] || {
            echo "missing: $file"
            missing=1
        }
    done
    return $missing
}

version=$(sed -n 's/^version := //p' "$top/GNUmakefile")
