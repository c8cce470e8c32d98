/* SPDX-License-Identifier: MIT */
#include "actions.h"
#include "format.h"
#include "frame.h"
#include "screen.h"

#include <inttypes.h>
#include <string.h>

/* Columns from the right: vCPUs, CPU %, memory, uptime. */
enum { UPTIME_WIDTH = 4, MEMORY_WIDTH = 6, CPU_WIDTH = 5, VCPUS_WIDTH = 3, HEAD_ROWS = 2 };

static size_t selected_index(const struct frame *frame)
{
    const struct sample *sample = frame->ui.sample;
    for (size_t i = 0; i < sample->count; i++)
        if (!strcmp(sample->guests[i].info.name, frame->ui.selected))
            return i;
    return 0;
}

static void select_index(struct frame *frame, size_t index)
{
    const struct sample *sample = frame->ui.sample;
    if (index >= sample->count)
        index = sample->count ? sample->count - 1 : 0;
    snprintf(frame->ui.selected, sizeof(frame->ui.selected), "%s",
             sample->count ? sample->guests[index].info.name : "");
    screens_selected(&frame->ui);
}

void frame_guests_check(struct frame *frame)
{
    const struct sample *sample = frame->ui.sample;
    if (sample->count && !sample_guest(sample, frame->ui.selected))
        select_index(frame, sample->count > 1 && !*frame->ui.selected ? 1 : 0);
}

static void draw_head(struct frame *frame)
{
    const struct rect *rect = &frame->guests;
    const struct theme *theme = &frame->ui.theme;
    bool focused = frame->ui.focus == FOCUS_GUESTS;
    struct style title = theme_style(theme, focused ? ROLE_FOCUSED : ROLE_TITLE);
    struct style header = theme_style(theme, ROLE_HEADER);
    const struct rect bar = { rect->x, rect->y, rect->width, 1 };
    int right = rect->width;

    canvas_fill(&frame->canvas, &bar, title);
    canvas_printf(&frame->canvas, rect, 1, 0, title, "Guests %zu",
                  frame->ui.sample->count ? frame->ui.sample->count - 1 : 0);
    canvas_text(&frame->canvas, rect, 2, 1, header, "NAME");
    canvas_text_right(&frame->canvas, rect, right, 1, header, "UP");
    right -= UPTIME_WIDTH;
    canvas_text_right(&frame->canvas, rect, right, 1, header, "MEM");
    right -= MEMORY_WIDTH;
    canvas_text_right(&frame->canvas, rect, right, 1, header, "CPU%");
    right -= CPU_WIDTH;
    canvas_text_right(&frame->canvas, rect, right, 1, header, "VC");
}

static void draw_guest(struct frame *frame, const struct sample_guest *guest, int y)
{
    const struct rect *rect = &frame->guests;
    const struct theme *theme = &frame->ui.theme;
    const struct pando_domain *info = &guest->info;
    bool selected = !strcmp(info->name, frame->ui.selected);
    struct style style = theme_style(theme, selected ? ROLE_SELECTED : ROLE_TEXT);
    struct style mark = theme_style(theme, format_state_role(info));
    const struct rect row = { rect->x, rect->y + y, rect->width, 1 };
    int right = rect->width;
    char text[32];
    bool whole;

    if (selected)
        mark = style;
    canvas_fill(&frame->canvas, &row, style);
    canvas_text(&frame->canvas, rect, 0, y, mark, format_state_mark(info));
    canvas_text_right(&frame->canvas, rect, right, y, style,
                      format_duration(sample_uptime(frame->ui.sample, guest, &whole), text));
    right -= UPTIME_WIDTH;
    canvas_text_right(&frame->canvas, rect, right, y, style, format_kib(info->memory_kib, text));
    right -= MEMORY_WIDTH;
    canvas_text_right(&frame->canvas, rect, right, y, style, format_percent(guest->cpu, text));
    right -= CPU_WIDTH;
    snprintf(text, sizeof(text), "%" PRIu32, info->vcpus_online);
    canvas_text_right(&frame->canvas, rect, right, y, style, text);
    right -= VCPUS_WIDTH;
    const struct rect name = { rect->x + 2, rect->y, right - 2, rect->height };
    int end = canvas_text(&frame->canvas, &name, 0, y, style, *info->name ? info->name : "-");
    if (end > name.width)
        canvas_text(&frame->canvas, &name, name.width - 1, y, style, "\u2026");
}

