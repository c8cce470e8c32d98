/* SPDX-License-Identifier: MIT */
#include "screens.h"

bool screen_lines_key(struct screen_pane *pane, const struct key *key)
{
    struct screen_lines *text = pane->state;
    return lines_key(&text->lines, &text->view, key);
}

bool screen_lines_mouse(struct screen_pane *pane, const struct mouse *mouse)
{
    struct screen_lines *text = pane->state;
    return lines_mouse(&text->lines, &text->view, mouse);
}

void screen_lines_close(struct screen_pane *pane)
{
    struct screen_lines *text = pane->state;
    lines_free(&text->lines);
}
