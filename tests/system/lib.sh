# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# System tests: each boots the machine with a script of its own in dom0, which reports by the
# functions of dom0.sh. Sourced by tests/system/*.t.
#
#   fast_kernel               puts /test/vmlinux there: no guest has to unpack its kernel
#   dom0_script <<'END'       the script of the boots that follow
#   boot NAME SECONDS [run-qemu option...]
#   finish                    the plan, and the exit status
#
# With MACHINE=MODEL the same tests run on Bochs, with that model of its processors. It has no NIC
# here, no UEFI and no console to type at, and up to 2 GiB: boots that need more are skipped, and
# tests that need what it has not say so in a line "# needs: WHAT" (tests/bochs/system.t).
#
# Each boot's console is kept in build/system/TEST-NAME.log. SECONDS is about four times what
# the boot takes on two processors: it catches hangs and measures nothing.

set -u
top=$(realpath "$(dirname "${BASH_SOURCE[1]}")/../..")
test_name=$(basename "$0" .t)
logs=$top/build/system
work=$(mktemp -d)
qemu_pid=
tests=0
failures=0
mkdir -p "$logs"

cleanup() {
    [ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# report "ok"|"not ok" DESCRIPTION
report() {
    tests=$((tests + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $tests - $2"
}

fast_kernel() {
    mkdir -p "$work/root/test"
    gzip -1 -c "$top/build/vmlinux" >"$work/root/test/vmlinux.gz"
}

# dom0_script: standard input becomes the script, with dom0.sh in front.
dom0_script() {
    mkdir -p "$work/root/test"
    cat "$top/tests/system/dom0.sh" - >"$work/root/test/run"
    "$top/share/pack-tree" "$work/root" "$work/test.cpio.gz"
    cat "$top/build/dom0.cpio.gz" "$work/test.cpio.gz" >"$work/initrd"
}

# What dom0's kernel is told. Its own messages would tear the script's lines.
dom0_args='pando.script=/test/run quiet'

# make_test_iso OUT: the rescue image as users get it (stock kernel), with the script in it.
make_test_iso() {
    "$top/share/make-iso" "$1" "$top/build/pando" "$top/build/vmlinuz" "$work/initrd" "$dom0_args"
}

# console_lines LOG: dom0's and the hypervisor's lines without carriage returns.
console_lines() {
    tr -d '\r' <"$1"
}

# wait_for_end LOG SECONDS: until the machine has switched itself off.
wait_for_end() {
    local limit=$((SECONDS + $2))
    while kill -0 "$qemu_pid" 2>/dev/null; do
        if [ $SECONDS -ge $limit ]; then
            echo "# $1: not finished after $2 seconds"
            kill "$qemu_pid" 2>/dev/null
            break
        fi
        sleep 0.2
    done
    wait "$qemu_pid" 2>/dev/null
    qemu_pid=
}

# boot NAME SECONDS [run-qemu option...]
boot() {
    local name=$1 seconds=$2 log=$logs/$test_name-$1.log
    shift 2
    if [ -n "${MACHINE:-}" ]; then
        boot_like_qemu "$name" "$seconds" "$@"
        return
    fi
    "$top/share/run-qemu" -k "$top/build/vmlinux" -i "$work/initrd" -a "$dom0_args" "$@" \
        </dev/null >"$log" 2>&1 &
    qemu_pid=$!
    wait_for_end "$log" "$seconds"
    judge "$name" "$log"
}

# boot_bochs MODEL NAME SECONDS CPUS MIB [OPTION...]: the same on Bochs, with that model of its
# processors and those options of the hypervisor
boot_bochs() {
    local model=$1 name=$2 seconds=$3 log=$logs/$test_name-$2.log
    "$top/tests/bochs/make-iso" "$work/boot.iso" \
        "$top/build/pando console=com1 dom0_mem=768M ${*:6}" \
        "$top/build/vmlinux console=hvc0 $dom0_args" "$work/initrd"
    : >"$log"
    "$top/tests/bochs/run" "$model" "$work/boot.iso" "$log" "$seconds" "$4" "$5" &
    qemu_pid=$!
    wait_for_end "$log" "$seconds"
    judge "$name" "$log"
}

# boot_like_qemu NAME SECONDS [run-qemu option...]: on Bochs, whose time is about a tenth as fast.
# It delivers a virtual interrupt to a guest with IF clear when one of the host comes
# (HandleExtInterrupt), which a kernel does not survive, and forgets RIP (see pando-boot.7).
boot_like_qemu() {
    local name=$1 seconds=$(($2 * 10)) cpus=2 mib=1536 lacks= option OPTIND=1 dom0_args=$dom0_args
    shift 2
    while getopts b:c:m:a:x:I: option; do
        case $option in
        b) lacks="way to boot by $OPTARG" ;;
        c) cpus=$OPTARG ;;
        m) [ "$OPTARG" -le 2048 ] || lacks="$OPTARG MiB" ;;
        a) dom0_args=$OPTARG ;;
        esac
    done
    if [ -n "$lacks" ]; then
        report ok "$name # SKIP Bochs has no $lacks"
        return
    fi
    boot_bochs "$MACHINE" "$name" "$seconds" "$cpus" "$mib" apicv=off exceptions-exit
}

# judge NAME LOG: what the script reported
judge() {
    local name=$1 log=$2 status verdict text
    while read -r verdict text; do
        case $verdict in
        ok) report ok "$name: $text" ;;
        no) report 'not ok' "$name: $text" ;;
        *) echo "# $text" ;;
        esac
    done < <(console_lines "$log" | sed -n 's/^.*TAP: //p')

    status=$(console_lines "$log" | sed -n 's/.*PANDO-SCRIPT-EXIT \([0-9]*\).*/\1/p' | tail -n 1)
    if [ "$status" = 0 ]; then
        report ok "$name: script ended"
    else
        report 'not ok' "$name: script ended (exit status: ${status:-none})"
        echo "# the end of $log:"
        console_lines "$log" | tail -n 40 | sed 's/^/# | /'
    fi
}

finish() {
    echo "1..$tests"
    [ $failures = 0 ]
    exit
}
