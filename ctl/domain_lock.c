/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "paths.h"

/* How long to wait for another tool; the longest operation under the lock is a creation. */
#define LOCK_LIMIT_MS 60000
#define LOCK_POLL_MS  10

int64_t clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void lock_path(const char *name, char *path, size_t size)
{
    snprintf(path, size, PANDO_LOCK_DIR "/%s", name);
}

/* Whether the open file is still the one of that name: its last owner may have removed it. */
static bool still_there(int fd, const char *path)
{
    struct stat mine, named;

    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

static enum pando_code lock_fail(const char *path)
{
    return pando_fail(PANDO_E_SYSTEM, NULL, "%s: %s", path, strerror(errno));
}

static enum pando_code lock_within(struct domain_lock *lock, const char *name, int limit_ms,
                                   const struct cancel *cancel)
{
    int64_t deadline = clock_ms() + limit_ms;
    const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
    char path[sizeof(PANDO_LOCK_DIR) + PANDO_NAME_MAX];

    lock->fd = -1;
    if (!pando_name_valid(name)) {
        return pando_fail(PANDO_E_INVALID, "name", "\"%s\" is not a valid name of a guest", name);
    }
    if (make_dir(PANDO_LOCK_DIR) < 0) {
        return lock_fail(PANDO_LOCK_DIR);
    }
    snprintf(lock->name, sizeof(lock->name), "%s", name);
    lock_path(name, path, sizeof(path));
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0) {
            return lock_fail(path);
        }
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            if (errno != EWOULDBLOCK && errno != EINTR) {
                close(fd);
                return lock_fail(path);
            }
            if (cancel_asked(cancel)) {
                close(fd);
                return pando_fail_cancelled();
            }
            if (clock_ms() >= deadline) {
                close(fd);
                return pando_fail(PANDO_E_BUSY, NULL,
                                  "another tool has been working on guest \"%s\" for %d s; try "
                                  "again later",
                                  name, limit_ms / 1000);
            }
            nanosleep(&pause, NULL);
        }
        if (still_there(fd, path)) {
            lock->fd = fd;
            return PANDO_OK;
        }
        close(fd);
    }
}

enum pando_code domain_lock(struct domain_lock *lock, const char *name)
{
    return lock_within(lock, name, LOCK_LIMIT_MS, NULL);
}

enum pando_code domain_lock_unless(struct domain_lock *lock, const char *name,
                                   const struct cancel *cancel)
{
    return lock_within(lock, name, LOCK_LIMIT_MS, cancel);
}

enum pando_code domain_try_lock(struct domain_lock *lock, const char *name)
{
    return lock_within(lock, name, 0, NULL);
}

enum pando_code domain_lock_id(pando_t *pando, struct domain_lock *lock, uint32_t domid)
{
    for (;;) {
        struct pando_domain before, after;
        enum pando_code code = pando_domain_info(pando, domid, &before);

        lock->fd = -1;
        if (code) {
            return code;
        }
        if (domid == 0) {
            return pando_fail(PANDO_E_INVALID, NULL,
                              "domain 0 is the host's own and cannot be changed by this");
        }
        if (!pando_name_valid(before.name)) {
            return PANDO_OK; /* not one of ours, or half made: there is nothing to lock by */
        }
        code = domain_lock(lock, before.name);
        if (code) {
            return code;
        }
        code = pando_domain_info(pando, domid, &after);
        if (code) {
            domain_unlock(lock);
            return code;
        }
        if (!strcmp(before.name, after.name)) {
            return PANDO_OK;
        }
        domain_unlock(lock);
    }
}

void domain_unlock(struct domain_lock *lock)
{
    char path[sizeof(PANDO_LOCK_DIR) + PANDO_NAME_MAX];

    if (lock->fd < 0) {
        return;
    }
    /* Removed while it is still ours: who waits for it will find that out, see still_there(). */
    lock_path(lock->name, path, sizeof(path));
    unlink(path);
    close(lock->fd);
    lock->fd = -1;
}
