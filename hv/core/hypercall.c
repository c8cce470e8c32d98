/* SPDX-License-Identifier: MIT */
/* THE table of hypercalls, their dispatch, preemption, and multicall. */
#include <stdarg.h>

#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/grant.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include <hv/string.h>

typedef long hypercall_fn(const uint64_t *a);

#define HANDLE(type, v) ((XEN_GUEST_HANDLE(type)){ (type *)(v) })

static long memory_op(const uint64_t *a)
{
    return do_memory_op(a[0], HANDLE(void, a[1]));
}

static long set_timer_op(const uint64_t *a)
{
    return do_set_timer_op(a[0]);
}

static long multicall(const uint64_t *a)
{
    return do_multicall(HANDLE(multicall_entry_t, a[0]), (unsigned int)a[1]);
}

static long xen_version(const uint64_t *a)
{
    return do_xen_version((int)a[0], HANDLE(void, a[1]));
}

static long console_io(const uint64_t *a)
{
    return do_console_io((unsigned int)a[0], (unsigned int)a[1], HANDLE(char, a[2]));
}

static long grant_table_op(const uint64_t *a)
{
    return do_grant_table_op((unsigned int)a[0], HANDLE(void, a[1]), (unsigned int)a[2]);
}

static long vcpu_op(const uint64_t *a)
{
    return do_vcpu_op((int)a[0], (unsigned int)a[1], HANDLE(void, a[2]));
}

static long sched_op(const uint64_t *a)
{
    return do_sched_op((int)a[0], HANDLE(void, a[1]));
}

static long event_channel_op(const uint64_t *a)
{
    return do_event_channel_op((int)a[0], HANDLE(void, a[1]));
}

static long physdev_op(const uint64_t *a)
{
    return do_physdev_op((int)a[0], HANDLE(void, a[1]));
}

static long hvm_op(const uint64_t *a)
{
    return do_hvm_op(a[0], HANDLE(void, a[1]));
}

static long sysctl(const uint64_t *a)
{
    return do_sysctl(HANDLE(xen_sysctl_t, a[0]));
}

static long domctl(const uint64_t *a)
{
    return do_domctl(HANDLE(xen_domctl_t, a[0]));
}

static long platform_op(const uint64_t *a)
{
    return do_platform_op(HANDLE(void, a[0]));
}

static hypercall_fn *const table[] = {
    [__HYPERVISOR_platform_op] = platform_op,
    [__HYPERVISOR_memory_op] = memory_op,
    [__HYPERVISOR_multicall] = multicall,
    [__HYPERVISOR_set_timer_op] = set_timer_op,
    [__HYPERVISOR_xen_version] = xen_version,
    [__HYPERVISOR_console_io] = console_io,
    [__HYPERVISOR_grant_table_op] = grant_table_op,
    [__HYPERVISOR_vcpu_op] = vcpu_op,
    [__HYPERVISOR_sched_op] = sched_op,
    [__HYPERVISOR_event_channel_op] = event_channel_op,
    [__HYPERVISOR_physdev_op] = physdev_op,
    [__HYPERVISOR_hvm_op] = hvm_op,
    [__HYPERVISOR_sysctl] = sysctl,
    [__HYPERVISOR_domctl] = domctl,
};

long hypercall_dispatch(void)
{
    struct hypercall_state *h = &current->hcall;
    hypercall_fn *fn;

    if (h->nr >= ARRAY_SIZE(table))
        return -ENOSYS;
    fn = table[index_nospec(h->nr, ARRAY_SIZE(table))];
    return fn ? fn(h->args) : -ENOSYS;
}

bool hypercall_preempt_check(void)
{
    return softirq_is_pending();
}

int hypercall_continue(unsigned int n, ...)
{
    struct hypercall_state *h = &current->hcall;
    va_list ap;

    va_start(ap, n);
    for (unsigned int i = 0; i < n && i < ARRAY_SIZE(h->args); i++)
        h->args[i] = va_arg(ap, uint64_t);
    va_end(ap);
    h->restart = true;
    return -ERESTART;
}

/* The multicall goes on later; the registers that are not its arguments are the guest's. */
static int multicall_continue(const struct hypercall_state *was, struct multicall_entry *p,
                              unsigned int nr)
{
    memcpy(current->hcall.args, was->args, sizeof(was->args));
    return hypercall_continue(2, (uint64_t)p, (uint64_t)nr);
}

/*
 * The entries are executed one after the other. When one of them is preempted,
 * its changed arguments go back into the guest's entry, and the multicall
 * itself goes on from there later.
 */
long do_multicall(XEN_GUEST_HANDLE(multicall_entry_t) calls, unsigned int nr)
{
    struct hypercall_state *h = &current->hcall, was = *h;
    struct multicall_entry e;

    if (h->in_multicall)
        return -EINVAL;
    for (unsigned int i = 0; i < nr; i++) {
        long rc;

        if (i && hypercall_preempt_check())
            return multicall_continue(&was, calls.p + i, nr - i);
        if (guest_read_at(&e, calls, i))
            return -EFAULT;
        h->nr = e.op;
        for (unsigned int j = 0; j < ARRAY_SIZE(e.args); j++)
            h->args[j] = e.args[j];
        h->in_multicall = true;
        rc = hypercall_dispatch();
        h->in_multicall = false;
        if (h->restart) {
            h->restart = false; /* of the entry; the whole is told below */
            for (unsigned int j = 0; j < ARRAY_SIZE(e.args); j++)
                e.args[j] = h->args[j];
            if (guest_write_at(calls, i, &e))
                return -EFAULT;
            return multicall_continue(&was, calls.p + i, nr - i);
        }
        e.result = (uint64_t)rc;
        if (guest_write_at(calls, i, &e))
            return -EFAULT;
    }
    return 0;
}
