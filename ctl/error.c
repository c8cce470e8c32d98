/* SPDX-License-Identifier: MIT */
#include "handle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct pando_error last;

static const char *const code_names[] = {
    [PANDO_OK] = "ok",
    [PANDO_E_NO_HOST] = "no-host",
    [PANDO_E_INVALID] = "invalid",
    [PANDO_E_NOT_FOUND] = "not-found",
    [PANDO_E_EXISTS] = "exists",
    [PANDO_E_BUSY] = "busy",
    [PANDO_E_NO_MEMORY] = "no-memory",
    [PANDO_E_TIMEOUT] = "timeout",
    [PANDO_E_STATE] = "state",
    [PANDO_E_UNSUPPORTED] = "unsupported",
    [PANDO_E_FILE] = "file",
    [PANDO_E_DEVICE] = "device",
    [PANDO_E_STORE] = "store",
    [PANDO_E_HYPERVISOR] = "hypervisor",
    [PANDO_E_SYSTEM] = "system",
    [PANDO_E_CANCELLED] = "cancelled",
    [PANDO_E_REFUSED] = "refused",
};

enum pando_code pando_error_code(const pando_t *pando)
{
    return last.code;
}

const char *pando_error_text(const pando_t *pando)
{
    return last.text;
}

const char *pando_error_key(const pando_t *pando)
{
    return last.key;
}

const char *pando_code_name(enum pando_code code)
{
    size_t i = (size_t)code;

    return i < sizeof(code_names) / sizeof(code_names[0]) ? code_names[i] : "unknown";
}

enum pando_code pando_fail(enum pando_code code, const char *key, const char *format, ...)
{
    va_list args;

    last.code = code;
    snprintf(last.key, sizeof(last.key), "%s", key ? key : "");
    va_start(args, format);
    vsnprintf(last.text, sizeof(last.text), format, args);
    va_end(args);
    return code;
}

void pando_error_save(struct pando_error *error)
{
    *error = last;
}

void pando_error_restore(const struct pando_error *error)
{
    last = *error;
}

enum pando_code pando_fail_hcall(const char *what, int err)
{
    switch (err) {
    case -ENOMEM:
        return pando_fail(PANDO_E_NO_MEMORY, NULL, "%s: the host has not enough free memory", what);
    case -ESRCH:
        return pando_fail(PANDO_E_NOT_FOUND, NULL, "%s: the domain does not exist (any more)",
                          what);
    case -ENOSYS:
    case -EOPNOTSUPP:
        return pando_fail(PANDO_E_UNSUPPORTED, NULL, "%s: the hypervisor does not implement it",
                          what);
    case -EPERM:
    case -EACCES:
        return pando_fail(PANDO_E_NO_HOST, NULL,
                          "%s: the hypervisor refuses it: only dom0 may control the host", what);
    default:
        return pando_fail(PANDO_E_HYPERVISOR, NULL, "%s: the hypervisor answers: %s", what,
                          strerror(-err));
    }
}

enum pando_code pando_fail_store(const char *what, int err)
{
    switch (err) {
    case -EPIPE:
    case -ECONNREFUSED:
        return pando_fail(PANDO_E_STORE, NULL,
                          "%s: the store daemon is not running; start it and try again", what);
    case -ETIMEDOUT:
        return pando_fail(PANDO_E_STORE, NULL, "%s: the store daemon does not answer", what);
    default:
        return pando_fail(PANDO_E_STORE, NULL, "%s: the store answers: %s", what, strerror(-err));
    }
}

enum pando_code pando_fail_cancelled(void)
{
    return pando_fail(PANDO_E_CANCELLED, NULL, "it was given up, and nothing is left of it");
}

enum pando_code pando_fail_no_domain(uint32_t domid)
{
    return pando_fail(PANDO_E_NOT_FOUND, NULL, "there is no guest with id %u", domid);
}
