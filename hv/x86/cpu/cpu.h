/* SPDX-License-Identifier: MIT */
/* Host CPUs: descriptor tables, stacks, traps, interrupts, start-up. */
#ifndef X86_CPU_CPU_H
#define X86_CPU_CPU_H

#include <hv/percpu.h>

#include "x86/cpu/insn.h"
#include "x86/x86.h"

#define SEL_CODE64      0x08
#define SEL_DATA        0x10
#define SEL_TSS         0x18

#define CPU_STACK_PAGES 4
#define IST_PAGES       2
/* Interrupt stacks (APM 2, 8.9.4), each with a guard page below. */
enum ist { IST_NONE, IST_NMI, IST_DF, IST_MC, NR_IST };

/* Host vectors. Devices get those from VECTOR_DEVICE_FIRST to _LAST. */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST  0xdf
#define VECTOR_KICK         0xf0 /* does nothing but interrupt */
#define VECTOR_TIMER        0xf1
#define VECTOR_POSTED       0xf2 /* wakes a guest's posted interrupts; to the host it says nothing */
#define VECTOR_SPURIOUS     0xff

struct irq;

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, iomap;
} __packed;

struct arch_cpu {
    uint64_t gdt[8];
    struct tss tss;
    uint32_t apic_id;
    vaddr_t stack_top;

    bool in_guest; /* between the last check before an entry and the exit */
    uint64_t asid_next, asid_generation;
    paddr_t svm_host_vmcb;             /* host state for VMLOAD */
    uint64_t tsc_aux;                  /* what MSR_TSC_AUX is */
    struct vcpu *loaded;               /* whose registers and FPU are on this CPU */
    uint64_t exits[NR_VMEXIT_REASONS]; /* of guests from here; others read them as they are */

    uint64_t irq_pending[4];    /* vectors recorded, waiting for SOFTIRQ_IRQ */
    unsigned int irq_eois_owed; /* of level-triggered ones, not acknowledged yet */
    struct irq *irq[VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1];
};

/* What the trap stubs push (trap_stubs.S). */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

void uart_init(uint16_t base);
void uart_enable_rx_interrupt(void);
uint16_t uart_port(void);
/* Its ISA interrupt. */
uint8_t uart_irq_line(void);

/* This CPU's GDT, TSS, IDT and GS. */
void cpu_desc_init(struct cpu *c);
void idt_init(void);
/* Boot: what the boot CPU has of feature.h. */
void cpu_features_detect(void);
/* Feature bits, CR4 and EFER of this CPU. */
void cpu_features_init(void);
void trap_handler(struct trap_frame *f);
/* An interrupt that the CPU has accepted already. Interrupts off. */
void host_interrupt(uint8_t vector);

/* Local APIC of the host, in either mode. */
void apic_init_bsp(void);
void apic_init_cpu(void);
uint32_t apic_id(void);
void apic_eoi(void);
void apic_send(uint32_t dest, uint32_t icr_low);
void apic_send_vector(uint32_t dest, uint8_t vector);
void apic_calibrate(void);
bool apic_is_x2apic(void);

/* Time of the host. */
void time_init(void);
extern uint64_t tsc_khz;
/* As in <xen/xen.h>'s vcpu_time_info: ns = (tsc - tsc_origin) scaled. */
extern uint32_t tsc_to_ns_mul;
extern int8_t tsc_to_ns_shift;
extern uint64_t tsc_origin;
/* Nanoseconds since 1970 when time_now() was 0. */
extern uint64_t wallclock_boot_ns;
void delay_us(uint64_t us);

struct clock_sample {
    uint64_t tsc;
    uint32_t counter;
};
struct clock_sample clock_sample(uint32_t (*read)(void));

void smp_start_others(void);
/* The boot CPU's stacks, once there is an allocator. */
void cpu_give_bsp_stacks(void);
void stack_switch_to_loop(vaddr_t stack_top) __noreturn;

/* irq.c: host interrupts */
void irq_record(uint8_t vector);
/* The others are halted by an NMI, for good; interrupts are off from here on. */
void cpus_stop_others(void);
extern volatile bool cpus_stop;

/* "symbol+0xoff", or the bare address. */
const char *symbol_lookup(vaddr_t addr, uint64_t *offset);

extern struct cpu bsp_cpu;

#endif
