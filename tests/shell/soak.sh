# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# Hours of an operator's life, for tests/shell/soak*.t: the full-screen shell is led through all it
# has, round after round, and must neither grow nor do what a memory checker finds wrong.
#
#   soak          runs rounds in a shell that was started by `start`, for SOAK_MINUTES (preset 1;
#                 never fewer than two rounds), then leaves it
#
# PATIENCE is the seconds that something may take to appear, PACE what is slept between two steps,
# GROWTH_KIB what the shell may have grown by after the first third of the time. SOAK_SEED
# repeats a monkey's keys, SOAK_PARTS are the parts of a round in place of all.

PATIENCE=${PATIENCE:-10}
PACE=${PACE:-0}
RANDOM=${SOAK_SEED:=$((SECONDS + $$ % 10000))}

make_plugin() {
    mkdir -p "$work/plugins" "$work/include"
    ln -sfn "$top/ctl" "$work/include/pando"
    cat >"$work/site.c" <<'END'
#include <pando/plugin.h>
#include <unistd.h>

static int run(const struct pando_plugin_call *call)
{
    for (unsigned i = 0; i < 100 && !call->cancelled(call); i++) {
        call->progress(call, "waiting", i, 100);
        usleep(100000);
    }
    fprintf(call->out, "%s\n", call->cancelled(call) ? "given up" : "done");
    return PANDO_EXIT_OK;
}

static bool fill(const struct pando_plugin_view *view, char *reason, size_t size)
{
    const char *head[] = { "WHAT", "VALUE", NULL }, *row[] = { "about", "\033[2Jall", NULL };
    view->row(view, head);
    view->row(view, row);
    return true;
}

static const struct pando_plugin_command commands[] = {
    { .name = "site wait", .summary = "take a while", .run = run },
    { 0 },
};
static const struct pando_plugin_panel panels[] = {
    { .name = "host", .title = "The panel of the site", .fill = fill },
    { 0 },
};
PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
    PANDO_PLUGIN_HEAD, .name = "site", .version = "7.1", .commands = commands, .panels = panels,
};
END
    gcc -shared -fPIC "-I$work/include" -o "$work/plugins/site.so" "$work/site.c"
    echo broken >"$work/plugins/bad.so"
}

# --- steps: each fails if what it leads to is not seen -------------------------------------------

want() {
    sleep "$PACE"
    appears "$1" "$PATIENCE" && return
    show_screen "$part: not on the screen: $1"
    return 1
}

press() {
    keys "$@"
    sleep "$PACE"
}

# line COMMAND PATTERN: runs it, and sees what it says
line() {
    types "$1"
    keys Enter
    want "$2"
}

# To the empty command line, whatever has the keys.
home() {
    keys C-]
    sleep 0.2
    keys C-g C-e C-u
    sleep 0.2
    appears '^pando> *$' 2 && return
    # A question is open, a search, or the line was given to a guest.
    keys n Escape
    sleep 1
    keys C-] C-c
    want '^pando> *$'
}

# As it was at the start: all panes closed, but for one with the guests.
tidy() {
    home || return
    keys M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x M-x
    keys F2
    want 'Guests *$' || return
    screen | grep -q 'NAME  *VC CPU%' || keys F9
    keys C-]
    want '^pando> *$'
}

# --- parts of a round --------------------------------------------------------------------------

part_screens() {
    press F2 && want 'CPU OVER TIME|NAME +STATE' &&
        press Down Down '>' '>' i '<' i PPage NPage End Home && press / && types 'we' &&
        press Enter && press / C-u Enter && press Down Enter && want 'Guest of' &&
        press o && press j j k NPage o && press v && want 'Virtual CPUs of' &&
        press a && want 'GUEST +VCPU' && press j k a &&
        press F5 && want 'Host, 64G in 2 nodes' &&
        press F6 && want 'Nothing is measured here' &&
        press F7 && want 'simulated line' && press f && types 'line 1' && press Enter &&
        want 'only lines with "line 1"' && press f C-u Enter && press / && types 'simulated' &&
        press Enter n N g G Tab Tab Tab && press F8 && press g G PPage &&
        press F11 && want 'The panel of the site' && press j k &&
        press F1 && want 'Everywhere but in a console' && press NPage NPage G g &&
        press Escape && sleep 1 && press F9 && press F9 && press BTab && press BTab
}

part_sizes() {
    local at
    for at in 200x60 50x14 40x9 12x4 1x1 300x90 80x24 133x40; do
        size "${at%x*}" "${at#*x}"
        sleep 0.2
    done
    for ((at = 0; at < 15; at++)); do size $((10 + at * 37 % 170)) $((5 + at * 11 % 50)); done
    size 140 44
    press C-l && want 'F1Help'
}

