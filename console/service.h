/* SPDX-License-Identifier: MIT */
/* What a daemon does to be one: detaching from its starter, its pid file, telling systemd. */
#ifndef CONSOLE_SERVICE_H
#define CONSOLE_SERVICE_H

/*
 * Goes into the background: returns in a child process that leads a session of its own, while the
 * parent waits for service_ready() there and exits with 0, or with 1 if the child ends before. The
 * child's standard error stays where it was. -errno on failure.
 */
int service_detach(void);

/* The service is ready: tells who waits for it, and the socket $NOTIFY_SOCKET (sd_notify(3)). */
void service_ready(void);

/* Writes the process id into the file. 0 or -errno. */
int service_write_pid(const char *path);

#endif
