/* SPDX-License-Identifier: MIT */
/* Exceptions of the hypervisor itself, and where its interrupts go. */
#include <hv/arch.h>
#include <hv/layout.h>
#include <hv/log.h>
#include <hv/softirq.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"

struct idt_entry {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

static struct idt_entry idt[256] __aligned(16);
extern char trap_stubs[]; /* 16 bytes each */
volatile bool cpus_stop;

struct extable_entry {
    int32_t insn, fixup; /* each relative to its own place */
};
extern const struct extable_entry extable_start[], extable_end[];

extern const uint64_t symbols_count __attribute__((weak));
extern const struct {
    uint32_t offset, name;
} symbols_table[] __attribute__((weak));
extern const char symbols_names[] __attribute__((weak));

const char *symbol_lookup(vaddr_t addr, uint64_t *offset)
{
    uint64_t off = addr - HV_IMAGE_BASE, lo = 0, hi;

    if (!&symbols_count || addr < HV_IMAGE_BASE)
        return NULL;
    for (hi = symbols_count; lo + 1 < hi;) {
        uint64_t mid = (lo + hi) / 2;

        if (symbols_table[mid].offset <= off)
            lo = mid;
        else
            hi = mid;
    }
    if (!symbols_count || symbols_table[lo].offset > off)
        return NULL;
    *offset = off - symbols_table[lo].offset;
    return symbols_names + symbols_table[lo].name;
}

static void print_address(vaddr_t a)
{
    uint64_t off = 0;
    const char *name = symbol_lookup(a, &off);

    if (name)
        log_error("  %#018lx %s+%#lx\n", a, name, off);
    else
        log_error("  %#018lx\n", a);
}

extern const char text_start[], text_end[];

/* Follows the chain of frame pointers as long as it stays on one stack. */
static void backtrace_from(vaddr_t rbp)
{
    for (unsigned int i = 0; i < 32; i++) {
        const vaddr_t *frame = (const vaddr_t *)rbp;

        if (rbp < VMAP_BASE || rbp & 7 || rbp >= HV_IMAGE_BASE + (1UL << 30))
            return;
        if (frame[1] < (vaddr_t)text_start || frame[1] >= (vaddr_t)text_end)
            return;
        print_address(frame[1]);
        if (frame[0] <= rbp || frame[0] - rbp > CPU_STACK_PAGES * PAGE_SIZE)
            return;
        rbp = frame[0];
    }
}

void arch_backtrace(void)
{
    backtrace_from((vaddr_t)__builtin_frame_address(0));
}

static const char *const exception_names[32] = {
    "#DE divide error",
    "#DB debug",
    "NMI",
    "#BP breakpoint",
    "#OF overflow",
    "#BR bound range",
    "#UD invalid opcode",
    "#NM device not available",
    "#DF double fault",
    "coprocessor overrun",
    "#TS invalid TSS",
    "#NP segment not present",
    "#SS stack fault",
    "#GP general protection",
    "#PF page fault",
    "reserved",
    "#MF x87",
    "#AC alignment check",
    "#MC machine check",
    "#XM SIMD",
};

/* The error code's bits of #PF (SDM 3, 4.7). */
#define PF_PRESENT  1u
#define PF_WRITE    2u
#define PF_RESERVED 8u
#define PF_FETCH    16u

/*
 * What a page fault of the hypervisor's means. A mapping below the hypervisor's half is nobody's
 * but a guest's: what is present there is kept from it by SMAP and SMEP.
 */
static const char *page_fault_words(uint64_t error, vaddr_t va)
{
    bool low = va < 1UL << 47;

    if (!(error & PF_PRESENT))
        return "nothing is mapped there";
    if (error & PF_RESERVED)
        return "reserved bits in a page table";
    if (error & PF_FETCH)
        return low ? "execution of a guest's page (SMEP)" : "execution of data";
    if (low)
        return "use of a guest's page outside its window (SMAP)";
    return error & PF_WRITE ? "write to what is read-only" : "no access";
}

static void fatal_trap(struct trap_frame *f)
{
    const char *name = f->vector < 32 ? exception_names[f->vector] : NULL;

    log_error("exception %lu (%s), error code %#lx, CR2 %#018lx\n", f->vector,
              name ? name : "reserved", f->error, read_cr2());
    log_error("rip %#018lx rsp %#018lx rflags %#010lx cs %#06lx\n", f->rip, f->rsp, f->rflags,
              f->cs);
    log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    log_error("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    log_error("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    log_error("r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
    print_address(f->rip);
    backtrace_from(f->rbp);
    if (f->vector == 14)
        panic("page fault at %#lx, of address %#lx: %s", f->rip, read_cr2(),
              page_fault_words(f->error, read_cr2()));
    panic("unexpected exception %lu (%s) at %#lx", f->vector, name ? name : "reserved", f->rip);
}

static bool fix_up(struct trap_frame *f)
{
    for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
        if (f->rip == (vaddr_t)&e->insn + (vaddr_t)(int64_t)e->insn) {
            f->rip = (vaddr_t)&e->fixup + (vaddr_t)(int64_t)e->fixup;
            return true;
        }
    }
    return false;
}

static void nmi(struct trap_frame *f)
{
    while (cpus_stop) /* another CPU panicked or ends the machine */
        __asm__ __volatile__("cli; hlt");
    /* A real one: the chipset's, or a watchdog's. Not ours to judge. */
    log_warning("NMI on CPU %u at %#lx\n", this_cpu()->id, f->rip);
}

void host_interrupt(uint8_t vector)
{
    switch (vector) {
    case VECTOR_KICK:
    case VECTOR_POSTED:
        apic_eoi();
        break;
    case VECTOR_TIMER:
        apic_eoi();
        softirq_raise(SOFTIRQ_TIMER);
        break;
    case VECTOR_SPURIOUS:
        break;
    default:
        irq_record(vector);
    }
}

void trap_handler(struct trap_frame *f)
{
    if (f->vector >= 32)
        host_interrupt((uint8_t)f->vector);
    else if (f->vector == 2)
        nmi(f);
    else if (!fix_up(f))
        fatal_trap(f);
}

static void idt_set(unsigned int vector, enum ist ist)
{
    vaddr_t a = (vaddr_t)trap_stubs + vector * 16;

    idt[vector] = (struct idt_entry){
        .offset_low = (uint16_t)a,
        .selector = SEL_CODE64,
        .ist = ist,
        .type = 0x8e, /* present, interrupt gate */
        .offset_mid = (uint16_t)(a >> 16),
        .offset_high = (uint32_t)(a >> 32),
    };
}

void idt_init(void)
{
    for (unsigned int i = 0; i < 256; i++)
        idt_set(i, IST_NONE);
    if (this_cpu()->arch->tss.ist[0]) {
        idt_set(2, IST_NMI);
        idt_set(8, IST_DF);
        idt_set(18, IST_MC);
    }
}

void cpu_desc_init(struct cpu *c)
{
    struct arch_cpu *a = c->arch;
    uint64_t base = (uint64_t)&a->tss;
    struct {
        uint16_t limit;
        uint64_t base;
    } __packed gdtr = { sizeof(a->gdt) - 1, (uint64_t)a->gdt },
               idtr = { sizeof(idt) - 1, (uint64_t)idt };

    a->gdt[1] = 0x00af9b000000ffff;
    a->gdt[2] = 0x00cf93000000ffff;
    a->gdt[3] =
        (sizeof(a->tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
    a->gdt[4] = base >> 32;
    a->tss.iomap = sizeof(a->tss);
    __asm__ __volatile__("lgdt %0\n"
                         "pushq %1\n"
                         "leaq 1f(%%rip), %%rax\n"
                         "pushq %%rax\n"
                         "lretq\n"
                         "1: mov %2, %%ds; mov %2, %%es; mov %2, %%ss\n"
                         "mov %3, %%fs; mov %3, %%gs\n"
                         "ltr %w4\n"
                         "lidt %5"
                         :
                         : "m"(gdtr), "i"(SEL_CODE64), "r"(SEL_DATA), "r"(0), "r"(SEL_TSS),
                           "m"(idtr)
                         : "rax", "memory");
    c->self = c;
    wrmsr(MSR_GS_BASE, (uint64_t)c);
    /* Libraries that run at boot read their stack canary at %fs:0x28: any readable place does. */
    wrmsr(MSR_FS_BASE, (uint64_t)c);
}
