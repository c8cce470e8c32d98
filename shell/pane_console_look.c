/* SPDX-License-Identifier: MIT */
/* Looking back in a console: a cursor in its lines, with keys as in vi(1). */
#include "pane_console_inside.h"
#include "shell.h"
#include "term.h"

#include <stdlib.h>
#include <string.h>

static char *copied;
static size_t copied_length;

const char *look_copied(size_t *length)
{
    *length = copied_length;
    return copied;
}

/* --- where the cursor and the view are --- */

static int line_length(const struct console_pane *console, uint64_t line)
{
    static struct cell cells[VT_COLUMNS_MAX];

    return vt_line(console->vt, line, cells, VT_COLUMNS_MAX, NULL);
}

static void place_within(const struct console_pane *console, struct vt_place *place)
{
    uint64_t first = vt_first(console->vt), last = vt_end(console->vt) - 1;

    place->line = place->line < first ? first : place->line > last ? last : place->line;
    place->column = place->column < 0                 ? 0
                    : place->column >= VT_COLUMNS_MAX ? VT_COLUMNS_MAX - 1
                                                      : place->column;
}

void look_settle(struct console_pane *console)
{
    struct look *look = &console->look;
    uint64_t height = console->pane.rect.height > 0 ? (uint64_t)console->pane.rect.height : 1;
    uint64_t first = vt_first(console->vt), end = vt_end(console->vt);
    int width = console->pane.rect.width;

    place_within(console, &look->cursor);
    place_within(console, &look->anchor);
    if (look->top + height > end) {
        look->top = end > height ? end - height : 0;
    }
    look->top = look->top < first ? first : look->top;
    if (look->cursor.line < look->top) {
        look->top = look->cursor.line;
    } else if (look->cursor.line >= look->top + height) {
        look->top = look->cursor.line - height + 1;
    }
    if (look->cursor.column < console->x) {
        console->x = look->cursor.column;
    } else if (look->cursor.column >= console->x + width) {
        console->x = look->cursor.column - width + 1;
    }
}

void look_begin(struct console_pane *console)
{
    struct look *look = &console->look;
    int column, row;

    vt_cursor(console->vt, &column, &row);
    look->on = true;
    look->selecting = false;
    look->match_cells = 0;
    look->cursor = (struct vt_place){ vt_top(console->vt) + (uint64_t)row, column };
    look->top = vt_top(console->vt) + (uint64_t)console->y;
    look_settle(console);
}

void look_end(struct console_pane *console)
{
    console->look.on = false;
    console->moved = true;
    ui_field_forget(console->pane.ui, console);
}

static void move_lines(struct console_pane *console, int64_t lines)
{
    struct look *look = &console->look;
    uint64_t first = vt_first(console->vt);

    if (lines < 0 && (uint64_t)-lines > look->cursor.line - first) {
        look->cursor.line = first;
    } else {
        look->cursor.line += (uint64_t)lines;
    }
    look_settle(console);
}

void look_scroll(struct console_pane *console, int lines)
{
    struct look *look = &console->look;
    uint64_t first = vt_first(console->vt), height = (uint64_t)console->pane.rect.height;

    if (lines > 0 && look->top + height >= vt_end(console->vt)) {
        look_end(console);
        return;
    }
    if (lines < 0 && (look->top < first || (uint64_t)-lines > look->top - first)) {
        look->top = first;
    } else {
        look->top += (uint64_t)(int64_t)lines;
    }
    if (look->cursor.line < look->top) {
        look->cursor.line = look->top;
    } else if (look->cursor.line >= look->top + height) {
        look->cursor.line = look->top + height - 1;
    }
    look_settle(console);
}

/* --- words --- */

static bool is_word(const struct cell *cell)
{
    return cell->text[0] > ' ';
}

static void to_word(struct console_pane *console, int direction)
{
    static struct cell cells[VT_COLUMNS_MAX];
    struct vt_place *cursor = &console->look.cursor;
    int count = vt_line(console->vt, cursor->line, cells, VT_COLUMNS_MAX, NULL);
    int at = cursor->column;

    if (direction > 0) {
        while (at < count && is_word(&cells[at])) {
            at++;
        }
        while (at < count && !is_word(&cells[at])) {
            at++;
        }
        if (at >= count && cursor->line + 1 < vt_end(console->vt)) {
            at = 0;
            cursor->line++;
        }
    } else if (at == 0 && cursor->line > vt_first(console->vt)) {
        cursor->line--;
        at = line_length(console, cursor->line);
    } else {
        at = at > count ? count : at;
        while (at > 0 && !is_word(&cells[at - 1])) {
            at--;
        }
        while (at > 0 && is_word(&cells[at - 1])) {
            at--;
        }
    }
    cursor->column = at;
    look_settle(console);
}

