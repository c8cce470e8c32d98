/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

static int run(struct shell *shell, const struct arguments *arguments)
{
    uint32_t domid;
    int status = guest_find_other(shell, arguments->words[0], "renamed", &domid);
    if (status != SHELL_OK)
        return status;
    enum pando_code code = pando_domain_rename(shell->pando, domid, arguments->words[1]);
    return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, arguments->words[0], code);
}

const struct command cmd_rename = {
    .name = "rename",
    .arguments = "GUEST NAME",
    .summary = "give a guest another name",
    .help = "A name has 1 to 63 letters, digits and . _ + -, does not start with . or - and is not "
            "just digits.",
    .least = 2,
    .most = 2,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .run = run,
};
