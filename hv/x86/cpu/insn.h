/* SPDX-License-Identifier: MIT */
/* Single instructions as functions. */
#ifndef X86_CPU_INSN_H
#define X86_CPU_INSN_H

#include <hv/types.h>

#define DEFINE_READ_REG(name, reg)                                                                 \
    static inline uint64_t name(void)                                                              \
    {                                                                                              \
        uint64_t v;                                                                                \
        __asm__ __volatile__("mov %%" reg ", %0" : "=r"(v));                                       \
        return v;                                                                                  \
    }
#define DEFINE_WRITE_REG(name, reg)                                                                \
    static inline void name(uint64_t v)                                                            \
    {                                                                                              \
        __asm__ __volatile__("mov %0, %%" reg : : "r"(v) : "memory");                              \
    }

DEFINE_READ_REG(read_cr0, "cr0")
DEFINE_READ_REG(read_cr2, "cr2")
DEFINE_READ_REG(read_cr3, "cr3")
DEFINE_READ_REG(read_cr4, "cr4")
DEFINE_READ_REG(read_dr0, "dr0")
DEFINE_READ_REG(read_dr1, "dr1")
DEFINE_READ_REG(read_dr2, "dr2")
DEFINE_READ_REG(read_dr3, "dr3")
DEFINE_READ_REG(read_dr6, "dr6")
DEFINE_WRITE_REG(write_cr0, "cr0")
DEFINE_WRITE_REG(write_cr2, "cr2")
DEFINE_WRITE_REG(write_cr3, "cr3")
DEFINE_WRITE_REG(write_cr4, "cr4")
DEFINE_WRITE_REG(write_dr0, "dr0")
DEFINE_WRITE_REG(write_dr1, "dr1")
DEFINE_WRITE_REG(write_dr2, "dr2")
DEFINE_WRITE_REG(write_dr3, "dr3")
DEFINE_WRITE_REG(write_dr6, "dr6")
DEFINE_WRITE_REG(write_dr7, "dr7")

/* DR0-3 */
static inline void read_breakpoints(uint64_t dr[4])
{
    dr[0] = read_dr0();
    dr[1] = read_dr1();
    dr[2] = read_dr2();
    dr[3] = read_dr3();
}

static inline void write_breakpoints(const uint64_t dr[4])
{
    write_dr0(dr[0]);
    write_dr1(dr[1]);
    write_dr2(dr[2]);
    write_dr3(dr[3]);
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    __asm__ __volatile__("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return lo | (uint64_t)hi << 32;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ __volatile__("wrmsr"
                         :
                         : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
                         : "memory");
}

/* False instead of #GP when the CPU does not have it. */
static inline bool rdmsr_safe(uint32_t msr, uint64_t *v)
{
    uint32_t lo, hi;
    uint8_t ok;

    __asm__ __volatile__("1: rdmsr\n"
                         "mov $1, %2\n"
                         "jmp 3f\n"
                         "2: xor %0, %0; xor %1, %1; mov $0, %2\n"
                         "3:\n"
                         ".pushsection .extable, \"a\"\n"
                         ".balign 4\n"
                         ".long 1b - ., 2b - .\n"
                         ".popsection"
                         : "=&a"(lo), "=&d"(hi), "=&q"(ok)
                         : "c"(msr));
    *v = lo | (uint64_t)hi << 32;
    return ok;
}

static inline bool wrmsr_safe(uint32_t msr, uint64_t v)
{
    uint8_t ok;

    __asm__ __volatile__("1: wrmsr\n"
                         "mov $1, %0\n"
                         "jmp 3f\n"
                         "2: mov $0, %0\n"
                         "3:\n"
                         ".pushsection .extable, \"a\"\n"
                         ".balign 4\n"
                         ".long 1b - ., 2b - .\n"
                         ".popsection"
                         : "=&q"(ok)
                         : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
                         : "memory");
    return ok;
}

struct cpuid_regs {
    uint32_t a, b, c, d;
};

static inline struct cpuid_regs cpuid_count(uint32_t leaf, uint32_t sub)
{
    struct cpuid_regs r;

    __asm__ __volatile__("cpuid"
                         : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                         : "a"(leaf), "c"(sub));
    return r;
}

static inline struct cpuid_regs cpuid(uint32_t leaf)
{
    return cpuid_count(leaf, 0);
}

static inline void outb(uint16_t port, uint8_t v)
{
    __asm__ __volatile__("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
    __asm__ __volatile__("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t v)
{
    __asm__ __volatile__("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t v;

    __asm__ __volatile__("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t v;

    __asm__ __volatile__("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t v;

    __asm__ __volatile__("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ __volatile__("rdtsc" : "=a"(lo), "=d"(hi));
    return lo | (uint64_t)hi << 32;
}

static inline void irq_enable(void)
{
    __asm__ __volatile__("sti" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ __volatile__("cli" : : : "memory");
}

static inline bool irq_enabled(void)
{
    uint64_t f;

    __asm__ __volatile__("pushfq; pop %0" : "=r"(f));
    return f & 0x200;
}

static inline void cpu_pause(void)
{
    __asm__ __volatile__("pause" : : : "memory");
}

static inline void invlpg(vaddr_t va)
{
    __asm__ __volatile__("invlpg (%0)" : : "r"(va) : "memory");
}

#define MSR_APIC_BASE     0x1b
#define MSR_MISC_ENABLE   0x1a0
#define MSR_PAT           0x277
#define MSR_X2APIC        0x800
#define MSR_EFER          0xc0000080
#define MSR_STAR          0xc0000081
#define MSR_LSTAR         0xc0000082
#define MSR_CSTAR         0xc0000083
#define MSR_SFMASK        0xc0000084
#define MSR_FS_BASE       0xc0000100
#define MSR_GS_BASE       0xc0000101
#define MSR_KERNEL_GS     0xc0000102
#define MSR_TSC_AUX       0xc0000103
#define MSR_SYSENTER_CS   0x174
#define MSR_SYSENTER_ESP  0x175
#define MSR_SYSENTER_EIP  0x176
#define MSR_DEBUGCTL      0x1d9
#define MSR_TSC           0x10
#define MSR_TSC_DEADLINE  0x6e0
#define MSR_MTRR_CAP      0xfe
#define MSR_MTRR_DEF_TYPE 0x2ff

#endif
