/* SPDX-License-Identifier: MIT */
#include "format.h"
#include "frame.h"
#include "layout.h"
#include "screen.h"

#include <string.h>

enum { BAR_WIDTH = 8, LATE_NS_PER_MS = 1000000 };

/* A sample is due so much later: something does not answer. */
static bool is_late(const struct frame *frame)
{
    uint64_t limit = (uint64_t)frame->ui.preferences.refresh_ms * 3 + 2000;
    return loop_clock_ns() - frame->ui.sample->time_ns > limit * LATE_NS_PER_MS;
}

static int draw_gauge(struct frame *frame, int x, const char *label, double part, const char *text)
{
    const struct theme *theme = &frame->ui.theme;
    struct style style = theme_style(theme, ROLE_STATUS), full = theme_style(theme, ROLE_BAR);
    struct style empty = style;

    full.background = style.background;
    if (style.attributes & ATTRIBUTE_REVERSE)
        full = style;
    x = canvas_text(&frame->canvas, &frame->status, x, 0, style, label);
    canvas_bar(&frame->canvas, &frame->status, x, 0, BAR_WIDTH, part, full, empty);
    return canvas_printf(&frame->canvas, &frame->status, x + BAR_WIDTH, 0, style, " %s  ", text);
}

/* Commands that run: how many, and how far the newest is. */
static int draw_jobs(struct frame *frame, int x)
{
    const struct theme *theme = &frame->ui.theme;
    size_t count = frame_jobs_count(frame);
    char text[120];

    if (!count)
        return x;
    const struct job *job = frame->jobs[count - 1];
    const struct job_progress *progress = job_progress(job);
    job_describe(job, text, sizeof(text));
    if (progress->known && progress->total)
        x = draw_gauge(frame, x, "", (double)progress->done / progress->total, text);
    else if (*progress->step)
        x = canvas_printf(&frame->canvas, &frame->status, x, 0, theme_style(theme, ROLE_STATUS),
                          "%s  ", text);
    else
        x = canvas_printf(&frame->canvas, &frame->status, x, 0, theme_style(theme, ROLE_STATUS),
                          "%.20s %s  ", job_line(job), text);
    if (count > 1)
        x = canvas_printf(&frame->canvas, &frame->status, x, 0, theme_style(theme, ROLE_STATUS),
                          "(%zu run)  ", count);
    return x;
}

static void draw_alert(struct frame *frame, int x)
{
    const struct theme *theme = &frame->ui.theme;
    char text[400];
    size_t count = sample_alerts(frame->ui.sample, text, sizeof(text));

    if (is_late(frame)) {
        count = 1;
        snprintf(text, sizeof(text), "no answer from the store or the hypervisor: see F7");
    }
    if (!count)
        return;
    x = canvas_printf(&frame->canvas, &frame->status, x, 0, theme_style(theme, ROLE_ALERT), " %s ",
                      text);
    if (count > 1)
        canvas_printf(&frame->canvas, &frame->status, x, 0, theme_style(theme, ROLE_ALERT),
                      "and %zu more ", count - 1);
}

void frame_status_draw(struct frame *frame)
{
    const struct theme *theme = &frame->ui.theme;
    const struct sample *sample = frame->ui.sample;
    const struct pando_host *host = &sample->host;
    char text[80], used[32], all[32], cpu[32];
    int x = 1;

    canvas_fill(&frame->canvas, &frame->status, theme_style(theme, ROLE_STATUS));
    if (*frame->notice) {
        canvas_text(&frame->canvas, &frame->status, 1, 0, theme_style(theme, frame->notice_role),
                    frame->notice);
        return;
    }
    x = draw_jobs(frame, x);
    if (host->memory_kib) {
        snprintf(text, sizeof(text), "%s%% of %u", format_percent(sample->host_cpu, cpu),
                 host->cpus);
        x = draw_gauge(frame, x, "CPU ", host->cpus ? sample->host_cpu / host->cpus : 0, text);
        snprintf(text, sizeof(text), "%s of %s",
                 format_kib(host->memory_kib - host->free_kib, used),
                 format_kib(host->memory_kib, all));
        x = draw_gauge(frame, x, "Mem ", 1 - (double)host->free_kib / (double)host->memory_kib,
                       text);
    }
    draw_alert(frame, x);
}

