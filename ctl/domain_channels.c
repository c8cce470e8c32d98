/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "hcall.h"

/* No domain has more ports: a hypervisor that never ends does not fill dom0. */
#define PORTS_MAX (1u << 17)

static void convert(const struct evtchn_status *status, struct pando_channel *channel)
{
    *channel = (struct pando_channel){ .port = status->port,
                                       .kind = (enum pando_channel_kind)status->status,
                                       .vcpu = status->vcpu };
    switch (status->status) {
    case EVTCHNSTAT_unbound:
        channel->remote = status->u.unbound.dom;
        break;
    case EVTCHNSTAT_interdomain:
        channel->remote = status->u.interdomain.dom;
        channel->remote_port = status->u.interdomain.port;
        break;
    case EVTCHNSTAT_pirq:
        channel->irq = status->u.pirq;
        break;
    case EVTCHNSTAT_virq:
        channel->irq = status->u.virq;
        break;
    default:
        break;
    }
}

/* One more at the end of the list. */
static int add(struct pando_channel **list, size_t *count, const struct evtchn_status *status)
{
    if ((*count & (*count - 1)) == 0) { /* the room is a power of two */
        size_t room = *count ? 2 * *count : 1;
        struct pando_channel *bigger = reallocarray(*list, room, sizeof(**list));

        if (!bigger) {
            return -ENOMEM;
        }
        *list = bigger;
    }
    convert(status, &(*list)[(*count)++]);
    return 0;
}

enum pando_code pando_channel_list(pando_t *pando, uint32_t domid, struct pando_channel **list,
                                   size_t *count)
{
    struct pando_channel *all = calloc(1, sizeof(*all));
    size_t have = 0;
    int err = all ? 0 : -ENOMEM;

    for (uint32_t port = 1; !err && port < PORTS_MAX; port++) {
        struct evtchn_status status = { .dom = (domid_t)domid, .port = port };

        err = hcall_event(pando->hcall, EVTCHNOP_status, &status, sizeof(status));
        if (err == -EINVAL) { /* no port that high was ever open */
            err = 0;
            break;
        }
        if (!err && status.status != EVTCHNSTAT_closed) {
            err = add(&all, &have, &status);
        }
    }
    if (err) {
        free(all);
        return pando_fail_hcall("asking for a domain's event channels", err);
    }
    *list = all;
    *count = have;
    return PANDO_OK;
}
