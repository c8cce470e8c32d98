/* SPDX-License-Identifier: MIT */
/* An attach client that returns at once. */
#ifndef FAKE_CONSOLE_H
#define FAKE_CONSOLE_H

#include "attach.h"

struct fake_console {
    int result;
    unsigned attached;
    char guest[64];
    struct console_attach_options options;
};

extern struct fake_console fake_console;

#endif
