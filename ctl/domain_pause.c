/* SPDX-License-Identifier: MIT */
#include "domain.h"
#include "plugin_host.h"

static enum pando_code simple(pando_t *pando, uint32_t domid, uint32_t cmd, const char *what)
{
    struct domain_lock lock;
    enum pando_code code = domain_lock_id(pando, &lock, domid);
    int err;

    if (code) {
        return code;
    }
    /* Whoever was about to start it is not asked any more. */
    domain_state_remove(DOMAIN_STATE_STARTING, domid);
    err = hcall_domctl_simple(pando->hcall, cmd, domid);
    domain_unlock(&lock);
    return err ? pando_fail_hcall(what, err) : PANDO_OK;
}

/* Whether tools keep the domain paused: the hypervisor counts how often they have paused it. */
static enum pando_code is_paused(pando_t *pando, uint32_t domid, bool *paused)
{
    struct xen_domctl_getdomaininfo info;
    int err = hcall_domain_info(pando->hcall, domid, &info);

    *paused = !err && (info.flags & XEN_DOMINF_paused);
    return err ? pando_fail_no_domain(domid) : PANDO_OK;
}

static enum pando_code pause_domain(pando_t *pando, uint32_t domid)
{
    bool paused;
    enum pando_code code = is_paused(pando, domid, &paused);

    if (code || paused) {
        return code;
    }
    return simple(pando, domid, XEN_DOMCTL_pausedomain, "pausing the guest");
}

static enum pando_code unpause_domain(pando_t *pando, uint32_t domid)
{
    bool paused;
    enum pando_code code = is_paused(pando, domid, &paused);

    if (code || !paused) {
        return code;
    }
    return simple(pando, domid, XEN_DOMCTL_unpausedomain, "unpausing the guest");
}

enum pando_code pando_domain_pause(pando_t *pando, uint32_t domid)
{
    struct plugin_step step = { .event = {
                                    .step = PANDO_STEP_PAUSE, .pando = pando, .domid = domid } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, pause_domain(pando, domid));
}

enum pando_code pando_domain_unpause(pando_t *pando, uint32_t domid)
{
    struct plugin_step step = { .event = {
                                    .step = PANDO_STEP_UNPAUSE, .pando = pando, .domid = domid } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, unpause_domain(pando, domid));
}
