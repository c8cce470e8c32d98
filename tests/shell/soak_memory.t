#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The full-screen shell as it is built for users, for SOAK_MINUTES, and what memory it takes: see
# soak.sh. Checkers keep memory of their own for what the program does, which grows.
. "$(dirname "$0")/lib.sh"
GROWTH_KIB=2048
. "$(dirname "$0")/soak.sh"

PANDO=$top/build/shell/pando
consoles
prepare
start 140 44
soak
finish
