/* SPDX-License-Identifier: MIT */
/*
 * What micro-kernels are made of. Each is a file with test_main(), booted by the
 * hypervisor as dom0: 64-bit mode, interrupts off, the first 8 GiB mapped to themselves.
 * When test_main() returns, the plan is printed and the machine switched off.
 */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

enum {
#define XEN_ERRNO(name, value) E_##name = (value),
#include <xen/errno.h>
};
#undef XEN_ERRNO

#define PAGE_SIZE     4096UL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ACCESS(x)     (*(volatile typeof(x) *)&(x))
#define barrier()     __asm__ __volatile__("" : : : "memory")
#define MAX_VCPUS     4

/* --- what the test file provides --------------------------------------------------------- */

void test_main(void);
/* What the same kernel does when the test has started it as another domain (domain_start). */
void child_main(uint64_t arg);

/* --- results, as TAP (lib.c) ---------------------------------------------------------------- */

int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* To the hypervisor's console. Lines longer than 255 bytes are cut. */
void printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* One result; false goes with where it was. Returns @good. */
bool check(bool good, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool check_equal(int64_t got, int64_t want, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
#define CHECK(good, ...) check(good, __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_EQUAL(got, want, ...)                                                                \
    check_equal((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, __VA_ARGS__)
/* Results from now on are expected to fail, for this reason (a known bug); NULL: no more. */
void expect_failure(const char *why);
void skip(const char *what, const char *why);
/* Ends the run without a plan, which fails it. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Whether the kernel was given this word on its command line. */
bool option(const char *word);

void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

/* --- hypercalls (lib.c) --------------------------------------------------------------------- */

extern uint8_t hypercall_page[PAGE_SIZE];

struct hcall_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};
void hypercall_regs(struct hcall_regs *r, const void *entry);

/* By the page's entries, behind the load of the number: so any number can be given. */
static inline long hypercall(unsigned long nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t a5)
{
    register uint64_t r10 __asm__("r10") = a4;
    register uint64_t r8 __asm__("r8") = a5;
    long rc;

    __asm__ __volatile__("call hypercall_page + 5"
                         : "=a"(rc), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                         : "a"(nr)
                         : "memory", "cc");
    return rc;
}

#define hcall1(nr, a)    hypercall(__HYPERVISOR_##nr, (uint64_t)(a), 0, 0, 0, 0)
#define hcall2(nr, a, b) hypercall(__HYPERVISOR_##nr, (uint64_t)(a), (uint64_t)(b), 0, 0, 0)
#define hcall3(nr, a, b, c)                                                                        \
    hypercall(__HYPERVISOR_##nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0)

static inline long memory_op(unsigned int cmd, void *arg)
{
    return hcall2(memory_op, cmd, arg);
}

static inline long event_op(int cmd, void *arg)
{
    return hcall2(event_channel_op, cmd, arg);
}

static inline long grant_op(unsigned int cmd, void *arg, unsigned int count)
{
    return hcall3(grant_table_op, cmd, arg, count);
}

static inline long sched_op(int cmd, void *arg)
{
    return hcall2(sched_op, cmd, arg);
}

static inline long vcpu_op(int cmd, unsigned int vcpu, void *arg)
{
    return hcall3(vcpu_op, cmd, vcpu, arg);
}

static inline long hvm_op(int cmd, void *arg)
{
    return hcall2(hvm_op, cmd, arg);
}

static inline void yield(void)
{
    sched_op(SCHEDOP_yield, NULL);
}

/* Fills in the interface's version. */
long domctl(uint32_t cmd, domid_t domid, struct xen_domctl *op);
long sysctl(uint32_t cmd, struct xen_sysctl *op);
uint64_t host_free_pages(void);

/* --- the processor (cpu.c) -------------------------------------------------------------------- */

struct frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct cpu {
    struct cpu *self;
    unsigned int id;
    uint64_t resume_sp; /* where trap_call goes on after an exception; 0: none is expected */
    struct frame trap;  /* the last exception that one was stopped by */
    uint64_t trap_cr2;
    uint32_t irqs[256]; /* interrupts taken */
    struct vcpu_info *info;
};

static inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__ __volatile__("mov %%gs:0, %0" : "=r"(c));
    return c;
}

extern struct cpu cpus[MAX_VCPUS];

/* fn(arg); -1, or the exception's vector (details in this_cpu()->trap). */
int trap_call(void (*fn)(void *), void *arg);
/* The same in user mode, until fn causes an exception or executes INT 0x80 (vector 0x80). */
int user_call(void (*fn)(void));
extern void (*irq_handler[256])(struct frame *f);

static inline void irq_on(void)
{
    __asm__ __volatile__("sti; nop" : : : "memory");
}

static inline void irq_off(void)
{
    __asm__ __volatile__("cli" : : : "memory");
}

/* Waits for an interrupt, which is taken; off again afterwards. */
static inline void halt(void)
{
    __asm__ __volatile__("sti; hlt; cli" : : : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ __volatile__("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (uint64_t)hi << 32 | lo;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    __asm__ __volatile__("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
    return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ __volatile__("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"(v >> 32) : "memory");
}

/* False: #GP. */
bool rdmsr_safe(uint32_t msr, uint64_t *value);
bool wrmsr_safe(uint32_t msr, uint64_t value);

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid r;

    __asm__ __volatile__("cpuid"
                         : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                         : "0"(leaf), "2"(sub));
    return r;
}

#define MSR_APIC_BASE    0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_PAT          0x277
#define MSR_EFER         0xc0000080

/* Local APIC registers, by MSR: x2APIC mode is switched on at the start. */
#define APIC_ID       0x02
#define APIC_VERSION  0x03
#define APIC_TPR      0x08
#define APIC_PPR      0x0a
#define APIC_EOI      0x0b
#define APIC_LDR      0x0d
#define APIC_SVR      0x0f
#define APIC_ISR      0x10
#define APIC_IRR      0x20
#define APIC_ESR      0x28
#define APIC_ICR      0x30
#define APIC_TIMER    0x32
#define APIC_INITIAL  0x38
#define APIC_CURRENT  0x39
#define APIC_DIVIDE   0x3e
#define APIC_SELF_IPI 0x3f

/* The test has left x2APIC mode: interrupts are ended through memory. */
extern bool xapic_mode;

static inline uint64_t apic_read(unsigned int reg)
{
    return rdmsr(0x800 + reg);
}

static inline void apic_write(unsigned int reg, uint64_t v)
{
    wrmsr(0x800 + reg, v);
}

/*
 * Starts vCPU @id by INIT and SIPI; fn runs on it, then it waits for more to do, with
 * interrupts on. False: it did not come.
 */
bool ap_start(unsigned int id, void (*fn)(void));
/* Has vCPU @id (started before) run fn; ap_wait() waits for its end; ap_run() does both. */
void ap_begin(unsigned int id, void (*fn)(void));
bool ap_wait(unsigned int id, unsigned int ms);
void ap_run(unsigned int id, void (*fn)(void));
unsigned int nr_vcpus(void);

/* Maps @pa in place @i (below 512) of a window of pages, of which the rest is not mapped. */
void *window_map(unsigned int i, uint64_t pa, uint64_t flags);
void window_unmap(unsigned int i);
#define PTE_P         1UL
#define PTE_W         2UL
#define PTE_U         4UL
#define PTE_NX        (1UL << 63)
#define NON_CANONICAL ((void *)0x8000000000000000UL)

/* --- time and shared pages (shared.c) -----------------------------------------------------------
 */

extern struct shared_info *shared_info;
extern const struct hvm_start_info *start_info;

/* Guest frames that nothing is at, above RAM. */
uint64_t hole_alloc(unsigned int pages);
/* A page of the guest's own, 4 KiB aligned, zeroed, never given back; it may be taken away. */
void *page_get(void);

void shared_init(void);
/* Nanoseconds of system time, by the calling vCPU's time record. */
uint64_t now(void);
#define MS 1000000UL

/* Whoever waits lets others have the CPU (by hypercall); else it spins, which nothing interrupts.
 */
extern bool wait_yields;

static inline void relax(void)
{
    if (wait_yields)
        yield();
    else
        __asm__ __volatile__("pause" : : : "memory");
}

/* Waits with interrupts on; false after @ms milliseconds. */
#define WAIT_FOR(cond, ms)                                                                         \
    ({                                                                                             \
        uint64_t end_ = now() + (ms)*MS;                                                           \
        bool ok_;                                                                                  \
        irq_on();                                                                                  \
        while (!(ok_ = (cond)) && now() < end_)                                                    \
            relax();                                                                               \
        irq_off();                                                                                 \
        ok_;                                                                                       \
    })

/* Event upcalls by this vector; pending ports are counted and cleared. */
#define EVENT_VECTOR 0xf3
#define MAX_PORTS    4096
extern uint32_t event_count[MAX_PORTS];
extern uint8_t event_vcpu[MAX_PORTS]; /* which took it last */
void events_init(void);
void event_unmask(evtchn_port_t port);
void event_mask(evtchn_port_t port);
bool event_is_pending(evtchn_port_t port);
/* On the calling vCPU; from then on the domain uses FIFO event channels. */
long fifo_init(void);
extern bool fifo_used;

/* --- other domains (domain.c)
 * --------------------------------------------------------------------- */

#define CHILD_PAGES    64 /* of a child's memory besides its kernel, from CHILD_BASE on */
#define CHILD_BASE     0x800000UL
#define CHILD_LOW_PAGE 0x8000UL /* to start further vCPUs in */

/* Creates a domain with its memory; < 0: an error, else its number. */
long domain_create(unsigned int vcpus, unsigned int max_pages);
/* Loads this kernel into it and lets it run child_main(arg). */
long domain_start(domid_t domid, uint64_t arg);
long domain_load(domid_t domid, uint64_t arg);
/* Lets it run in a state that the CPU refuses to enter. */
long domain_start_refused(domid_t domid);
/* Maps a frame of it into a hole. NULL: an error. */
void *foreign_map(domid_t domid, uint64_t gfn);
long foreign_unmap(void *at);
long domain_populate(domid_t domid, uint64_t gfn, unsigned int count, unsigned int order);
/* Destroys it, to the end. */
long domain_destroy(domid_t domid);
long domain_pause(domid_t domid);
long domain_unpause(domid_t domid);
/* Waits until it is gone: its last references. */
bool domain_gone(domid_t domid);
bool domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info);

#endif
