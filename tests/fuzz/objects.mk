# SPDX-License-Identifier: MIT
# Fuzzers, which are unit tests with more patience: FUZZ_SECONDS and FUZZ_SEED.
unit-tests += fuzz-vt fuzz-console
fuzz-vt-unit-y = tests/fuzz/vt.o tests/fuzz/fuzz.o $(shell-vt-test) $(shell-vt-y)
fuzz-vt-unit-libs := -lvterm
fuzz-console-unit-y = tests/fuzz/console.o tests/fuzz/fuzz.o tests/unit/shell/need.o \
  shell/pane_console_link.o shell/loop.o console/link.o $(console-daemon-test)
fuzz-console-unit-libs := -lpthread

unit-tests += fuzz-batch fuzz-config
fuzz-batch-unit-y = tests/fuzz/batch.o tests/fuzz/fuzz.o $(shell-under-test)
fuzz-batch-unit-libs := -lyajl -luuid
fuzz-config-unit-y = tests/fuzz/config.o tests/fuzz/fuzz.o $(config-objects)
fuzz-config-unit-libs := -lyajl -luuid
