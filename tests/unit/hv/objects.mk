# SPDX-License-Identifier: MIT
# Where the cost of operations is counted (cost.h).
counted-objects := hv/core/sched_credit.o hv/core/sched_credit_cap.o hv/core/sched_credit_place.o \
  hv/core/sched_rtds.o hv/core/sched_null.o hv/lib/tree.o
$(addprefix build/unit/,$(counted-objects)): unit-cflags += -fsanitize-coverage=trace-pc
unit-tests += hv-acpi
hv-acpi-unit-y = tests/unit/hv/test_acpi.o tests/unit/hv/fake_log.o hv/acpi/tables.o hv/acpi/madt.o \
  hv/acpi/fadt.o hv/acpi/mcfg.o hv/acpi/srat.o
unit-tests += hv-cmdline
hv-cmdline-unit-y = tests/unit/hv/test_cmdline.o tests/unit/hv/fake_log.o hv/core/cmdline.o
event-objects := hv/core/event.o hv/core/event_2level.o hv/core/event_fifo.o hv/core/event_op.o \
  hv/core/event_virq.o hv/core/lock.o tests/unit/hv/fake_machine.o tests/unit/hv/fake_log.o
unit-tests += hv-event-2level
hv-event-2level-unit-y = tests/unit/hv/test_event_2level.o $(event-objects)
hv-mem-unit-y = tests/unit/hv/fake_mem.o tests/unit/hv/fake_log.o hv/core/lock.o \
  hv/core/page_range.o hv/core/page_alloc.o hv/core/page_owner.o hv/core/hv_alloc.o
unit-tests += hv-page-alloc
hv-page-alloc-unit-y = tests/unit/hv/test_page_alloc.o $(hv-mem-unit-y)
unit-tests += hv-event-fifo
hv-event-fifo-unit-y = tests/unit/hv/test_event_fifo.o $(event-objects)
unit-tests += hv-unpack
hv-unpack-unit-y = tests/unit/hv/test_unpack.o tests/unit/hv/fake_log.o hv/lib/unpack.o \
  hv/lib/unpack_lz4.o hv/lib/unpack_heap.o
hv-unpack-unit-libs = -lz -llzma -lzstd -llz4
unit-tests += hv-elf
hv-elf-unit-y = tests/unit/hv/test_elf.o tests/unit/hv/fake_log.o hv/lib/elf.o
unit-tests += hv-p2m
p2m-objects := hv/x86/mm/p2m.o hv/x86/mm/p2m_table.o hv/x86/mm/dirty_log.o hv/x86/mm/npt.o
hv-p2m-unit-y = tests/unit/hv/test_p2m.o $(p2m-objects) $(hv-mem-unit-y)
unit-tests += hv-dirty-log
hv-dirty-log-unit-y = tests/unit/hv/test_dirty_log.o hv/x86/mm/p2m_log.o $(p2m-objects) \
  $(hv-mem-unit-y)
unit-tests += hv-dom0
hv-dom0-unit-y = tests/unit/hv/test_dom0.o tests/unit/hv/fake_log.o hv/core/cmdline.o \
  hv/x86/boot/dom0_options.o hv/x86/boot/dom0_memory.o hv/x86/boot/dom0_acpi.o
unit-tests += hv-guest-walk
hv-guest-walk-unit-y = tests/unit/hv/test_guest_walk.o hv/x86/mm/guest_walk.o \
  hv/x86/mm/guest_copy.o $(p2m-objects) $(hv-mem-unit-y)
grant-objects := tests/unit/hv/grant_domains.o tests/unit/hv/fake_machine.o \
  tests/unit/hv/fake_log.o hv/core/grant.o hv/core/grant_copy.o hv/core/grant_entry.o \
  hv/core/grant_map.o hv/core/lock.o
unit-tests += hv-grant-map
hv-grant-map-unit-y = tests/unit/hv/test_grant_map.o $(grant-objects)
unit-tests += hv-grant-copy
hv-grant-copy-unit-y = tests/unit/hv/test_grant_copy.o $(grant-objects)
unit-tests += hv-grant-table
hv-grant-table-unit-y = tests/unit/hv/test_grant_table.o $(grant-objects)
unit-tests += hv-event-stress
hv-event-stress-unit-y = tests/unit/hv/test_event_stress.o $(event-objects)
hv-event-stress-unit-libs = -lpthread
unit-tests += hv-memory-op
hv-memory-op-unit-y = tests/unit/hv/test_memory_op.o hv/core/memory_op.o \
  hv/core/memory_reservation.o hv/core/memory_physmap.o hv/core/memory_info.o \
  hv/core/vnuma.o hv/core/numa.o \
  hv/x86/mm/memory_map.o $(p2m-objects) $(hv-mem-unit-y)
unit-tests += hv-numa
hv-numa-unit-y = tests/unit/hv/test_numa.o hv/core/numa.o
unit-tests += hv-boot-scratch
hv-boot-scratch-unit-y = tests/unit/hv/test_boot_scratch.o tests/unit/hv/fake_log.o \
  hv/core/boot_scratch.o
