#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The full-screen shell as it is built for users, under valgrind, for SOAK_MINUTES: see soak.sh.
# It finds what sanitizers do not: the use of memory that nobody has written to.
. "$(dirname "$0")/lib.sh"

command -v valgrind >/dev/null || {
    echo '1..0 # SKIP valgrind is not installed'
    exit 0
}
PATIENCE=60
# What valgrind itself keeps grows.
GROWTH_KIB=65536
. "$(dirname "$0")/soak.sh"

PANDO=$work/pando
cat >"$PANDO" <<END
#!/bin/sh
exec valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99 \\
    --show-leak-kinds=definite --num-callers=25 --child-silent-after-fork=yes \\
    --log-file='$work/report.%p' '$top/build/shell/pando' "\$@"
END
chmod +x "$PANDO"

consoles
prepare
start 140 44
soak
ok "valgrind has nothing to say" complaints "$work"/report*
finish
