# SPDX-License-Identifier: MIT
guest-lib-y := $(addprefix tests/guest/,entry.o lib.o cpu.o shared.o domain.o)
guest-tests += hypercall
hypercall-guest-y = tests/guest/hypercall.o
guest-tests += pointers cpuid msr traps
pointers-guest-y = tests/guest/pointers.o
cpuid-guest-y = tests/guest/cpuid.o
msr-guest-y = tests/guest/msr.o
traps-guest-y = tests/guest/traps.o
guest-tests += events timers vcpus mmio
events-guest-y = tests/guest/events.o
timers-guest-y = tests/guest/timers.o
vcpus-guest-y = tests/guest/vcpus.o
mmio-guest-y = tests/guest/mmio.o
guest-tests += memory grants
memory-guest-y = tests/guest/memory.o
grants-guest-y = tests/guest/grants.o
