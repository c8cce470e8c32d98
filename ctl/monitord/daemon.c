/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_pipe = -1;

int daemon_start(void)
{
    int ends[2], status = 1;
    char byte;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        return -1;
    }
    pid = fork();
    if (pid < 0) {
        return -1;
    }
    if (pid > 0) {
        close(ends[1]);
        if (read(ends[0], &byte, 1) == 1) {
            status = 0;
        }
        _exit(status);
    }
    close(ends[0]);
    ready_pipe = ends[1];
    if (setsid() < 0) {
        return -1;
    }
    return 0;
}

static int write_pid(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file) {
        return -1;
    }
    fprintf(file, "%ld\n", (long)getpid());
    return fclose(file);
}

static void notify_manager(void)
{
    static const char message[] = "READY=1";
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    socklen_t size;
    int fd;

    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(addr.sun_path)) {
        return;
    }
    strcpy(addr.sun_path, path);
    if (path[0] == '@') {
        addr.sun_path[0] = '\0'; /* the abstract name space */
    }
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, message, sizeof(message) - 1, MSG_NOSIGNAL, (struct sockaddr *)&addr,
                         size) < 0) {
        fprintf(stderr, "monitord: the service manager cannot be told: %s\n", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

int daemon_ready(const char *pid_file)
{
    int null;

    if (pid_file && write_pid(pid_file) < 0) {
        return -1;
    }
    notify_manager();
    if (ready_pipe >= 0) {
        /* The log stays on standard error. */
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || write(ready_pipe, "", 1) != 1) {
            return -1;
        }
        close(null);
        close(ready_pipe);
        ready_pipe = -1;
    }
    return 0;
}
