/* SPDX-License-Identifier: MIT */
#include "consoled.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ACCEPT_RETRY 1000000000ull /* ns */

/* Slots in the array for poll(): these, then the clients, then terminals that are open. */
enum { POLL_LISTEN, POLL_XEN, POLL_STORE, POLL_TTYS, POLL_CLIENTS };

static uint64_t time_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* --- beginning ------------------------------------------------------------------------ */

/* Makes a folder, whose parent must be there. */
static int make_dir(const char *path, mode_t mode)
{
    if (mkdir(path, mode) && errno != EEXIST) {
        int err = -errno;

        report("%s: cannot make this folder: %s", path, strerror(errno));
        return err;
    }
    return 0;
}

static int make_parent(const char *path)
{
    char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;
    int err = copy ? 0 : -ENOMEM;

    if (slash && slash != copy) {
        *slash = '\0';
        err = make_dir(copy, 0755);
    }
    free(copy);
    return err;
}

/* Two daemons on the same rings would each get half of the bytes: there is a lock beside the
 * socket. The kernel gives it back however we end. */
static int take_lock(struct consoled *daemon)
{
    char *path;
    int err = 0;

    if (asprintf(&path, "%s.lock", daemon->paths.socket) < 0) {
        return -ENOMEM;
    }
    daemon->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (daemon->lock < 0 || flock(daemon->lock, LOCK_EX | LOCK_NB)) {
        err = -errno;
        report("%s: %s", path,
               err == -EWOULDBLOCK ? "another consoled is running" : strerror(errno));
    }
    free(path);
    return err;
}

static int open_socket(struct consoled *daemon)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = daemon->paths.socket;
    int err;

    if (daemon->paths.listen) {
        daemon->listen = daemon->paths.listen;
        return 0;
    }
    if (strlen(path) >= sizeof(address.sun_path)) {
        report("%s: this path is too long for a socket", path);
        return -ENAMETOOLONG;
    }
    strcpy(address.sun_path, path);
    unlink(path); /* of one that was killed: we have the lock */
    daemon->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (daemon->listen < 0 || fchmod(daemon->listen, 0600) ||
        bind(daemon->listen, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0600) ||
        listen(daemon->listen, 64)) {
        err = -errno;
        report("%s: %s", path, strerror(errno));
        return err;
    }
    return 0;
}

int consoled_open(struct consoled *daemon, const struct consoled_paths *paths)
{
    int err;

    memset(daemon, 0, sizeof(*daemon));
    daemon->paths = *paths;
    daemon->lock = daemon->listen = -1;
    daemon->guests.log_dir = paths->log_dir;
    daemon->registry.path = paths->store;
    daemon->registry.ttys = &daemon->ttys;
    daemon->ttys.watches = -1;
    err = make_parent(paths->socket);
    if (!err) {
        err = take_lock(daemon);
    }
    if (!err) {
        err = xen_open(&daemon->guests.xen);
    }
    if (!err) {
        /* A log that can't be written is reported for each console, and stops none. */
        (void)(make_parent(paths->log_dir) || make_dir(paths->log_dir, 0700));
        err = open_socket(daemon);
    }
    if (!err) {
        ttys_open(&daemon->ttys);
    }
    if (err) {
        consoled_close(daemon);
    }
    return err;
}

void consoled_close(struct consoled *daemon)
{
    while (daemon->client_count) {
        struct client *client = daemon->clients[--daemon->client_count];

        client_finish(client, CONSOLE_END, CONSOLE_END_STOP, "the console daemon stops",
                      time_now());
        client_turn(client, &daemon->guests, 0, time_now());
        client_free(client);
    }
    registry_close(&daemon->registry);
    ttys_close(&daemon->ttys);
    guests_close(&daemon->guests);
    if (daemon->guests.xen) {
        xen_close(daemon->guests.xen);
        daemon->guests.xen = NULL;
    }
    if (daemon->listen >= 0) {
        /* The service manager's socket stays open there: clients wait for our successor. */
        if (!daemon->paths.listen) {
            unlink(daemon->paths.socket);
        }
        close(daemon->listen);
        daemon->listen = -1;
    }
    if (daemon->lock >= 0) {
        close(daemon->lock);
        daemon->lock = -1;
    }
}

/* --- the loop ----------------------------------------------------------------------------- */

