/* SPDX-License-Identifier: MIT */
#include "hcall_priv.h"

#include <errno.h>
#include <string.h>

int hcall_domctl_simple(struct hcall *h, uint32_t cmd, uint32_t domid)
{
    struct xen_domctl op = { .cmd = cmd, .domain = (domid_t)domid };

    return hcall_domctl(h, &op);
}

int hcall_domain_list(struct hcall *h, uint32_t first, struct xen_domctl_getdomaininfo *list,
                      size_t max)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
    size_t size = max * sizeof(*list);
    void *buf = hcall_alloc(h, size);
    int err;

    if (!buf) {
        return -ENOMEM;
    }
    op.u.getdomaininfolist.first_domain = (domid_t)first;
    op.u.getdomaininfolist.max_domains = (uint32_t)max;
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, buf);
    err = hcall_sysctl(h, &op);
    if (!err && op.u.getdomaininfolist.num_domains > max) {
        err = -EPROTO;
    }
    if (!err) {
        memcpy(list, buf, op.u.getdomaininfolist.num_domains * sizeof(*list));
    }
    hcall_free(h, buf, size);
    return err ? err : (int)op.u.getdomaininfolist.num_domains;
}

int hcall_domain_info(struct hcall *h, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    int n;

    if (domid >= DOMID_FIRST_RESERVED) {
        return -ESRCH;
    }
    n = hcall_domain_list(h, domid, info, 1);
    if (n < 0) {
        return n;
    }
    /* The hypervisor answers with the first domain from that id on. */
    return n == 1 && info->domain == domid ? 0 : -ESRCH;
}
