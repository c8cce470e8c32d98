# SPDX-License-Identifier: MIT
ctl-unpack-libs := -lz -llzma -lzstd -llz4

unit-tests += ctl-unpack
ctl-unpack-unit-y := tests/unit/ctl/test_unpack.o tests/unit/ctl/pack.o ctl/unpack.o
ctl-unpack-unit-libs := $(ctl-unpack-libs)

ctl-kernel-objects := ctl/build_kernel.o ctl/build_elf.o ctl/unpack.o ctl/file.o ctl/error.o

unit-tests += ctl-kernel
ctl-kernel-unit-y := tests/unit/ctl/test_kernel.o tests/unit/ctl/kernel.o tests/unit/ctl/pack.o \
  $(ctl-kernel-objects)
ctl-kernel-unit-libs := $(ctl-unpack-libs)

unit-tests += ctl-acpi
ctl-acpi-unit-y := tests/unit/ctl/test_acpi.o ctl/build_acpi.o

unit-tests += ctl-placement
ctl-placement-unit-y := tests/unit/ctl/test_placement.o ctl/placement.o

unit-tests += ctl-layout
ctl-layout-unit-y := tests/unit/ctl/test_layout.o ctl/build_layout.o ctl/build_start.o

unit-tests += ctl-build
ctl-build-unit-y := tests/unit/ctl/test_build.o tests/unit/ctl/fake_hcall.o \
  tests/unit/ctl/kernel.o \
  ctl/build.o ctl/build_copy.o ctl/build_vcpu.o ctl/build_layout.o ctl/build_vnuma.o ctl/config_text.o \
  ctl/build_acpi.o ctl/build_start.o \
  $(ctl-kernel-objects)
ctl-build-unit-libs := $(ctl-unpack-libs)

unit-tests += ctl-stats
ctl-stats-unit-y := tests/unit/ctl/test_stats.o ctl/hcall_stats.o ctl/domain_channels.o \
  ctl/domain_grants.o ctl/domain_sched.o ctl/names.o ctl/error.o

unit-tests += ctl-service
ctl-service-unit-y := tests/unit/ctl/test_service.o ctl/service.o

unit-tests += ctl-store
ctl-store-unit-y := tests/unit/ctl/test_store.o ctl/store.o ctl/store_conn.o ctl/store_nodes.o
ctl-store-unit-libs := -lpthread

# The whole library but what talks to the hypervisor and to the store.
ctl-domain-objects := $(filter-out ctl/hcall%.o ctl/store.o ctl/store_conn.o,$(libpando-y))

unit-tests += ctl-domain
ctl-domain-unit-y := tests/unit/ctl/test_domain.o tests/unit/ctl/fake_domains.o \
  tests/unit/ctl/fake_store.o tests/unit/ctl/kernel.o \
  tests/unit/ctl/scratch.o $(ctl-domain-objects)
ctl-domain-unit-libs = $(libpando-libs)

unit-tests += ctl-monitor
ctl-monitor-unit-y := tests/unit/ctl/test_monitor.o tests/unit/ctl/fake_domains.o \
  tests/unit/ctl/fake_store.o tests/unit/ctl/kernel.o \
  tests/unit/ctl/scratch.o $(ctl-domain-objects) \
  ctl/monitord/monitor.o ctl/monitord/act.o
ctl-monitor-unit-libs = $(libpando-libs)

unit-tests += ctl-hotplug
ctl-hotplug-unit-y := tests/unit/ctl/test_hotplug.o tests/unit/ctl/fake_domains.o \
  tests/unit/ctl/fake_store.o tests/unit/ctl/kernel.o tests/unit/ctl/scratch.o \
  $(filter-out ctl/device_disk.o ctl/device_net.o ctl/plugin_hook.o,$(ctl-domain-objects))
ctl-hotplug-unit-libs = $(libpando-libs)
