/* SPDX-License-Identifier: MIT */
/* What the commands `attach` and `detach` share. */
#ifndef SHELL_DEVICE_KIND_H
#define SHELL_DEVICE_KIND_H

#include "shell.h"

/* "disk", "vif", for completion. */
extern const char *const device_words[];

/* False after an error message. */
bool parse_device_kind(struct shell *shell, const char *word, enum pando_device *kind);

#endif
