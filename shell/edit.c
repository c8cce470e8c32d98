/* SPDX-License-Identifier: MIT */
#include "edit.h"
#include "complete.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 1000 };

/* readline's callbacks take no argument. */
static struct shell *the_shell;
static char *history_path;

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
        rl_completion_suppress_append = length && strchr("=/", matches[0][length - 1]);
        free(matches[1]);
        matches[1] = NULL;
    }
    free(candidates.list);
    return matches;
}

/* --- history ------------------------------------------------------------------------ */

struct shell *edit_start(struct shell *shell)
{
    const char *home = getenv("HOME");
    struct shell *before = the_shell;

    the_shell = shell;
    rl_readline_name = "pando";
    rl_catch_signals = 0;
    rl_attempted_completion_function = complete_word;
    rl_completer_word_break_characters = " \t";
    rl_completer_quote_characters = "\"'";
    rl_variable_bind("match-hidden-files", "off");
    rl_filename_quote_characters = " \t\"'\\;|&<>#$`";
    /* The history has what was run. And readline loses how a line was edited that goes off its end
     * still edited. */
    rl_variable_bind("revert-all-at-newline", "on");
    if (before)
        return before;
    using_history();
    stifle_history(HISTORY_LINES);
    if (home && asprintf(&history_path, "%s/.pando_history", home) < 0)
        shell_out_of_memory();
    if (history_path)
        read_history(history_path);
    return NULL;
}

void edit_remember(const char *line)
{
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (last && !strcmp(last->line, line))
        return;
    add_history(line);
    /* A line that is being edited already comes behind this one. */
    using_history();
    if (!history_path)
        return;
    /* Other threads may make files meanwhile; theirs are private then, too. */
    mode_t mask = umask(077);
    if (append_history(1, history_path) == ENOENT)
        write_history(history_path);
    umask(mask);
}

void edit_stop(struct shell *before)
{
    the_shell = before;
    if (before)
        return;
    if (history_path)
        history_truncate_file(history_path, HISTORY_LINES);
    free(history_path);
    history_path = NULL;
}
