#!/bin/bash
# SPDX-License-Identifier: MIT
#
# All micro-kernels on AMD SVM that tells the length of an exiting instruction (NRIPS).

MACHINE=ryzen exec "$(dirname "$0")/../guest/run.t"
