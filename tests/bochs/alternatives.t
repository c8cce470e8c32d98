#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The code's alternatives, on an Intel processor that has all of the features.

MACHINE=sapphire_rapids exec "$(dirname "$0")/../guest/alternatives.t"
