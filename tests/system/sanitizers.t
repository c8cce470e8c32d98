#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The daemons, and the shell that makes guests, as built with sanitizers, in place of dom0's own:
# guests come, flood their consoles, reboot, crash and go; each daemon is killed, and ended as it
# should be. Neither may any do what AddressSanitizer or UBSan finds wrong, nor leave memory that
# nobody knows of when it ends.
#
# needs: time for it

. "$(dirname "$0")/lib.sh"

bins=$top/build/asan/bin
programs=$work/root/test/programs
[ -x "$bins/pando" ] && [ -x "$bins/stored" ] || {
    echo "Bail out! $bins has no programs: make check-system builds them"
    exit 1
}
mkdir -p "$programs" "$work/root"/usr/{bin,lib/pando}

# It proves that what is wrong gets reported in dom0.
gcc -g -O0 -fsanitize=address,undefined -o "$programs/leaky" -x c - <<'END' || exit 1
#include <stdlib.h>
void *volatile kept;
int main(void)
{
    kept = malloc(42);
    kept = NULL;
    return 0;
}
END

# With their symbols, for what is reported.
cp "$bins"/{pando,stored,consoled,monitord} "$programs/"
for name in pando stored consoled monitord leaky; do
    to=$work/root/usr/lib/pando/$name
    [ $name != pando ] || to=$work/root/usr/bin/$name
    cat >"$to" <<END
#!/bin/sh
export ASAN_OPTIONS=log_path=/var/log/sanitizers/$name:quarantine_size_mb=4
export UBSAN_OPTIONS=log_path=/var/log/sanitizers/$name:print_stacktrace=1
exec /test/programs/$name "\$@"
END
    chmod 755 "$to"
