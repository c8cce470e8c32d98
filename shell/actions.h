/* SPDX-License-Identifier: MIT */
/* What single keys do to a guest, in the list of guests and on the screens: commands. */
#ifndef SHELL_ACTIONS_H
#define SHELL_ACTIONS_H

struct ui;

/* c: console, p: pause or unpause, s: shutdown, r: reboot, D: destroy; asks where it cannot be
 * undone. */
void guest_action(struct ui *ui, const char *guest, char action);

/* The keys, for a table of a place that has the functions PREFIX_console and so on for them. */
#define GUEST_KEYS(prefix)                                                                         \
    { "c", "open its console", prefix##_console },                                                 \
        { "p", "pause it, or let it go on", prefix##_pause },                                      \
        { "s", "shut it down", prefix##_shutdown }, { "r", "reboot it", prefix##_reboot },         \
    {                                                                                              \
        "D", "destroy it, at once", prefix##_destroy                                               \
    }

#endif
