/* SPDX-License-Identifier: MIT */
/*
 * The posted-interrupt descriptor (SDM 3, table 30-1; VT-d 9.12), as CPUs and IOMMUs know it:
 * whoever has an interrupt for the vCPU sets its bit in requests; if none was outstanding, and
 * notices are not suppressed, it sets POSTED_OUTSTANDING and sends the notice: a vector to a CPU.
 *
 * posted.c has what the descriptor must say where a vCPU is, so that the interrupts of a device
 * reach it. No device's do before the IOMMU is driven: until then it is linked to its unit test
 * only, and apicv.c sends the notices of the hypervisor's own itself.
 */
#ifndef X86_VMX_POSTED_H
#define X86_VMX_POSTED_H

#include <hv/list.h>
#include <hv/lock.h>

struct posted {
    uint64_t requests[4]; /* a bit for each vector */
    uint64_t state;       /* POSTED_*; changed by the IOMMU too, so atomically */
    uint64_t reserved[3];
};

#define POSTED_OUTSTANDING     1UL
#define POSTED_SUPPRESSED      2UL /* no notice, unless the interrupt is urgent */
#define POSTED_VECTOR(v)       ((uint64_t)(v) << 16)
#define POSTED_DESTINATION(id) ((uint64_t)(id) << 32) /* x2APIC id; xAPIC: posted_xapic_id */
#define POSTED_NOTICE          (0xffUL << 16 | ~0UL << 32)

/* In xAPIC mode the destination's id stands in bits 8 to 15. */
static inline uint32_t posted_xapic_id(uint8_t id)
{
    return (uint32_t)id << 8;
}

/*
 * vCPUs that wait on a CPU: for any of them the CPU is sent the wake-up vector, which does not
 * say for which. One list a CPU.
 */
struct posted_waiters {
    spinlock_t lock;
    struct list_head list;
    uint32_t destination; /* the CPU's, as a descriptor has it */
    uint8_t vector;       /* the wake-up vector */
};

struct posted_vcpu {
    struct posted *descriptor;
    struct posted_waiters *waits_on; /* NULL: it does not; changed under that one's lock */
    struct list_head link;
};

void posted_waiters_init(struct posted_waiters *w, uint32_t destination, uint8_t vector);
void posted_vcpu_init(struct posted_vcpu *v, struct posted *descriptor);

/*
 * Each of these by the CPU that the vCPU is on, or comes to. It runs: notices interrupt it there,
 * by @vector. True: something came while there were none, and is to be delivered at the entry.
 */
bool posted_run(struct posted_vcpu *v, uint32_t destination, uint8_t vector);
/* It could run, and does not: only urgent interrupts are worth a notice, to where it ran. */
void posted_preempt(struct posted_vcpu *v);
/* It is about to wait for an interrupt. False: there is one, it runs again. */
bool posted_block(struct posted_vcpu *v, struct posted_waiters *w);
/* It was woken, by whatever, or ends: nobody looks at it any more when this returns. */
void posted_unblock(struct posted_vcpu *v);
/* The wake-up vector came, in softirq context: @wake, under the list's lock, whoever has something.
 */
void posted_wake(struct posted_waiters *w, void (*wake)(struct posted_vcpu *v));

#endif
