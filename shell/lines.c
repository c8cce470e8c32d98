/* SPDX-License-Identifier: MIT */
#include "lines.h"
#include "shell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TAB = 8, LINE_MAX_BYTES = 4096, SIDE = 8, WHEEL = 3 };

void lines_init(struct lines *lines, size_t most)
{
    *lines = (struct lines){ .most = most };
    lines->ring = shell_need(calloc(most, sizeof(*lines->ring)));
}

void lines_clear(struct lines *lines)
{
    for (size_t i = 0; i < lines->most; i++) {
        free(lines->ring[i].text);
        lines->ring[i].text = NULL;
    }
    lines->dropped += lines->count;
    lines->first = lines->count = 0;
    lines->open = false;
}

void lines_free(struct lines *lines)
{
    if (lines->ring)
        lines_clear(lines);
    free(lines->ring);
    *lines = (struct lines){ 0 };
}

const struct line *lines_get(const struct lines *lines, size_t index)
{
    return index < lines->count ? &lines->ring[(lines->first + index) % lines->most] : NULL;
}

static struct line *new_line(struct lines *lines, enum role role)
{
    if (lines->count == lines->most) {
        free(lines->ring[lines->first].text);
        lines->ring[lines->first].text = NULL;
        lines->first = (lines->first + 1) % lines->most;
        lines->count--;
        lines->dropped++;
    }
    struct line *line = &lines->ring[(lines->first + lines->count++) % lines->most];
    *line = (struct line){ .text = shell_need(strdup("")), .role = role };
    return line;
}

/* Adds to the line that is open, or to a new one. */
static void append(struct lines *lines, enum role role, const char *text, size_t length)
{
    struct line *line = lines->open && lines->count
                            ? &lines->ring[(lines->first + lines->count - 1) % lines->most]
                            : new_line(lines, role);
    size_t have = strlen(line->text);
    if (have + length > LINE_MAX_BYTES)
        length = have < LINE_MAX_BYTES ? LINE_MAX_BYTES - have : 0;
    line->text = shell_need(realloc(line->text, have + length + 1));
    memcpy(line->text + have, text, length);
    line->text[have + length] = 0;
    line->role = role;
    lines->open = true;
}

/* One line or a part of it, without its newline. */
static void add_piece(struct lines *lines, enum role role, const char *text, size_t length)
{
    static const char blanks[TAB + 1] = "        ";
    size_t start = 0;
    if (!length)
        append(lines, role, "", 0);
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != '\t' && text[i] != '\r')
            continue;
        append(lines, role, text + start, i - start);
        start = i + 1;
        if (i == length)
            return;
        struct line *line = &lines->ring[(lines->first + lines->count - 1) % lines->most];
        if (text[i] == '\t')
            append(lines, role, blanks, TAB - strlen(line->text) % TAB);
        else if (text[i] == '\r' && i + 1 < length)
            *line->text = 0;
    }
}

void lines_add(struct lines *lines, enum role role, const char *text, size_t length)
{
    char *plain = shell_need(malloc(length + 1)), *at = plain;
    size_t left = 0;

    for (size_t i = 0; i < length; i++)
        if (plain_keeps(&lines->plain, (unsigned char)text[i]) || text[i] == '\r')
            plain[left++] = text[i];
    while (left) {
        const char *newline = memchr(at, '\n', left);
        size_t piece = newline ? (size_t)(newline - at) : left;
        if (piece || newline)
            add_piece(lines, role, at, piece);
        if (newline)
            lines->open = false;
        left -= piece + (newline ? 1 : 0);
        at += piece + (newline ? 1 : 0);
    }
    free(plain);
}

void lines_printf(struct lines *lines, enum role role, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lines->open = false;
    lines_add(lines, role, text, strlen(text));
    lines_add(lines, role, "\n", 1);
}

bool text_has(const char *text, const char *part)
{
    return !*part || strcasestr(text, part) != NULL;
}

/* --- the view ------------------------------------------------------------------------- */

static bool passes(const struct lines *lines, const struct lines_view *view, size_t index)
{
    return text_has(lines_get(lines, index)->text, view->filter);
}

/* Where the part behind the first gap begins, in bytes: an option's meaning behind its name. 0:
 * there is no gap, or there are more: a table's row. @gaps: how many. */
