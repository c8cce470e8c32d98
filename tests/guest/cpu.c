/* SPDX-License-Identifier: MIT */
/* Exceptions, interrupts, further vCPUs, mappings. */
#include "lib.h"

struct tss {
    uint32_t reserved;
    uint64_t rsp0, unused[11];
    uint16_t reserved2, iomap;
} __attribute__((packed));

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

#define STACK_SIZE  16384
#define MSR_GS_BASE 0xc0000101

extern uint64_t gdt[], page_root[], window_table[];
extern uint8_t trap_stubs[], ap_real_start[], ap_real_end[], trap_resume[];
int trap_call_on(void (*fn)(void *), void *arg, uint64_t *sp);
void user_enter(void (*fn)(void), void *stack_top);
void trap_entry(struct frame *f);
void ap_main(void);
void cpu_init(unsigned int id);

struct cpu cpus[MAX_VCPUS];
void (*irq_handler[256])(struct frame *f);
uint64_t ap_stack;

static struct gate idt[256];
static struct tss tss[MAX_VCPUS];
static uint8_t trap_stacks[MAX_VCPUS][STACK_SIZE], stacks[MAX_VCPUS][STACK_SIZE];
static uint8_t user_stack[4096];
static unsigned int ap_id;
static bool ap_alive[MAX_VCPUS];
static void (*ap_job[MAX_VCPUS])(void);

static void gate_set(unsigned int v)
{
    uint64_t at = (uint64_t)trap_stubs + 16 * v;

    idt[v] = (struct gate){ .offset_low = (uint16_t)at,
                            .selector = 8,
                            .type = v == 0x80 ? 0xee : 0x8e,
                            .offset_mid = (uint16_t)(at >> 16),
                            .offset_high = (uint32_t)(at >> 32) };
}

