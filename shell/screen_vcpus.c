/* SPDX-License-Identifier: MIT */
/* The vCPUs of a guest, or of all: what they do now and over time, where they may run, and what the
 * scheduler goes by. */
#include "format.h"
#include "frame.h"
#include "guest.h"
#include "screens.h"

#include <inttypes.h>
#include <string.h>

enum {
    SPARK_LEAST = 8,   /* of the one that is drawn */
    SPARKS_LEAST = 16, /* of each, for all of them to be drawn */
    SPARK_MOST = 60,
    CPUS_WIDTH = 10,
    NAME_WIDTH = 12,
    SHARE_WIDTH = 5,
    CREDIT_WIDTH = 6,
};

struct state {
    bool all;
    enum vcpu_share drawn; /* where there is room for one */
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

/* Titles: of a share's number, and of its line over time. */
static const struct {
    const char *title, *history;
} shares[VCPU_SHARES] = {
    [SHARE_RUN] = { "RUN%", "RUN" },
    [SHARE_STOLEN] = { "STOL%", "STOLEN" },
    [SHARE_BLOCKED] = { "BLK%", "BLOCKED" },
};

/* Columns; 0: left out, where there is no room. */
struct columns {
    int vcpu, state, cpu, credit, hard, soft;
    int share[VCPU_SHARES]; /* each: where its number ends */
    int spark[VCPU_SHARES], spark_width;
};

/* Shares in the order in which they are dropped: the one chosen is there always. */
static void place_shares(const struct state *state, struct columns *c, int *x, int width)
{
    bool all = width - *x >= VCPU_SHARES * (SHARE_WIDTH + 1) + SPARK_LEAST;
    for (int i = 0; i < VCPU_SHARES; i++)
        if (all || i == (int)state->drawn) {
            c->share[i] = *x + SHARE_WIDTH;
            *x += SHARE_WIDTH + 1;
        }
}

static void place_sparks(const struct state *state, struct columns *c, int x, int width)
{
    int each = (width - x - (VCPU_SHARES - 1)) / VCPU_SHARES;
    bool all = each >= SPARKS_LEAST;
    c->spark_width = all ? each : width - x;
    if (c->spark_width > SPARK_MOST)
        c->spark_width = SPARK_MOST;
    for (int i = 0; i < VCPU_SHARES; i++)
        c->spark[i] = all ? x + i * (c->spark_width + 1) : i == (int)state->drawn ? x : 0;
}

static struct columns place(const struct state *state, int width)
{
    struct columns c = { 0 };
    c.vcpu = state->all ? NAME_WIDTH + 1 : 0;
    c.state = c.vcpu + 5;
    c.cpu = c.state + 8;
    int x = c.cpu + 4;
    place_shares(state, &c, &x, width);
    if (width - x >= CREDIT_WIDTH + 1 + SPARK_LEAST) {
        c.credit = x + CREDIT_WIDTH;
        x += CREDIT_WIDTH + 1;
    }
    if (width - x >= 2 * (CPUS_WIDTH + 1) + SPARK_LEAST) {
        c.hard = x;
        c.soft = x + CPUS_WIDTH + 1;
        x = c.soft + CPUS_WIDTH + 1;
    }
    place_sparks(state, &c, x, width);
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
    for (int i = 0; i < VCPU_SHARES; i++) {
        if (c->share[i])
            canvas_text_right(canvas, rect, c->share[i], 0, style, shares[i].title);
        if (c->spark[i])
            canvas_text(canvas, rect, c->spark[i], 0, style, shares[i].history);
    }
    if (c->credit)
        canvas_text_right(canvas, rect, c->credit, 0, style, "CREDIT");
    if (c->hard) {
        canvas_text(canvas, rect, c->hard, 0, style, "HARD");
        canvas_text(canvas, rect, c->soft, 0, style, "SOFT");
    }
}

static void draw_affinity(const struct screen_pane *pane, struct canvas *canvas,
                          const struct columns *c, int y, const struct pando_vcpu *vcpu)
{
    const struct rect *rect = &pane->pane.rect;
    struct style style = theme_style(&pane->pane.ui->theme, ROLE_TEXT);
    uint32_t cpus = pane->pane.ui->sample->host.cpus;
    const struct rect hard = { rect->x + c->hard, rect->y + y, CPUS_WIDTH, 1 };
    const struct rect soft = { rect->x + c->soft, rect->y + y, CPUS_WIDTH, 1 };
    char text[80];

    canvas_text(canvas, &hard, 0, 0, style, format_cpus(vcpu->hard, cpus, text, sizeof(text)));
    canvas_text(canvas, &soft, 0, 0, style, format_cpus(vcpu->soft, cpus, text, sizeof(text)));
}

static void draw_shares(const struct screen_pane *pane, struct canvas *canvas,
                        const struct columns *c, int y, const struct sample_vcpu *vcpu)
{
    const struct rect *rect = &pane->pane.rect;
    const struct theme *theme = &pane->pane.ui->theme;
    char text[32];

    for (int i = 0; i < VCPU_SHARES; i++) {
        if (c->share[i])
            canvas_text_right(canvas, rect, c->share[i], y, theme_style(theme, ROLE_TEXT),
                              format_percent(vcpu->shares[i], text));
        if (c->spark[i])
            canvas_sparkline(canvas, rect, c->spark[i], y, c->spark_width, vcpu->history[i].shares,
                             vcpu->history[i].count,
                             theme_style(theme, i == SHARE_STOLEN ? ROLE_WARNING : ROLE_BAR));
    }
    if (!c->credit)
        return;
    if (vcpu->timed && vcpu->times.has_credit)
        snprintf(text, sizeof(text), "%+.1f", (double)vcpu->times.credit_ns / 1e6);
    else
        snprintf(text, sizeof(text), "-");
    canvas_text_right(canvas, rect, c->credit, y, theme_style(theme, ROLE_TEXT), text);
}

static void draw_vcpu(const struct screen_pane *pane, struct canvas *canvas,
                      const struct columns *c, int y, const struct sample_guest *guest,
                      const struct sample_vcpu *vcpu)
{
    const struct state *state = pane->state;
    const struct rect *rect = &pane->pane.rect;
    const struct theme *theme = &pane->pane.ui->theme;
    struct style style = theme_style(theme, ROLE_TEXT);
    const struct rect name = { rect->x, rect->y, NAME_WIDTH, rect->height };

    if (state->all)
        canvas_text(canvas, &name, 0, y, style, guest->info.name);
    canvas_printf(canvas, rect, c->vcpu, y, style, "%4" PRIu32, vcpu->info.id);
    canvas_text(canvas, rect, c->state, y, theme_style(theme, state_role(&vcpu->info)),
                state_word(&vcpu->info));
    if (vcpu->info.online)
        canvas_printf(canvas, rect, c->cpu, y, style, "%3" PRIu32, vcpu->info.cpu);
    draw_shares(pane, canvas, c, y, vcpu);
    if (c->hard)
        draw_affinity(pane, canvas, c, y, &vcpu->info);
}

/* --- what it means --- */

static const char *const meanings[VCPU_SHARES] = {
    [SHARE_RUN] = "RUN%: the share of the time that it had a CPU. ",
    [SHARE_STOLEN] = "STOL%: it was ready to run, but others had the CPU. ",
    [SHARE_BLOCKED] = "BLK%: it waited for an event. ",
};
static const char untold[] = "This hypervisor does not tell for how long a vCPU was blocked or "
                             "waited for a CPU.";

static bool any_timed(const struct sample *sample)
{
    for (size_t i = 0; i < sample->count; i++)
        for (size_t j = 0; j < sample->guests[i].vcpu_count; j++)
            if (sample->guests[i].vcpus[j].timed)
                return true;
    return false;
}

static void add_note(char *buffer, size_t size, const char *text)
{
    size_t length = strlen(buffer);
    snprintf(buffer + length, size - length, "%s", text);
}

/* Of the columns that there is room for. */
static void explain(const struct columns *c, bool timed, bool reserved, char *buffer, size_t size)
{
    bool every = c->share[SHARE_RUN] && c->share[SHARE_STOLEN] && c->share[SHARE_BLOCKED];
    for (int i = 0; i < VCPU_SHARES; i++)
        if (c->share[i] && (timed || i == SHARE_RUN))
            add_note(buffer, size, meanings[i]);
    if (!timed) {
        add_note(buffer, size, untold);
        return;
    }
    if (every)
        add_note(buffer, size, "The rest: it was paused or not up. ");
    if (c->credit)
        add_note(buffer, size,
                 reserved
                     ? "CREDIT: milliseconds left of its budget (-: it has had extra time). "
                     : "CREDIT: milliseconds that the scheduler owes it (-: it has had more). ");
    add_note(buffer, size,
             every ? "t: which one is drawn." : "t: RUN%, STOL% (stolen) or BLK% (blocked).");
}

static void make_note(const struct screen_pane *pane, const struct columns *c, char *buffer,
                      size_t size)
{
    const struct state *state = pane->state;
    const struct sample_guest *guest = screen_guest(pane);
    char scheduler[160];
    bool reserved = guest && guest->scheduled && guest->scheduler.reserved;

    *buffer = 0;
    if (!state->all && guest && guest->scheduled) {
        guest_scheduler_text(&guest->scheduler, scheduler, sizeof(scheduler));
        snprintf(buffer, size, "Scheduler: %s.\n", scheduler);
    }
    explain(c, any_timed(pane->pane.ui->sample), reserved, buffer, size);
}

static int note_rows(const char *note, int width)
{
    int rows = 0;
    for (; *note; rows++) {
        note += text_fitting(note, width > 0 ? width : 1);
        note += *note == '\n';
    }
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
    char note[600];

    make_note(pane, &c, note, sizeof(note));
    int notes = note_rows(note, rect->width);
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

static void key_drawn(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    state->drawn = (state->drawn + 1) % VCPU_SHARES;
}

static bool shows_all(const struct screen_pane *pane)
{
    return ((const struct state *)pane->state)->all;
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
    { "t", "draw how much it ran, was stolen from, was blocked (with room: all)", key_drawn },
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
    .narrow = "CPUs",
    .summary = "each vCPU: state, CPU, how much it ran and waited over time, scheduling",
    .shortcut = "F4",
    .keys = keys,
    .of_guest = true,
    .state_size = sizeof(struct state),
    .sampled = sampled,
    .shows_all = shows_all,
    .draw = draw,
    .mouse = mouse,
};
