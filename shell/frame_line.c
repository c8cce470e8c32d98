/* SPDX-License-Identifier: MIT */
#include "frame.h"
#include "prompt.h"

#include <stdlib.h>
#include <string.h>

bool frame_asks(const struct frame *frame)
{
    return frame->field.open || frame->question.open;
}

int frame_line_draw(struct frame *frame)
{
    const struct theme *theme = &frame->ui.theme;
    struct canvas *canvas = &frame->canvas;
    const struct rect *rect = &frame->line;

    canvas_fill(canvas, rect, theme_style(theme, ROLE_TEXT));
    if (frame->question.open) {
        int x =
            canvas_text(canvas, rect, 0, 0, theme_style(theme, ROLE_WARNING), frame->question.text);
        return canvas_text(canvas, rect, x, 0, theme_style(theme, ROLE_KEY), " y/n ");
    }
    if (frame->field.open) {
        int x = canvas_printf(canvas, rect, 0, 0, theme_style(theme, ROLE_PROMPT),
                              "%s: ", frame->field.label);
        return canvas_text(canvas, rect, x, 0, theme_style(theme, ROLE_TEXT), frame->field.text);
    }
    return prompt_draw(canvas, rect, 0, theme, frame->ui.focus == FOCUS_LINE);
}

/* --- a question ----------------------------------------------------------------------------- */

void ui_ask(struct ui *ui, const char *question, const char *line)
{
    struct frame *frame = frame_of(ui);
    free(frame->question.line);
    frame->question.line = shell_need(strdup(line));
    snprintf(frame->question.text, sizeof(frame->question.text), "%s", question);
    frame->question.open = true;
    ui_changed(ui);
}

static void answer(struct frame *frame, const struct key *key)
{
    char *line = frame->question.line;
    frame->question.line = NULL;
    frame->question.open = false;
    if (key->code == 'y' || key->code == 'Y')
        ui_run(&frame->ui, line);
    else
        ui_notice(&frame->ui, ROLE_TEXT, "not done");
    free(line);
}

/* --- a field ---------------------------------------------------------------------------------- */

void ui_field(struct ui *ui, const char *label, const char *text, ui_field_fn *fn, void *arg)
{
    struct field *field = &frame_of(ui)->field;
    *field = (struct field){ .open = true, .fn = fn, .arg = arg };
    snprintf(field->label, sizeof(field->label), "%s", label);
    snprintf(field->text, sizeof(field->text), "%s", text);
    ui_changed(ui);
}

void ui_field_forget(struct ui *ui, void *arg)
{
    struct field *field = &frame_of(ui)->field;
    if (field->open && field->arg == arg)
        field->open = false;
}

static void remove_last(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] & 0xc0) == 0x80)
        length--;
    if (length > 0)
        text[length - 1] = 0;
}

static void edit_field(struct frame *frame, const struct key *key)
{
    struct field *field = &frame->field;
    enum ui_field what = UI_FIELD_CHANGED;
    size_t length = strlen(field->text);

    if (key->code == K_ENTER) {
        what = UI_FIELD_ENTERED;
    } else if (key->code == K_ESCAPE || key_is(key, 'c', MODIFIER_CTRL) ||
               key_is(key, 'g', MODIFIER_CTRL)) {
        what = UI_FIELD_LEFT;
    } else if (key->code == K_BACKSPACE) {
        remove_last(field->text);
    } else if (key_is(key, 'u', MODIFIER_CTRL)) {
        *field->text = 0;
    } else if (key->code < K_ENTER && !key->modifiers && length + 5 < sizeof(field->text)) {
        length += utf8_put(field->text + length, key->code);
        field->text[length] = 0;
    }
    if (what != UI_FIELD_CHANGED)
        field->open = false;
    field->fn(field->arg, what, field->text);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

const struct key_binding frame_line_keys[] = {
    { "Enter", "run the command", NULL },
    { "Tab", "complete commands, options, guests, files, keys of configurations", NULL },
    { "Up Down", "go through the history, which is kept over restarts", NULL },
    { "Ctrl-R", "search the history; again for the next older one", NULL },
    { "Ctrl-A Ctrl-E", "go to the start, the end of the line", NULL },
    { "Ctrl-W Ctrl-U", "delete a word, the line, to its start", NULL },
    { "Ctrl-C", "drop the line; on an empty line, cancel the newest command that runs", NULL },
    { "Ctrl-D", "on an empty line: leave", NULL },
    { "?", "on an empty line: this help; behind a command (create ?): what it takes", NULL },
    { NULL },
};

void frame_line_key(struct frame *frame, const struct key *key)
{
    ui_changed(&frame->ui);
    if (frame->question.open) {
        answer(frame, key);
    } else if (frame->field.open) {
        edit_field(frame, key);
    } else if (key_is(key, 'c', MODIFIER_CTRL)) {
        if (!prompt_drop())
            frame_jobs_cancel(frame, false);
    } else if (key->code == '?' && prompt_is_empty()) {
        if (!help_close(frame))
            ui_screen(&frame->ui, "help", NULL);
    } else {
        prompt_key(key);
    }
}

void ui_type(struct ui *ui, const char *text)
{
    prompt_set(text);
    ui_set_focus(ui, FOCUS_LINE);
}
