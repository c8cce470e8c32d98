/* SPDX-License-Identifier: MIT */
/*
 * stored: the store daemon. See stored(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal.h"
#include "loop.h"
#include "service.h"
#include "socket.h"
#include "state.h"
#include "store.h"

struct options {
    const char *socket;
    const char *state;
    const char *pid_file;
    bool daemonize;
    bool no_rings;
};

static bool ending;
static uint32_t dom_exc_port;

static void usage(FILE *out)
{
    fprintf(out, "usage: stored [-d] [--pid-file PATH] [--socket PATH] [--state PATH]\n"
                 "              [--no-rings]\n"
                 "\n"
                 "  -d, --daemon     go to the background when ready\n"
                 "  --pid-file PATH  write the process id there\n"
                 "  --socket PATH    listen there (/run/xenstored/socket)\n"
                 "  --state PATH     keep the state there (/run/pando/stored.state)\n"
                 "  --no-rings       serve the socket only, without a hypervisor\n"
                 "  -V, --version    print the version\n");
}

static void parse_options(struct options *options, int argc, char **argv)
{
    enum { OPT_PID_FILE = 256, OPT_SOCKET, OPT_STATE, OPT_NO_RINGS };
    static const struct option known[] = {
        { "daemon", no_argument, NULL, 'd' },
        { "pid-file", required_argument, NULL, OPT_PID_FILE },
        { "socket", required_argument, NULL, OPT_SOCKET },
        { "state", required_argument, NULL, OPT_STATE },
        { "no-rings", no_argument, NULL, OPT_NO_RINGS },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "dVh", known, NULL)) != -1) {
        switch (c) {
        case 'd':
            options->daemonize = true;
            break;
        case OPT_PID_FILE:
            options->pid_file = optarg;
            break;
        case OPT_SOCKET:
            options->socket = optarg;
            break;
        case OPT_STATE:
            options->state = optarg;
            break;
        case OPT_NO_RINGS:
            options->no_rings = true;
            break;
        case 'V':
            printf("stored %s\n", PANDO_VERSION);
            exit(0);
        case 'h':
            usage(stdout);
            exit(0);
        default:
            usage(stderr);
            exit(2);
        }
    }
    if (optind < argc) {
        usage(stderr);
        exit(2);
    }
}

static void make_parent(const char *path)
{
    char parent[4096];
    const char *slash = strrchr(path, '/');

    if (slash && slash > path && (size_t)(slash - path) < sizeof(parent)) {
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = '\0';
        if (mkdir(parent, 0755) < 0 && errno != EEXIST) {
            log_line("%s: %s", parent, strerror(errno));
        }
    }
}

/* Only one daemon may have the state; the kernel gives the lock back however it ends. */
static void lock_state(const char *state)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s.lock", state);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        die("%s: %s", path, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        die("%s: another stored is running", path);
    }
}

static void signal_event(struct source *source, uint32_t events)
{
    struct signalfd_siginfo info;

    if (read(source->fd, &info, sizeof(info)) > 0) {
        ending = true;
    }
}

static void watch_signals(struct loop *loop, struct source *source)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *source = (struct source){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
                               .handle = signal_event };
    loop_add(loop, source, EPOLLIN);
}

static void xen_event(struct source *source, uint32_t events)
{
    struct store *store = source->context;
    uint32_t port;
    int err;

    while ((err = xen_next_event(&port)) == 0) {
        if (port == dom_exc_port) {
            domain_check_all(store);
        } else {
            domain_event(store, port);
        }
    }
    if (err == -EOVERFLOW) {
        domain_check_all(store);
        domain_event(store, 0);
    }
}

/* dom0's ring, those of the domains that the journal knows, and the news about domains. */
static void start_rings(struct loop *loop, struct store *store, struct source *source)
{
    int err = xen_bind_dom_exc(&dom_exc_port);

    if (err) {
        die("VIRQ_DOM_EXC can't be bound: %s", strerror(-err));
    }
    domain_reconnect_all(store);
    err = domain_introduce_local(store);
    if (err) {
        die("dom0's own ring: %s: is xenfs mounted at /proc/xen?", strerror(-err));
    }
    *source = (struct source){ .fd = xen_event_fd(), .handle = xen_event, .context = store };
    loop_add(loop, source, EPOLLIN);
}

/* Generations must not come again after a restart; a change takes more than a nanosecond. */
static void start_generations(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    tree_set_generation((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

static void recover(struct store *store, const char *path)
{
    long batches = journal_replay(path, state_replay, store);

    if (batches < 0) {
        log_line("%s: %s: starting with an empty store", path, strerror((int)-batches));
    } else if (batches) {
        log_line("state recovered: %u nodes", store->account.total);
    }
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* On the socket that the service manager has opened, or on one of our own. */
static void start_clients(struct loop *loop, struct store *store, const char *path)
{
    int fd = service_socket(path);

    if (fd >= 0) {
        socket_serve(loop, store, fd);
    } else if (socket_listen(loop, store, path)) {
        exit(1);
    }
}

static void run(struct loop *loop, struct store *store)
{
    bool more = false;

    while (!ending) {
        loop_run(loop, more ? 0 : -1);
        domain_serve_ready(store);
        store_commit(store);
        more = !TAILQ_EMPTY(&store->ready); /* also what the commit has found in the rings */
        socket_reap();
    }
}

int main(int argc, char **argv)
{
    struct options options = { .socket = "/run/xenstored/socket",
                               .state = "/run/pando/stored.state" };
    struct source signals, events;
    struct store *store;
    struct loop loop;
    int err;

    parse_options(&options, argc, argv);
    if (options.daemonize && (err = service_detach())) {
        die("can't go to the background: %s", strerror(-err));
    }
    raise_file_limit();
    loop_init(&loop);
    watch_signals(&loop, &signals);
    make_parent(options.state);
    make_parent(options.socket);
    lock_state(options.state);
    if (!options.no_rings && xen_open()) {
        die("can't reach the hypervisor");
    }
    start_generations();
    store = store_new();
    recover(store, options.state);
    if (!options.no_rings) {
        start_rings(&loop, store, &events);
    }
    store->journal = journal_start(options.state, store);
    store_make_base(store);
    start_clients(&loop, store, options.socket);
    if (options.pid_file && (err = service_write_pid(options.pid_file))) {
        die("%s: %s", options.pid_file, strerror(-err));
    }
    store_commit(store);
    service_ready();
    run(&loop, store);
    socket_close_all();
    journal_close(store->journal);
    store_free(store);
    return 0;
}
