/* SPDX-License-Identifier: MIT */
/* The full-screen shell: start, events, end. */
#include "frame.h"
#include "layout.h"
#include "plugin_host.h"
#include "prompt.h"
#include "screen.h"

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    FRAME_MS = 40, /* between two frames */
    CLOCK_MS =
        1000, /* what is shown of the time: of commands that run, of samples that don't come */
    NOTICE_MS = 8000,
    LOG_LINES = 2000,
    PATIENCE_NS = 1000000000,
};

/* --- for everybody -----------------------------------------------------------------------------
 */

void ui_changed(struct ui *ui)
{
    frame_of(ui)->stale = true;
}

void ui_redraw(struct ui *ui)
{
    frame_of(ui)->redraw = true;
    ui_changed(ui);
}

void ui_set_focus(struct ui *ui, enum ui_focus focus)
{
    if (focus == FOCUS_MAIN && !layout_focused(ui->layout))
        focus = FOCUS_LINE;
    ui->focus = focus;
    layout_focus(ui->layout, focus == FOCUS_MAIN);
    ui_changed(ui);
}

void ui_notice(struct ui *ui, enum role role, const char *format, ...)
{
    struct frame *frame = frame_of(ui);
    va_list args;
    va_start(args, format);
    vsnprintf(frame->notice, sizeof(frame->notice), format, args);
    va_end(args);
    frame->notice_role = role == ROLE_TEXT ? ROLE_STATUS : role;
    loop_timer_set(frame->notice_timer, NOTICE_MS);
    ui_changed(ui);
}

void frame_quit(struct frame *frame)
{
    size_t count = frame_jobs_count(frame);
    if (count && !frame->quit_asked) {
        frame->quit_asked = true;
        ui_notice(&frame->ui, ROLE_WARNING,
                  "%zu %s running: once more leaves all the same, Ctrl-C cancels", count,
                  count == 1 ? "command is" : "commands are");
        return;
    }
    loop_stop(frame->ui.loop);
}

/* --- events --------------------------------------------------------------------------------------
 */

static void on_size(struct frame *frame)
{
    int width, height;
    term_size(frame->ui.term, &width, &height);
    canvas_resize(&frame->canvas, width, height);
    frame_place(frame);
    ui_redraw(&frame->ui);
}

static void take_events(struct frame *frame)
{
    struct term_event event;
    int wait_ms;

    while (term_event(frame->ui.term, &event, &wait_ms)) {
        switch (event.type) {
        case TERM_KEY:
            frame_key(frame, &event.key);
            break;
        case TERM_MOUSE:
            frame_mouse(frame, &event.mouse);
            break;
        case TERM_PASTE:
            frame_paste(frame, event.paste, event.paste_length);
            break;
        case TERM_RESIZE:
            on_size(frame);
            break;
        case TERM_HANGUP:
            loop_stop(frame->ui.loop);
            return;
        }
    }
    loop_timer_set(frame->escape_timer, wait_ms);
}

static void on_terminal(void *arg, short revents)
{
    struct frame *frame = arg;
    term_ready(frame->ui.term);
    take_events(frame);
}

static void on_escape_over(void *arg)
{
    struct frame *frame = arg;
    term_escape_over(frame->ui.term);
    take_events(frame);
}

