/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "device_kind.h"
#include "guest.h"

#include <stdlib.h>
#include <string.h>

/* The words KEY=VALUE as a JSON object; NULL after an error message. */
static char *properties(struct shell *shell, const char *const *words, size_t count)
{
    struct json_writer *writer = output_json_begin();
    json_write_object_begin(writer);
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(words[i], '=');
        if (!equals || equals == words[i]) {
            shell_error(shell, "found \"%s\", expected KEY=VALUE", words[i]);
            free(json_writer_finish(writer));
            return NULL;
        }
        char *key = shell_need(strndup(words[i], (size_t)(equals - words[i])));
        json_write_key(writer, key);
        json_write_string(writer, equals + 1);
        free(key);
    }
    json_write_object_end(writer);
    return shell_need(json_writer_finish(writer));
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *which = arguments->words[0];
    enum pando_device kind;
    uint32_t domid;
    if (!parse_device_kind(shell, arguments->words[1], &kind))
        return SHELL_USAGE;
    char *json = properties(shell, arguments->words + 2, arguments->count - 2);
    if (!json)
        return SHELL_USAGE;
    int status = guest_find_other(shell, which, "given devices", &domid);
    if (status == SHELL_OK) {
        enum pando_code code = pando_device_attach(shell->pando, domid, kind, json);
        if (code != PANDO_OK)
            status = shell_library_error(shell, which, code);
        /* What is not there is a file or a bridge. */
        if (status == SHELL_NO_GUEST)
            status = SHELL_FAILED;
    }
    free(json);
    return status;
}

const struct command cmd_attach = {
    .name = "attach",
    .arguments = "GUEST disk|vif [KEY=VALUE]...",
    .summary = "give a guest another disk or network",
    .help =
        "The keys are those of \"disk\" and \"vif\" in a configuration, see pando.cfg(5): `attach "
        "web disk vdev=xvdb target=/srv/b.img access=r`, or `attach web vif bridge=xenbr1`. The "
        "guest may be running, and finds the device by itself. It keeps it over reboots.",
    .least = 2,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_WORD },
    .complete_third = COMPLETE_DEVICE_KEY,
    .complete_words = device_words,
    .run = run,
};
