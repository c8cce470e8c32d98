/* SPDX-License-Identifier: MIT */
/* The vCPUs of a guest, or of all: what they do now and over time, and where they may run. */
#include "format.h"
#include "frame.h"
#include "screens.h"

#include <inttypes.h>
#include <string.h>

enum { SPARK_LEAST = 8, SPARK_MOST = 60, CPUS_WIDTH = 10, NAME_WIDTH = 12 };

struct state {
    bool all;
    int top, rows, count;
};

static const char *state_word(const struct pando_vcpu *vcpu)
{
    if (!vcpu->online)
        return "offline";
    return vcpu->running ? "runs" : vcpu->blocked ? "blocked" : "waits";
}

static enum role state_role(const struct pando_vcpu *vcpu)
{
    if (!vcpu->online || vcpu->blocked)
        return ROLE_DIM;
    return vcpu->running ? ROLE_GOOD : ROLE_WARNING;
}

/* Columns; the wide ones are left out where there is no room. */
struct columns {
    int name, vcpu, state, cpu, share, hard, soft, spark, spark_width;
};

static struct columns place(const struct state *state, int width)
{
    struct columns c = { 0 };
    int x = state->all ? NAME_WIDTH + 1 : 0;
    c.vcpu = x;
    c.state = x + 5;
    c.cpu = c.state + 8;
    c.share = c.cpu + 4;
    x = c.share + 6;
    bool affinity = width - x >= 2 * (CPUS_WIDTH + 1) + SPARK_LEAST;
    if (affinity) {
        c.hard = x;
        c.soft = x + CPUS_WIDTH + 1;
        x = c.soft + CPUS_WIDTH + 1;
    }
    c.spark = x;
    c.spark_width = width - x > SPARK_MOST ? SPARK_MOST : width - x;
    return c;
}

static void draw_titles(const struct screen_pane *pane, struct canvas *canvas,
                        const struct columns *c)
{
    const struct state *state = pane->state;
    const struct rect *rect = &pane->pane.rect;
    struct style style = theme_style(&pane->pane.ui->theme, ROLE_HEADER);

    if (state->all)
        canvas_text(canvas, rect, 0, 0, style, "GUEST");
    canvas_text(canvas, rect, c->vcpu, 0, style, "VCPU");
    canvas_text(canvas, rect, c->state, 0, style, "STATE");
    canvas_text(canvas, rect, c->cpu, 0, style, "CPU");
    canvas_text(canvas, rect, c->share + 1, 0, style, "RUN%");
    if (c->hard) {
        canvas_text(canvas, rect, c->hard, 0, style, "HARD");
        canvas_text(canvas, rect, c->soft, 0, style, "SOFT");
    }
    canvas_text(canvas, rect, c->spark, 0, style, "RUN OVER TIME");
}

static void draw_vcpu(const struct screen_pane *pane, struct canvas *canvas,
                      const struct columns *c, int y, const struct sample_guest *guest,
                      const struct sample_vcpu *vcpu)
{
    const struct state *state = pane->state;
    const struct rect *rect = &pane->pane.rect;
    const struct ui *ui = pane->pane.ui;
    const struct theme *theme = &ui->theme;
    struct style style = theme_style(theme, ROLE_TEXT);
    const struct rect name = { rect->x, rect->y, NAME_WIDTH, rect->height };
    char text[80];

    if (state->all)
        canvas_text(canvas, &name, 0, y, style, guest->info.name);
    canvas_printf(canvas, rect, c->vcpu, y, style, "%4" PRIu32, vcpu->info.id);
    canvas_text(canvas, rect, c->state, y, theme_style(theme, state_role(&vcpu->info)),
                state_word(&vcpu->info));
    if (vcpu->info.online)
        canvas_printf(canvas, rect, c->cpu, y, style, "%3" PRIu32, vcpu->info.cpu);
    canvas_text_right(canvas, rect, c->share + 5, y, style, format_percent(vcpu->share, text));
    if (c->hard) {
        uint32_t cpus = ui->sample->host.cpus;
        const struct rect hard = { rect->x + c->hard, rect->y + y, CPUS_WIDTH, 1 };
        const struct rect soft = { rect->x + c->soft, rect->y + y, CPUS_WIDTH, 1 };
        canvas_text(canvas, &hard, 0, 0, style,
                    format_cpus(vcpu->info.hard, cpus, text, sizeof(text)));
        canvas_text(canvas, &soft, 0, 0, style,
                    format_cpus(vcpu->info.soft, cpus, text, sizeof(text)));
    }
    canvas_sparkline(canvas, rect, c->spark, y, c->spark_width, vcpu->history.shares,
                     vcpu->history.count, theme_style(theme, ROLE_BAR));
}

