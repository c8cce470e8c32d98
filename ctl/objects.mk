# SPDX-License-Identifier: MIT
libpando-y += ctl/store.o ctl/store_conn.o
libpando-y += ctl/hcall.o ctl/hcall_domain.o ctl/hcall_memory.o
libpando-y += ctl/error.o ctl/handle.o ctl/file.o
libpando-y += ctl/unpack.o ctl/build_elf.o ctl/build_kernel.o \
  ctl/build_layout.o ctl/build_acpi.o
