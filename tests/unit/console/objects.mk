# SPDX-License-Identifier: MIT
unit-tests += console-ring console-scrollback console-protocol console-bucket console-guest \
  console-clients console-tty console-life console-query console-attach
console-ring-unit-y := tests/unit/console/ring.o console/ring.o
console-scrollback-unit-y := tests/unit/console/scrollback.o console/scrollback.o
console-protocol-unit-y := tests/unit/console/protocol.o console/protocol.o
console-bucket-unit-y := tests/unit/console/bucket.o console/bucket.o

console-fakes := tests/unit/console/fake_xen.o tests/unit/console/tempdir.o
console-guest-unit-y := tests/unit/console/guest.o $(console-fakes) console/guest.o \
  console/mark.o console/log.o console/scrollback.o console/ring.o console/bucket.o \
  console/report.o

console-daemon-test := $(console-fakes) tests/unit/console/fake_store.o \
  tests/unit/console/daemon.o $(consoled-parts)
console-clients-unit-y := tests/unit/console/clients.o $(console-daemon-test)
console-tty-unit-y := tests/unit/console/tty.o $(console-daemon-test)
console-life-unit-y := tests/unit/console/life.o $(console-daemon-test)

console-query-unit-y := tests/unit/console/query.o console/query.o
console-attach-unit-y := tests/unit/console/attach.o $(console-daemon-test) \
  $(filter-out console/protocol.o,$(console-client-y))
console-attach-unit-libs := -lutil
