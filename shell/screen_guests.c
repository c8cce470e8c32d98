/* SPDX-License-Identifier: MIT */
/* All guests, sorted and filtered. */
#include "actions.h"
#include "format.h"
#include "frame.h"
#include "lines.h"
#include "sample.h"
#include "screens.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum column { BY_ID, BY_NAME, BY_STATE, BY_VCPUS, BY_CPU, BY_MEMORY, BY_MAXIMUM, BY_TIME, COLUMNS };

struct state {
    enum column sort;
    bool reversed;
    char filter[64];
    const struct sample_guest **order;
    size_t count, top;
    int rows;
};

enum { GAP = 1, SPARK_LEAST = 10, SPARK_MOST = 40, UNLIMITED_MIB = (16 << 20) - 1 };

static const struct {
    const char *title;
    int width;
    int from_width; /* of the pane: left out below */
} columns[COLUMNS] = {
    [BY_ID] = { "ID", 5, 0 },        [BY_NAME] = { "NAME", 14, 0 },
    [BY_STATE] = { "STATE", 9, 38 }, [BY_VCPUS] = { "VC", 3, 44 },
    [BY_CPU] = { "CPU%", 5, 0 },     [BY_MEMORY] = { "MEM", 6, 0 },
    [BY_MAXIMUM] = { "MAX", 6, 62 }, [BY_TIME] = { "TIME(s)", 9, 70 },
};

/* --- order ---------------------------------------------------------------------------------- */

static double value_of(const struct sample_guest *guest, enum column column)
{
    switch (column) {
    case BY_VCPUS:
        return guest->info.vcpus_online;
    case BY_CPU:
        return guest->cpu;
    case BY_MEMORY:
        return (double)guest->info.memory_kib;
    case BY_MAXIMUM:
        return (double)guest->info.maxmem_kib;
    case BY_TIME:
        return (double)guest->info.cpu_time_ns;
    default:
        return guest->info.id;
    }
}

static int compare(const void *a, const void *b, void *arg)
{
    const struct state *state = arg;
    const struct sample_guest *one = *(const struct sample_guest *const *)a;
    const struct sample_guest *two = *(const struct sample_guest *const *)b;
    int order = 0;

    if (state->sort == BY_NAME)
        order = strcmp(one->info.name, two->info.name);
    else if (state->sort == BY_STATE)
        order = strcmp(sample_state(one), sample_state(two));
    else if (value_of(one, state->sort) != value_of(two, state->sort))
        /* The greatest first, but for ids. */
        order = (value_of(one, state->sort) < value_of(two, state->sort)) == (state->sort != BY_ID)
                    ? 1
                    : -1;
    if (!order)
        order = one->info.id < two->info.id ? -1 : 1;
    return state->reversed ? -order : order;
}

static void sampled(struct screen_pane *pane)
{
    struct state *state = pane->state;
    const struct sample *sample = pane->pane.ui->sample;

    free(state->order);
    state->order = shell_need(calloc(sample->count + 1, sizeof(*state->order)));
    state->count = 0;
    for (size_t i = 0; i < sample->count; i++)
        if (text_has(sample->guests[i].info.name, state->filter))
            state->order[state->count++] = &sample->guests[i];
    qsort_r(state->order, state->count, sizeof(*state->order), compare, state);
}

static void close_guests(struct screen_pane *pane)
{
    struct state *state = pane->state;
    free(state->order);
}

