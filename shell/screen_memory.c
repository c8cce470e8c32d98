/* SPDX-License-Identifier: MIT */
/* The host's memory: by node, as far as that is told, and who has it. */
#include "format.h"
#include "frame.h"
#include "screens.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_MOST = 60, LABEL_WIDTH = 15, HEAD_ROWS = 9 };

struct state {
    int top, rows;
};

enum { NOTE_WIDTH = 14 };

/* @note behind the bar: NULL for none, which makes the bar longer. */
static int field(const struct screen_pane *pane, struct canvas *canvas, int y, const char *title,
                 uint64_t kib, uint64_t of, const char *note)
{
    const struct rect *rect = &pane->pane.rect;
    const struct theme *theme = &pane->pane.ui->theme;
    char text[32];
    int width = rect->width - LABEL_WIDTH - 9 - (note ? NOTE_WIDTH : 0);
    width = width > BAR_MOST ? BAR_MOST : width;

    canvas_text(canvas, rect, 0, y, theme_style(theme, ROLE_TEXT), title);
    canvas_text_right(canvas, rect, LABEL_WIDTH + 7, y, theme_style(theme, ROLE_TEXT),
                      format_kib(kib, text));
    canvas_bar(canvas, rect, LABEL_WIDTH + 8, y, width, of ? (double)kib / (double)of : 0,
               theme_style(theme, ROLE_BAR), theme_style(theme, ROLE_BAR_EMPTY));
    if (note)
        canvas_text(canvas, rect, LABEL_WIDTH + 9 + width, y, theme_style(theme, ROLE_DIM), note);
    return y + 1;
}

static int draw_host(const struct screen_pane *pane, struct canvas *canvas)
{
    const struct rect *rect = &pane->pane.rect;
    const struct theme *theme = &pane->pane.ui->theme;
    const struct pando_host *host = &pane->pane.ui->sample->host;
    char text[32];
    int y = 0;

    canvas_printf(canvas, rect, 0, y++, theme_style(theme, ROLE_HEADER), "Host, %s in %u %s",
                  format_kib(host->memory_kib, text), host->nodes,
                  host->nodes == 1 ? "node" : "nodes");
    y = field(pane, canvas, y, "used", host->memory_kib - host->free_kib, host->memory_kib, NULL);
    y = field(pane, canvas, y, "free", host->free_kib, host->memory_kib, NULL);
    y = field(pane, canvas, y, "being cleaned", host->scrub_kib, host->memory_kib, NULL);
    y = field(pane, canvas, y, "claimed", host->outstanding_kib, host->memory_kib, NULL);
    const struct sample *sample = pane->pane.ui->sample;
    for (size_t i = 0; i < sample->node_count && y < rect->height / 2; i++) {
        char title[LABEL_WIDTH + 1], cpus[80], near[100] = "";
        const struct pando_node *node = &sample->nodes[i];
        snprintf(title, sizeof(title), "node %u of %s", node->id % 1000,
                 format_kib(node->memory_kib, text));
        format_cpus(node->cpus, host->cpus, cpus, sizeof(cpus));
        if (strcmp(cpus, "none"))
            snprintf(near, sizeof(near), "CPUs %s", cpus);
        y = field(pane, canvas, y, title, node->memory_kib - node->free_kib, node->memory_kib,
                  near);
    }
    if (!sample->node_count)
        y = canvas_paragraph(canvas, rect, y, theme_style(theme, ROLE_DIM),
                             "What each node has is not told by this hypervisor.");
    return y + 1;
}

static int by_memory(const void *a, const void *b)
{
    const struct sample_guest *one = *(const struct sample_guest *const *)a;
    const struct sample_guest *two = *(const struct sample_guest *const *)b;
    if (one->info.memory_kib != two->info.memory_kib)
        return one->info.memory_kib < two->info.memory_kib ? 1 : -1;
    return one->info.id < two->info.id ? -1 : 1;
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    const struct sample *sample = pane->pane.ui->sample;
    const struct rect *rect = &pane->pane.rect;
    const struct theme *theme = &pane->pane.ui->theme;

    if (*sample->error || !sample->count) {
        canvas_paragraph(canvas, rect, 0, theme_style(theme, ROLE_WARNING),
                         *sample->error ? sample->error : "wait...");
        return;
    }
    int y = draw_host(pane, canvas);
    const struct sample_guest **order = shell_need(calloc(sample->count, sizeof(*order)));
    for (size_t i = 0; i < sample->count; i++)
        order[i] = &sample->guests[i];
    qsort(order, sample->count, sizeof(*order), by_memory);
    canvas_text(canvas, rect, 0, y++, theme_style(theme, ROLE_HEADER), "Guests, the largest first");
    state->rows = rect->height - y;
    if (state->top > (int)sample->count - state->rows)
        state->top = (int)sample->count - state->rows;
    if (state->top < 0)
        state->top = 0;
    for (int i = state->top; i < (int)sample->count && y < rect->height; i++) {
        char name[LABEL_WIDTH + 1];
        snprintf(name, sizeof(name), "%.*s", LABEL_WIDTH, order[i]->info.name);
        y = field(pane, canvas, y, name, order[i]->info.memory_kib, sample->host.memory_kib, NULL);
    }
    free(order);
}

static void key_up(void *place)
{
    ((struct state *)((struct screen_pane *)place)->state)->top--;
}

static void key_down(void *place)
{
    ((struct state *)((struct screen_pane *)place)->state)->top++;
}

static void key_page_up(void *place)
{
    struct state *state = ((struct screen_pane *)place)->state;
    state->top -= state->rows;
}

static void key_page_down(void *place)
{
    struct state *state = ((struct screen_pane *)place)->state;
    state->top += state->rows;
}

static void key_set(void *place)
{
    struct screen_pane *pane = place;
    char line[PANDO_NAME_MAX + 16];
    snprintf(line, sizeof(line), "mem-set %s ", pane->pane.ui->selected);
    ui_type(pane->pane.ui, line);
}

static bool mouse(struct screen_pane *pane, const struct mouse *event)
{
    struct state *state = pane->state;
    if (event->action != MOUSE_WHEEL_UP && event->action != MOUSE_WHEEL_DOWN)
        return false;
    state->top += event->action == MOUSE_WHEEL_UP ? -3 : 3;
    return true;
}

static const struct key_binding keys[] = {
    { "Up k", "scroll up", key_up },
    { "Down j", "scroll down", key_down },
    { "PageUp", "a page up", key_page_up },
    { "PageDown", "a page down", key_page_down },
    { "m", "give the guest that is selected more or less: type how much", key_set },
    { NULL },
};

const struct screen memory_screen = {
    .name = "memory",
    .title = "Memory",
    .label = "Memory",
    .narrow = "Mem",
    .summary = "the host's memory, by node, and which guest has how much",
    .shortcut = "F5",
    .keys = keys,
    .state_size = sizeof(struct state),
    .draw = draw,
    .mouse = mouse,
};
