/* SPDX-License-Identifier: MIT */
/* Exceptions reach the guest; control registers; instructions that are not the guest's. */
#include "lib.h"

#define UD 6
#define GP 13
#define PF 14

#define CODE(name, text)                                                                           \
    static void name(void *arg)                                                                    \
    {                                                                                              \
        __asm__ __volatile__(text : : "a"(arg), "c"(0), "d"(0) : "memory", "rbx");                 \
    }

CODE(do_ud2, "ud2")
CODE(do_int3, "int3")
CODE(do_divide, "xor %%ebx, %%ebx; div %%ebx")
CODE(do_read, "mov (%%rax), %%rbx")
CODE(do_write, "movb $0, (%%rax)")
CODE(do_jump, "call *%%rax")
CODE(do_gp, "mov $0x1000, %%ebx; mov %%ebx, %%ds")
CODE(do_int, "int $0x50")
CODE(do_step, "pushf; orl $0x100, (%%rsp); popf; nop; nop")
CODE(do_vmrun, "vmrun")
CODE(do_vmload, "vmload")
CODE(do_vmsave, "vmsave")
CODE(do_stgi, "stgi")
CODE(do_clgi, "clgi")
CODE(do_skinit, "skinit")
CODE(do_invlpga, "invlpga")
CODE(do_monitor, "monitor")
CODE(do_mwait, "mwait")
CODE(do_rdpmc, "rdpmc")
CODE(do_wbinvd, "wbinvd")
CODE(do_xsetbv, "xsetbv")
CODE(set_cr0, "mov %%rax, %%cr0")
CODE(set_cr4, "mov %%rax, %%cr4")
CODE(set_cr8, "mov %%rax, %%cr8")

static int at(void (*fn)(void *), uint64_t arg)
{
    return trap_call(fn, (void *)arg);
}

static void test_exceptions(void)
{
    struct cpu *c = this_cpu();

    CHECK_EQUAL(at(do_ud2, 0), UD, "UD2: #UD");
    CHECK_EQUAL(at(do_int3, 0), 3, "INT3: #BP");
    CHECK_EQUAL(at(do_divide, 0), 0, "division by zero: #DE");
    CHECK_EQUAL(at(do_read, 1UL << 63), GP, "non-canonical address: #GP");
    CHECK_EQUAL(c->trap.error, 0, "its error code");
    CHECK_EQUAL(at(do_gp, 0), GP, "selector beyond the GDT: #GP");
    CHECK_EQUAL(c->trap.error, 0x1000, "its error code");
    CHECK_EQUAL(at(do_step, 0), 1, "single step: #DB");
    irq_on();
    at(do_int, 0);
    irq_off();
    CHECK_EQUAL(ACCESS(c->irqs[0x50]), 1, "INT n");
}

static void test_page_faults(void)
{
    struct cpu *c = this_cpu();
    uint8_t *page = page_get();
    void *va = window_map(3, (uint64_t)page, PTE_P);

    page[0] = 0xc3;
    CHECK_EQUAL(at(do_read, (uint64_t)va + PAGE_SIZE + 8), PF, "read of nothing: #PF");
    CHECK_EQUAL(c->trap.error, 0, "its error code");
    CHECK_EQUAL(c->trap_cr2, (uint64_t)va + PAGE_SIZE + 8, "CR2");
    CHECK_EQUAL(at(do_write, (uint64_t)va), PF, "write to read-only: #PF");
    CHECK_EQUAL(c->trap.error, 3, "its error code");
    CHECK_EQUAL(at(do_jump, (uint64_t)va), -1, "execution");
    window_map(3, (uint64_t)page, PTE_P | PTE_NX);
    CHECK_EQUAL(at(do_jump, (uint64_t)va), PF, "execution of NX: #PF");
    CHECK_EQUAL(c->trap.error, 0x11, "its error code");
    window_map(3, (uint64_t)page, PTE_P | 1UL << 51);
    CHECK_EQUAL(at(do_read, (uint64_t)va), PF, "reserved bit: #PF");
    CHECK(c->trap.error & 8, "its error code");
    window_unmap(3);
}

static uint8_t *user_target;

static void user_read(void)
{
    ACCESS(*user_target);
    __asm__ __volatile__("int $0x80");
}

static void user_hlt(void)
{
    __asm__ __volatile__("hlt");
}

static void user_cli(void)
{
    __asm__ __volatile__("cli");
}

static void test_user(void)
{
    user_target = window_map(3, (uint64_t)page_get(), PTE_P);
    CHECK_EQUAL(user_call(user_read), PF, "user mode, supervisor page: #PF");
    CHECK_EQUAL(this_cpu()->trap.error, 5, "its error code");
    CHECK_EQUAL(user_call(user_hlt), GP, "HLT in user mode: #GP");
    CHECK_EQUAL(user_call(user_cli), GP, "CLI in user mode: #GP");
}

