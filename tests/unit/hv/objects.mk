# SPDX-License-Identifier: MIT
unit-tests += hv-acpi
hv-acpi-unit-y = tests/unit/hv/test_acpi.o tests/unit/hv/fake_log.o hv/acpi/tables.o hv/acpi/madt.o \
  hv/acpi/fadt.o hv/acpi/mcfg.o hv/acpi/srat.o
unit-tests += hv-cmdline
hv-cmdline-unit-y = tests/unit/hv/test_cmdline.o tests/unit/hv/fake_log.o hv/core/cmdline.o
