# SPDX-License-Identifier: MIT
#
# For tests that drive the shell in a terminal (tmux), on a simulated host. Source it; then:
#
#   start COLUMNS ROWS [NAME=VALUE]...  the full-screen shell in a terminal of that size
#   keys KEY...                         as tmux send-keys has them
#   types TEXT                          characters
#   see DESCRIPTION PATTERN             the pattern (grep -E) is on the screen within 10 s
#   gone DESCRIPTION PATTERN            it is not, within 10 s
#   ok DESCRIPTION COMMAND...           the command succeeds
#   size COLUMNS ROWS                   the terminal's size changes
#   stop                                ends the shell and the terminal
#   finish                              the test is over
#
# MODE= starts the prompt instead. PANDO is another program to be tested, such as one with sanitizers.
set -uo pipefail
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
socket=$work/tmux
tests=0
failures=0
consoled=
CAPTURES=${CAPTURES:-}

cleanup() {
    tmux -S "$socket" kill-server 2>/dev/null
    [ -n "$consoled" ] && kill "$consoled" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

# mux ARGUMENT...: tmux with this test's server, and no configuration.
mux() {
    tmux -S "$socket" -f /dev/null "$@"
}

# consoles: guests' consoles, for shells that are started after it.
consoles() {
    "$top/build/shell/consoled" "$work/console" &
    consoled=$!
    until [ -S "$work/console" ]; do
        kill -0 "$consoled" 2>/dev/null || {
            echo 'Bail out! There is no simulated consoled: make check-shell builds it.'
            exit 1
        }
        sleep 0.05
    done
}

# hostile_script: for a guest's shell: escape sequences of all kinds, bytes that aren't UTF-8, floods
hostile_script() {
    cat <<'END'
printf '\033]0;%s\007' "$(head -c 100000 /dev/zero | tr '\0' A)"
printf '\033P%s\033\\' "$(head -c 100000 /dev/zero | tr '\0' q)"
printf '\033[999999999b\033[2147483647;2147483647H\033[999999999L\033[99999999999999999999m'
printf '\033[%s m' "$(head -c 5000 /dev/zero | tr '\0' ';')"
printf '\033c\033[!p\033[?3h\033[?5h\033[?1049h\033#8\033[1;1r\033[?6h\033[?69h\033[5;10s'
printf '\033[8;1;1t\033[21t\033[5i\033[?1000h\033[?1003h\033[?2004h\033[>4;2m\033]52;c;aGE=\007'
printf '\342\200\256\342\201\246\357\277\276\302\233\360\237\217\263\357\270\217a\314\201\314\201\314\201\314\201\314\201'
head -c 300000 /dev/urandom
printf '\033[?1049l\033c'
END
}

start() {
    local columns=$1 rows=$2
    shift 2
    mux kill-server 2>/dev/null
    while mux list-sessions >/dev/null 2>&1; do sleep 0.05; done
    mkdir -p "$work/home"
    mux new-session -d -x "$columns" -y "$rows" -s test \
        "cd '$work'; ${BEFORE:-:}; env -u XDG_CONFIG_HOME LC_ALL=C.UTF-8 HOME='$work/home' \
        TERM=${TYPE:-xterm-256color} PANDO_SIM_CONSOLE='$work/console' $* \
        '${PANDO:-$top/build/shell/pando}' ${MODE---screen} 2>'$work/stderr'; \
        echo \"ended with \$?\"; cat '$work/stderr'; exec sleep 1000"
}

stop() {
    mux kill-server 2>/dev/null
}

keys() {
    mux send-keys -t test "$@"
}

types() {
    mux send-keys -t test -l -- "$1"
}

size() {
    mux resize-window -t test -x "$1" -y "$2"
}

screen() {
    mux capture-pane -p -t test
}

result() {
    tests=$((tests + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tests - $2"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $2"
    fi
}

ok() {
    local description=$1
    shift
    "$@"
    result $? "$description"
}

# appears PATTERN [SECONDS]
appears() {
    local tries=$((${2:-10} * 20))
    until screen | grep -qE -- "$1"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

disappears() {
    local tries=200
    while screen | grep -qE -- "$1"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

show_screen() {
    echo "# $1"
    screen | sed 's/^/# |/'
}

see() {
    appears "$2"
    local status=$?
    result $status "$1"
    [ $status = 0 ] && return
    show_screen "not on the screen: $2"
    # Nothing more will come of it.
    if screen | grep -q '^ended with'; then
        echo 'Bail out! The shell has ended.'
        exit 1
    fi
}

gone() {
    disappears "$2"
    local status=$?
    result $status "$1"
    [ $status = 0 ] || show_screen "still on the screen: $2"
}

# capture NAME: keeps the screen in the folder $CAPTURES, if that is set.
capture() {
    [ -z "$CAPTURES" ] || screen >"$CAPTURES/$1.txt"
}

finish() {
    echo "1..$tests"
    [ $failures = 0 ]
    exit
}