static size_t second_column(const char *text, int *gaps)
{
    const char *at = text + strspn(text, " "), *gap;
    size_t second = 0;
    for (*gaps = 0; (gap = strstr(at, "  ")) && gap[strspn(gap, " ")]; ++*gaps) {
        at = gap + strspn(gap, " ");
        second = (size_t)(at - text);
    }
    return *gaps == 1 ? second : 0;
}

static bool wraps(const struct lines_view *view, const struct line *line)
{
    int gaps;
    second_column(line->text, &gaps);
    return view->width > 1 &&
           (view->wrap == LINES_WRAP || (view->wrap == LINES_WRAP_PROSE && gaps < 2));
}

/* How many columns rows have but the first of a line, less than the window has. */
static int hang_of(const struct lines_view *view, const struct line *line)
{
    int hang = view->hang, gaps;
    if (view->wrap == LINES_WRAP_PROSE) {
        char before[LINE_MAX_BYTES + 1];
        snprintf(before, sizeof(before), "%.*s", (int)second_column(line->text, &gaps), line->text);
        hang = text_width(before);
    }
    return hang < view->width / 2 ? hang : 2 < view->width ? 2 : 0;
}

static int rows_of(const struct lines *lines, const struct lines_view *view, size_t index)
{
    const struct line *line = lines_get(lines, index);
    const char *text = line->text;
    int rows = 1;
    if (!wraps(view, line))
        return 1;
    int hang = hang_of(view, line);
    text += text_fitting(text, view->width);
    for (; *(text += strspn(text, " ")); rows++)
        text += text_fitting(text, view->width - hang);
    return rows;
}

/* The line that is @steps lines that pass above @index; the first one if there aren't as many. */
static size_t go_up(const struct lines *lines, const struct lines_view *view, size_t index,
                    int steps)
{
    size_t at = index;
    while (steps > 0 && index > 0)
        if (passes(lines, view, --index)) {
            at = index;
            steps--;
        }
    return at;
}

static size_t go_down(const struct lines *lines, const struct lines_view *view, size_t index,
                      int steps)
{
    size_t at = index;
    while (steps > 0 && index + 1 < lines->count)
        if (passes(lines, view, ++index)) {
            at = index;
            steps--;
        }
    return at;
}

/* The first line of a page that has @index - 1 at its end. */
static size_t page_up(const struct lines *lines, const struct lines_view *view, size_t index)
{
    size_t top = index;
    int left = view->height;
    while (index > 0) {
        if (!passes(lines, view, --index))
            continue;
        left -= rows_of(lines, view, index);
        if (left < 0)
            return top < lines->count ? top : index;
        top = index;
    }
    return top;
}

/* The first line behind the page that begins at @top. */
static size_t page_down(const struct lines *lines, const struct lines_view *view, size_t top)
{
    int left = view->height;
    size_t index = top;
    for (; index < lines->count; index++) {
        if (!passes(lines, view, index))
            continue;
        left -= rows_of(lines, view, index);
        if (left < 0)
            break;
    }
    return index > top ? index : top + 1;
}

static size_t last_page(const struct lines *lines, const struct lines_view *view)
{
    return page_up(lines, view, lines->count);
}

static size_t top_of(const struct lines *lines, const struct lines_view *view)
{
    size_t last = last_page(lines, view);
    if (!view->held)
        return last;
    size_t top = view->top > lines->dropped ? (size_t)(view->top - lines->dropped) : 0;
    return top < last ? top : last;
}

static void set_top(const struct lines *lines, struct lines_view *view, size_t top)
{
    view->held = top < last_page(lines, view);
    view->top = lines->dropped + top;
}

static void mark(const char *text, const struct lines_view *view, struct canvas *canvas,
                 const struct rect *rect, int x, int y, const struct theme *theme)
{
    size_t length = strlen(view->search);
    const char *at = text;
    while (length && (at = strcasestr(at, view->search))) {
        char before[LINE_MAX_BYTES + 1], found[sizeof(view->search)];
        snprintf(before, sizeof(before), "%.*s", (int)(at - text), text);
        snprintf(found, sizeof(found), "%.*s", (int)length, at);
        canvas_text(canvas, rect, x + text_width(before), y, theme_style(theme, ROLE_MATCH), found);
        at += length;
    }
}

