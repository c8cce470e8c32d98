/* SPDX-License-Identifier: MIT */
/* The screens: one file each. */
#ifndef SHELL_SCREENS_H
#define SHELL_SCREENS_H

#include "lines.h"
#include "screen.h"

extern const struct screen help_screen, guests_screen, guest_screen, vcpus_screen, memory_screen,
    cache_screen, log_screen, output_screen, plugins_screen;

/* What several screens do with keys, for tables with GUEST_KEYS(screen_key) of actions.h: an action
 * for the guest that they show. */
void screen_key_console(void *pane);
void screen_key_pause(void *pane);
void screen_key_shutdown(void *pane);
void screen_key_reboot(void *pane);
void screen_key_destroy(void *pane);

/* Screens that are a text of their own: the first of their state, and what they do with it. */
struct screen_lines {
    struct lines lines;
    struct lines_view view;
};

bool screen_lines_key(struct screen_pane *pane, const struct key *key);
bool screen_lines_mouse(struct screen_pane *pane, const struct mouse *mouse);
void screen_lines_close(struct screen_pane *pane);

#endif