/* --- searching --- */

static bool find(struct console_pane *console, struct vt_place from, bool backward)
{
    struct look *look = &console->look;
    int cells;

    if (!vt_search(console->vt, look->pattern, backward, &from, &cells)) {
        return false;
    }
    look->cursor = look->match = from;
    look->match_cells = cells;
    look_settle(console);
    return true;
}

static void search_again(struct console_pane *console, bool backward)
{
    struct look *look = &console->look;

    if (!*look->pattern) {
        ui_notice(console->pane.ui, ROLE_TEXT, "/ searches forward, ? backward");
    } else if (!find(console, look->cursor, backward)) {
        ui_notice(console->pane.ui, ROLE_WARNING, "no more '%s' %s", look->pattern,
                  backward ? "above" : "below");
    }
}

static void on_field(void *arg, enum ui_field what, const char *text)
{
    struct console_pane *console = arg;
    struct look *look = &console->look;

    if (what == UI_FIELD_LEFT) {
        look->cursor = look->origin;
        look->match_cells = 0;
        look_settle(console);
    } else if (*text || what == UI_FIELD_CHANGED) {
        snprintf(look->pattern, sizeof(look->pattern), "%s", text);
        look->match_cells = 0;
        if (!find(console, look->origin, look->backward)) {
            look->cursor = look->origin;
            look_settle(console);
            if (what == UI_FIELD_ENTERED) {
                ui_notice(console->pane.ui, ROLE_WARNING, "there is no '%s' %s", text,
                          look->backward ? "above" : "below");
            }
        }
    } else {
        search_again(console, look->backward);
    }
    console->moved = true;
    pane_changed(&console->pane);
}

static void search(struct console_pane *console, bool backward)
{
    console->look.backward = backward;
    console->look.origin = console->look.cursor;
    ui_field(console->pane.ui, backward ? "search above" : "search below", "", on_field, console);
}

/* --- selecting --- */

static void selection(const struct look *look, struct vt_place *from, struct vt_place *to)
{
    bool after = vt_place_compare(&look->anchor, &look->cursor) > 0;

    *from = after ? look->cursor : look->anchor;
    *to = after ? look->anchor : look->cursor;
}

bool look_marks(const struct console_pane *console, uint64_t line, int column)
{
    const struct look *look = &console->look;
    struct vt_place here = { line, column }, from, to;

    if (look->selecting) {
        selection(look, &from, &to);
        return look->whole
                   ? line >= from.line && line <= to.line
                   : vt_place_compare(&here, &from) >= 0 && vt_place_compare(&here, &to) <= 0;
    }
    return line == look->match.line && column >= look->match.column &&
           column < look->match.column + look->match_cells;
}

static void select_from_here(struct console_pane *console, bool whole)
{
    struct look *look = &console->look;

    if (look->selecting && look->whole == whole) {
        look->selecting = false;
        return;
    }
    if (!look->selecting) {
        look->anchor = look->cursor;
    }
    look->selecting = true;
    look->whole = whole;
}

/* Selects from where the mouse was pressed up to here. */
static void select_to(struct console_pane *console, const struct vt_place *place)
{
    struct look *look = &console->look;

    look->selecting = true;
    look->whole = false;
    look->anchor = console->press;
    look->cursor = *place;
    look_settle(console);
}

void look_drag(struct console_pane *console, const struct mouse *mouse)
{
    uint64_t top =
        console->look.on ? console->look.top : vt_top(console->vt) + (uint64_t)console->y;
    struct vt_place place = { top + (uint64_t)mouse->y, mouse->x + console->x };

    if (mouse->action == MOUSE_PRESS) {
        console->pressed = mouse->button == 1;
        console->press = place;
    } else if (mouse->action == MOUSE_DRAG && console->pressed &&
               vt_place_compare(&place, &console->press)) {
        console_look_back(&console->pane);
        select_to(console, &place);
    } else if (mouse->action == MOUSE_RELEASE) {
        if (console->pressed && console->look.on && console->look.selecting) {
            ui_notice(console->pane.ui, ROLE_TEXT, "y copies what is selected, q leaves it");
        }
        console->pressed = false;
    }
}