/* A line that does not wrap, with marks where there is more of it. */
static void draw_cut(const struct line *line, const struct lines_view *view, struct canvas *canvas,
                     const struct rect *rect, int y, const struct theme *theme)
{
    struct style key = theme_style(theme, ROLE_KEY);
    int end = canvas_text(canvas, rect, -view->left, y, theme_style(theme, line->role), line->text);
    mark(line->text, view, canvas, rect, -view->left, y, theme);
    if (view->left && *line->text)
        canvas_text(canvas, rect, 0, y, key, "<");
    if (end > rect->width && rect->width > 0)
        canvas_text(canvas, rect, rect->width - 1, y, key, ">");
}

/* Draws a line from row @y on; returns the row behind it. */
static int draw_line(const struct line *line, const struct lines_view *view, struct canvas *canvas,
                     const struct rect *rect, int y, const struct theme *theme)
{
    const char *text = line->text;
    struct style style = theme_style(theme, line->role);
    int x = 0, hang = hang_of(view, line);

    if (!wraps(view, line)) {
        draw_cut(line, view, canvas, rect, y, theme);
        return y + 1;
    }
    do {
        char row[LINE_MAX_BYTES + 1];
        size_t length = text_fitting(text, view->width - x);
        snprintf(row, sizeof(row), "%.*s", (int)length, text);
        canvas_text(canvas, rect, x, y, style, row);
        mark(row, view, canvas, rect, x, y, theme);
        text += length;
        text += strspn(text, " ");
        x = hang;
        y++;
    } while (*text && y < rect->height);
    return y;
}

void lines_draw(const struct lines *lines, struct lines_view *view, struct canvas *canvas,
                const struct rect *rect, const struct theme *theme)
{
    int y = 0;
    canvas_fill(canvas, rect, theme_style(theme, ROLE_TEXT));
    view->height = rect->height;
    view->width = rect->width;
    for (size_t i = top_of(lines, view); i < lines->count && y < rect->height; i++)
        if (passes(lines, view, i))
            y = draw_line(lines_get(lines, i), view, canvas, rect, y, theme);
}

bool lines_key(const struct lines *lines, struct lines_view *view, const struct key *key)
{
    size_t top = top_of(lines, view);

    if (key->modifiers)
        return false;
    switch (key->code) {
    case K_UP:
    case 'k':
        top = go_up(lines, view, top, 1);
        break;
    case K_DOWN:
    case 'j':
        top = go_down(lines, view, top, 1);
        break;
    case K_PAGE_UP:
        top = page_up(lines, view, top);
        break;
    case K_PAGE_DOWN:
        top = page_down(lines, view, top);
        break;
    case K_HOME:
    case 'g':
        top = 0;
        break;
    case K_END:
    case 'G':
        top = lines->count;
        break;
    case K_LEFT:
        view->left = view->left > SIDE ? view->left - SIDE : 0;
        return true;
    case K_RIGHT:
        view->left = view->left < LINE_MAX_BYTES ? view->left + SIDE : view->left;
        return true;
    default:
        return false;
    }
    set_top(lines, view, top);
    return true;
}

bool lines_mouse(const struct lines *lines, struct lines_view *view, const struct mouse *mouse)
{
    size_t top = top_of(lines, view);
    if (mouse->action == MOUSE_WHEEL_UP)
        set_top(lines, view, go_up(lines, view, top, WHEEL));
    else if (mouse->action == MOUSE_WHEEL_DOWN)
        set_top(lines, view, go_down(lines, view, top, WHEEL));
    else
        return false;
    return true;
}

void lines_show_top(const struct lines *lines, struct lines_view *view)
{
    view->held = true;
    view->top = lines->dropped;
}

bool lines_search(const struct lines *lines, struct lines_view *view, bool up)
{
    size_t at = top_of(lines, view);
    for (size_t i = 0; i < lines->count; i++) {
        if (up ? at == 0 : at + 1 >= lines->count)
            return false;
        at = up ? at - 1 : at + 1;
        if (passes(lines, view, at) && text_has(lines_get(lines, at)->text, view->search)) {
            set_top(lines, view, at);
            return true;
        }
    }
    return false;
}