static size_t selected_row(const struct screen_pane *pane)
{
    const struct state *state = pane->state;
    for (size_t i = 0; i < state->count; i++)
        if (!strcmp(state->order[i]->info.name, pane->pane.ui->selected))
            return i;
    return 0;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static void cell_text(const struct sample_guest *guest, enum column column, char *text, size_t size)
{
    const struct pando_domain *info = &guest->info;
    switch (column) {
    case BY_ID:
        snprintf(text, size, "%" PRIu32, info->id);
        break;
    case BY_NAME:
        snprintf(text, size, "%s", *info->name ? info->name : "-");
        break;
    case BY_STATE:
        snprintf(text, size, "%s", sample_state(guest));
        break;
    case BY_VCPUS:
        snprintf(text, size, "%" PRIu32, info->vcpus_online);
        break;
    case BY_CPU:
        format_percent(guest->cpu, text);
        break;
    case BY_MEMORY:
        format_kib(info->memory_kib, text);
        break;
    case BY_MAXIMUM:
        if (info->maxmem_kib && info->maxmem_kib >> 10 < UNLIMITED_MIB)
            format_kib(info->maxmem_kib, text);
        else
            snprintf(text, size, "-");
        break;
    case BY_TIME:
        snprintf(text, size, "%.1f", (double)info->cpu_time_ns / 1e9);
        break;
    case COLUMNS:
        break;
    }
}

static bool is_right(enum column column)
{
    return column != BY_NAME && column != BY_STATE;
}

/* Draws a row, of titles if @guest is NULL. */
static void draw_row(struct screen_pane *pane, struct canvas *canvas, int y,
                     const struct sample_guest *guest)
{
    const struct state *state = pane->state;
    const struct theme *theme = &pane->pane.ui->theme;
    const struct rect *rect = &pane->pane.rect;
    bool selected = guest && !strcmp(guest->info.name, pane->pane.ui->selected);
    struct style style = theme_style(theme, !guest     ? ROLE_HEADER
                                            : selected ? ROLE_SELECTED
                                                       : ROLE_TEXT);
    const struct rect row = { rect->x, rect->y + y, rect->width, 1 };
    int x = 0;

    canvas_fill(canvas, &row, guest ? style : theme_style(theme, ROLE_TEXT));
    for (int i = 0; i < COLUMNS; i++) {
        char text[PANDO_NAME_MAX];
        int width = columns[i].width;
        if (rect->width < columns[i].from_width)
            continue;
        struct style own = style;
        if (guest && i == BY_STATE && !selected)
            own = theme_style(theme, format_state_role(&guest->info));
        if (!guest && state->sort == (enum column)i)
            own.attributes |= ATTRIBUTE_REVERSE;
        if (guest)
            cell_text(guest, (enum column)i, text, sizeof(text));
        else
            snprintf(text, sizeof(text), "%s", columns[i].title);
        const struct rect cell = { rect->x + x, rect->y + y, width, 1 };
        if (is_right((enum column)i))
            canvas_text_right(canvas, &cell, width, 0, own, text);
        else
            canvas_text(canvas, &cell, 0, 0, own, text);
        x += width + GAP;
    }
    int spark = rect->width - x < SPARK_MOST ? rect->width - x : SPARK_MOST;
    if (spark < SPARK_LEAST)
        return;
    if (guest)
        canvas_sparkline(canvas, rect, x, y, spark, guest->history.shares, guest->history.count,
                         selected ? style : theme_style(theme, ROLE_BAR));
    else
        canvas_text(canvas, rect, x, y, style, "CPU OVER TIME");
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    const struct ui *ui = pane->pane.ui;
    const struct rect *rect = &pane->pane.rect;
    size_t row = selected_row(pane);

    if (*ui->sample->error || !ui->sample->count) {
        canvas_paragraph(canvas, rect, 0, theme_style(&ui->theme, ROLE_WARNING),
                         *ui->sample->error ? ui->sample->error : "wait...");
        return;
    }
    draw_row(pane, canvas, 0, NULL);
    state->rows = rect->height > 1 ? rect->height - 1 : 1;
    if (row < state->top)
        state->top = row;
    if (row >= state->top + (size_t)state->rows)
        state->top = row + 1 - (size_t)state->rows;
    for (int i = 0; i < state->rows && state->top + (size_t)i < state->count; i++)
        draw_row(pane, canvas, i + 1, state->order[state->top + (size_t)i]);
    if (!state->count)
        canvas_printf(canvas, rect, 0, 1, theme_style(&ui->theme, ROLE_DIM),
                      "No guest's name has \"%s\": f changes that.", state->filter);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static void select_row(struct screen_pane *pane, int row)
{
    const struct state *state = pane->state;
    struct ui *ui = pane->pane.ui;
    if (!state->count)
        return;
    size_t index = row < 0 ? 0 : (size_t)row >= state->count ? state->count - 1 : (size_t)row;
    snprintf(ui->selected, sizeof(ui->selected), "%s", state->order[index]->info.name);
    screens_selected(ui);
}

static void key_up(void *place)
{
    select_row(place, (int)selected_row(place) - 1);
}

static void key_down(void *place)
{
    select_row(place, (int)selected_row(place) + 1);
}

static int page(const struct screen_pane *pane)
{
    return ((const struct state *)pane->state)->rows;
}

static void key_page_up(void *place)
{
    select_row(place, (int)selected_row(place) - page(place));
}

static void key_page_down(void *place)
{
    select_row(place, (int)selected_row(place) + page(place));
}

static void key_home(void *place)
{
    select_row(place, 0);
}

static void key_end(void *place)
{
    const struct screen_pane *pane = place;
    select_row(place, (int)((const struct state *)pane->state)->count - 1);
}

static void sort_by(struct screen_pane *pane, int step)
{
    struct state *state = pane->state;
    state->sort = (enum column)(((int)state->sort + step + COLUMNS) % COLUMNS);
    sampled(pane);
}

static void key_sort_left(void *place)
{
    sort_by(place, -1);
}

static void key_sort_right(void *place)
{
    sort_by(place, 1);
}

static void key_reverse(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    state->reversed = !state->reversed;
    sampled(pane);
}

static void on_filter(void *arg, enum ui_field what, const char *text)
{
    struct screen_pane *pane = arg;
    struct state *state = pane->state;
    snprintf(state->filter, sizeof(state->filter), "%s", what == UI_FIELD_LEFT ? "" : text);
    sampled(pane);
    pane_changed(&pane->pane);
}

static void key_filter(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    ui_field(pane->pane.ui, "Guests with", state->filter, on_filter, pane);
}

static void key_open(void *place)
{
    struct screen_pane *pane = place;
    ui_screen(pane->pane.ui, "guest", NULL);
}

static bool mouse(struct screen_pane *pane, const struct mouse *event)
{
    struct state *state = pane->state;
    if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN)
        select_row(pane, (int)selected_row(pane) + (event->action == MOUSE_WHEEL_UP ? -1 : 1));
    else if (event->action == MOUSE_PRESS && event->y > 0)
        select_row(pane, (int)state->top + event->y - 1);
    else
        return false;
    return true;
}

static const struct key_binding keys[] = {
    { "Up k", "select the guest above", key_up },
    { "Down j", "select the guest below", key_down },
    { "PageUp", "a page up", key_page_up },
    { "PageDown", "a page down", key_page_down },
    { "Home g", "the first one", key_home },
    { "End G", "the last one", key_end },
    { "<", "sort by the column to the left", key_sort_left },
    { ">", "sort by the column to the right", key_sort_right },
    { "i", "turn the order around", key_reverse },
    { "/ f", "only guests whose name has some text", key_filter },
    { "Enter", "show the guest: devices, configuration, events", key_open },
    GUEST_KEYS(screen_key),
    { NULL },
};

const struct screen guests_screen = {
    .name = "guests",
    .title = "Guests",
    .label = "Guests",
    .summary = "all guests: state, processor time now and over time, memory",
    .shortcut = "F2",
    .keys = keys,
    .state_size = sizeof(struct state),
    .close = close_guests,
    .sampled = sampled,
    .draw = draw,
    .mouse = mouse,
};
