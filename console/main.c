/* SPDX-License-Identifier: MIT */
/* consoled: keeps the consoles of all guests. See consoled(8). */
#include "consoled.h"
#include "report.h"
#include "service.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOG_DIR "/var/log/pando"

enum { EXIT_USAGE = 2 };

struct options {
    bool detach;
    const char *pid_file;
};

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    stop = 1;
}

static void usage(FILE *to)
{
    fprintf(to, "Usage: consoled [-d] [--pid-file PATH]\n"
                "Keeps the consoles of all guests: scrollback, log files, clients.\n"
                "\n"
                "  -d               go into the background when ready\n"
                "  --pid-file PATH  write the process id there\n"
                "  --version        print the version\n"
                "  --help           print this\n"
                "\n"
                "See consoled(8).\n");
}

static void parse_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        { "pid-file", required_argument, NULL, 'p' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "dh", longs, NULL)) != -1) {
        switch (option) {
        case 'd':
            options->detach = true;
            break;
        case 'p':
            options->pid_file = optarg;
            break;
        case 'v':
            printf("consoled %s\n", PANDO_VERSION);
            exit(EXIT_SUCCESS);
        case 'h':
            usage(stdout);
            exit(EXIT_SUCCESS);
        default:
            usage(stderr);
            exit(EXIT_USAGE);
        }
    }
    if (optind != argc) {
        fprintf(stderr, "consoled: unexpected argument '%s'\n", argv[optind]);
        usage(stderr);
        exit(EXIT_USAGE);
    }
}

/* SIGTERM and SIGINT are let through only while the loop waits; *waiting is the mask for that. */
static void catch_signals(sigset_t *waiting)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t both;

    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, waiting);
    sigdelset(waiting, SIGTERM);
    sigdelset(waiting, SIGINT);
}

/* Each guest's log is an open file. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static struct consoled_paths paths = { .socket = CONSOLE_SOCKET, .log_dir = LOG_DIR };
    static struct consoled daemon;
    struct options options = { 0 };
    sigset_t waiting;
    int err = 0, fd;

    parse_options(argc, argv, &options);
    if (options.detach && (err = service_detach())) {
        report("cannot go into the background: %s", strerror(-err));
        return EXIT_FAILURE;
    }
    catch_signals(&waiting);
    raise_file_limit();
    fd = service_socket(paths.socket);
    if (fd >= 0) {
        paths.listen = fd;
    }
    if (consoled_open(&daemon, &paths)) {
        return EXIT_FAILURE;
    }
    if (options.pid_file && (err = service_write_pid(options.pid_file))) {
        report("%s: %s", options.pid_file, strerror(-err));
        consoled_close(&daemon);
        return EXIT_FAILURE;
    }
    service_ready();
    while (!stop) {
        consoled_turn(&daemon, TIME_NEVER, &waiting);
    }
    consoled_close(&daemon);
    if (options.pid_file) {
        unlink(options.pid_file);
    }
    return EXIT_SUCCESS;
}
