/* SPDX-License-Identifier: MIT */
/* Exit codes of pando and of each of its commands. Scripts rely on them: they never change. */
#ifndef SHELL_EXIT_H
#define SHELL_EXIT_H

enum shell_exit {
    SHELL_OK = 0,
    SHELL_FAILED = 1,        /* it could not be done; the message says why */
    SHELL_USAGE = 2,         /* the command line is wrong: nothing was done */
    SHELL_NO_GUEST = 3,      /* there is no such guest */
    SHELL_TIMEOUT = 4,       /* it did not happen in time */
    SHELL_ENDED = 5,         /* console: the guest has ended */
    SHELL_INTERRUPTED = 130, /* Ctrl-C, as for any program that SIGINT ends */
};

#endif