/* One client too many is told so, as far as its socket takes it. */
static void refuse_client(int fd)
{
    uint8_t buf[CONSOLE_FRAME_MAX];
    size_t length = console_put_sentence(buf, CONSOLE_ERROR, CONSOLE_ERROR_LIMIT,
                                         "too many clients are attached to consoled");

    (void)!send(fd, buf, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void accept_clients(struct consoled *daemon, uint64_t now)
{
    struct client *client;
    int fd;

    for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
        fd = accept4(daemon->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            /* Out of descriptors or memory: the client waits, and we don't turn around it. */
            if (errno != EAGAIN) {
                daemon->accept_at = now + ACCEPT_RETRY;
            }
            return;
        }
        client = daemon->client_count < CLIENTS_MAX ? client_new(fd, now) : NULL;
        if (client) {
            daemon->clients[daemon->client_count++] = client;
        } else {
            refuse_client(fd);
        }
    }
}

static void turn_clients(struct consoled *daemon, const struct pollfd *fds, uint64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < daemon->client_count; i++) {
        struct client *client = daemon->clients[i];

        if (client_turn(client, &daemon->guests, fds[i].revents, now)) {
            daemon->clients[kept++] = client;
        } else {
            client_free(client);
        }
    }
    daemon->client_count = kept;
}

/* Notes what clients still need of their guests' output. */
static void hold_guests(struct consoled *daemon, uint64_t now)
{
    for (size_t i = 0; i < daemon->guests.count; i++) {
        daemon->guests.all[i]->needed = UINT64_MAX;
    }
    for (size_t i = 0; i < daemon->client_count; i++) {
        const struct client *client = daemon->clients[i];
        uint64_t needed = client_needs(client, now);

        if (client->guest && needed < client->guest->needed) {
            client->guest->needed = needed;
        }
    }
    ttys_hold(&daemon->ttys, now);
}

/* Moves what can be moved, on the way from the guests to the clients and back. Little is asked of
 * the kernel here, since a guest that writes byte by byte makes many turns. */
static void work(struct consoled *daemon, const struct pollfd *fds, uint64_t now)
{
    const struct pollfd *ttys = fds + POLL_CLIENTS + daemon->client_count;

    if (fds[POLL_STORE].revents || now >= daemon->registry_wake) {
        daemon->registry_wake = registry_turn(&daemon->registry, &daemon->guests, now);
    }
    if (fds[POLL_XEN].revents) {
        guests_events(&daemon->guests);
    }
    hold_guests(daemon, now);
    daemon->guests_wake = guests_turn(&daemon->guests, now);
    ttys_turn(&daemon->ttys, ttys, fds[POLL_TTYS].revents, now);
    turn_clients(daemon, fds + POLL_CLIENTS, now);
    guests_send(&daemon->guests);
    if (fds[POLL_LISTEN].revents) {
        accept_clients(daemon, now);
    }
}

/* Fills in the clients' slots, and lets *wake be early enough for them. */
static void poll_clients(struct consoled *daemon, struct pollfd *fds, uint64_t *wake)
{
    for (size_t i = 0; i < daemon->client_count; i++) {
        struct client *client = daemon->clients[i];

        fds[i] = (struct pollfd){ client->fd, client_events(client, &daemon->guests), 0 };
        if (client_is_runnable(client)) {
            *wake = 0;
        }
        if ((client->state == CLIENT_NEW || client->state == CLIENT_CLOSING) &&
            client->deadline < *wake) {
            *wake = client->deadline;
        }
    }
}

void consoled_turn(struct consoled *daemon, uint64_t limit, const sigset_t *mask)
{
    struct pollfd fds[POLL_CLIENTS + CLIENTS_MAX + GUESTS_MAX];
    nfds_t count;
    uint64_t now = time_now(), wake = daemon->guests_wake;
    struct timespec timeout;

    for (size_t i = 0; i < POLL_CLIENTS; i++) {
        fds[i] = (struct pollfd){ .events = POLLIN };
    }
    fds[POLL_LISTEN].fd = daemon->listen;
    if (now < daemon->accept_at) {
        fds[POLL_LISTEN].fd = -1;
        wake = daemon->accept_at < wake ? daemon->accept_at : wake;
    }
    wake = daemon->registry_wake < wake ? daemon->registry_wake : wake;
    fds[POLL_XEN].fd = xen_event_fd(daemon->guests.xen);
    fds[POLL_STORE].fd = registry_fd(&daemon->registry);
    fds[POLL_TTYS].fd = daemon->ttys.watches;
    poll_clients(daemon, fds + POLL_CLIENTS, &wake);
    count = POLL_CLIENTS + daemon->client_count;
    count += ttys_poll(&daemon->ttys, fds + count, &wake);
    wake = wake > now ? wake - now : 0;
    wake = wake < limit ? wake : limit;
    timeout.tv_sec = (time_t)(wake / 1000000000u);
    timeout.tv_nsec = (long)(wake % 1000000000u);
    if (ppoll(fds, count, &timeout, mask) >= 0) {
        work(daemon, fds, time_now());
    }
}
