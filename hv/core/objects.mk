# SPDX-License-Identifier: MIT
hv-y += hv/core/cmdline.o