part_commands() {
    line 'list' 'TIME\(s\)' && line 'list --json' '"max_vcpus"' && line 'info' 'Nested paging' &&
        line 'info db01' 'Virtual CPUs, maximum' && line 'vcpu-list db01' 'VCPU' &&
        line 'dmesg' 'simulated line' && line 'pause db01' 'pause db01: done' &&
        line 'unpause db01' 'unpause db01: done' && line 'mem-set db01 96M' 'mem-set db01' &&
        line 'rename db01 db77' 'rename db01 db77: done' &&
        line 'rename db77 db01' 'rename db77 db01: done' &&
        line 'attach db01 disk target=/x vdev=xvdb' 'has no devices' &&
        line 'detach db01 vif 0' 'has no devices' && line 'nonsense' 'no command "nonsense"' &&
        line 'list "unfinished' 'quote|unfinished' && line 'config show db01' '"vdev"' &&
        line 'config help disk' 'disk' && line 'help create' 'usage: create' &&
        line 'version' '[Pp]ando' && line 'plugins' 'too short' &&
        line "create $work/fresh.json" 'fresh is now domain' &&
        line "create $work/fresh.json" 'there is a guest "fresh"' &&
        types 'shutdown --wait fresh' && press Enter && disappears '^[Rb] fresh' &&
        line "create $work/fresh.json name=other" '[0-9]/8' && press C-c &&
        want 'given up' && line 'shutdown --wait --timeout=1 build03' 'not ended|in time' &&
        line 'destroy fresh' 'destroy fresh: no such guest|no guest'
}

part_completion() {
    local begin
    for begin in '' l li 'list --j' 'shutdown ' 'shutdown w' 'config s' 'config show ' 'attach ' \
        'attach db01 ' 'attach db01 disk ' 'detach db01 disk ' 'create /' 'log ' 'help ' 'site ' \
        'layout ' 'wait-for web04 ' 'ünï' 'list "x'; do
        types "$begin"
        keys Tab Tab
        sleep "$PACE"
        keys C-u
    done
    keys Up Up Down C-r
    types 'lis'
    want 'reverse-i-search' && press C-c && want '^pando> *$'
}

part_consoles() {
    line 'console db01 --no-replay' 'console of db01' && types 'words for it' && press C-] &&
        press M-v && line 'console web04' 'web#' && press C-] &&
        press M-s && line 'console build03' 'line [0-9]+ of a flood' && press C-] &&
        press M-v && line 'console build07' 'console of build07' && press C-] &&
        press M-s && line 'console mail02' 'console of mail02' && press a b c C-] &&
        press M-Up M-Left M-Right M-Down M-z M-z M-e M-S-Left M-S-Right M-S-Up M-S-Down &&
        press M-a && want 'goes to all of them' && press Escape && sleep 1 &&
        types 'echo all of you' && press Enter && press C-] && press M-a &&
        press M-o && press M-n M-p M-1 M-2 M-g && want 'console of' &&
        press M-w M-w
}

part_attack() {
    line 'console web06' 'web#|console of web06' &&
        line 'console web04' 'web#' &&
        line "sh $work/attack; echo it is ov\"e\"r" 'it is over' && press C-]
}

part_history() {
    line 'console web08' 'web#' &&
        line 'i=1; while [ $i -le 300 ]; do echo "line $i of it"; i=$((i+1)); done; echo E"nde"d' \
            'Ended' && press S-PPage && want 'LOOKING BACK' && press g && types '/line 77 of' &&
        press Enter && want 'line 77 of it' && types 'Vjjy' && want 'copied 3 lines' &&
        press S-PPage && want 'LOOKING BACK' && types 'G?NoSuchThing' && press Enter &&
        types 'HMLwb0$vn' && press C-u C-d C-b C-f && size 90 30 && sleep 0.3 && size 140 44 &&
        press q && press C-] && press M-i
}

part_vi() {
    line 'console web04' 'web#' && line "TERM=xterm vi $work/attack" 'printf' &&
        press C-] && size 100 30 && sleep 0.3 && size 140 44 && press M-z M-z &&
        line 'console web04 --read-only' 'read-only' && press x
}

part_layouts() {
    line 'console db01' 'console of db01' && press C-] && press M-v &&
        line 'console db05' 'console of db05' && press C-] &&
        line 'layout save wall' 'layout load wall' && tidy &&
        line 'layout load wall' 'console of db01.*console of db05' && press C-] &&
        line 'layout load none' "no layout 'none'" && line 'layout' 'wall' &&
        line 'layout forget wall' 'layout forget wall: done'
}

part_daemon() {
    line 'console db01' 'This is the console of db01' || return
    kill "$consoled"
    wait "$consoled" 2>/dev/null
    want 'waiting for the console daemon' || return
    consoles
    want 'console of db01  Ctrl-\] leaves' && press n e w C-]
}

part_attach() {
    local i
    for ((i = 0; i < 10; i++)); do
        line 'console db01' 'This is the console of db01' && press C-] && press M-x || return
        disappears 'console of db01' || return
    done
}

