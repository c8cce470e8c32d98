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

static int ready_pipe = -1;

int service_detach(void)
{
    int ends[2], null;
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
    setsid();
    if (chdir("/")) {
        return -errno;
    }
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        return -errno;
    }
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close(null);
    return 0;
}

static void notify_systemd(void)
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
        address.sun_path[0] = '\0';
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)!sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
        close(fd);
    }
}

void service_ready(void)
{
    if (ready_pipe >= 0) {
        (void)!write(ready_pipe, "", 1);
        close(ready_pipe);
        ready_pipe = -1;
    }
    notify_systemd();
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
