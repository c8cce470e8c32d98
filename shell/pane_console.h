/* SPDX-License-Identifier: MIT */
/*
 * Guests' consoles in panes. Each is a terminal of its own (vt.h), connected with consoled
 * (pane_console_link.h) as long as the pane is there, also where it is not seen.
 *
 * The guest's side of a console has no way to learn the size of a terminal, and takes it to be
 * 80x24 until it asks (resize(1) does). So that is the terminal's size, whatever the pane's is, and
 * when the guest asks it becomes the pane's. Where the pane is smaller it shows the part with the
 * cursor.
 *
 * Keys go to the guest, all but preferences.leave; while one looks back ("look") they move through
 * the history as in vi(1), select and copy.
 */
#ifndef SHELL_PANE_CONSOLE_H
#define SHELL_PANE_CONSOLE_H

#include "pane.h"

struct layout;

enum { CONSOLE_COLUMNS = 80, CONSOLE_ROWS = 24 };

/* console_pane_open() is in ui.h. */

/* Opens one for layout_open(): as saved, "GUEST", or "GUEST read-only". */
struct pane *console_pane_restore(struct ui *ui, const char *description);

/* NULL, or a pane of another kind, is allowed everywhere. Those return false then. */
bool console_look_back(struct pane *pane);

/* What is typed into one of the consoles of the tab that is seen goes to all of them; or no more.
 * Read-only ones are left out. */
void console_broadcast(struct layout *layout);

/* Makes the terminal as large as the pane, or 80x24 again. */
bool console_fit(struct pane *pane);

/* Types a key, for the guest or, after console_broadcast(), for all of them. */
bool console_send(struct pane *pane, const struct key *key);

/* Types what was copied last. */
bool console_insert(struct pane *pane);

/* The socket of consoled, for all consoles opened after that: for tests. */
void console_set_socket(const char *path);

#endif
