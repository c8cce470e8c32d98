/* SPDX-License-Identifier: MIT */
/*
 * Requests about domains.
 */
#include "request.h"

#include <string.h>

#include "state.h"

/* @count strings that are the payload, the first one a domain's id. */
static int get_domid(const struct request *request, const char **string, int count, uint16_t *domid)
{
    uint64_t value;

    if (request_strings(request, string, count) != count ||
        !request_number(string[0], DOMID_COUNT - 1, &value)) {
        return EINVAL;
    }
    *domid = (uint16_t)value;
    return 0;
}

int request_introduce(struct request *request)
{
    const char *string[4];
    int count = request_strings(request, string, 4);
    uint64_t domid, gfn, port;

    if (count < 3 || !request_number(string[0], DOMID_COUNT - 1, &domid) ||
        !request_number(string[1], UINT64_MAX, &gfn) ||
        !request_number(string[2], UINT32_MAX, &port)) {
        return EINVAL;
    }
    return domain_introduce(request->store, (uint16_t)domid, gfn, (uint32_t)port);
}

int request_release(struct request *request)
{
    const char *string[1];
    uint16_t domid;
    int err = get_domid(request, string, 1, &domid);

    return err ? err : domain_release(request->store, domid);
}

/* The domain that the payload names and that has been introduced. */
static int get_domain(struct request *request, const char **string, int count,
                      struct domain **domain)
{
    uint16_t domid;
    int err = get_domid(request, string, count, &domid);

    if (err) {
        return err;
    }
    *domain = domain_find(request->store, domid);
    return *domain && (*domain)->introduced ? 0 : ENOENT;
}

int request_resume(struct request *request)
{
    const char *string[1];
    struct domain *domain;
    int err = get_domain(request, string, 1, &domain);

    if (!err) {
        domain->shutdown = false;
        state_log_domain(domain);
    }
    return err;
}

int request_set_target(struct request *request)
{
    const char *string[2];
    struct domain *domain;
    uint64_t target;
    int err = get_domain(request, string, 2, &domain);

    if (err) {
        return err;
    }
    if (!request_number(string[1], DOMID_COUNT - 1, &target)) {
        return EINVAL;
    }
    if (target == DOM0) {
        return EPERM; /* that would be dom0's power over everything */
    }
    domain_set_target(domain, (int32_t)target);
    state_log_domain(domain);
    return 0;
}

int request_is_introduced(struct request *request)
{
    const char *string[1];
    struct domain *domain;
    int err = get_domain(request, string, 1, &domain);

    if (err && err != ENOENT) {
        return err;
    }
    request_reply_string(request, err ? "F" : "T");
    return 0;
}

int request_get_domain_path(struct request *request)
{
    const char *string[1];
    char path[DOMAIN_PREFIX_SIZE];
    uint64_t domid;

    if (request_strings(request, string, 1) != 1 ||
        !request_number(string[0], UINT16_MAX, &domid)) {
        return EINVAL;
    }
    path_of_domain(path, (unsigned int)domid);
    request_reply_string(request, path);
    return 0;
}