/* --- hints ---------------------------------------------------------------------------------- */

enum { HINTS_MAX = 16 };

struct hint {
    const char *key, *label, *narrow; /* @narrow: where there is not the room for all labels */
};

/* Keys that are left out, one after the other, where there is no room for all. */
static const char *const dispensable[] = { "F11", "F6", "F9", "F5", "F4", "F3", "F8", "F7", "F2" };

static int width_of(const struct hint *hints, size_t count, bool narrow)
{
    int width = count ? -1 : 0;
    for (size_t i = 0; i < count; i++)
        width +=
            text_width(hints[i].key) + text_width(narrow ? hints[i].narrow : hints[i].label) + 1;
    return width;
}

static size_t leave_out(struct hint *hints, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(hints[i].key, key)) {
            memmove(&hints[i], &hints[i + 1], (--count - i) * sizeof(*hints));
            break;
        }
    return count;
}

/* In the order of the keys: screens, and what else has a key of its own. */
static size_t all_hints(struct frame *frame, struct hint *hints)
{
    const char *other = frame->ui.focus == FOCUS_LINE ? "panes" : "line";
    size_t count = 0;
    for (size_t i = 0; screens[i]; i++) {
        const struct screen *screen = screens[i];
        if (!strcmp(screen->shortcut, "F11")) {
            hints[count++] = (struct hint){ "F9", "List", "List" };
            hints[count++] = (struct hint){ "F10", "Quit", "Quit" };
        }
        hints[count++] = (struct hint){ screen->shortcut, screen->label,
                                        screen->narrow ? screen->narrow : screen->label };
    }
    hints[count++] = (struct hint){ "Esc", other, other };
    return count;
}

/* Calls @fn for each hint with its place; stops when it returns true. */
static bool each_hint(struct frame *frame,
                      bool (*fn)(struct frame *frame, int x, const char *key, const char *what,
                                 void *arg),
                      void *arg)
{
    struct hint hints[HINTS_MAX];
    size_t count = all_hints(frame, hints);
    int x = 0, width = frame->hints.width;
    bool narrow = width_of(hints, count, false) > width;

    for (size_t i = 0;
         i < sizeof(dispensable) / sizeof(dispensable[0]) && width_of(hints, count, narrow) > width;
         i++)
        count = leave_out(hints, count, dispensable[i]);
    for (size_t i = 0; i < count; i++) {
        const char *label = narrow ? hints[i].narrow : hints[i].label;
        if (fn(frame, x, hints[i].key, label, arg))
            return true;
        x += text_width(hints[i].key) + text_width(label) + 1;
    }
    return false;
}

static bool draw_hint(struct frame *frame, int x, const char *key, const char *what, void *arg)
{
    const struct theme *theme = &frame->ui.theme;
    x = canvas_text(&frame->canvas, &frame->hints, x, 0, theme_style(theme, ROLE_KEY), key);
    canvas_text(&frame->canvas, &frame->hints, x, 0, theme_style(theme, ROLE_DIM), what);
    return false;
}

void frame_hints_draw(struct frame *frame)
{
    const struct pane *pane = layout_focused(frame->ui.layout);
    char leave[KEY_NAME_MAX];

    canvas_fill(&frame->canvas, &frame->hints, theme_style(&frame->ui.theme, ROLE_TEXT));
    if (frame->ui.focus == FOCUS_MAIN && pane && pane->ops->takes_all_keys)
        draw_hint(frame, 0, key_name(&frame->ui.preferences.leave, leave), " to the command line",
                  NULL);
    else
        each_hint(frame, draw_hint, NULL);
}

struct hint_search {
    int x;
    struct key *key;
};

static bool find_hint(struct frame *frame, int x, const char *key, const char *what, void *arg)
{
    struct hint_search *search = arg;
    int end = x + text_width(key) + text_width(what);
    return search->x >= x && search->x < end && key_parse(key, search->key);
}

bool frame_hint_at(struct frame *frame, int x, struct key *key)
{
    struct hint_search search = { x, key };
    return each_hint(frame, find_hint, &search);
}
