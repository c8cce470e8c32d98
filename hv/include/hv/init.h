/* SPDX-License-Identifier: MIT */
/* The core's part of the boot (core/init.c), called by the architecture's. */
#ifndef HV_INIT_H
#define HV_INIT_H

#include <hv/domain.h>

/* After the page allocator and time: scheduler, softirqs. */
void core_init(void);
/* Dom0 is built: set it going. */
void core_start(struct domain *d);
/* The life of a CPU: softirqs, the current vCPU's guest, or idle. */
void cpu_loop(void) __noreturn;

void timer_init_cpu(void);
void grace_init(void);
void console_io_init(void);

#endif
