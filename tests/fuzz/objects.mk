# SPDX-License-Identifier: MIT
# Fuzzers, which are unit tests with more patience: FUZZ_SECONDS and FUZZ_SEED.
unit-tests += fuzz-vt
fuzz-vt-unit-y = tests/fuzz/vt.o $(shell-vt-test) $(shell-vt-y)
fuzz-vt-unit-libs := -lvterm
