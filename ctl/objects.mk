# SPDX-License-Identifier: MIT
libpando-y += ctl/store.o ctl/store_conn.o
libpando-y += ctl/hcall.o ctl/hcall_domain.o ctl/hcall_memory.o ctl/hcall_stats.o
libpando-y += ctl/error.o ctl/handle.o ctl/file.o ctl/service.o
libpando-y += ctl/unpack.o ctl/build_elf.o ctl/build_kernel.o \
  ctl/build_layout.o ctl/build_vnuma.o ctl/build_acpi.o ctl/build_start.o ctl/build_copy.o ctl/build.o ctl/build_vcpu.o
libpando-y += ctl/paths.o ctl/host.o ctl/host_nodes.o ctl/domain_started.o ctl/domain_lock.o ctl/domain_state.o ctl/domain_announce.o ctl/domain_uuid.o \
  ctl/domain_info.o ctl/domain_sched.o ctl/domain_channels.o ctl/domain_grants.o ctl/names.o \
  ctl/domain_store.o ctl/store_nodes.o ctl/device.o ctl/device_disk.o \
  ctl/device_loop.o ctl/device_net.o ctl/device_link.o ctl/device_mac.o ctl/device_hotplug.o \
  ctl/domain_create.o ctl/domain_place.o ctl/placement.o ctl/domain_destroy.o \
  ctl/domain_shutdown.o ctl/domain_pause.o ctl/domain_rename.o ctl/domain_memory.o
libpando-y += ctl/json.o ctl/config.o ctl/config_schema.o ctl/config_value.o \
  ctl/config_problem.o ctl/config_text.o ctl/config_help.o ctl/config_vnuma.o
libpando-y += ctl/plugin.o ctl/plugin_check.o ctl/plugin_probe.o ctl/plugin_hook.o ctl/plugin_panel.o
