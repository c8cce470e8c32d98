/* SPDX-License-Identifier: MIT */
#include "prompt.h"
#include "edit.h"

#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

enum { SEQUENCE_MAX = 16 };

/* readline's callbacks take no argument. */
static struct {
    struct prompt_events events;
    struct shell *before; /* whom readline worked for, and how */
    rl_getc_func_t *getc_before;
    FILE *nowhere; /* what readline would write */
    char bytes[SEQUENCE_MAX];
    size_t next, end; /* of these, not read yet */
    char *line;       /* has been entered */
    bool ended;
    char **offers;
    size_t offer_count;
    int left; /* columns of the line that are out of sight */
} prompt;

static const char text[] = "pando> ";

/* What each key is to readline; xterm's sequences, whatever the terminal sends. */
static const struct {
    uint32_t code;
    uint8_t modifiers;
    const char *bytes;
    const char *function; /* to be bound to them; NULL: readline does that */
} sequences[] = {
    { K_ENTER, 0, "\r", NULL },
    { K_TAB, 0, "\t", NULL },
    { K_BACKSPACE, 0, "\177", NULL },
    { K_BACKSPACE, MODIFIER_ALT, "\033\177", NULL },
    { K_UP, 0, "\033[A", "previous-history" },
    { K_DOWN, 0, "\033[B", "next-history" },
    { K_RIGHT, 0, "\033[C", "forward-char" },
    { K_LEFT, 0, "\033[D", "backward-char" },
    { K_HOME, 0, "\033[H", "beginning-of-line" },
    { K_END, 0, "\033[F", "end-of-line" },
    { K_DELETE, 0, "\033[3~", "delete-char" },
    { K_RIGHT, MODIFIER_CTRL, "\033[1;5C", "forward-word" },
    { K_LEFT, MODIFIER_CTRL, "\033[1;5D", "backward-word" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int next_byte(FILE *stream)
{
    return prompt.next < prompt.end ? (unsigned char)prompt.bytes[prompt.next++] : EOF;
}

static int has_byte(void)
{
    return prompt.next < prompt.end;
}

static void forget_offers(void)
{
    for (size_t i = 0; i < prompt.offer_count; i++)
        free(prompt.offers[i]);
    free(prompt.offers);
    prompt.offers = NULL;
    prompt.offer_count = 0;
}

/* The list begins behind what all have in common. */
static void keep_offers(char **matches, int count, int longest)
{
    forget_offers();
    prompt.offers = shell_need(calloc((size_t)count + 1, sizeof(*prompt.offers)));
    for (int i = 0; i < count; i++)
        prompt.offers[i] = shell_need(strdup(matches[i + 1]));
    prompt.offer_count = (size_t)count;
}

static void on_line(char *line)
{
    if (line)
        prompt.line = line;
    else
        prompt.ended = true;
}

static void no_redisplay(void)
{
}

static void no_preparation(int meta)
{
}

void prompt_start(struct shell *shell, const struct prompt_events *events)
{
    memset(&prompt, 0, sizeof(prompt));
    prompt.events = *events;
    prompt.nowhere = shell_need(fopen("/dev/null", "re+"));
    rl_instream = prompt.nowhere;
    rl_outstream = prompt.nowhere;
    prompt.getc_before = rl_getc_function;
    rl_getc_function = next_byte;
    rl_input_available_hook = has_byte;
    rl_redisplay_function = no_redisplay;
    rl_prep_term_function = no_preparation;
    rl_deprep_term_function = no_redisplay;
    rl_completion_display_matches_hook = keep_offers;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    prompt.before = edit_start(shell);
    rl_initialize();
    rl_variable_bind("bell-style", "none");
    rl_variable_bind("show-all-if-ambiguous", "on");
    rl_variable_bind("enable-bracketed-paste", "off");
    for (size_t i = 0; i < COUNT(sequences); i++)
        if (sequences[i].function)
            rl_bind_keyseq(sequences[i].bytes, rl_named_function(sequences[i].function));
    rl_callback_handler_install(text, on_line);
}

void prompt_stop(void)
{
    rl_callback_handler_remove();
    edit_stop(prompt.before);
    forget_offers();
    rl_instream = stdin;
    rl_outstream = stdout;
    rl_getc_function = prompt.getc_before;
    rl_input_available_hook = NULL;
    rl_redisplay_function = rl_redisplay;
    rl_prep_term_function = rl_prep_terminal;
    rl_deprep_term_function = rl_deprep_terminal;
    rl_completion_display_matches_hook = NULL;
    rl_catch_sigwinch = 1;
    fclose(prompt.nowhere);
}

/* The line that has been entered, if there is one, is run when readline is out of the way. */
static void finish_line(void)
{
    char *line = prompt.line;
    prompt.line = NULL;
    if (line && line[strspn(line, " \t")]) {
        edit_remember(line);
        prompt.events.run(prompt.events.arg, line);
    }
    free(line);
    if (prompt.ended) {
        prompt.ended = false;
        prompt.events.end(prompt.events.arg);
    }
}

static void feed(const char *bytes, size_t length)
{
    memcpy(prompt.bytes, bytes, length);
    prompt.next = 0;
    prompt.end = length;
    while (has_byte())
        rl_callback_read_char();
    finish_line();
}

void prompt_key(const struct key *key)
{
    char bytes[SEQUENCE_MAX];
    size_t length = 0;

    forget_offers();
    for (size_t i = 0; i < COUNT(sequences); i++)
        if (key_is(key, sequences[i].code, sequences[i].modifiers)) {
            feed(sequences[i].bytes, strlen(sequences[i].bytes));
            return;
        }
    if (key->code == K_ESCAPE && RL_ISSTATE(RL_STATE_ISEARCH)) {
        /* Ends the search and keeps the line. */
        feed("\n", 1);
        return;
    }
    if (key->code >= K_ENTER)
        return;
    if (key->modifiers & MODIFIER_ALT)
        bytes[length++] = '\033';
    if (key->modifiers & MODIFIER_CTRL && key->code < 0x80)
        bytes[length++] = key->code == ' ' ? 0 : (char)(key->code & 0x1f);
    else
        length += utf8_put(bytes + length, key->code);
    feed(bytes, length);
}

void prompt_paste(const char *pasted, size_t length)
{
    char *copy = shell_need(strndup(pasted, length));
    /* Nothing runs that nobody has looked at. */
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20)
            *c = ' ';
    forget_offers();
    rl_insert_text(copy);
    free(copy);
}

bool prompt_drop(void)
{
    bool something = rl_end > 0 || RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH);
    forget_offers();
    if (something) {
        rl_callback_sigcleanup();
        rl_free_line_state();
        rl_callback_handler_remove();
        rl_callback_handler_install(text, on_line);
    }
    return something;
}