void cpu_init(unsigned int id)
{
    struct table_pointer p = { sizeof(idt) - 1, (uint64_t)idt };
    uint64_t base = (uint64_t)&tss[id];
    struct cpu *c = &cpus[id];

    if (!id) {
        for (unsigned int i = 0; i < 256; i++)
            gate_set(i);
    }
    tss[id].rsp0 = (uint64_t)&trap_stacks[id + 1];
    tss[id].iomap = sizeof(tss[id]);
    gdt[6 + 2 * id] = (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56 | 0x0000890000000067UL;
    gdt[7 + 2 * id] = base >> 32;
    __asm__ __volatile__("lidt %0; ltr %w1" : : "m"(p), "r"(0x30 + 16 * id));
    c->self = c;
    c->id = id;
    wrmsr(MSR_GS_BASE, (uint64_t)c);
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
    apic_write(APIC_SVR, 0x1ff);
}

bool xapic_mode;

/* --- exceptions and interrupts ------------------------------------------------------------ */

static void end_of_interrupt(void)
{
    if (xapic_mode)
        *(volatile uint32_t *)0xfee000b0 = 0;
    else
        apic_write(APIC_EOI, 0);
}

void trap_entry(struct frame *f)
{
    struct cpu *c = this_cpu();

    if (f->vector >= 32 && f->vector != 0x80) {
        ACCESS(c->irqs[f->vector])++;
        if (irq_handler[f->vector])
            irq_handler[f->vector](f);
        if (f->vector != EVENT_VECTOR && f->vector != 0xff)
            end_of_interrupt();
        return;
    }
    if (f->vector == 2 && irq_handler[2]) {
        irq_handler[2](f);
        return;
    }
    __asm__ __volatile__("mov %%cr2, %0" : "=r"(c->trap_cr2));
    if (!c->resume_sp)
        die("vCPU %u: unexpected exception %lu, error %#lx, at %#lx, cr2 %#lx", c->id, f->vector,
            f->error, f->rip, c->trap_cr2);
    c->trap = *f;
    f->rip = (uint64_t)trap_resume;
    f->rsp = c->resume_sp;
    f->rax = f->vector;
    f->cs = 0x08;
    f->ss = 0x10;
    f->rflags = 2;
}

int trap_call(void (*fn)(void *), void *arg)
{
    return trap_call_on(fn, arg, &this_cpu()->resume_sp);
}

static void enter_user(void *fn)
{
    user_enter(fn, user_stack + sizeof(user_stack));
}

int user_call(void (*fn)(void))
{
    return trap_call(enter_user, fn);
}

struct msr_access {
    uint32_t msr;
    uint64_t value;
};

static void read_msr(void *arg)
{
    struct msr_access *a = arg;

    a->value = rdmsr(a->msr);
}

static void write_msr(void *arg)
{
    struct msr_access *a = arg;

    wrmsr(a->msr, a->value);
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    struct msr_access a = { msr, 0 };
    int vector = trap_call(read_msr, &a);

    *value = a.value;
    return vector < 0;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    struct msr_access a = { msr, value };

    return trap_call(write_msr, &a) < 0;
}

/* --- further vCPUs ------------------------------------------------------------------------- */

/* A page of RAM below 640 KiB; a child is told of none but has one. */
static uint64_t low_page(void)
{
    const struct hvm_memmap_table_entry *e = (void *)start_info->memmap_paddr;

    if (!start_info->memmap_entries)
        return CHILD_LOW_PAGE;
    for (unsigned int i = 0; i < start_info->memmap_entries; i++) {
        uint64_t at = (e[i].addr + PAGE_SIZE) & ~(PAGE_SIZE - 1);

        if (e[i].type == XEN_HVM_MEMMAP_TYPE_RAM && at < 0xa0000 &&
            at + PAGE_SIZE <= e[i].addr + e[i].size)
            return at;
    }
    die("no RAM below 640 KiB to start a vCPU in");
}

void ap_main(void)
{
    unsigned int id = ap_id;

    cpu_init(id);
    /* Bochs lets the host's interrupts wait while a guest has its own off. */
    irq_on();
    ACCESS(ap_alive[id]) = true;
    for (;;) {
        void (*job)(void) = ACCESS(ap_job[id]);

        if (job) {
            job();
            ACCESS(ap_job[id]) = NULL;
            irq_on();
        }
        relax();
    }
}

bool ap_start(unsigned int id, void (*fn)(void))
{
    uint64_t at = low_page();
    uint64_t dest = (uint64_t)id * 2 << 32;

    if (id >= MAX_VCPUS)
        return false;
    memcpy((void *)at, ap_real_start, (size_t)(ap_real_end - ap_real_start));
    ap_stack = (uint64_t)&stacks[id + 1];
    ap_id = id;
    ACCESS(ap_alive[id]) = false;
    ACCESS(ap_job[id]) = fn;
    barrier();
    /* As manuals ask for: INIT, a while, and two SIPIs. */
    apic_write(APIC_ICR, dest | 0x4500);
    WAIT_FOR(false, 10);
    for (unsigned int i = 0; i < 2; i++) {
        apic_write(APIC_ICR, dest | 0x4600 | at >> 12);
        if (WAIT_FOR(ACCESS(ap_alive[id]), i ? 2000 : 20))
            return true;
    }
    return false;
}

void ap_begin(unsigned int id, void (*fn)(void))
{
    ACCESS(ap_job[id]) = fn;
}

bool ap_wait(unsigned int id, unsigned int ms)
{
    return WAIT_FOR(!ACCESS(ap_job[id]), ms);
}

void ap_run(unsigned int id, void (*fn)(void))
{
    ap_begin(id, fn);
    if (!ap_wait(id, 5000))
        die("vCPU %u does not end its job", id);
}

unsigned int nr_vcpus(void)
{
    unsigned int n = 0;

    while (vcpu_op(VCPUOP_is_up, n, NULL) >= 0)
        n++;
    return n;
}

/* --- mappings --------------------------------------------------------------------------------- */

#define WINDOW (1UL << 39)

static void *window_set(unsigned int i, uint64_t pte)
{
    void *at = (void *)(WINDOW + i * PAGE_SIZE);

    window_table[i] = pte;
    __asm__ __volatile__("invlpg (%0)" : : "r"(at) : "memory");
    return at;
}

void *window_map(unsigned int i, uint64_t pa, uint64_t flags)
{
    return window_set(i, pa | flags);
}

void window_unmap(unsigned int i)
{
    window_set(i, 0);
}
