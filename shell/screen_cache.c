/* SPDX-License-Identifier: MIT */
/* Cache occupancy and memory bandwidth by guest, where the CPU can measure them. */
#include "screens.h"
#include "ui.h"

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    static const char text[] =
        "Nothing is measured here: the control library has no call for cache occupancy and memory "
        "bandwidth (Intel's RDT, AMD's PQOS).\n\n"
        "What guests use of the CPUs is on F4, of the memory on F5.";
    canvas_paragraph(canvas, &pane->pane.rect, 0, theme_style(&pane->pane.ui->theme, ROLE_TEXT),
                     text);
}

const struct screen cache_screen = {
    .name = "cache",
    .title = "Cache QoS",
    .label = "Cache",
    .summary = "cache and memory bandwidth by guest, where the CPU can measure them",
    .shortcut = "F6",
    .draw = draw,
};
