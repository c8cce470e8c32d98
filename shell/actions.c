/* SPDX-License-Identifier: MIT */
#include "actions.h"
#include "sample.h"
#include "ui.h"

#include <stdio.h>
#include <string.h>

/* As a word of a command's line: names of guests have nothing that needs quoting. */
static void run(struct ui *ui, const char *command, const char *guest, const char *question)
{
    char line[200], text[200];
    snprintf(line, sizeof(line), "%s %s", command, guest);
    if (!question) {
        ui_run(ui, line);
        return;
    }
    snprintf(text, sizeof(text), "%s %s?", question, guest);
    ui_ask(ui, text, line);
}

void guest_action(struct ui *ui, const char *guest, char action)
{
    const struct sample_guest *found = sample_guest(ui->sample, guest);
    if (!*guest || !found) {
        ui_notice(ui, ROLE_WARNING, "no guest is selected: F2 shows them");
        return;
    }
    if (found->info.id == 0) {
        ui_notice(ui, ROLE_WARNING, "%s is the host's own domain: select a guest", guest);
        return;
    }
    bool paused = found->info.state == PANDO_DOMAIN_PAUSED;
    switch (action) {
    case 'c':
        run(ui, "console", guest, NULL);
        break;
    case 'p':
        run(ui, paused ? "unpause" : "pause", guest, NULL);
        break;
    case 's':
        run(ui, "shutdown --wait", guest, "Shut down");
        break;
    case 'r':
        run(ui, "reboot", guest, "Reboot");
        break;
    case 'D':
        run(ui, "destroy", guest, "Destroy, at once and with what it has not saved,");
        break;
    default:
        break;
    }
}
