/* SPDX-License-Identifier: MIT */
#include "pane.h"
#include "ui.h"

void pane_changed(struct pane *pane)
{
    pane->dirty = true;
    if (!pane->visible)
        pane->activity = true;
    ui_changed(pane->ui);
}
