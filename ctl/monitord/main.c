/* SPDX-License-Identifier: MIT */
/* monitord: acts on on_poweroff, on_reboot and on_crash when guests end. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"
#include "service.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = 1;
}

static void usage(FILE *to)
{
    fputs("usage: monitord [-d] [--pid-file PATH]\n"
          "  -d, --daemon      go to the background once ready\n"
          "  --pid-file PATH   write the process id there\n"
          "  -h, --help        this text\n"
          "  -V, --version     the version\n",
          to);
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static int run(bool background, const char *pid_file)
{
    static struct monitor monitor = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                      .idle = PTHREAD_COND_INITIALIZER };

    int err;

    if (background && (err = service_detach())) {
        monitor_log("cannot go to the background: %s", strerror(-err));
        return 1;
    }
    catch_signals();
    monitor.pando = pando_open();
    if (!monitor.pando) {
        monitor_log("%s", pando_error_text(NULL));
        return 1;
    }
    if (pid_file && (err = service_write_pid(pid_file))) {
        monitor_log("%s cannot be written: %s", pid_file, strerror(-err));
        return 1;
    }
    service_ready();
    monitor_run(&monitor, &stop);
    monitor_drain(&monitor);
    pando_close(monitor.pando);
    if (pid_file) {
        unlink(pid_file);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "daemon", no_argument, NULL, 'd' },
                                             { "pid-file", required_argument, NULL, 'p' },
                                             { "help", no_argument, NULL, 'h' },
                                             { "version", no_argument, NULL, 'V' },
                                             { 0 } };
    const char *pid_file = NULL;
    bool background = false;
    int c;

    while ((c = getopt_long(argc, argv, "dhV", options, NULL)) != -1) {
        switch (c) {
        case 'd':
            background = true;
            break;
        case 'p':
            pid_file = optarg;
            break;
        case 'h':
            usage(stdout);
            return 0;
        case 'V':
            puts("monitord " PANDO_VERSION);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    if (optind != argc) {
        usage(stderr);
        return 2;
    }
    return run(background, pid_file);
}