/* What the interface does not tell. */
static const char note[] =
    "RUN% is the share of one CPU that the vCPU had. \"waits\": it was ready to run when it was "
    "looked at, but another had the CPU. The interface does not tell how long a vCPU was blocked "
    "or waited, and the control library not the scheduler's parameters and live values.";

static int note_rows(int width)
{
    int rows = 0;
    for (const char *text = note; *text; rows++)
        text += text_fitting(text, width > 0 ? width : 1);
    return rows;
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    const struct ui *ui = pane->pane.ui;
    const struct rect *rect = &pane->pane.rect;
    const struct sample_guest *shown = screen_guest(pane);
    struct columns c = place(state, rect->width);
    int index = 0, y = 1;

    int notes = note_rows(rect->width);
    state->rows = rect->height - 1 > notes + 4 ? rect->height - 2 - notes : rect->height - 1;
    draw_titles(pane, canvas, &c);
    for (size_t i = 0; i < ui->sample->count; i++) {
        const struct sample_guest *guest = &ui->sample->guests[i];
        if (!state->all && guest != shown)
            continue;
        for (size_t j = 0; j < guest->vcpu_count; j++, index++)
            if (index >= state->top && y <= state->rows)
                draw_vcpu(pane, canvas, &c, y++, guest, &guest->vcpus[j]);
    }
    state->count = index;
    if (!index)
        canvas_text(canvas, rect, 0, y++, theme_style(&ui->theme, ROLE_DIM),
                    shown || state->all ? "wait..." : "No guest is selected: F2 shows them.");
    if (state->rows < rect->height - 1)
        canvas_paragraph(canvas, rect, rect->height - notes, theme_style(&ui->theme, ROLE_DIM),
                         note);
}

static void sampled(struct screen_pane *pane)
{
    const struct state *state = pane->state;
    if (state->all)
        frame_of(pane->pane.ui)->wanted.all_vcpus = true;
}

static void scroll(struct screen_pane *pane, int by)
{
    struct state *state = pane->state;
    int last = state->count - state->rows;
    state->top += by;
    if (state->top > last)
        state->top = last;
    if (state->top < 0)
        state->top = 0;
}

static void key_up(void *place)
{
    scroll(place, -1);
}

static void key_down(void *place)
{
    scroll(place, 1);
}

static void key_page_up(void *place)
{
    struct screen_pane *pane = place;
    scroll(pane, -((struct state *)pane->state)->rows);
}

static void key_page_down(void *place)
{
    struct screen_pane *pane = place;
    scroll(pane, ((struct state *)pane->state)->rows);
}

static void key_all(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    state->all = !state->all;
    state->top = 0;
    screens_selected(pane->pane.ui);
}

static bool mouse(struct screen_pane *pane, const struct mouse *event)
{
    if (event->action != MOUSE_WHEEL_UP && event->action != MOUSE_WHEEL_DOWN)
        return false;
    scroll(pane, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    return true;
}

static const struct key_binding keys[] = {
    { "a", "the vCPUs of all guests, or of the one selected", key_all },
    { "Up k", "scroll up", key_up },
    { "Down j", "scroll down", key_down },
    { "PageUp", "a page up", key_page_up },
    { "PageDown", "a page down", key_page_down },
    { NULL },
};

const struct screen vcpus_screen = {
    .name = "vcpus",
    .title = "Virtual CPUs",
    .label = "vCPUs",
    .summary = "each vCPU: state, physical CPU, share of it over time, affinity",
    .shortcut = "F4",
    .keys = keys,
    .of_guest = true,
    .state_size = sizeof(struct state),
    .sampled = sampled,
    .draw = draw,
    .mouse = mouse,
};
