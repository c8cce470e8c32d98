/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

#include <poll.h>
#include <string.h>

enum { ACCEPT_MS = 10 * 1000, WAIT_PRESET_MS = 300 * 1000, POLL_MS = 250 };

/* Waits until a new domain has the name of the one that was. */
static int wait_for_successor(struct shell *shell, const struct pando_domain *before,
                              int64_t deadline)
{
    for (;;) {
        uint32_t domid;
        enum pando_code code = pando_domain_find(shell->pando, before->name, &domid);
        if (code == PANDO_OK && domid != before->id)
            return SHELL_OK;
        if (code != PANDO_OK && code != PANDO_E_NOT_FOUND)
            return shell_library_error(shell, before->name, code);
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
        if (deadline >= 0 && shell_clock_ms() >= deadline) {
            shell_error(shell,
                        "%s has not been started again in time; its on_reboot may be "
                        "another than restart, or the daemon monitord does not run",
                        before->name);
            return SHELL_TIMEOUT;
        }
        poll(NULL, 0, POLL_MS);
    }
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    struct pando_domain before;
    const char *which = arguments->words[0];
    int timeout;
    bool wait = option_given(arguments, "wait");
    if (!option_timeout(shell, arguments, wait ? WAIT_PRESET_MS : ACCEPT_MS, &timeout))
        return SHELL_USAGE;
    int64_t deadline = timeout ? shell_clock_ms() + timeout : -1;
    unsigned int accept = timeout && timeout < ACCEPT_MS ? (unsigned int)timeout : ACCEPT_MS;

    uint32_t domid;
    int status = guest_find_other(shell, which, "rebooted", &domid);
    if (status != SHELL_OK)
        return status;
    enum pando_code code = pando_domain_info(shell->pando, domid, &before);
    if (code == PANDO_OK)
        code = pando_domain_reboot(shell->pando, domid, accept);
    if (code != PANDO_OK)
        return shell_library_error(shell, which, code);
    return wait ? wait_for_successor(shell, &before, deadline) : SHELL_OK;
}

static const struct option_info options[] = {
    { "wait", NULL, "return when the guest has been started again" },
    { "timeout", "SECONDS", "give up after that time (exit code 4); 0: never" },
    { NULL },
};

const struct command cmd_reboot = {
    .name = "reboot",
    .arguments = "GUEST",
    .summary = "ask a guest to reboot",
    .help = "The guest's kernel is asked, and reboots in its own time; what then happens its "
            "on_reboot says, which is to be created again by default, as a domain with another "
            "number. Without --wait the command returns when the guest has taken the request, "
            "which it has 10 seconds for; with --wait, and at most 300 seconds later, when it has "
            "been created again.",
    .options = options,
    .least = 1,
    .most = 1,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .run = run,
};
