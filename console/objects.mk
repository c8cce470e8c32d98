# SPDX-License-Identifier: MIT

# What a program needs that attaches to consoles: `pando`.
console-client-y := console/attach.o console/protocol.o
