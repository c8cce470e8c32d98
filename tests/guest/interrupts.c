/* SPDX-License-Identifier: MIT */
/* When an interrupt is delivered: by priority, and not before the guest lets it in. */
#include "lib.h"

#define GP 13

static void set_cr8(uint64_t v)
{
    __asm__ __volatile__("mov %0, %%cr8" : : "r"(v) : "memory");
}

static uint64_t get_cr8(void)
{
    uint64_t v;

    __asm__ __volatile__("mov %%cr8, %0" : "=r"(v));
    return v;
}

static uint32_t taken(uint8_t vector)
{
    return ACCESS(this_cpu()->irqs[vector]);
}

static void send(uint8_t vector)
{
    apic_write(APIC_SELF_IPI, vector);
}

/* By another register: the instruction has a further bit of it in its prefix. */
static void set_cr8_by_r10(void *arg)
{
    __asm__ __volatile__("mov %0, %%r10; mov %%r10, %%cr8" : : "r"(arg) : "r10", "memory");
}

static void test_tpr(void)
{
    set_cr8(5);
    CHECK_EQUAL(apic_read(APIC_TPR), 0x50, "CR8 is the TPR's upper half");
    CHECK_EQUAL(apic_read(APIC_PPR), 0x50, "and the processor's priority");
    apic_write(APIC_TPR, 0x73);
    CHECK_EQUAL(get_cr8(), 7, "the TPR is CR8");
    CHECK_EQUAL(apic_read(APIC_TPR), 0x73, "its lower half is kept");
    set_cr8(0);
    CHECK_EQUAL(apic_read(APIC_TPR), 0, "0 again");
}

static void test_held_back(void)
{
    irq_on();
    set_cr8(6);
    send(0x6f);
    send(0x58);
    CHECK_EQUAL(taken(0x6f) + taken(0x58), 0, "vectors that are not above CR8 wait");
    send(0x70);
    CHECK_EQUAL(taken(0x70), 1, "one above does not");
    set_cr8(6);
    CHECK_EQUAL(taken(0x6f), 0, "they wait on");
    CHECK_EQUAL(get_cr8(), 6, "CR8 reads as written");
    CHECK_EQUAL(trap_call(set_cr8_by_r10, (void *)0x10), GP, "CR8 has four bits");
    irq_on();
    set_cr8_by_r10((void *)5);
    CHECK_EQUAL(taken(0x6f), 1, "a lower CR8 lets the first in at once");
    CHECK_EQUAL(taken(0x58), 0, "and not the second");
    irq_off();
    set_cr8(4);
    CHECK_EQUAL(taken(0x58), 0, "nothing while interrupts are off");
    irq_on();
    CHECK_EQUAL(taken(0x58), 1, "but then");
    irq_off();
    apic_write(APIC_TPR, 0x60);
    send(0x61);
    irq_on();
    CHECK_EQUAL(taken(0x61), 0, "held back by the TPR register");
    apic_write(APIC_TPR, 0x50);
    CHECK_EQUAL(taken(0x61), 1, "until that is written");
    set_cr8(0);
    irq_off();
}

/* In the handler of 0x85: what is sent there, and CR8 around it. */
static uint32_t inside[3];

static void nested(struct frame *f)
{
    send(0x75);
    send(0x95);
    set_cr8(9);
    irq_on();
    inside[0] = taken(0x75) + taken(0x95);
    set_cr8(0);
    inside[1] = taken(0x95);
    inside[2] = taken(0x75);
    irq_off();
}

static void test_in_service(void)
{
    irq_handler[0x85] = nested;
    irq_on();
    send(0x85);
    CHECK_EQUAL(inside[0], 0, "in a handler, with CR8 above all: nothing");
    CHECK_EQUAL(inside[1], 1, "CR8 lowered: what is above the one in service");
    CHECK_EQUAL(inside[2], 0, "nothing below it");
    CHECK_EQUAL(taken(0x75), 1, "that comes when it is ended");
    irq_off();
}

/* --- NMIs ------------------------------------------------------------------------------------- */

extern const uint8_t trap_iret[];
static volatile uint32_t nmis, nmi_depth, nmi_deepest, nmis_before_iret, nmis_stepped;

static void send_nmi(void)
{
    apic_write(APIC_ICR, 0x400);
}

/* The first sends two more, which become one. */
static void on_nmi(struct frame *f)
{
    nmi_depth++;
    if (nmi_depth > nmi_deepest)
        nmi_deepest = nmi_depth;
    if (f->rip == (uint64_t)trap_iret)
        nmis_before_iret++;
    if (f->rflags & 0x100)
        nmis_stepped++;
    if (nmis++ == 0) {
        send_nmi();
        send_nmi();
    }
    nmi_depth--;
}

static void shadowed_nmi(void *arg)
{
    /* SS is loaded, what follows is in its shadow: the first of the two is executed in any case. */
    __asm__ __volatile__("mov %%ss, %%eax\n"
                         "mov $0x830, %%ecx\n"
                         "mov %%eax, %%ebx\n"
                         "xor %%edx, %%edx\n"
                         "mov $0x400, %%eax\n"
                         "mov %%ebx, %%ss\n"
                         "wrmsr"
                         :
                         :
                         : "eax", "ebx", "ecx", "edx", "memory");
}

static void test_nmi(void)
{
    irq_handler[2] = on_nmi;
    irq_off();
    send_nmi();
    CHECK(nmis >= 1, "an NMI does not wait for interrupts to be on");
    CHECK_EQUAL(nmis, 2, "of those sent meanwhile one is kept");
    CHECK_EQUAL(nmi_deepest, 1, "until the handler is through");
    CHECK_EQUAL(nmis_before_iret, 0, "and has returned");
    CHECK_EQUAL(nmis_stepped, 0, "with the flags that there were");
    send_nmi();
    CHECK_EQUAL(nmis, 3, "the next is let in again");
    shadowed_nmi(NULL);
    CHECK_EQUAL(nmis, 4, "also behind a load of SS");
    irq_on();
    send_nmi();
    CHECK_EQUAL(nmis, 5, "with interrupts on as well");
    irq_off();
}

/* An NMI and a vector at once: the NMI's handler first, and the vector's when that is through. */
static volatile uint32_t nmis_at_vector;

static void on_vector(struct frame *f)
{
    nmis_at_vector = nmis;
}

static void test_nmi_and_vector(void)
{
    uint32_t before = nmis;

    irq_handler[0x66] = on_vector;
    irq_off();
    send(0x66);
    CHECK_EQUAL(taken(0x66), 0, "a vector waits for interrupts to be on");
    send_nmi();
    CHECK_EQUAL(nmis, before + 1, "an NMI passes it");
    CHECK_EQUAL(taken(0x66), 0, "it waits on");
    irq_on();
    CHECK_EQUAL(taken(0x66), 1, "and comes when they are");
    CHECK_EQUAL(nmis_at_vector, before + 1, "behind the NMI");
    irq_off();
}

void test_main(void)
{
    test_nmi();
    test_nmi_and_vector();
    test_tpr();
    test_held_back();
    test_in_service();
}
