/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"

#include <stdlib.h>
#include <string.h>

enum {
    ACCEPT_MS = 10 * 1000,      /* for the guest to take the request */
    WAIT_PRESET_MS = 300 * 1000 /* for its end */
};

struct target {
    const char *which;
    uint32_t domid;
    int status;
    bool absent; /* and need not be there */
    bool stays;  /* what is left of it is kept when it has powered off */
};

/* Whether the guest is there still after it has powered off, as its configuration has it. */
static bool guest_stays(struct shell *shell, uint32_t domid)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    char *json;
    bool stays = false;

    if (pando_domain_config(shell->pando, domid, &json) != PANDO_OK)
        return false;
    if (pando_config_parse(&config, json, strlen(json), "", NULL, 0, PANDO_CONFIG_NO_FILES,
                           &problems) == PANDO_OK)
        stays = config.on_poweroff == PANDO_ACTION_PRESERVE ||
                config.on_poweroff == PANDO_ACTION_RENAME_RESTART;
    pando_config_free(&config);
    pando_problems_free(&problems);
    free(json);
    return stays;
}

/* Whether there is surely no such guest. Other failures show when it is asked. */
static bool is_absent(struct shell *shell, const char *which)
{
    uint32_t domid;
    return shell_pando(shell) &&
           pando_domain_find(shell->pando, which, &domid) == PANDO_E_NOT_FOUND;
}

static void request(struct shell *shell, struct target *target, int64_t deadline)
{
    int64_t left = deadline < 0 ? ACCEPT_MS : deadline - shell_clock_ms();
    target->status = guest_find_other(shell, target->which, "shut down", &target->domid);
    if (target->status != SHELL_OK)
        return;
    target->stays = guest_stays(shell, target->domid);
    if (left < 1)
        left = 1;
    enum pando_code code = pando_domain_shutdown(
        shell->pando, target->domid, (unsigned int)(left < ACCEPT_MS ? left : ACCEPT_MS));
    if (code != PANDO_OK)
        target->status = shell_library_error(shell, target->which, code);
}

static void await(struct shell *shell, struct target *target, int64_t deadline)
{
    enum pando_event event = target->stays ? PANDO_EVENT_SHUTDOWN : PANDO_EVENT_GONE;
    if (target->status == SHELL_OK && !target->absent)
        target->status = guest_wait(shell, target->which, target->domid, event, deadline, NULL);
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    int timeout;
    bool wait = option_given(arguments, "wait");
    if (!option_timeout(shell, arguments, wait ? WAIT_PRESET_MS : ACCEPT_MS, &timeout))
        return SHELL_USAGE;
    int64_t deadline = timeout ? shell_clock_ms() + timeout : -1;
    struct target *targets = shell_need(calloc(arguments->count, sizeof(*targets)));

    /* All are asked before any is waited for. */
    for (size_t i = 0; i < arguments->count; i++) {
        targets[i].which = arguments->words[i];
        targets[i].absent =
            option_given(arguments, "if-present") && is_absent(shell, targets[i].which);
        if (!targets[i].absent)
            request(shell, &targets[i], deadline);
    }
    int first = SHELL_OK;
    for (size_t i = 0; i < arguments->count; i++) {
        if (wait)
            await(shell, &targets[i], deadline);
        if (first == SHELL_OK)
            first = targets[i].status;
    }
    free(targets);
    return first;
}

static const struct option_info options[] = {
    { "wait", NULL, "return when the guests have powered off and are removed" },
    { "if-present", NULL, "it is no failure if there is no such guest" },
    { "timeout", "SECONDS", "give up after that time (exit code 4); 0: never" },
    { NULL },
};

const struct command cmd_shutdown = {
    .name = "shutdown",
    .arguments = "GUEST...",
    .summary = "ask guests to power off",
    .help =
        "The guest's kernel is asked, and powers off in its own time. Without --wait the command "
        "returns when it has taken the request, which it has 10 seconds for. With --wait, and "
        "at most 300 seconds later, it returns when the guest is gone, or has ended if its "
        "on_poweroff is preserve or rename-restart.\n\n"
        "A guest that does not answer can be ended by `destroy`.",
    .options = options,
    .least = 1,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_GUEST },
    .run = run,
};
