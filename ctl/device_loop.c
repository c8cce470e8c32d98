/* SPDX-License-Identifier: MIT */
#include "device_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Others may take the free device that we were told of; and its node may need a moment. */
#define TRIES_MAX 200

static int attach_to(long number, int file, bool read_only, dev_t *device)
{
    struct loop_config config = { .fd = (unsigned int)file };
    struct stat st;
    char path[32];
    int fd, err;

    snprintf(path, sizeof(path), "/dev/loop%ld", number);
    fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
    if (ioctl(fd, LOOP_CONFIGURE, &config) < 0 || fstat(fd, &st) < 0) {
        err = -errno;
        close(fd);
        return err;
    }
    *device = st.st_rdev;
    return fd;
}

int loop_attach(int file, bool read_only, dev_t *device)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int fd = -EBUSY;

    if (control < 0) {
        return -errno;
    }
    for (int i = 0; i < TRIES_MAX && (fd == -EBUSY || fd == -ENOENT); i++) {
        long number = ioctl(control, LOOP_CTL_GET_FREE);

        if (number < 0) {
            fd = -errno;
            break;
        }
        if (i) {
            nanosleep(&pause, NULL);
        }
        fd = attach_to(number, file, read_only, device);
    }
    close(control);
    return fd;
}
