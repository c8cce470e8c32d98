/* SPDX-License-Identifier: MIT */
/* Cache occupancy and memory bandwidth by guest, where the CPU can measure them. */
#include "sample.h"
#include "screens.h"
#include "ui.h"

#include <stdio.h>

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    const struct ui *ui = pane->pane.ui;
    const struct sample *sample = ui->sample;
    char text[600];

    if (*sample->error || !sample->count)
        snprintf(text, sizeof(text), "%s", *sample->error ? sample->error : "wait...");
    else if (*sample->cache)
        snprintf(text, sizeof(text),
                 "Nothing is measured here: %s.\n\n"
                 "What guests use of the CPUs is on F4, of the memory on F5.",
                 sample->cache);
    else
        snprintf(text, sizeof(text),
                 "This host measures cache occupancy, but the control library has no call yet "
                 "that tells how much each guest has.");
    canvas_paragraph(canvas, &pane->pane.rect, 0, theme_style(&ui->theme, ROLE_TEXT), text);
}

const struct screen cache_screen = {
    .name = "cache",
    .title = "Cache QoS",
    .label = "Cache",
    .summary = "cache and memory bandwidth by guest, where the CPU can measure them",
    .shortcut = "F6",
    .draw = draw,
};
