#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A host of two NUMA nodes, one CPU each: what it is said to have, where guests' memory is, and
# what a guest with virtual nodes sees.

. "$(dirname "$0")/lib.sh"

fast_kernel
dom0_script <<'END'
# memory_in GUEST NODE: KiB
memory_in() {
    pando info --json "$1" | tr -d ' \n' | sed -n "s/.*{\"node\":$2,\"memory_kib\":\([0-9]*\)}.*/\1/p"
}

at_least() {
    [ "$1" -ge "$2" ] || { echo "$1 is less than $2"; return 1; }
}

# create NAME CPUS: a guest without virtual nodes
create() {
    pando create --paused /guests/demo.json name="$1" memory=96 'vif=[]' \
        kernel=/test/vmlinux ramdisk=/guests/initrd.cpio.gz "$2"
}

# --- the host ------------------------------------------------------------------
pando dmesg >/tmp/dmesg
check "the log has node 0" grep -q 'numa: node 0: 1[0-9]* MiB, CPUs 0, distances 10 25' /tmp/dmesg
check "the log has node 1" grep -q 'numa: node 1: [5-7][0-9]* MiB, CPUs 1, distances 25 10' /tmp/dmesg
pando info >/tmp/info
check "node 0" grep -q '^Node 0 .* MiB free, CPUs 0, distances 10 25$' /tmp/info
check "node 1" grep -q '^Node 1 .* MiB free, CPUs 1, distances 25 10$' /tmp/info
equal "all memory is in them" \
    "$(awk '/^Node/ { all += $3 } /^Memory  / { is = $2 } END { print all - is + 2 <= 4 }' /tmp/info)" 1

# --- guests without virtual nodes ----------------------------------------------
check "create, on CPU 1" create near1 cpus=1
check "its memory is in node 1" at_least "$(memory_in near1 1)" 98304
equal "and not in node 0" "$(memory_in near1 0)" 0
check "create, on CPU 0" create near0 cpus=0
check "its memory is in node 0" at_least "$(memory_in near0 0)" 98304
check "create, anywhere" create any cpus=all
check "the vCPU of the last prefers one CPU" \
    sh -c "pando vcpu-list any | awk 'NR == 2 && \$NF ~ /^[01]\$/ { found = 1 } END { exit !found }'"
cpu=$(pando vcpu-list any | awk 'NR == 2 { print $NF }')
check "where its memory is" at_least "$(memory_in any "$cpu")" 98304
check "destroy" pando destroy near0 near1 any

# --- virtual nodes ------------------------------------------------------------------
guest_initrd /tmp/nodes.cpio.gz <<'RC'
cd /sys/devices/system/node
for node in node[0-9]*; do
    set -- $(sed -n 's/.*MemTotal: *\([0-9]*\) kB/\1/p' $node/meminfo)
    echo "vnode $node cpus=$(cat $node/cpulist) distance=$(cat $node/distance) mib=$(($1 / 1024))"
done
dmesg | grep -E 'SRAT:|NUMA:|NODE_DATA'
echo vnode-end
sleep 1000
RC
nodes='[{"pnode": 1, "size": 96, "vcpus": "0,2", "vdistances": [10, 31]},
        {"pnode": 0, "size": 128, "vcpus": "1", "vdistances": [31, 10]}]'
vcreate() { # NAME NODES
    pando create /guests/demo.json name="$1" memory=224 vcpus=3 'vif=[]' \
        kernel=/test/vmlinux ramdisk=/tmp/nodes.cpio.gz "vnuma=$2"
}
check "create, with two virtual nodes" vcreate nodes "$nodes"
# But for the few pages that it shares with the hypervisor and dom0, which may be anywhere.
check "node 1 has the first one's memory" at_least "$(memory_in nodes 1)" $((98304 - 64))
check "node 0 the second one's" at_least "$(memory_in nodes 0)" $((131072 - 64))
equal "its vCPUs prefer the CPUs there" \
    "$(pando vcpu-list nodes | awk 'NR > 1 { print $NF }' | tr '\n' ' ')" '1 0 1 '
check "the guest's kernel is up" on_console nodes vnode-end 100
check "it has vCPUs 0 and 2, and memory, in node 0" \
    console_has nodes 'vnode node0 cpus=0,2 distance=10 31 mib=[1-9][0-9]'
check "it has vCPU 1, and memory, in node 1" \
    console_has nodes 'vnode node1 cpus=1 distance=31 10 mib=1[0-2][0-9]'
check "all of the first one's" \
    console_has nodes 'SRAT: Node 0 PXM 0 \[mem 0x00000000-0x05ffffff\]'
check "all of the second one's" \
    console_has nodes 'SRAT: Node 1 PXM 1 \[mem 0x06000000-0x0dffffff\]'
check "destroy" pando destroy nodes
# By now dom0 has the tables that serving a guest takes.
before=$(host_number free_kib)
check "once more" vcreate nodes "$nodes"
check "destroy" pando destroy nodes
equal "all memory is free again" "$(free_settled "$before")" "$before"

# --- what can't be ------------------------------------------------------------------
refused() { # PART COMMAND...
    part=$1
    shift
    ! "$@" >/tmp/refused 2>&1 && grep -q -e "$part" /tmp/refused || { cat /tmp/refused; return 1; }
}
check "a node that the host lacks" refused 'vnuma\[1\].pnode: found 2, which is no node' \
    vcreate bad '[{"size": 96, "vcpus": "0-1"}, {"pnode": 2, "size": 128, "vcpus": "2"}]'
check "more than the node has" refused 'vnuma\[0\].size: found 900 MiB, but of node 1' \
    pando create /guests/demo.json name=bad memory=900 \
    'vnuma=[{"pnode": 1, "size": 900, "vcpus": "0"}]'
equal "nothing is left of them" "$(pando list | wc -l)" 2
END

# shellcheck disable=SC2054
two_nodes=(-object memory-backend-ram,id=m0,size=1280M -object memory-backend-ram,id=m1,size=768M
    -numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1,cpus=1
    -numa dist,src=0,dst=1,val=25)
boot two 500 -c 2 -m 2048 -- "${two_nodes[@]}"
finish