static void on_signal(void *arg, short revents)
{
    struct frame *frame = arg;
    struct signalfd_siginfo info;
    if (read(frame->signals, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH) {
        term_ask_size(frame->ui.term, false);
        /* Also if it is what it was: in between the terminal may have been smaller, and has lost
         * what did not fit. */
        term_repaint(frame->ui.term);
        ui_redraw(&frame->ui);
        take_events(frame);
    } else {
        frame->killed = true;
        loop_stop(frame->ui.loop);
    }
}

static void on_notice_over(void *arg)
{
    struct frame *frame = arg;
    *frame->notice = 0;
    ui_changed(&frame->ui);
}

static void on_clock(void *arg)
{
    struct frame *frame = arg;
    ui_changed(&frame->ui);
    if (frame_jobs_count(frame))
        screens_changed(&frame->ui);
    loop_timer_set(frame->clock_timer, CLOCK_MS);
}

static void add_event(struct frame *frame, const struct sample_event *event)
{
    struct tm local;
    char when[32];
    strftime(when, sizeof(when), "%F %T", localtime_r(&event->when, &local));
    lines_printf(&frame->events, event->bad ? ROLE_BAD : ROLE_TEXT, "%s %s %s", when, event->guest,
                 event->text);
}

static void on_sample(void *arg, const struct sample *sample)
{
    struct frame *frame = arg;
    frame->ui.sample = sample;
    for (size_t i = 0; i < sample->event_count; i++)
        add_event(frame, &sample->events[i]);
    if (sample->log)
        lines_add(&frame->hypervisor, ROLE_TEXT, sample->log, strlen(sample->log));
    frame_guests_check(frame);
    screens_sampled(&frame->ui);
    ui_changed(&frame->ui);
}

static void on_frame(void *arg)
{
    struct frame *frame = arg;
    frame->last_frame_ns = loop_clock_ns();
    frame_draw(frame);
    loop_fd_events(frame->tty_watch, term_wants_output(frame->ui.term) ? POLLIN | POLLOUT : POLLIN);
}

/* Before each wait: draws what has changed, but not more often than anybody can see. */
static void on_idle(void *arg)
{
    struct frame *frame = arg;
    int64_t since = (int64_t)((loop_clock_ns() - frame->last_frame_ns) / 1000000);

    if (!frame->stale || term_wants_output(frame->ui.term)) {
        loop_fd_events(frame->tty_watch,
                       term_wants_output(frame->ui.term) ? POLLIN | POLLOUT : POLLIN);
        return;
    }
    if (since >= FRAME_MS)
        on_frame(frame);
    else if (!loop_timer_running(frame->frame_timer))
        loop_timer_set(frame->frame_timer, FRAME_MS - since);
}

static void on_line(void *arg, const char *line)
{
    struct frame *frame = arg;
    ui_run(&frame->ui, line);
}

static void on_line_end(void *arg)
{
    frame_quit(arg);
}

/* --- start and end
 * --------------------------------------------------------------------------------- */

/* dom0 without a locale has a terminal that understands UTF-8 all the same. */
static void choose_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") && !getenv("LC_ALL") && !getenv("LC_CTYPE") &&
        !getenv("LANG"))
        setlocale(LC_CTYPE, "C.UTF-8");
}

static struct term *open_terminal(struct shell *shell, const struct preferences *preferences)
{
    const struct term_options options = { .in = STDIN_FILENO,
                                          .out = STDOUT_FILENO,
                                          .colours = preferences->colours,
                                          .mouse = preferences->mouse,
                                          .ascii = preferences->ascii,
                                          .escape_ms = (int)preferences->escape_ms };
    char error[200];
    struct term *term = term_open(&options, error, sizeof(error));
    if (!term)
        shell_error(shell, "no full screen: %s", error);
    return term;
}

static void start(struct frame *frame, struct shell *shell)
{
    struct ui *ui = &frame->ui;
    const struct prompt_events prompt = { frame, on_line, on_line_end };
    size_t scrollback = ui->preferences.scrollback;
    int width, height;

    shell_init(&frame->shell);
    frame->shell.log_folder = shell->log_folder;
    ui->shell = &frame->shell;
    preferences_theme(&ui->preferences, term_colours(ui->term), &ui->theme);
    lines_init(&frame->output, scrollback);
    lines_init(&frame->hypervisor, scrollback);
    lines_init(&frame->operations, LOG_LINES);
    lines_init(&frame->events, LOG_LINES);
    ui->loop = loop_new();
    frame->nothing = sample_failed("");
    ui->sample = frame->nothing;
    term_size(ui->term, &width, &height);
    canvas_init(&frame->canvas, width, height);
    frame->notice_timer = loop_add_timer(ui->loop, on_notice_over, frame);
    frame->escape_timer = loop_add_timer(ui->loop, on_escape_over, frame);
    frame->clock_timer = loop_add_timer(ui->loop, on_clock, frame);
    frame->frame_timer = loop_add_timer(ui->loop, on_frame, frame);
    frame->tty_watch = loop_add_fd(ui->loop, term_fd(ui->term), POLLIN, on_terminal, frame);
    frame->signal_watch = loop_add_fd(ui->loop, frame->signals, POLLIN, on_signal, frame);
    loop_timer_set(frame->clock_timer, CLOCK_MS);
    loop_set_idle(ui->loop, on_idle, frame);
    prompt_start(ui->shell, &prompt);
    ui->layout = layout_new(ui);
    frame_place(frame);
    layout_open(ui->layout, screen_open(ui, screen_find("guests"), NULL), LAYOUT_HERE);
    ui_set_focus(ui, FOCUS_LINE);
    frame->sampler = sampler_start(ui->loop, ui->preferences.refresh_ms, on_sample, frame);
}

