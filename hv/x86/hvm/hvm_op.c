/* SPDX-License-Identifier: MIT */
/* hvm_op: parameters and the event upcall (<xen/hvm/hvm_op.h>, <xen/hvm/params.h>). */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/log.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "x86/hvm/hvm.h"

/* HVM_PARAM_CALLBACK_IRQ: the type in the top byte. */
static int set_callback(struct domain *d, uint64_t value)
{
    switch (value >> 56) {
    case HVM_PARAM_CALLBACK_TYPE_VECTOR:
        if ((uint8_t)value < 16)
            return -EINVAL;
        d->arch->callback_vector = (uint8_t)value;
        d->arch->callback_via = CALLBACK_VECTOR;
        return 0;
    case HVM_PARAM_CALLBACK_TYPE_GSI:
        /*
         * A kernel with per-vCPU upcall vectors sets GSI 1 besides, so that tools see
         * that it has event channels. The line itself comes with the emulated platform.
         */
        d->arch->callback_via = value ? CALLBACK_GSI : CALLBACK_NONE;
        return 0;
    default:
        return -EOPNOTSUPP; /* by a PCI interrupt line: comes with the emulated platform */
    }
}

/* Of a param that the domain itself may set; the rest is its builder's. */
static bool guest_may_set(uint32_t index)
{
    return index == HVM_PARAM_CALLBACK_IRQ || index == HVM_PARAM_VM86_TSS_SIZED;
}

static int set_param(struct domain *d, uint32_t index, uint64_t value)
{
    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ:
        return set_callback(d, value);
    case HVM_PARAM_STORE_PFN:
    case HVM_PARAM_STORE_EVTCHN:
    case HVM_PARAM_CONSOLE_PFN:
    case HVM_PARAM_CONSOLE_EVTCHN:
    case HVM_PARAM_IDENT_PT:
    case HVM_PARAM_VM86_TSS_SIZED:
    case HVM_PARAM_PAGING_RING_PFN:
    case HVM_PARAM_MONITOR_RING_PFN:
    case HVM_PARAM_SHARING_RING_PFN:
    case HVM_PARAM_IOREQ_PFN:
    case HVM_PARAM_BUFIOREQ_PFN:
    case HVM_PARAM_PAE_ENABLED:
        break; /* kept for the guest and the tools to read */
    case HVM_PARAM_TIMER_MODE:
        if (value > HVMPTM_one_missed_tick_pending)
            return -EINVAL;
        break;
    case HVM_PARAM_ALTP2M:
        if (value) /* off is all there is yet */
            return -EOPNOTSUPP;
        break;
    case HVM_PARAM_NESTEDHVM:
        if (value)
            return -EOPNOTSUPP;
        break;
    default:
        return -EOPNOTSUPP;
    }
    d->hvm_params[index] = value;
    return 0;
}

static int param_op(bool set, XEN_GUEST_HANDLE(void) arg)
{
    struct xen_hvm_param p;
    struct domain *d;
    int rc = 0;

    if (copy_from_guest_va(&p, (vaddr_t)arg.p, sizeof(p)))
        return -EFAULT;
    if (p.index >= HVM_NR_PARAMS || p.index >= ARRAY_SIZE(((struct domain *)0)->hvm_params))
        return -EINVAL;
    p.index = (uint32_t)index_nospec(p.index, ARRAY_SIZE(((struct domain *)0)->hvm_params));
    d = domain_get_or_self(p.domid);
    if (!d)
        return -ESRCH;
    if (d != current->domain || (set && !guest_may_set(p.index)))
        rc = permission_control(d);
    if (!rc && set)
        rc = set_param(d, p.index, p.value);
    if (!rc && !set) {
        p.value = d->hvm_params[p.index];
        if (copy_to_guest_va((vaddr_t)arg.p, &p, sizeof(p)))
            rc = -EFAULT;
    }
    domain_put(d);
    return rc;
}

static int set_upcall_vector(XEN_GUEST_HANDLE(void) arg)
{
    struct xen_hvm_evtchn_upcall_vector op;
    struct vcpu *v;

    if (copy_from_guest_va(&op, (vaddr_t)arg.p, sizeof(op)))
        return -EFAULT;
    if (op.vector < 16)
        return -EINVAL;
    v = domain_vcpu(current->domain, op.vcpu);
    if (!v)
        return -ENOENT;
    v->arch->upcall_vector = op.vector;
    if (vcpu_event_pending(v)) /* it came before there was a vector for it */
        arch_vcpu_event_notify(v);
    return 0;
}

long do_hvm_op(unsigned long op, XEN_GUEST_HANDLE(void) arg)
{
    switch (op) {
    case HVMOP_set_param:
        return param_op(true, arg);
    case HVMOP_get_param:
        return param_op(false, arg);
    case HVMOP_set_evtchn_upcall_vector:
        return set_upcall_vector(arg);
    case HVMOP_flush_tlbs:
        return guest_handle_is_null(arg) ? -ENOSYS : -EINVAL;
    default:
        return -ENOSYS;
    }
}
