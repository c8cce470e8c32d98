/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FDS_START 3   /* sd_listen_fds(3) */
#define LISTEN_FDS_MAX   128 /* more than any unit of ours names */

static int ready_pipe = -1;

/* --- starting ------------------------------------------------------------------------- */

int service_detach(void)
{
    int ends[2];
    pid_t pid;
    char byte;

    if (pipe2(ends, O_CLOEXEC)) {
        return -errno;
    }
    pid = fork();
    if (pid < 0) {
        return -errno;
    }
    if (pid > 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(ends[0]);
    ready_pipe = ends[1];
    return setsid() < 0 ? -errno : 0;
}

static void tell_manager(void)
{
    static const char message[] = "READY=1";
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = path ? strlen(path) : 0;
    int fd;

    if (!length || length >= sizeof(address.sun_path)) {
        return;
    }
    memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract name space */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
        fprintf(stderr, "%s: %s: %s: can't tell the service manager that this daemon is ready\n",
                program_invocation_short_name, path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Who started us in the background must not wait for our ends of its pipes. */
static void release_starter(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
    }
    (void)!write(ready_pipe, "", 1);
    close(ready_pipe);
    ready_pipe = -1;
}

void service_ready(void)
{
    tell_manager();
    if (ready_pipe >= 0) {
        release_starter();
    }
}

int service_write_pid(const char *path)
{
    FILE *file = fopen(path, "we");
    int err = 0;

    if (!file) {
        return -errno;
    }
    if (fprintf(file, "%d\n", (int)getpid()) < 0) {
        err = -EIO;
    }
    if (fclose(file)) {
        err = -errno;
    }
    return err;
}

/* --- sockets that were opened for us ------------------------------------------------------ */

/* A variable's value as a number above 0, or 0. */
static long env_number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    long value;

    if (!text || !*text) {
        return 0;
    }
    value = strtol(text, &end, 10);
    return *end || value < 0 ? 0 : value;
}

static int listens_at(int fd, const char *path)
{
    struct sockaddr_un address;
    socklen_t size = sizeof(address), one = sizeof(int);
    int listening = 0;

    memset(&address, 0, sizeof(address));
    return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &one) && listening &&
           !getsockname(fd, (struct sockaddr *)&address, &size) && address.sun_family == AF_UNIX &&
           size > offsetof(struct sockaddr_un, sun_path) &&
           !strncmp(address.sun_path, path, sizeof(address.sun_path));
}

int service_socket(const char *path)
{
    long count = env_number("LISTEN_FDS");
    int found = -1;

    if (env_number("LISTEN_PID") != (long)getpid()) {
        return -1;
    }
    for (int i = 0; i < count && i < LISTEN_FDS_MAX; i++) {
        int fd = LISTEN_FDS_START + i;

        if (!fcntl(fd, F_SETFD, FD_CLOEXEC) && listens_at(fd, path)) {
            found = fd;
        }
    }
    if (found >= 0 && fcntl(found, F_SETFL, O_NONBLOCK)) {
        return -1;
    }
    return found;
}
