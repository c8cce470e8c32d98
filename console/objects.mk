# SPDX-License-Identifier: MIT

# What a program needs that attaches to consoles: `pando`.
console-client-y := console/attach.o console/link.o console/protocol.o console/query.o \
  console/terminal.o

# The daemon without its main program and its one file that needs the hypervisor.
consoled-parts := console/consoled.o console/registry.o console/client.o console/tty.o console/guest.o \
  console/mark.o console/log.o console/scrollback.o console/ring.o console/bucket.o \
  console/protocol.o console/report.o

progs += consoled
consoled-y := console/main.o console/xen.o $(consoled-parts)
