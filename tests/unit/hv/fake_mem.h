/* SPDX-License-Identifier: MIT */
/*
 * What the memory code's unit tests stand on: an arena as the machine's RAM
 * with its frame table, one CPU, and domains that only count references. The
 * allocator itself is the real one.
 */
#ifndef UNIT_FAKE_MEM_H
#define UNIT_FAKE_MEM_H

#include <hv/domain.h>
#include <hv/page_alloc.h>

/* Two nodes with a hole between them, and some memory above 4 GiB. */
#define FAKE_NODE0_START 0UL
#define FAKE_NODE0_END   3000UL
#define FAKE_NODE1_START 5000UL
#define FAKE_NODE1_END   9096UL
#define FAKE_HIGH_START  (1UL << 20)
#define FAKE_HIGH_END    ((1UL << 20) + 1536)

extern struct cpu fake_cpu;

/*
 * Makes the calling thread CPU @id (1 and up), until fake_cpu_leave. The main
 * thread is CPU 0. With more than one, waiting for a lock is no failure.
 */
void fake_cpu_enter(unsigned int id);
void fake_cpu_leave(void);

/* Once for each program: maps the arena and gives it to the allocator. */
void fake_mem_setup(void);
/* Empties the CPU's cache and scrubs: what is free is then in the largest blocks. */
void fake_mem_settle(void);

/* Domains with id below 8, with one reference, and 2^20 pages at most. */
struct domain *fake_domain_new(domid_t domid);
unsigned int fake_domain_refcount(domid_t domid);
/* Drops the reference; it must be the last. */
void fake_domain_delete(struct domain *d);

/* A small random generator with a seed: the same run each time. */
uint32_t fake_random(void);
extern uint32_t fake_seed;

#endif
