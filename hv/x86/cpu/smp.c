/* SPDX-License-Identifier: MIT */
/* The other CPUs: started one after the other by INIT and start-up IPIs. */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/init.h>
#include <hv/log.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include <hv/string.h>

#include "x86/boot/boot_x86.h"
#include "x86/cpu/cpu.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/hvm/vendor.h"
#include "x86/mm/paging.h"

struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus;

/* For ap_entry. */
extern paddr_t ap_cr3;
extern vaddr_t ap_stack;
extern struct cpu *ap_cpu;
paddr_t ap_cr3;
vaddr_t ap_stack;
struct cpu *ap_cpu;
static volatile bool ap_up;

extern char trampoline_start[], trampoline_end[], trampoline_params[], ap_entry[];
extern char boot_l4[];
void ap_main(struct cpu *c) __noreturn;

static struct cpu *cpu_alloc(unsigned int id, const struct acpi_cpu *info)
{
    struct cpu *c = hv_alloc(sizeof(*c));
    struct arch_cpu *a = hv_alloc(sizeof(*a));

    if (!c || !a)
        panic("no memory for CPU %u", id);
    c->id = id;
    c->node = info->node;
    c->self = c;
    c->arch = a;
    a->apic_id = info->apic_id;
    a->stack_top = stack_alloc(CPU_STACK_PAGES);
    for (unsigned int i = 0; i < NR_IST - 1; i++)
        a->tss.ist[i] = stack_alloc(IST_PAGES);
    a->tss.rsp[0] = a->stack_top;
    return c;
}

void cpu_give_bsp_stacks(void)
{
    struct arch_cpu *a = bsp_cpu.arch;

    a->stack_top = stack_alloc(CPU_STACK_PAGES);
    for (unsigned int i = 0; i < NR_IST - 1; i++)
        a->tss.ist[i] = stack_alloc(IST_PAGES);
    idt_init();
}

static void set_up_cpu(void)
{
    int rc;

    cpu_features_init();
    spec_ctrl_init_cpu();
    apic_init_cpu();
    rc = vendor->cpu_up();
    if (rc)
        panic("CPU %u can't be used: error %d", this_cpu()->id, rc);
    timer_init_cpu();
    sched_init_cpu(this_cpu()->id);
}

void ap_main(struct cpu *c)
{
    cpu_desc_init(c);
    set_up_cpu();
    cpus[c->id] = c;
    smp_wmb();
    ap_up = true;
    while (page_alloc_scrub_some()) /* all CPUs share the scrubbing at boot */
        ;
    cpu_loop();
}

static bool start_cpu(struct cpu *c)
{
    uint8_t page = (uint8_t)(trampoline_paddr >> PAGE_SHIFT);

    ap_cr3 = hv_cr3;
    ap_stack = c->arch->stack_top;
    ap_cpu = c;
    ap_up = false;
    smp_wmb();
    apic_send(c->arch->apic_id, 0x4500); /* INIT */
    delay_us(10000);
    for (unsigned int attempt = 0; attempt < 2 && !ap_up; attempt++) {
        apic_send(c->arch->apic_id, 0x4600u | page); /* start-up */
        for (unsigned int i = 0; i < (attempt ? 10000 : 10) && !ap_up; i++)
            delay_us(100);
    }
    return ap_up;
}

static void trampoline_install(void)
{
    char *page = paddr_to_virt(trampoline_paddr);
    uint64_t *params = (uint64_t *)(page + (trampoline_params - trampoline_start));

    memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    params[0] = (vaddr_t)boot_l4 - HV_IMAGE_BASE;
    params[1] = (vaddr_t)ap_entry;
}

void smp_start_others(void)
{
    char value[16];
    unsigned int limit = MAX_CPUS, started = 1;

    if (cmdline_get("maxcpus", value, sizeof(value)))
        limit = (unsigned int)strtoul(value, NULL, 0);
    trampoline_install();
    for (unsigned int i = 0; i < acpi_host.nr_cpus && started < limit; i++) {
        const struct acpi_cpu *info = &acpi_host.cpu[i];
        struct cpu *c;

        if (!info->enabled || info->apic_id == bsp_cpu.arch->apic_id)
            continue;
        if (info->apic_id > 254 && !apic_is_x2apic()) {
            log_warning("CPU with APIC id %u needs x2APIC mode, not started\n", info->apic_id);
            continue;
        }
        c = cpu_alloc(started, info);
        if (!start_cpu(c)) {
            log_warning("CPU with APIC id %u does not start\n", info->apic_id);
            continue; /* its memory stays its own: it may wake up yet */
        }
        nr_cpus = ++started;
    }
    log_info("%u CPU%s\n", nr_cpus, nr_cpus == 1 ? "" : "s");
}

void arch_cpu_relax(void)
{
    cpu_pause();
}

void cpus_stop_others(void)
{
    unsigned int i;

    irq_disable();
    cpus_stop = true;
    for_each_online_cpu(i) {
        if (i != this_cpu()->id)
            apic_send(cpus[i]->arch->apic_id, 0x4400); /* NMI */
    }
}

void arch_panic_stop(void)
{
    cpus_stop_others();
    log_error("The machine stays as it is; reset it when you have read this.\n");
    for (;;)
        __asm__ __volatile__("cli; hlt");
}
