/* SPDX-License-Identifier: MIT */
/*
 * What a daemon does to be one: leaving its starter, its pid file, telling the service manager, and
 * taking the socket that this one listens on already.
 */
#ifndef PANDO_SERVICE_H
#define PANDO_SERVICE_H

/*
 * Goes into the background: returns in a child process that leads a session of its own, while the
 * parent waits for service_ready() there and exits with 0, or with 1 if the child ends before. The
 * child's standard error stays where it was. To be called before anything is mapped from
 * /dev/xen/gntdev, which doesn't survive a fork(). 0, or -errno on failure.
 */
int service_detach(void);

/* The service is ready: tells who waits for it, and the socket $NOTIFY_SOCKET (sd_notify(3)). */
void service_ready(void);

/* Writes the process id into the file. 0 or -errno. */
int service_write_pid(const char *path);

/*
 * The socket that the service manager listens on for us at @path, by the protocol of
 * sd_listen_fds(3); it is made non-blocking, belongs to the caller, and its path is to be left
 * where it is. -1 if there is none: the caller has to listen there itself.
 */
int service_socket(const char *path);

#endif
