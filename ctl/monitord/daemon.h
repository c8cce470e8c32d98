/* SPDX-License-Identifier: MIT */
/* What makes a program a service. */
#ifndef MONITORD_DAEMON_H
#define MONITORD_DAEMON_H

#include <stdbool.h>

/* Forks; the parent waits until daemon_ready() and then exits. Returns in the child, or -1. */
int daemon_start(void);

/* Tells the waiting parent, and the service manager (sd_notify(3)), and writes the pid file (NULL:
 * none). -1 with errno if that cannot be written. */
int daemon_ready(const char *pid_file);

#endif
