/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *which = arguments->words[0];
    uint64_t kib;
    uint32_t domid;
    if (!pando_memory_parse(arguments->words[1], &kib) || !kib) {
        shell_error(shell, "found \"%s\", expected MiB or a number with K, M, G or T behind it",
                    arguments->words[1]);
        return SHELL_USAGE;
    }
    int status = guest_find(shell, which, &domid);
    if (status != SHELL_OK)
        return status;
    enum pando_code code = option_given(arguments, "max")
                               ? pando_memory_max_set(shell->pando, domid, kib)
                               : pando_memory_set(shell->pando, domid, kib);
    return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, which, code);
}

static const struct option_info options[] = {
    { "max", NULL, "set the most that the guest may have, not what it should have" },
    { NULL },
};

const struct command cmd_mem_set = {
    .name = "mem-set",
    .arguments = "GUEST SIZE",
    .summary = "give a guest more memory, or take some back",
    .help = "SIZE is in MiB, or has K, M, G or T behind it: 1024, 1024M and 1G are the same. The "
            "guest's balloon driver does the work after the command has returned: `list` shows how "
            "far it is. A guest can't get more than its maxmem. Linux does not look how much it "
            "needs itself: one that is left with too little ends processes, or crashes.",
    .options = options,
    .least = 2,
    .most = 2,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .run = run,
};
