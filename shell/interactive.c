/* SPDX-License-Identifier: MIT */
#include "interactive.h"
#include "command.h"
#include "complete.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 1000 };

static const char prompt[] = "pando> ";

/* readline's callbacks take no argument. */
static struct shell *the_shell;
static char *history_path;

static void on_interrupt(int signal)
{
    shell_interrupted = 1;
}

/* --- completion ------------------------------------------------------------------- */

/* readline takes the list, and the strings in it, as its own. */
static char **complete_word(const char *text, int start, int end)
{
    struct candidates candidates;
    char *before = shell_need(strndup(rl_line_buffer, (size_t)start));

    complete(the_shell, before, text, &candidates);
    free(before);
    /* Without this, readline offers files where nothing else fits. */
    rl_attempted_completion_over = !candidates.files;
    if (!candidates.count)
        return NULL;

    char **matches = shell_need(calloc(candidates.count + 2, sizeof(*matches)));
    size_t common = strlen(candidates.list[0]);
    for (size_t i = 0; i < candidates.count; i++) {
        size_t same = 0;
        while (same < common && candidates.list[i][same] == candidates.list[0][same])
            same++;
        common = same;
        matches[i + 1] = candidates.list[i];
    }
    /* The first entry is what they have in common, the only one if it is a complete match. */
    matches[0] = shell_need(strndup(candidates.list[0], common));
    if (candidates.count == 1) {
        size_t length = strlen(matches[0]);
        rl_completion_suppress_append = length && matches[0][length - 1] == '=';
        free(matches[1]);
        matches[1] = NULL;
    }
    free(candidates.list);
    return matches;
}

/* --- history ------------------------------------------------------------------------ */

static void history_load(void)
{
    const char *home = getenv("HOME");

    using_history();
    stifle_history(HISTORY_LINES);
    if (home && asprintf(&history_path, "%s/.pando_history", home) < 0)
        shell_out_of_memory();
    if (history_path)
        read_history(history_path);
}

/* Each line is written at once: a shell may be killed. */
static void history_remember(const char *line)
{
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (last && !strcmp(last->line, line))
        return;
    add_history(line);
    if (!history_path)
        return;
    mode_t mask = umask(077);
    if (append_history(1, history_path) == ENOENT)
        write_history(history_path);
    umask(mask);
}

static void history_save(void)
{
    if (history_path)
        history_truncate_file(history_path, HISTORY_LINES);
    free(history_path);
    history_path = NULL;
}

/* --- the prompt ---------------------------------------------------------------------- */

static void on_line(char *line)
{
    /* The terminal is the command's while it runs. */
    rl_callback_handler_remove();
    if (!line) {
        fputs("quit\n", the_shell->out);
        fflush(the_shell->out);
        the_shell->quit = true;
        return;
    }
    if (line[strspn(line, " \t")]) {
        history_remember(line);
        shell_interrupted = 0;
        command_run_line(the_shell, line);
        if (shell_interrupted)
            fputc('\n', the_shell->out);
        shell_interrupted = 0;
    }
    free(line);
    fflush(the_shell->out);
    if (!the_shell->quit)
        rl_callback_handler_install(prompt, on_line);
}

static void drop_line(void)
{
    shell_interrupted = 0;
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_callback_handler_remove();
    fputs("^C\n", the_shell->out);
    fflush(the_shell->out);
    rl_callback_handler_install(prompt, on_line);
}

static void read_input(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    if (poll(&input, 1, -1) < 0) {
        if (errno == EINTR && shell_interrupted)
            drop_line();
        return;
    }
    rl_callback_read_char();
    if (shell_interrupted && !the_shell->quit)
        drop_line();
}

int interactive_run(struct shell *shell)
{
    struct sigaction interrupt = { .sa_handler = on_interrupt }, before;

    the_shell = shell;
    shell->interactive = true;
    rl_readline_name = "pando";
    rl_catch_signals = 0;
    rl_attempted_completion_function = complete_word;
    rl_completer_word_break_characters = " \t";
    rl_completer_quote_characters = "\"'";
    rl_filename_quote_characters = " \t\"'\\;|&<>#";
    history_load();

    /* Without SA_RESTART: poll() has to notice. */
    sigaction(SIGINT, &interrupt, &before);
    fputs("`help` lists the commands, Tab completes, Ctrl-D leaves.\n", shell->out);
    fflush(shell->out);
    rl_callback_handler_install(prompt, on_line);
    while (!shell->quit)
        read_input();
    rl_callback_handler_remove();
    sigaction(SIGINT, &before, NULL);
    history_save();
    shell->interactive = false;
    return SHELL_OK;
}