part_plugins() {
    types 'site wait' && press Enter F8 && want '[0-9]+/100 waiting' && press C-] &&
        press C-c && want 'given up'
}

part_mouse() {
    local at
    for at in '4;44' '3;5' '3;5' '50;10' '90;2' '60;43' '139;44' '1;1'; do
        types $'\033[<0;'"$at"$'M\033[<0;'"$at"$'m\033[<65;'"$at"$'M\033[<64;'"$at"$'M'
        sleep "$PACE"
    done
    types $'\033[<0;999999;99999M\033[<999;1;1M\033[M'
    keys Escape
    sleep 1
    home
}

part_hang() {
    touch "$work/hangs"
    appears 'no answer from the store' 30
    local status=$?
    rm "$work/hangs"
    return $status
}

# Any key, anywhere, but those that leave or end a guest.
part_monkey() {
    local all=(F1 F2 F3 F4 F5 F6 F7 F8 F9 F11 Up Down Left Right Home End PPage NPage Tab BTab Enter
        Escape BSpace DC C-a C-e C-k C-w C-l C-r C-] C-] M-v M-s M-z M-x M-o M-g M-e M-n M-p M-1 M-2
        M-3 M-a M-h M-i M-w M-Left M-Up M-S-Left M-S-Down S-PPage a b c f g h i j k l n o p q v w
        / ? : '<' '>' 0 1 2 3 4 5 6 7 8 G H L M N V '$' ' ' - ü)
    local i
    for ((i = 0; i < 150; i++)); do
        keys "${all[RANDOM % ${#all[@]}]}"
        sleep 0.03
        ((i % 40)) || size $((60 + RANDOM % 120)) $((18 + RANDOM % 40))
    done
    size 140 44
    sleep 1
    home
}

part_batch() {
    local status
    (cd "$work" && HOME=$work/home PANDO_SIM_CONSOLE=$work/console timeout 100 \
        "$PANDO" -k -f "$work/script") >"$work/batch.out" 2>&1
    status=$?
    # Two commands fail; the first one's exit code is the script's.
    [ $status = 2 ] && grep -q 'web04' "$work/batch.out" && return
    echo "# exit code $status; the end of what it has written:"
    tail -n 20 "$work/batch.out" | sed 's/^/# |/'
    return 1
}

# --- rounds ------------------------------------------------------------------------------------

read -r -a parts <<<"${SOAK_PARTS:-screens sizes commands completion consoles attack history vi \
    layouts daemon attach plugins mouse hang monkey batch}"

prepare() {
    make_plugin
    touch "$work/kernel"
    echo "{\"name\": \"fresh\", \"kernel\": \"$work/kernel\", \"memory\": 64}" >"$work/fresh.json"
    hostile_script >"$work/attack"
    cat >"$work/script" <<'END'
set who=db01
list
list --json
info $who
vcpu-list $who --json
create fresh.json --if-absent
send $who "one two\r"
expect --timeout=10 $who two
wait-for fresh running
destroy fresh
plugins
config check fresh.json
nonsense "with \x words"
info nobody
END
    export PANDO_PLUGIN_PATH=$work/plugins PANDO_SIM_GUESTS=12 PANDO_SIM_HANGS=$work/hangs
}

resident() {
    awk '/^VmRSS/ { print $2 }' "/proc/$shell_pid/status"
}

round() {
    local part failed=0
    for part in "${parts[@]}"; do
        tidy && "part_$part" || failed=1
        ! screen | grep -q '^ended with' || return 1
    done
    return $failed
}

soak() {
    local minutes=${SOAK_MINUTES:-1} begin=$SECONDS rounds=0 early=0 late
    appears '^pando> *$' 60
    shell_pid=$(pgrep -P "$(mux display-message -p -t test '#{pane_pid}')" | tail -n 1)
    while [ $rounds -lt 2 ] || [ $SECONDS -lt $((begin + minutes * 60)) ]; do
        rounds=$((rounds + 1))
        round
        result $? "round $rounds"
        ! screen | grep -q '^ended with' || break
        late=$(resident)
        echo "# $late KiB after round $rounds"
        # What it fills and keeps (histories, logs, the screens' past) is full after a while.
        [ $rounds -gt 1 ] && [ $SECONDS -gt $((begin + minutes * 20)) ] || early=$late
    done
    keys F10
    appears '^ended with' 60
    ok "it ends well" eval 'screen | grep -q "^ended with 0"'
    ok "it has not grown" test $((late - early)) -lt "$GROWTH_KIB"
}

# complaints FILE...: what a checker has written
complaints() {
    local file
    for file in "$@"; do
        [ ! -s "$file" ] || head -n 100 "$file" | sed 's/^/# /'
    done
    ! cat "$@" 2>/dev/null | grep -q .
}