/* Commands that run are asked to end; what they still say, nobody hears. */
static void wait_for_jobs(struct frame *frame)
{
    uint64_t start = loop_clock_ns();
    bool told = false;

    for (size_t i = frame_jobs_count(frame); i-- > 0;)
        job_cancel(frame->jobs[i]);
    while (frame_jobs_count(frame) && !frame->killed) {
        if (!told && loop_clock_ns() - start > PATIENCE_NS) {
            fprintf(stderr, "pando: waiting for the end of \"%s\"; Ctrl-C leaves it alone\n",
                    job_line(frame->jobs[0]));
            told = true;
        }
        loop_step(frame->ui.loop, 100);
    }
    /* Its thread can't be ended. */
    if (frame_jobs_count(frame))
        _exit(SHELL_INTERRUPTED);
}

static void stop(struct frame *frame)
{
    struct ui *ui = &frame->ui;

    loop_set_idle(ui->loop, NULL, NULL);
    loop_timer_set(frame->frame_timer, -1); /* nothing is drawn any more */
    term_close(ui->term);
    loop_remove_fd(ui->loop, frame->tty_watch);
    frame->killed = false;
    wait_for_jobs(frame);
    bool ended = sampler_stop(frame->sampler);
    frame->sampler = NULL;
    ui->sample = frame->nothing;
    layout_free(ui->layout);
    loop_step(ui->loop, 0);
    prompt_stop();
    if (ended)
        loop_free(ui->loop);
    term_free(ui->term);
    canvas_free(&frame->canvas);
    lines_free(&frame->output);
    lines_free(&frame->hypervisor);
    lines_free(&frame->operations);
    lines_free(&frame->events);
    sample_free(frame->nothing);
    free(frame->question.line);
    shell_close(&frame->shell);
}

/* The signals come by a descriptor, here and in no other thread. */
static int take_signals(sigset_t *before)
{
    static const int numbers[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT };
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&mask, numbers[i]);
    pthread_sigmask(SIG_BLOCK, &mask, before);
    return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

int ui_main(struct shell *shell, const char *screen, const char *guest)
{
    struct frame *frame = shell_need(calloc(1, sizeof(*frame)));
    char *mistakes = NULL;
    size_t size;
    sigset_t mask;

    choose_locale();
    /* It forks: before there are threads. */
    plugins_load();
    preferences_init(&frame->ui.preferences);
    FILE *errors = shell_need(open_memstream(&mistakes, &size));
    preferences_load(&frame->ui.preferences, errors);
    fclose(errors);
    frame->ui.term = open_terminal(shell, &frame->ui.preferences);
    if (!frame->ui.term) {
        free(mistakes);
        free(frame);
        return SHELL_FAILED;
    }
    frame->signals = take_signals(&mask);
    start(frame, shell);
    if (*mistakes) {
        lines_add(&frame->output, ROLE_BAD, mistakes, size);
        ui_notice(&frame->ui, ROLE_BAD, "mistakes in the configuration file: F8 shows them");
    }
    if (screen)
        ui_screen(&frame->ui, screen, guest);
    loop_run(frame->ui.loop);
    stop(frame);
    close(frame->signals);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    free(mistakes);
    free(frame);
    return SHELL_OK;
}