void prompt_set(const char *line)
{
    forget_offers();
    rl_replace_line(line, 1);
    rl_point = rl_end;
}

bool prompt_is_empty(void)
{
    return rl_end == 0 && !RL_ISSTATE(RL_STATE_ISEARCH);
}

bool prompt_is_searching(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH);
}

int prompt_draw(struct canvas *canvas, const struct rect *rect, int y, const struct theme *theme,
                bool has_keys)
{
    const char *label = rl_display_prompt ? rl_display_prompt : text;
    int start = canvas_text(canvas, rect, 0, y,
                            theme_style(theme, has_keys ? ROLE_PROMPT : ROLE_DIM), label);
    struct rect rest = { rect->x + start, rect->y + y, rect->width - start, 1 };
    char *before = shell_need(strndup(rl_line_buffer, (size_t)rl_point));
    int column = text_width(before);

    free(before);
    if (column - prompt.left >= rest.width)
        prompt.left = column - rest.width + 1;
    if (column < prompt.left)
        prompt.left = column;
    canvas_text(canvas, &rest, -prompt.left, 0, theme_style(theme, ROLE_TEXT), rl_line_buffer);
    return start + column - prompt.left;
}

const char *const *prompt_offers(size_t *count)
{
    *count = prompt.offer_count;
    return (const char *const *)prompt.offers;
}