unit-tests += hv-mem-threads
hv-mem-threads-unit-y = tests/unit/hv/test_mem_threads.o $(p2m-objects) $(hv-mem-unit-y)
hv-mem-threads-unit-libs = -lpthread
unit-tests += hv-emulate
hv-emulate-unit-y = tests/unit/hv/test_emulate.o hv/x86/emulate/decode.o hv/x86/emulate/execute.o
unit-tests += hv-emulate-native
hv-emulate-native-unit-y = tests/unit/hv/test_emulate_native.o hv/x86/emulate/decode.o \
  hv/x86/emulate/execute.o
unit-tests += hv-vioapic
hv-vioapic-unit-y = tests/unit/hv/test_vioapic.o tests/unit/hv/fake_machine.o \
  tests/unit/hv/fake_log.o hv/x86/hvm/vioapic.o hv/core/lock.o
unit-tests += hv-vpci
hv-vpci-unit-y = tests/unit/hv/test_vpci.o tests/unit/hv/fake_machine.o tests/unit/hv/fake_log.o \
  hv/x86/hvm/vpci.o hv/x86/hvm/vpci_msi.o hv/x86/hvm/vpci_msix.o hv/pci/scan.o hv/core/lock.o
unit-tests += hv-log
hv-log-unit-y = tests/unit/hv/test_log.o hv/core/log.o hv/core/lock.o
hv-log-unit-libs = -lpthread
unit-tests += hv-timer
hv-timer-unit-y = tests/unit/hv/test_timer.o tests/unit/hv/fake_log.o hv/core/timer.o \
  hv/core/softirq.o hv/core/lock.o hv/lib/heap.o
hv-timer-unit-libs = -lpthread
host-objects := tests/unit/hv/fake_host.o tests/unit/hv/fake_log.o hv/core/domain.o \
  hv/core/domain_info.o hv/core/vcpu.o hv/core/sched.o $(counted-objects) \
  tests/unit/hv/cost.o hv/core/timer.o \
  hv/core/grace.o hv/core/softirq.o hv/core/lock.o hv/lib/heap.o
unit-tests += hv-domain
hv-domain-unit-y = tests/unit/hv/test_domain.o tests/unit/hv/fake_preempt.o $(host-objects)
unit-tests += hv-sched
hv-sched-unit-y = tests/unit/hv/test_sched.o tests/unit/hv/fake_preempt.o $(host-objects)
unit-tests += hv-hypercall
hv-hypercall-unit-y = tests/unit/hv/test_hypercall.o hv/core/hypercall.o hv/core/sysctl.o \
  hv/core/sysctl_topology.o hv/core/numa.o hv/core/numa_stats.o hv/core/vcpu_stats.o hv/core/ctl_bitmap.o $(host-objects)
unit-tests += hv-cpu-policy
hv-cpu-policy-unit-y = tests/unit/hv/test_cpu_policy.o tests/unit/hv/fake_machine.o \
  tests/unit/hv/fake_log.o hv/x86/hvm/cpuid.o hv/x86/hvm/cpu_policy.o hv/core/lock.o
unit-tests += hv-alternative
hv-alternative-unit-y = tests/unit/hv/test_alternative.o tests/unit/hv/fake_log.o \
  hv/x86/cpu/alternative.o
unit-tests += hv-spec-decide
hv-spec-decide-unit-y = tests/unit/hv/test_spec_decide.o tests/unit/hv/fake_log.o \
  hv/x86/cpu/spec_decide.o
unit-tests += hv-fpu
hv-fpu-unit-y = tests/unit/hv/test_fpu.o tests/unit/hv/fake_log.o hv/x86/hvm/fpu.o
unit-tests += hv-posted
hv-posted-unit-y = tests/unit/hv/test_posted.o tests/unit/hv/fake_log.o hv/x86/vmx/posted.o \
  hv/x86/iommu/vtd_irte.o hv/core/lock.o
unit-tests += hv-tree
hv-tree-unit-y = tests/unit/hv/test_tree.o tests/unit/hv/cost.o hv/lib/tree.o
sim-objects := tests/unit/hv/sched_sim.o tests/unit/hv/cost.o tests/unit/hv/fake_log.o \
  hv/core/sched.o hv/core/timer.o hv/core/softirq.o hv/core/lock.o hv/lib/heap.o \
  $(counted-objects)
unit-tests += hv-sched-credit
hv-sched-credit-unit-y = tests/unit/hv/test_sched_credit.o $(sim-objects)
unit-tests += hv-sched-rtds
hv-sched-rtds-unit-y = tests/unit/hv/test_sched_rtds.o $(sim-objects)
unit-tests += hv-sched-null
hv-sched-null-unit-y = tests/unit/hv/test_sched_null.o $(sim-objects)
