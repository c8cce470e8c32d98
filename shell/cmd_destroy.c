/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

static int destroy_one(struct shell *shell, const char *which, uint32_t domid)
{
    enum pando_code code = pando_domain_destroy(shell->pando, domid);
    return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, which, code);
}

/* Like guest_each(), but a guest that is not there is as it should be. */
static int destroy_present(struct shell *shell, const struct arguments *arguments)
{
    pando_t *pando = shell_pando(shell);
    int first = SHELL_OK;
    if (!pando)
        return SHELL_FAILED;
    for (size_t i = 0; i < arguments->count; i++) {
        struct arguments one = { .words = arguments->words + i, .count = 1 };
        uint32_t domid;
        if (pando_domain_find(pando, arguments->words[i], &domid) == PANDO_E_NOT_FOUND)
            continue;
        int status = guest_each(shell, &one, "destroyed", destroy_one);
        if (first == SHELL_OK)
            first = status;
    }
    return first;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    if (option_given(arguments, "if-present"))
        return destroy_present(shell, arguments);
    return guest_each(shell, arguments, "destroyed", destroy_one);
}

static const struct option_info options[] = {
    { "if-present", NULL, "it is no failure if there is no such guest" },
    { NULL },
};

const struct command cmd_destroy = {
    .name = "destroy",
    .arguments = "GUEST...",
    .summary = "end guests at once and remove them",
    .help = "The guest is not asked: what it has not yet written to its disks is lost, as when a "
            "machine loses its power. `shutdown` asks it. When the command returns, the guest's "
            "memory and devices have been given back.",
    .options = options,
    .least = 1,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_GUEST },
    .run = run,
};
