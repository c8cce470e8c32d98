# SPDX-License-Identifier: MIT
hv-y += hv/core/cmdline.o
hv-y += hv/core/permission.o
