/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <time.h>

#include "device.h"
#include "plugin_host.h"

/* How long others (store, console, back-ends) may keep pages of a dying domain mapped. */
#define GONE_LIMIT_MS 20000
#define GONE_POLL_MS  5

/* The first error counts, but everything else is done as well. */
static void keep_first(enum pando_code code, enum pando_code *first, struct pando_error *error)
{
    if (code && !*first) {
        *first = code;
        pando_error_save(error);
    }
}

/* Ends the domain; one that is gone already is fine. */
static int end_domain(struct hcall *h, uint32_t domid)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    int64_t deadline = clock_ms() + GONE_LIMIT_MS;
    int err;

    /* The hypervisor may do it in steps, and ask to be called again. */
    do {
        err = hcall_domctl_simple(h, XEN_DOMCTL_destroydomain, domid);
        if (err == -EAGAIN || err == -EBUSY) {
            nanosleep(&pause, NULL);
        }
    } while ((err == -EAGAIN || err == -EBUSY || err == -EINTR || err == -ERESTART) &&
             clock_ms() < deadline);
    return err == -ESRCH ? 0 : err;
}

static enum pando_code wait_gone(struct hcall *h, uint32_t domid)
{
    const struct timespec pause = { .tv_nsec = GONE_POLL_MS * 1000000L };
    int64_t deadline = clock_ms() + GONE_LIMIT_MS;
    struct xen_domctl_getdomaininfo info;

    while (hcall_domain_info(h, domid, &info) == 0) {
        if (clock_ms() > deadline) {
            return pando_fail(PANDO_E_TIMEOUT, NULL,
                              "guest %u has ended, but after %d s some of its pages are still "
                              "mapped by dom0: are stored and consoled alive?",
                              domid, GONE_LIMIT_MS / 1000);
        }
        nanosleep(&pause, NULL);
    }
    return PANDO_OK;
}

enum pando_code domain_destroy_locked(pando_t *pando, uint32_t domid)
{
    enum pando_code first = PANDO_OK, code;
    struct xen_domctl_getdomaininfo info;
    struct pando_error error;
    struct store *store;
    char uuid[37] = "";
    bool clean;
    int err;

    if (hcall_domain_info(pando->hcall, domid, &info) == 0) {
        uuid_from_handle(info.handle, uuid);
        /* So that it does not see its devices go. */
        hcall_domctl_simple(pando->hcall, XEN_DOMCTL_pausedomain, domid);
    }
    code = pando_store(pando, &store);
    keep_first(code, &first, &error);
    if (!code) {
        code = devices_remove(store, domid);
        keep_first(code, &first, &error);
    }
    clean = code != PANDO_E_STORE;
    err = end_domain(pando->hcall, domid);
    if (err) {
        keep_first(pando_fail_hcall("destroying the guest", err), &first, &error);
    }
    if (clean) {
        domain_store_remove(store, domid, uuid);
    }
    if (!err) {
        domain_state_remove(DOMAIN_STATE_BUILDING, domid);
        domain_state_remove(DOMAIN_STATE_STARTING, domid);
        /* Without a store its nodes stay, and for as long the file, by which monitord finds them.
         */
        if (clean) {
            domain_state_remove(DOMAIN_STATE_LIVE, domid);
        }
        keep_first(wait_gone(pando->hcall, domid), &first, &error);
    }
    if (first) {
        pando_error_restore(&error);
    }
    return first;
}

static enum pando_code destroy(pando_t *pando, uint32_t domid)
{
    struct domain_lock lock;
    enum pando_code code = domain_lock_id(pando, &lock, domid);

    if (code) {
        return code;
    }
    code = domain_destroy_locked(pando, domid);
    domain_unlock(&lock);
    return code;
}

enum pando_code pando_domain_destroy(pando_t *pando, uint32_t domid)
{
    struct plugin_step step = { .event = {
                                    .step = PANDO_STEP_DESTROY, .pando = pando, .domid = domid } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, destroy(pando, domid));
}
