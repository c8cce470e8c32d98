/* SPDX-License-Identifier: MIT */
#include "actions.h"
#include "screens.h"
#include "ui.h"

static void act(const struct screen_pane *pane, char action)
{
    guest_action(pane->pane.ui, *pane->guest ? pane->guest : pane->pane.ui->selected, action);
}

void screen_key_console(void *pane)
{
    act(pane, 'c');
}

void screen_key_pause(void *pane)
{
    act(pane, 'p');
}

void screen_key_shutdown(void *pane)
{
    act(pane, 's');
}

void screen_key_reboot(void *pane)
{
    act(pane, 'r');
}

void screen_key_destroy(void *pane)
{
    act(pane, 'D');
}