static void copy(struct console_pane *console)
{
    struct look *look = &console->look;
    struct ui *ui = console->pane.ui;
    struct vt_place from = look->cursor, to = look->cursor;

    if (look->selecting) {
        selection(look, &from, &to);
    }
    free(copied);
    copied = vt_text(console->vt, &from, &to, look->whole || !look->selecting, &copied_length);
    if (ui->preferences.clipboard) {
        term_copy(ui->term, copied, copied_length);
    }
    ui_notice(ui, ROLE_GOOD, "copied %llu line%s%s; Alt-i types it into a console",
              (unsigned long long)(to.line - from.line + 1), to.line == from.line ? "" : "s",
              ui->preferences.clipboard ? ", to the terminal's clipboard, too" : "");
    look_end(console);
}

/* --- keys --- */

const struct key_binding look_keys[] = {
    { "h j k l", "move, as do Left Down Up Right", NULL },
    { "w b", "to the next word, back a word", NULL },
    { "0 $", "to the start, the end of the line", NULL },
    { "g G", "to the first line, the last one", NULL },
    { "H M L", "to the top, the middle, the bottom of the pane", NULL },
    { "Ctrl-u Ctrl-d", "half a page up, down", NULL },
    { "PageUp PageDown", "a page up, down; as do Ctrl-b Ctrl-f", NULL },
    { "/ ?", "search downward, upward; small letters stand for great ones, too", NULL },
    { "n N", "the next one found, the one before", NULL },
    { "v V", "select from here on: characters, whole lines", NULL },
    { "y Enter", "copy what is selected, else the line; and end it", NULL },
    { "q Esc", "end it: back to the guest", NULL },
    { NULL },
};

static bool motion(struct console_pane *console, const struct key *key)
{
    struct vt_place *cursor = &console->look.cursor;
    int length;

    switch (key->code) {
    case 'h':
    case K_LEFT:
        cursor->column--;
        break;
    case 'l':
    case K_RIGHT:
        cursor->column++;
        break;
    case 'j':
    case K_DOWN:
        move_lines(console, 1);
        break;
    case 'k':
    case K_UP:
        move_lines(console, -1);
        break;
    case '0':
    case '^':
    case K_HOME:
        cursor->column = 0;
        break;
    case '$':
    case K_END:
        length = line_length(console, cursor->line);
        cursor->column = length ? length - 1 : 0;
        break;
    case 'w':
        to_word(console, 1);
        break;
    case 'b':
        to_word(console, -1);
        break;
    default:
        return false;
    }
    look_settle(console);
    return true;
}

static bool jump(struct console_pane *console, const struct key *key)
{
    struct look *look = &console->look;
    int height = console->pane.rect.height;

    switch (key->code) {
    case 'g':
        look->cursor = (struct vt_place){ vt_first(console->vt), 0 };
        break;
    case 'G':
        look->cursor = (struct vt_place){ vt_end(console->vt) - 1, 0 };
        break;
    case 'H':
        look->cursor.line = look->top;
        break;
    case 'M':
        look->cursor.line = look->top + (uint64_t)(height / 2);
        break;
    case 'L':
        look->cursor.line = look->top + (uint64_t)(height - 1);
        break;
    case K_PAGE_UP:
        move_lines(console, 1 - height);
        break;
    case K_PAGE_DOWN:
        move_lines(console, height - 1);
        break;
    default:
        return false;
    }
    look_settle(console);
    return true;
}

static bool control(struct console_pane *console, const struct key *key)
{
    int height = console->pane.rect.height;

    switch (key->code) {
    case 'u':
        move_lines(console, -height / 2);
        return true;
    case 'd':
        move_lines(console, height / 2);
        return true;
    case 'b':
        move_lines(console, 1 - height);
        return true;
    case 'f':
        move_lines(console, height - 1);
        return true;
    case 'c':
        look_end(console);
        return true;
    default:
        return false;
    }
}

bool look_key(struct console_pane *console, const struct key *key)
{
    if (key->modifiers == MODIFIER_CTRL) {
        return control(console, key);
    }
    if (key->modifiers & MODIFIER_ALT) {
        return false;
    }
    if (motion(console, key) || jump(console, key)) {
        return true;
    }
    switch (key->code) {
    case '/':
        search(console, false);
        return true;
    case '?':
        search(console, true);
        return true;
    case 'n':
    case 'N':
        search_again(console, console->look.backward == (key->code == 'n'));
        return true;
    case 'v':
    case 'V':
        select_from_here(console, key->code == 'V');
        return true;
    case 'y':
    case K_ENTER:
        copy(console);
        return true;
    case 'q':
    case K_ESCAPE:
        look_end(console);
        return true;
    default:
        return false;
    }
}
