/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "device_kind.h"
#include "guest.h"

#include <string.h>

enum { WAIT_PRESET_MS = 20 * 1000 };

const char *const device_words[] = { "disk", "vif", NULL };

bool parse_device_kind(struct shell *shell, const char *word, enum pando_device *kind)
{
    *kind = strcmp(word, "vif") ? PANDO_DISK : PANDO_VIF;
    if (*kind == PANDO_VIF || !strcmp(word, "disk"))
        return true;
    shell_error(shell, "found \"%s\", expected disk or vif", word);
    return false;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *which = arguments->words[0];
    bool force = option_given(arguments, "force");
    enum pando_device kind;
    uint32_t domid;
    int timeout;
    if (!parse_device_kind(shell, arguments->words[1], &kind) ||
        !option_timeout(shell, arguments, WAIT_PRESET_MS, &timeout))
        return SHELL_USAGE;
    int status = guest_find_other(shell, which, "deprived of devices", &domid);
    if (status != SHELL_OK)
        return status;
    enum pando_code code = pando_device_detach(shell->pando, domid, kind, arguments->words[2],
                                               force     ? 0
                                               : timeout ? (unsigned int)timeout
                                                         : 1);
    if (code == PANDO_OK)
        return SHELL_OK;
    status = shell_library_error(shell, which, code);
    /* What is not there is the device. */
    return status == SHELL_NO_GUEST ? SHELL_FAILED : status;
}

static const struct option_info options[] = {
    { "force", NULL, "do not ask the guest; what it has not written yet is lost" },
    OPTION_TIMEOUT,
    { NULL },
};

const struct command cmd_detach = {
    .name = "detach",
    .arguments = "GUEST disk|vif DEVICE",
    .summary = "take a disk or network from a guest",
    .help =
        "A disk is named by its vdev (xvdb), a network by its MAC address or its number in the "
        "guest (0 is eth0). Unmount a disk's file systems in the guest before: Linux lets go of it "
        "all the same. A guest that does not let go within 20 seconds keeps the device, unless "
        "--force takes it.",
    .options = options,
    .least = 3,
    .most = 3,
    .complete = { COMPLETE_GUEST, COMPLETE_WORD },
    .complete_third = COMPLETE_DEVICE,
    .complete_words = device_words,
    .run = run,
};
