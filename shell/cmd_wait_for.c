/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"
#include "listen.h"

#include <poll.h>
#include <string.h>

enum { PRESET_MS = 300 * 1000, POLL_MS = 200 };

/* In the order of enum state; then the reasons of an end, by their names. */
static const char *const words[] = { "absent", "present",  "running", "paused",
                                     "ended",  "poweroff", "reboot",  "suspend",
                                     "crash",  "watchdog", NULL };

enum state { STATE_ABSENT, STATE_PRESENT, STATE_RUNNING, STATE_PAUSED, STATE_ENDED, STATE_REASON };

struct wanted {
    enum state state;
    const char *word;
    bool seen; /* the guest was there since we wait */
};

static bool parse_state(const char *word, struct wanted *wanted)
{
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(words[i], word)) {
            enum state state = i < STATE_REASON ? (enum state)i : STATE_REASON;
            *wanted = (struct wanted){ .state = state, .word = words[i] };
            return true;
        }
    return false;
}

/* Whether a guest that is there is in the state. */
static bool matches(const struct wanted *wanted, const struct pando_domain *domain)
{
    bool shutdown = domain->state == PANDO_DOMAIN_SHUTDOWN;
    switch (wanted->state) {
    case STATE_ABSENT:
        return false;
    case STATE_PRESENT:
        return domain->state != PANDO_DOMAIN_DYING;
    case STATE_RUNNING:
        return domain->state == PANDO_DOMAIN_RUNNING || domain->state == PANDO_DOMAIN_BLOCKED;
    case STATE_PAUSED:
        return domain->state == PANDO_DOMAIN_PAUSED;
    case STATE_ENDED:
        return shutdown;
    case STATE_REASON:
        break;
    }
    return shutdown && !strcmp(pando_reason_name(domain->reason), wanted->word);
}

/* A guest that is not there: SHELL_TIMEOUT: it may come; or what that is for the command. */
static int absent(struct shell *shell, const char *guest, const struct wanted *wanted)
{
    if (wanted->state == STATE_ABSENT || (wanted->state == STATE_ENDED && wanted->seen))
        return SHELL_OK;
    if (wanted->state < STATE_ENDED)
        return SHELL_TIMEOUT;
    if (!wanted->seen) {
        shell_error(shell, "there is no guest \"%s\"", guest);
        return SHELL_NO_GUEST;
    }
    shell_error(shell,
                "%s has ended and is removed; for how, let its configuration keep what is left of "
                "it (on_%s=preserve)",
                guest, wanted->word);
    return SHELL_ENDED;
}

/* One look at the guest. SHELL_TIMEOUT: not yet. */
static int look(struct shell *shell, const char *guest, struct wanted *wanted)
{
    struct pando_domain domain;
    uint32_t domid;
    enum pando_code code = pando_domain_find(shell->pando, guest, &domid);
    if (code == PANDO_OK)
        code = pando_domain_info(shell->pando, domid, &domain);
    if (code == PANDO_E_NOT_FOUND)
        return absent(shell, guest, wanted);
    if (code != PANDO_OK)
        return shell_library_error(shell, guest, code);
    wanted->seen = true;
    return matches(wanted, &domain) ? SHELL_OK : SHELL_TIMEOUT;
}

static int wait_for_state(struct shell *shell, const char *guest, struct wanted *wanted,
                          int64_t deadline)
{
    if (!shell_pando(shell))
        return SHELL_FAILED;
    for (;;) {
        int status = look(shell, guest, wanted);
        if (status != SHELL_TIMEOUT)
            return status;
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
        int64_t left = deadline < 0 ? POLL_MS : deadline - shell_clock_ms();
        if (left <= 0) {
            shell_error(shell, "%s is not %s in time; `list` shows what it is", guest,
                        wanted->word);
            return SHELL_TIMEOUT;
        }
        poll(NULL, 0, left < POLL_MS ? (int)left : POLL_MS);
    }
}

static int wait_for_text(struct shell *shell, const char *guest, const char *text, int64_t deadline)
{
    struct pattern pattern;
    if (!pattern_init(shell, &pattern, text, true))
        return SHELL_USAGE;
    int status = listen_for(shell, guest, &pattern, LISTEN_PLACE, deadline, NULL);
    const char *nearest = pando_nearest_word(text, words, sizeof(*words));
    if (status == SHELL_TIMEOUT && nearest)
        shell_error(shell, "\"%s\" was taken as a text; did you mean the state %s?", text, nearest);
    pattern_free(&pattern);
    return status;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *guest = arguments->words[0], *what = arguments->words[1];
    struct wanted wanted;
    int timeout;

    if (!option_timeout(shell, arguments, PRESET_MS, &timeout))
        return SHELL_USAGE;
    int64_t deadline = timeout ? shell_clock_ms() + timeout : -1;
    if (!option_given(arguments, "text") && parse_state(what, &wanted))
        return wait_for_state(shell, guest, &wanted, deadline);
    return wait_for_text(shell, guest, what, deadline);
}

static const struct option_info options[] = {
    { "text", NULL, "it is a text, also if it is the name of a state" },
    { "timeout", "SECONDS", "give up after that time (exit code 4); 300 if not given, 0: never" },
    { NULL },
};

const struct command cmd_wait_for = {
    .name = "wait-for",
    .arguments = "GUEST STATE|TEXT",
    .summary = "wait until a guest is in a state, or until a text is on its console",
    .help = "States are absent, present, running (also when it waits for something to do), paused, "
            "ended (by itself, for any reason; also when it is removed meanwhile), and the reasons "
            "poweroff, reboot, suspend, crash and watchdog, which are seen as long as the guest is "
            "kept. For present, running and paused, it may be a guest that is yet to come.\n\n"
            "Anything else is a text, which is looked for as `expect --plain` does it, in what the "
            "guest has written since the last match or its start.",
    .options = options,
    .least = 2,
    .most = 2,
    .complete = { COMPLETE_GUEST, COMPLETE_WORD },
    .complete_words = words,
    .run = run,
};
