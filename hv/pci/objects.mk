# SPDX-License-Identifier: MIT
hv-y += hv/pci/scan.o
