# SPDX-License-Identifier: MIT
guest-lib-y := $(addprefix tests/guest/,entry.o lib.o cpu.o shared.o domain.o)
guest-tests += hypercall
hypercall-guest-y = tests/guest/hypercall.o
