/* SPDX-License-Identifier: MIT */
#include "shell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Thread_local volatile sig_atomic_t shell_interrupted;

void shell_init(struct shell *shell)
{
    *shell = (struct shell){ .out = stdout, .err = stderr, .log_folder = "/var/log/pando" };
}

bool shell_is_watched(const struct shell *shell)
{
    const char *type = getenv("TERM");
    return !shell->script && type && *type && strcmp(type, "dumb") && isatty(STDIN_FILENO) &&
           isatty(fileno(shell->out)) && isatty(fileno(shell->err));
}

void shell_close(struct shell *shell)
{
    pando_close(shell->pando);
    shell->pando = NULL;
}

void shell_error(struct shell *shell, const char *format, ...)
{
    /* What was written before comes first, also if both go to the same file. */
    fflush(shell->out);
    if (shell->script)
        fprintf(shell->err, "%s:%u: ", shell->script, shell->line);
    else if (!shell->interactive)
        fputs("pando: ", shell->err);
    if (shell->command)
        fprintf(shell->err, "%s: ", shell->command);
    va_list args;
    va_start(args, format);
    vfprintf(shell->err, format, args);
    va_end(args);
    fputc('\n', shell->err);
    fflush(shell->err);
}

int shell_library_error(struct shell *shell, const char *what, enum pando_code code)
{
    const char *key = pando_error_key(shell->pando);
    shell_error(shell, "%s%s%s%s%s", what ? what : "", what ? ": " : "", key, *key ? ": " : "",
                pando_error_text(shell->pando));
    if (code == PANDO_E_NOT_FOUND)
        return SHELL_NO_GUEST;
    return code == PANDO_E_TIMEOUT ? SHELL_TIMEOUT : SHELL_FAILED;
}

pando_t *shell_pando(struct shell *shell)
{
    if (!shell->pando) {
        shell->pando = pando_open();
        if (!shell->pando)
            shell_error(shell, "%s", pando_error_text(NULL));
    }
    return shell->pando;
}

void shell_out_of_memory(void)
{
    fputs("pando: out of memory\n", stderr);
    exit(SHELL_FAILED);
}

void *shell_need(void *pointer)
{
    if (!pointer)
        shell_out_of_memory();
    return pointer;
}
