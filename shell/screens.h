/* SPDX-License-Identifier: MIT */
/* The screens: one file each. */
#ifndef SHELL_SCREENS_H
#define SHELL_SCREENS_H

#include "screen.h"

extern const struct screen help_screen, guests_screen, guest_screen, vcpus_screen, memory_screen,
    cache_screen, log_screen, output_screen, plugins_screen;

/* What several screens do with keys: an action of actions.h for the guest that they show. */
void screen_action(struct screen_pane *pane, char action);

#endif
