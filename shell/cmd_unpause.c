/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

static int unpause_one(struct shell *shell, const char *which, uint32_t domid)
{
    struct pando_domain domain;
    enum pando_code code = pando_domain_info(shell->pando, domid, &domain);
    if (code == PANDO_OK && domain.state == PANDO_DOMAIN_PAUSED)
        code = pando_domain_unpause(shell->pando, domid);
    return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, which, code);
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    return guest_each(shell, arguments, "unpaused", unpause_one);
}

const struct command cmd_unpause = {
    .name = "unpause",
    .arguments = "GUEST...",
    .summary = "let paused guests run again",
    .help = "Also starts a guest that was created with `create --paused`. One that isn't paused is "
            "left as it is.",
    .least = 1,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_GUEST },
    .run = run,
};
