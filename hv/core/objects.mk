# SPDX-License-Identifier: MIT
hv-y += hv/core/cmdline.o
hv-y += hv/core/permission.o
hv-y += hv/core/event.o
hv-y += hv/core/event_2level.o
hv-y += hv/core/event_fifo.o
hv-y += hv/core/event_op.o
