/* SPDX-License-Identifier: MIT */
/* The x86 boot, as a table of contents. */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/init.h>
#include <hv/log.h>
#include <hv/numa.h>
#include <hv/pci.h>
#include <hv/softirq.h>
#include <hv/string.h>

#include "x86/boot/boot_x86.h"
#include "x86/cpu/alternative.h"
#include "x86/cpu/cpu.h"
#include "x86/cpu/irq.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/hvm/vendor.h"
#include "x86/mm/p2m_x86.h"
#include "x86/mm/paging.h"

static struct arch_cpu bsp_arch;
struct cpu bsp_cpu = { .arch = &bsp_arch };
struct vendor_ops vendor[1];

uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __noreturn;
void __stack_chk_fail(void)
{
    panic("stack overflow detected");
}

extern char image_end[];

static void print_memory_map(void)
{
    static const char *const types[] = { "?", "RAM", "reserved", "ACPI", "NVS", "unusable" };

    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];

        log_info("memory %#014lx-%#014lx %s\n", m->start, m->end,
                 types[m->type < ARRAY_SIZE(types) ? m->type : BOOT_MEM_RESERVED]);
    }
}

static void console_init(void)
{
    char value[32];
    bool com2 = cmdline_get("console", value, sizeof(value)) && !strncmp(value, "com2", 4);

    uart_init(com2 ? 0x2f8 : 0x3f8);
}

static void choose_vendor(void)
{
    int rc = -ENODEV;

    if (svm_detect())
        *vendor = svm_ops;
    else if (vmx_detect())
        *vendor = vmx_ops;
    if (vendor->name) {
        p2m_format = vendor->p2m_format;
        rc = vendor->cpu_up();
    }
    if (rc)
        panic("no usable hardware virtualization (AMD SVM with nested paging, Intel VMX with EPT)");
    log_info("virtualization: %s\n", vendor->name);
}

void *acpi_map(paddr_t pa, size_t len)
{
    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];

        if (pa >= m->start && pa + len <= m->end &&
            (m->type == BOOT_MEM_RAM || m->type == BOOT_MEM_ACPI || m->type == BOOT_MEM_NVS))
            return paddr_to_virt(pa);
    }
    if (pa >= HV_LOAD_PADDR && pa + len <= (paddr_t)image_end - HV_IMAGE_BASE)
        return (void *)(HV_IMAGE_BASE + pa); /* the copy of the RSDP */
    return ioremap(pa, len);
}

void boot_main(uint32_t magic, uint32_t info)
{
    cpu_desc_init(&bsp_cpu);
    idt_init();
    cpus[0] = &bsp_cpu;
    nr_cpus = 1;
    __stack_chk_guard = rdtsc() * 0x9e3779b97f4a7c15UL & ~0xffUL;

    multiboot_parse(magic, info);
    console_init();
    log_info("Pando " PANDO_VERSION ", by %s\n",
             boot_info.loader[0] ? boot_info.loader : "an unnamed loader");
    log_info("command line: %s\n", boot_info.cmdline);
    print_memory_map();

    cpu_features_detect();
    spec_ctrl_init();
    alternatives_patch(); /* while the code can be written to yet */
    boot_memory_init();
    paging_init();
    if (acpi_init())
        panic("no ACPI: Pando needs the MADT to know the machine");
    boot_memory_to_allocator();
    paging_use_allocator();
    cpu_give_bsp_stacks();
    cpu_features_init();
    spec_ctrl_init_cpu();
    apic_init_bsp();
    time_init();
    apic_calibrate();
    choose_vendor();
    core_init();
    irq_init();
    pci_init();
    smp_start_others();
    irq_enable();
    boot_kernel_area_to_allocator();
    while (page_alloc_scrub_some())
        ;
    log_info("memory: %lu MiB in all, %lu MiB free\n", page_alloc_total() >> 8,
             page_alloc_free(-1) >> 8);
    numa_init();
    dom0 = dom0_build();
    boot_modules_release();
    boot_init_release();
    core_start(dom0);
    stack_switch_to_loop(bsp_arch.stack_top);
}
