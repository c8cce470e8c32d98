/* SPDX-License-Identifier: MIT */
#include <hv/arch.h>
#include <hv/init.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/softirq.h>

void core_init(void)
{
    softirq_set_handler(SOFTIRQ_SCHEDULE, sched_run);
    timer_init_cpu();
    grace_init();
    sched_init();
    sched_init_cpu(0);
    console_io_init();
}

void core_start(struct domain *d)
{
    log_info("dom%u: %u vCPU%s, %u MiB\n", d->domid, d->max_vcpus, d->max_vcpus == 1 ? "" : "s",
             d->tot_pages >> 8);
    domain_unpause_by_controller(d);
}

void cpu_loop(void)
{
    for (;;) {
        struct vcpu *v;

        softirq_run();
        v = current;
        if (v)
            arch_vcpu_run(v);
        else if (!page_alloc_scrub_some())
            arch_cpu_idle();
    }
}
