/* SPDX-License-Identifier: MIT */
#include "actions.h"
#include "screens.h"
#include "ui.h"

void screen_action(struct screen_pane *pane, char action)
{
    guest_action(pane->pane.ui, *pane->guest ? pane->guest : pane->pane.ui->selected, action);
}