done
ldd "$programs"/* | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | tr -d : | sort -u |
    grep -v -F "$programs" | while read -r library; do
    install -D -m 755 "$library" "$work/root$library"
done
mkdir -p "$work/root/var/log/sanitizers"

fast_kernel
dom0_script <<'END'
daemons='stored consoled monitord'

# ask GUEST NUMBER: types a sum at the guest's shell and looks for the result.
ask() {
    { sleep 2; echo; echo "echo result-\$(($2 + 1))"; sleep 4; printf '\035'; } |
        pando console "$1" --no-replay >/tmp/ask.out 2>&1
    grep -q "result-$(($2 + 1))" /tmp/ask.out
}

# type_at GUEST LINE
type_at() {
    { sleep 2; echo "$2"; sleep 3; printf '\035'; } | pando console "$1" --no-replay >/tmp/type.out 2>&1
}

create() { # NAME [KEY=VALUE]...
    name=$1
    shift
    pando create /guests/demo.json name="$name" kernel=/test/vmlinux "$@"
}

is_sanitized() {
    grep -q libasan "/proc/$(pidof "$1")/maps"
}

new_pid() { # NAME OLD
    new=$(pidof "$1") && [ "$new" != "$2" ]
}

# signal_daemon SIGNAL NAME: and wait for its successor.
signal_daemon() {
    old=$(pidof "$2")
    kill "-$1" "$old"
    within 60 new_pid "$2" "$old"
}

# answers: guests can be listed, and consoles asked for
answers() {
    pando list >/tmp/list.out 2>&1 && [ -S /run/pando/console.sock ]
}

clean() {
    for file in /var/log/sanitizers/*; do
        [ -e "$file" ] || return 0
        echo "$file:"
        cat "$file"
    done
    rm -f /var/log/sanitizers/*
    return 1
}

# found_nothing WHEN: reports are long: all of one, not its end
found_nothing() {
    for file in /var/log/sanitizers/*; do
        [ ! -e "$file" ] || sed 's/^/TAP: # /' "$file" | head -n 60
    done
    check "the sanitizers have found nothing: $1" clean
}

# asks GUEST NUMBER: three times at the most
asks() {
    ask "$1" "$2" || ask "$1" "$2" || ask "$1" "$2" || {
        cat -v /tmp/ask.out
        return 1
    }
}

all_answer() { # GUEST NUMBER
    check "the guest is known by its name" within 60 pando info "$1"
    check "its console answers" asks "$1" "$2"
}

/usr/lib/pando/leaky 2>/dev/null
check "a leak is reported" grep -q '42 byte' /var/log/sanitizers/leaky*
rm -f /var/log/sanitizers/leaky*
for daemon in $daemons; do
    check "$daemon is the one with sanitizers" within 60 is_sanitized "$daemon"
done

dd if=/dev/urandom of=/tmp/disk bs=64k count=16 2>/dev/null
check "a guest is created" create first vcpus=2 memory=192 \
    'disk=[{"vdev": "xvda", "target": "/tmp/disk", "access": "rw"}]'
check "it boots" on_console first '^first: Linux' 200
check "its console answers" asks first 1

# Two more see it: one that has stopped reading, and one by the console's terminal.
pando console first </dev/zero >/dev/null 2>&1 & sleeper=$!
sleep 3
kill -STOP $sleeper
cat /dev/pts/* >/tmp/tty.out 2>/dev/null & reader=$!
type_at first 'seq 30000; head -c 100000 /dev/urandom; reset; echo flood-"over"'
check "a flood comes to its end" on_console first 'flood-over' 200
check "others have it from the terminal" within 60 grep -q -a 'flood-over' /tmp/tty.out
kill -CONT $sleeper
kill -9 $sleeper $reader
# Of what is typed at once, the guest's terminal keeps a line; the rest may be lost, but not there.
{ sleep 2; head -c 200000 /dev/zero | tr '\0' x; sleep 3; printf '\035'; } |
    pando console first >/dev/null 2>&1
type_at first "$(printf '\003')"
check "its console answers after a flood of keys" asks first 2
found_nothing "floods"

check "a reboot is carried out" pando reboot first
check "it comes up again" within 200 console_count first '^first: Linux' 2
check "a disk is added" pando attach first disk target=/tmp/disk vdev=xvdb access=r
# A disk that is not connected yet is one that the guest does not let go of.
type_at first 'until [ -b /dev/xvdb ]; do sleep 0.1; done; echo has-"it"'
check "the guest has it" on_console first 'has-it' 60
check "a disk is removed" pando detach first disk xvdb
check "it gets less memory" pando mem-set first 160M
check "it is renamed" pando rename first one
check "it is renamed back" pando rename one first
check "it is paused" pando pause first
check "it goes on" pando unpause first
for what in list 'list --json' 'info first' 'info --json' 'vcpu-list first' 'dmesg' 'config show first'; do
    # shellcheck disable=SC2086
    check "$what" pando $what
done
check "what does not exist is refused" sh -c '! pando info nobody'
check "so is a kernel that is none" sh -c '! pando create /guests/demo.json name=none kernel=/etc/inittab'
all_answer first 10
found_nothing "one guest's life"

n=20
for daemon in $daemons; do
    check "$daemon ends when it is told, and is started again" signal_daemon TERM "$daemon"
    check "it answers" within 60 answers
    all_answer first $n
    found_nothing "the end of $daemon beside a guest"
    check "$daemon is started again when it is killed" signal_daemon KILL "$daemon"
    check "it answers" within 60 answers
    all_answer first $((n + 5))
    found_nothing "the start of $daemon beside a guest"
    n=$((n + 10))
done

check "a guest is created that crashes" create second on_crash=restart
check "it boots" on_console second '^second: Linux' 200
type_at second 'echo c >/proc/sysrq-trigger'
check "it is started again" within 200 console_count second '^second: Linux' 2
check "power-off is carried out" pando shutdown --wait --timeout 100 first second
found_nothing "crash and power-off"

failed=0
for i in $(seq 50); do
    create cycle memory=96 >/tmp/cycle.out 2>&1 || {
        failed=$((failed + 1))
        sed 's/^/TAP: # create: /' /tmp/cycle.out
    }
    usleep $((i % 10 * 100000))
    pando destroy cycle >/tmp/cycle.out 2>&1 || {
        failed=$((failed + 1))
        sed 's/^/TAP: # destroy: /' /tmp/cycle.out
    }
done
equal "50 creations and destructions: failures" "$failed" 0
equal "no domain is left" "$(pando list | wc -l)" 2
found_nothing "50 creations and destructions"

for daemon in $daemons; do
    check "$daemon ends when it is told" signal_daemon TERM "$daemon"
    check "its successor answers" within 60 answers
    found_nothing "the end of $daemon"
done
END
boot sanitizers 3000
finish
