/* SPDX-License-Identifier: MIT */
/* What single keys do to a guest, in the list of guests and on the screens: commands. */
#ifndef SHELL_ACTIONS_H
#define SHELL_ACTIONS_H

struct ui;

/* c: console, p: pause or unpause, s: shutdown, r: reboot, D: destroy; asks where it cannot be
 * undone. */
void guest_action(struct ui *ui, const char *guest, char action);

#endif
