# SPDX-License-Identifier: MIT
hv-y += hv/acpi/tables.o
hv-y += hv/acpi/madt.o
hv-y += hv/acpi/fadt.o
hv-y += hv/acpi/mcfg.o
hv-y += hv/acpi/srat.o