static void test_instructions(void)
{
    CHECK_EQUAL(at(do_vmrun, 0), UD, "VMRUN: #UD");
    CHECK_EQUAL(at(do_vmload, 0), UD, "VMLOAD: #UD");
    CHECK_EQUAL(at(do_vmsave, 0), UD, "VMSAVE: #UD");
    CHECK_EQUAL(at(do_stgi, 0), UD, "STGI: #UD");
    CHECK_EQUAL(at(do_clgi, 0), UD, "CLGI: #UD");
    CHECK_EQUAL(at(do_skinit, 0), UD, "SKINIT: #UD");
    CHECK_EQUAL(at(do_invlpga, 0), UD, "INVLPGA: #UD");
    CHECK_EQUAL(at(do_monitor, 0), UD, "MONITOR: #UD");
    CHECK_EQUAL(at(do_mwait, 0), UD, "MWAIT: #UD");
    CHECK(at(do_rdpmc, 0) >= 0, "RDPMC faults");
    CHECK_EQUAL(at(do_wbinvd, 0), -1, "WBINVD");
}

static uint64_t get_cr0(void)
{
    uint64_t v;

    __asm__ __volatile__("mov %%cr0, %0" : "=r"(v));
    return v;
}

static uint64_t get_cr4(void)
{
    uint64_t v;

    __asm__ __volatile__("mov %%cr4, %0" : "=r"(v));
    return v;
}

static void test_control(void)
{
    uint64_t cr0 = get_cr0(), cr4 = get_cr4();
    uint8_t *page = page_get();
    void *va = window_map(3, (uint64_t)page, PTE_P);

    page[0] = 1;
    at(set_cr0, cr0 & ~(1UL << 16));
    CHECK_EQUAL(at(do_write, (uint64_t)va), -1, "without CR0.WP read-only pages are written");
    CHECK_EQUAL(page[0], 0, "they are");
    at(set_cr0, cr0);
    CHECK_EQUAL(at(do_write, (uint64_t)va), PF, "with it they aren't");
    CHECK_EQUAL(at(set_cr4, cr4 ^ 1UL << 7), -1, "CR4.PGE");
    CHECK_EQUAL(get_cr4(), cr4 ^ 1UL << 7, "is kept");
    at(set_cr4, cr4);
    CHECK_EQUAL(at(set_cr8, 5), -1, "CR8");
    CHECK_EQUAL(apic_read(APIC_TPR), 0x50, "is the TPR");
    at(set_cr8, 0);
    CHECK_EQUAL(at(do_xsetbv, 7), UD, "XSETBV without CR4.OSXSAVE: #UD");
    at(set_cr4, cr4 | 1UL << 18);
    CHECK_EQUAL(at(do_xsetbv, 0), GP, "XSETBV of 0: #GP");
    CHECK_EQUAL(at(do_xsetbv, 1UL << 31 | 3), GP, "XSETBV with unknown bits: #GP");
    CHECK_EQUAL(at(do_xsetbv, 3), -1, "XSETBV of x87 and SSE");
    at(set_cr4, cr4);
}

CODE(lmsw, "lmsw %%ax")
CODE(clts, "clts")

