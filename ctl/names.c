/* SPDX-License-Identifier: MIT */
/* The words of pando.h's enumerations. */
#include "pando.h"

const char *pando_state_name(enum pando_domain_state state)
{
    static const char *const names[] = { "running", "blocked", "paused", "shutdown", "dying" };

    return (unsigned int)state < 5 ? names[state] : "unknown";
}

const char *pando_reason_name(enum pando_reason reason)
{
    static const char *const names[] = { "poweroff", "reboot",   "suspend",
                                         "crash",    "watchdog", "soft-reset" };

    return (unsigned int)reason < 6 ? names[reason] : "unknown";
}

const char *pando_channel_name(enum pando_channel_kind kind)
{
    static const char *const names[] = {
        "closed", "unbound", "interdomain", "pirq", "virq", "ipi"
    };

    return (unsigned int)kind < 6 ? names[kind] : "unknown";
}

const char *pando_grant_name(enum pando_grant_kind kind)
{
    static const char *const names[] = { "none", "access", "transfer", "transitive" };

    return (unsigned int)kind < 4 ? names[kind] : "unknown";
}
