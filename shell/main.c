/* SPDX-License-Identifier: MIT */
/* pando: the operator's program. A command, a script, or a prompt; see pando(1). */
#include "command.h"
#include "interactive.h"
#include "plugin_command.h"
#include "plugin_host.h"
#include "script.h"
#include "ui.h"

#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: pando                          a prompt, or the commands of standard input\n"
    "       pando --screen                 full-screen mode\n"
    "       pando COMMAND [ARGUMENTS]      one command\n"
    "       pando [--keep-going] -f FILE   the commands of a script\n"
    "       pando --help | --version\n"
    "\n";

struct invocation {
    const char *script; /* -f */
    char **command;     /* NULL: none */
    bool help, version, screen;
};

/* The options before the command. False after an error message. */
static bool parse(struct shell *shell, char **argv, struct invocation *invocation)
{
    for (argv++; *argv; argv++) {
        if (!strcmp(*argv, "-f") && argv[1]) {
            invocation->script = *++argv;
        } else if (!strcmp(*argv, "-k") || !strcmp(*argv, "--keep-going")) {
            shell->keep_going = true;
        } else if (!strcmp(*argv, "--screen")) {
            invocation->screen = true;
        } else if (!strcmp(*argv, "-h") || !strcmp(*argv, "--help")) {
            invocation->help = true;
        } else if (!strcmp(*argv, "-V") || !strcmp(*argv, "--version")) {
            invocation->version = true;
        } else if (**argv != '-' && !invocation->script) {
            invocation->command = argv;
            return true;
        } else {
            if (!strcmp(*argv, "-f"))
                shell_error(shell, "-f: the name of a script is missing");
            else
                shell_error(shell, "\"%s\" is not expected here", *argv);
            fputs(usage, shell->err);
            return false;
        }
    }
    return true;
}

static int run(struct shell *shell, char **argv)
{
    struct invocation invocation = { 0 };
    if (!parse(shell, argv, &invocation))
        return SHELL_USAGE;
    if (invocation.help) {
        fputs(usage, shell->out);
        return command_run(shell, (const char *const[]){ "help", NULL });
    }
    if (invocation.version)
        return command_run(shell, (const char *const[]){ "version", NULL });
    shell->single = invocation.command;
    if (invocation.command)
        return command_run(shell, (const char *const *)invocation.command);
    if (invocation.screen)
        return command_run(shell, (const char *const[]){ "screen", NULL });
    if (invocation.script && strcmp(invocation.script, "-"))
        return script_run_file(shell, invocation.script);
    if (!invocation.script && isatty(STDIN_FILENO)) {
        plugins_load();
        return interactive_run(shell);
    }
    return script_run(shell, stdin, "standard input");
}

/* Plugins are loaded before there are threads. */
static int full_screen(struct shell *shell, const char *screen, const char *guest)
{
    plugins_load();
    return ui_main(shell, screen, guest);
}

int main(int argc, char **argv)
{
    struct shell shell;

    shell_init(&shell);
    plugins_want(&plugin_command_rules);
    shell.full_screen = full_screen;
    int status = run(&shell, argv);
    shell_close(&shell);
    plugins_unload();
    return status;
}
