/* SPDX-License-Identifier: MIT */
#include "frame.h"
#include "layout.h"
#include "screen.h"

#include <stdlib.h>
#include <string.h>

/* The main area is split for the output where it is at least so high. */
enum { SPLIT_HEIGHT = 30 };

size_t frame_jobs_count(const struct frame *frame)
{
    size_t count = 0;
    while (count < FRAME_JOBS_MAX && frame->jobs[count])
        count++;
    return count;
}

void frame_jobs_cancel(struct frame *frame, bool all)
{
    size_t count = frame_jobs_count(frame);
    if (!count)
        ui_notice(&frame->ui, ROLE_TEXT, "no command is running");
    for (size_t i = count; i-- > (all || !count ? 0 : count - 1);) {
        job_cancel(frame->jobs[i]);
        ui_notice(&frame->ui, ROLE_WARNING, "%s is asked to end; what cannot be undone is finished",
                  job_line(frame->jobs[i]));
    }
}

static bool is_output(struct pane *pane, const void *arg)
{
    const struct screen_pane *screen = screen_of(pane);
    return screen && !strcmp(screen->screen->name, "output");
}

struct pane *frame_output_pane(struct frame *frame)
{
    return layout_find(frame->ui.layout, is_output, NULL);
}

static void count_pane(struct pane *pane, void *arg)
{
    size_t *count = arg;
    ++*count;
}

/* The pane that is alone in its tab has room for the output below, and is no console. */
static bool can_share(struct frame *frame, const struct pane *pane)
{
    size_t count = 0;
    layout_each(frame->ui.layout, true, count_pane, &count);
    return pane && !pane->ops->takes_all_keys && count == 1 && frame->main.height >= SPLIT_HEIGHT;
}

/* What has the keyboard is not taken from before the one who types or reads there. */
static bool is_read(struct frame *frame)
{
    struct pane *pane = layout_focused(frame->ui.layout);
    const struct screen_pane *screen = screen_of(pane);
    return frame->ui.focus == FOCUS_MAIN && pane &&
           (!screen || !strcmp(screen->screen->name, "help"));
}

/*
 * Shows the output: below what is there, if that is alone and there is room, and then what is there
 * keeps the focus: keys for screens are about it, not about the output. Otherwise in its place.
 */
static void show_output(struct frame *frame)
{
    struct ui *ui = &frame->ui;

    if (is_read(frame))
        return;
    help_close(frame);
    struct pane *pane = frame_output_pane(frame);
    if (pane && pane->visible)
        return;
    if (!pane)
        screen_leave_console(ui);
    struct pane *focused = layout_focused(ui->layout);
    if (pane) {
        layout_show(ui->layout, pane);
    } else if (can_share(frame, focused)) {
        layout_open(ui->layout, screen_open(ui, screen_find("output"), NULL), LAYOUT_BELOW);
        layout_show(ui->layout, focused);
    } else {
        layout_open(ui->layout, screen_open(ui, screen_find("output"), NULL), LAYOUT_HERE);
    }
    ui_redraw(ui);
}

/* --- what a command does -------------------------------------------------------------------- */

static void on_output(void *arg, struct job *job, bool error, const char *text, size_t length)
{
    struct frame *frame = arg;
    /* Behind what another command has written, it is to be seen whose words these are. */
    if (frame->output_of != job_number(job))
        lines_printf(&frame->output, ROLE_PROMPT, "%s:", job_line(job));
    frame->output_of = job_number(job);
    lines_add(&frame->output, error ? ROLE_BAD : ROLE_TEXT, text, length);
    frame->has_output = true;
    show_output(frame);
    screens_changed(&frame->ui);
}

static void on_progress(void *arg, struct job *job)
{
    struct frame *frame = arg;
    screens_changed(&frame->ui);
    ui_changed(&frame->ui);
}

static void on_console(void *arg, const struct console_request *request)
{
    struct frame *frame = arg;
    frame->has_output = true; /* that is what there is to see of it */
    if (console_pane_open(&frame->ui, request->guest, request->read_only, request->replay,
                          request->follow))
        ui_set_focus(&frame->ui, FOCUS_MAIN);
}

static void on_show(void *arg, const char *screen, const char *guest)
{
    struct frame *frame = arg;
    frame->has_output = true;
    ui_screen(&frame->ui, screen, *guest ? guest : NULL);
}

static void on_layout(void *arg, const char *action, const char *name)
{
    struct frame *frame = arg;
    frame->has_output = true;
    layout_command(frame->ui.layout, action, name);
    ui_redraw(&frame->ui);
}

static const char *status_word(const struct job *job)
{
    switch ((enum shell_exit)job_status(job)) {
    case SHELL_OK:
        return "done";
    case SHELL_USAGE:
        return "not understood";
    case SHELL_NO_GUEST:
        return "no such guest";
    case SHELL_TIMEOUT:
        return "not in time";
    case SHELL_ENDED:
        return "the guest has ended";
    case SHELL_INTERRUPTED:
        return "cancelled";
    case SHELL_FAILED:
        break;
    }
    return "failed";
}

static void remember(struct frame *frame, const struct job *job)
{
    time_t now = time(NULL);
    struct tm local;
    char when[32];

    strftime(when, sizeof(when), "%F %T", localtime_r(&now, &local));
    lines_printf(&frame->operations, job_status(job) == SHELL_OK ? ROLE_TEXT : ROLE_BAD,
                 "%s %s: %s (exit code %d, %.1f s)", when, job_line(job), status_word(job),
                 job_status(job), job_seconds(job));
}

static void on_done(void *arg, struct job *job)
{
    struct frame *frame = arg;
    size_t count = frame_jobs_count(frame);

    for (size_t i = 0; i < count; i++)
        if (frame->jobs[i] == job)
            memmove(&frame->jobs[i], &frame->jobs[i + 1], (count - i - 1) * sizeof(job));
    frame->jobs[count - 1] = NULL;
    remember(frame, job);
    bool good = job_status(job) == SHELL_OK;
    if (!good) {
        lines_printf(&frame->output, ROLE_DIM, "%s: %s (exit code %d); `help COMMAND` tells more",
                     job_line(job), status_word(job), job_status(job));
        frame->output_of = 0;
    }
    if (job_seconds(job) > 1 || !frame->has_output || !good)
        ui_notice(&frame->ui, good ? ROLE_GOOD : ROLE_BAD, "%s: %s%s", job_line(job),
                  status_word(job), good ? "" : "; F8 shows the output");
    if (job_wants_quit(job))
        frame_quit(frame);
    sampler_kick(frame->sampler);
    screens_changed(&frame->ui);
    ui_changed(&frame->ui);
}

void ui_run(struct ui *ui, const char *line)
{
    struct frame *frame = frame_of(ui);
    const struct job_events events = { frame,   on_output, on_progress, on_console,
                                       on_show, on_layout, on_done };
    size_t count = frame_jobs_count(frame);

    if (count == FRAME_JOBS_MAX) {
        ui_notice(ui, ROLE_WARNING, "%zu commands are running: wait, or cancel one by Ctrl-C",
                  count);
        return;
    }
    lines_printf(&frame->output, ROLE_PROMPT, "pando> %s", line);
    frame->has_output = false;
    frame->jobs[count] = job_start(ui->loop, line, &events);
    frame->output_of = job_number(frame->jobs[count]);
    ui_changed(ui);
}