/* Bits that are the host's, or of nothing that CPUID tells of. */
static void test_hidden(void)
{
    static const struct {
        unsigned int bit;
        const char *name;
    } refused[] = { { 12, "LA57" },   { 13, "VMXE" },  { 14, "SMXE" }, { 15, "bit 15" },
                    { 17, "PCID" },   { 22, "PKE" },   { 23, "CET" },  { 31, "bit 31" },
                    { 32, "bit 32" }, { 63, "bit 63" } };
    const struct cpuid f1 = cpuid(1, 0), f7 = cpuid(7, 0);
    const struct {
        unsigned int bit;
        bool there;
        const char *name;
    } by_cpuid[] = { { 11, f7.c & 4, "UMIP" },
                     { 16, f7.b & 1, "FSGSBASE" },
                     { 18, f1.c & 1u << 26, "OSXSAVE" },
                     { 20, f7.b & 1u << 7, "SMEP" },
                     { 21, f7.b & 1u << 20, "SMAP" } };
    uint64_t cr0 = get_cr0(), cr4 = get_cr4();

    CHECK_EQUAL(at(set_cr0, cr0 | 1UL << 30), -1, "CR0.CD");
    CHECK_EQUAL(get_cr0(), cr0 | 1UL << 30, "reads as it was set");
    CHECK_EQUAL(at(set_cr0, cr0 | 3UL << 29), -1, "CR0.NW with it");
    CHECK_EQUAL(get_cr0(), cr0 | 3UL << 29, "too");
    CHECK_EQUAL(at(set_cr0, cr0 | 3UL << 29 | 8), -1, "and TS");
    CHECK_EQUAL(at(clts, 0), -1, "CLTS");
    CHECK_EQUAL(get_cr0(), cr0 | 3UL << 29, "takes that away alone");
    CHECK_EQUAL(at(set_cr0, cr0), -1, "both off");
    CHECK_EQUAL(get_cr0(), cr0, "they are");
    CHECK_EQUAL(at(set_cr0, cr0 | 1UL << 29), GP, "CR0.NW without CD: #GP");
    CHECK_EQUAL(at(set_cr0, cr0 & ~1UL), GP, "CR0.PG without PE: #GP");
    CHECK_EQUAL(at(lmsw, (cr0 ^ 4) & 0xf), -1, "LMSW");
    CHECK_EQUAL(get_cr0(), cr0 ^ 4, "does what it should");
    at(set_cr0, cr0);
    CHECK_EQUAL(at(set_cr4, cr4 ^ 1UL << 6), -1, "CR4.MCE");
    CHECK_EQUAL(get_cr4(), cr4 ^ 1UL << 6, "reads as it was set");
    at(set_cr4, cr4);
    CHECK_EQUAL(get_cr4(), cr4, "and reset");
    CHECK_EQUAL(at(set_cr4, cr4 & ~(1UL << 5)), GP, "CR4.PAE can't go in long mode");
    for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++)
        CHECK_EQUAL(at(set_cr4, cr4 | 1UL << refused[i].bit), GP, "CR4 without %s",
                    refused[i].name);
    for (unsigned int i = 0; i < ARRAY_SIZE(by_cpuid); i++) {
        /* The kernel's pages are the user's too: SMEP and SMAP would stop it. */
        if (by_cpuid[i].there && by_cpuid[i].bit >= 20)
            continue;
        CHECK_EQUAL(at(set_cr4, cr4 | 1UL << by_cpuid[i].bit), by_cpuid[i].there ? -1 : GP,
                    "CR4.%s as CPUID says", by_cpuid[i].name);
    }
    at(set_cr4, cr4);
}

static void test_ports(void)
{
    uint8_t b;
    uint32_t l;

    __asm__ __volatile__("inb $0xe9, %0" : "=a"(b));
    CHECK_EQUAL(b, 0xe9, "the debug port answers");
    __asm__ __volatile__("inb %1, %0" : "=a"(b) : "d"((uint16_t)0x20));
    CHECK_EQUAL(b, 0xff, "no PIC");
    __asm__ __volatile__("inl %1, %0" : "=a"(l) : "d"((uint16_t)0x21));
    CHECK_EQUAL(l, 0xffffffff, "32 bits of it");
}

/* Long mode off, paging off, on again, and back: what a kexec does. */
uint32_t mode_seen;
void mode_round_trip(void);
__asm__(".text\n"
        "mode_round_trip:\n"
        "    push %rbx\n"
        "    push $0x18\n"
        "    push $1f\n"
        "    lretq\n"
        "    .code32\n"
        "1:  mov $0x10, %eax\n"
        "    mov %eax, %ds\n"
        "    mov %eax, %ss\n"
        "    mov %cr0, %eax\n"
        "    and $0x7fffffff, %eax\n"
        "    mov %eax, %cr0\n"
        "    mov $0xc0000080, %ecx\n"
        "    rdmsr\n"
        "    mov %eax, mode_seen\n"
        "    and $~0x100, %eax\n"
        "    wrmsr\n"
        "    mov $0x40000000, %eax\n"
        "    cpuid\n"
        "    mov $0xc0000080, %ecx\n"
        "    rdmsr\n"
        "    or $0x100, %eax\n"
        "    wrmsr\n"
        "    mov %cr0, %eax\n"
        "    or $0x80000000, %eax\n"
        "    mov %eax, %cr0\n"
        "    ljmp $0x08, $2f\n"
        "    .code64\n"
        "2:  mov $0x2b, %eax\n"
        "    mov %eax, %ds\n"
        "    pop %rbx\n"
        "    ret\n");

void test_main(void)
{
    test_exceptions();
    test_page_faults();
    test_user();
    test_instructions();
    test_control();
    test_hidden();
    test_ports();
    mode_round_trip();
    CHECK_EQUAL(mode_seen & 0x500, 0x100, "without paging LMA is off");
    CHECK_EQUAL(rdmsr(MSR_EFER) & 0x500, 0x500, "and on again after");
    CHECK_EQUAL(hcall2(xen_version, XENVER_version, NULL), 4 << 16 | 17,
                "hypercalls work as before");
}