void frame_guests_draw(struct frame *frame)
{
    const struct sample *sample = frame->ui.sample;
    const struct rect *rect = &frame->guests;
    size_t rows = rect->height > HEAD_ROWS ? (size_t)(rect->height - HEAD_ROWS) : 0;
    size_t index = selected_index(frame);

    if (index < frame->guests_top)
        frame->guests_top = index;
    if (index >= frame->guests_top + rows)
        frame->guests_top = index + 1 - rows;
    if (frame->guests_top + rows > sample->count)
        frame->guests_top = sample->count > rows ? sample->count - rows : 0;
    canvas_fill(&frame->canvas, rect, theme_style(&frame->ui.theme, ROLE_TEXT));
    draw_head(frame);
    for (size_t i = 0; i < rows && frame->guests_top + i < sample->count; i++)
        draw_guest(frame, &sample->guests[frame->guests_top + i], (int)i + HEAD_ROWS);
    if (!sample->count)
        canvas_text(&frame->canvas, rect, 2, HEAD_ROWS, theme_style(&frame->ui.theme, ROLE_DIM),
                    *sample->error ? "unknown, see below" : "wait...");
}

/* --- keys --------------------------------------------------------------------------------- */

static void move_by(struct frame *frame, int steps)
{
    int index = (int)selected_index(frame) + steps;
    select_index(frame, index < 0 ? 0 : (size_t)index);
    ui_changed(&frame->ui);
}

static int page_of(const struct frame *frame)
{
    return frame->guests.height > HEAD_ROWS + 1 ? frame->guests.height - HEAD_ROWS - 1 : 1;
}

static void key_up(void *place)
{
    move_by(place, -1);
}

static void key_down(void *place)
{
    move_by(place, 1);
}

static void key_page_up(void *place)
{
    move_by(place, -page_of(place));
}

static void key_page_down(void *place)
{
    move_by(place, page_of(place));
}

static void key_home(void *place)
{
    select_index(place, 0);
}

static void key_end(void *place)
{
    select_index(place, SIZE_MAX);
}

static void key_open(void *place)
{
    struct frame *frame = place;
    ui_screen(&frame->ui, "guest", NULL);
}

static void key_console(void *place)
{
    struct frame *frame = place;
    guest_action(&frame->ui, frame->ui.selected, 'c');
}

static void key_pause(void *place)
{
    struct frame *frame = place;
    guest_action(&frame->ui, frame->ui.selected, 'p');
}

static void key_shutdown(void *place)
{
    struct frame *frame = place;
    guest_action(&frame->ui, frame->ui.selected, 's');
}

static void key_reboot(void *place)
{
    struct frame *frame = place;
    guest_action(&frame->ui, frame->ui.selected, 'r');
}

static void key_destroy(void *place)
{
    struct frame *frame = place;
    guest_action(&frame->ui, frame->ui.selected, 'D');
}

const struct key_binding frame_guests_keys[] = {
    { "Up k", "select the guest above", key_up },
    { "Down j", "select the guest below", key_down },
    { "PageUp", "a page up", key_page_up },
    { "PageDown", "a page down", key_page_down },
    { "Home g", "the first one", key_home },
    { "End G", "the last one", key_end },
    { "Enter", "show the guest: devices, configuration, events", key_open },
    GUEST_KEYS(key),
    { NULL },
};

bool frame_guests_key(struct frame *frame, const struct key *key)
{
    bool used = key_binding_run(frame_guests_keys, key, frame);
    if (used)
        ui_changed(&frame->ui);
    return used;
}

bool frame_guests_mouse(struct frame *frame, const struct mouse *mouse)
{
    if (mouse->action == MOUSE_WHEEL_UP || mouse->action == MOUSE_WHEEL_DOWN) {
        move_by(frame, mouse->action == MOUSE_WHEEL_UP ? -1 : 1);
        return true;
    }
    if (mouse->action != MOUSE_PRESS)
        return false;
    ui_set_focus(&frame->ui, FOCUS_GUESTS);
    int row = mouse->y - frame->guests.y - HEAD_ROWS;
    if (row < 0 || frame->guests_top + (size_t)row >= frame->ui.sample->count)
        return true;
    size_t before = selected_index(frame), index = frame->guests_top + (size_t)row;
    select_index(frame, index);
    /* A second click opens it. */
    if (before == index)
        ui_screen(&frame->ui, "guest", NULL);
    return true;
}
