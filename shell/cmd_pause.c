/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

static int pause_one(struct shell *shell, const char *which, uint32_t domid)
{
    struct pando_domain domain;
    enum pando_code code = pando_domain_info(shell->pando, domid, &domain);
    /* The hypervisor counts pauses. One is enough, so that one unpause is too. */
    if (code == PANDO_OK && domain.state != PANDO_DOMAIN_PAUSED)
        code = pando_domain_pause(shell->pando, domid);
    return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, which, code);
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    return guest_each(shell, arguments, "paused", pause_one);
}

const struct command cmd_pause = {
    .name = "pause",
    .arguments = "GUEST...",
    .summary = "stop guests from running",
    .help =
        "A paused guest keeps its memory and devices but gets no processor time, until `unpause`. "
        "One that is paused already stays so.",
    .least = 1,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_GUEST },
    .run = run,
};
