/* SPDX-License-Identifier: MIT */
#include "job.h"
#include "command.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a command may be ahead of the screen. */
enum { AHEAD_MAX = 1 << 18 };

struct job {
    struct loop *loop;
    struct job_events events;
    unsigned number;
    char *line;
    pthread_t thread;
    uint64_t started_ns;
    struct job_progress progress; /* the loop's */
    uint64_t progress_ns;         /* when its first part was done */
    unsigned progress_first;      /* how many parts were done then */
    bool cancelled;               /* the loop's */
    bool quit;
    int status;
    struct shell shell;
    struct shell_screen screen;

    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t taken;
    size_t ahead;
    volatile sig_atomic_t *interrupted; /* the thread's shell_interrupted; NULL: it has ended */
    bool cancel;                        /* before it began */
};

/* --- messages to the loop ------------------------------------------------------------- */

struct message {
    struct job *job;
    enum {
        MESSAGE_OUT,
        MESSAGE_ERROR,
        MESSAGE_PROGRESS,
        MESSAGE_CONSOLE,
        MESSAGE_SHOW,
        MESSAGE_LAYOUT
    } what;
    struct job_progress progress;
    struct console_request console;
    size_t length;
    char text[];
};

static void receive(void *arg)
{
    struct message *message = arg;
    struct job *job = message->job;
    const struct job_events *events = &job->events;

    switch (message->what) {
    case MESSAGE_OUT:
    case MESSAGE_ERROR:
        events->output(events->arg, job, message->what == MESSAGE_ERROR, message->text,
                       message->length);
        pthread_mutex_lock(&job->lock);
        job->ahead -= message->length;
        pthread_cond_signal(&job->taken);
        pthread_mutex_unlock(&job->lock);
        break;
    case MESSAGE_PROGRESS:
        if (!job->progress.known) {
            job->progress_ns = loop_clock_ns();
            job->progress_first = message->progress.done;
        }
        job->progress = message->progress;
        events->progress(events->arg, job);
        break;
    case MESSAGE_CONSOLE:
        events->console(events->arg, &message->console);
        break;
    case MESSAGE_SHOW:
        events->show(events->arg, message->text, message->console.guest);
        break;
    case MESSAGE_LAYOUT:
        events->layout(events->arg, message->text, message->console.guest);
        break;
    }
    free(message);
}

static struct message *new_message(struct job *job, int what, const char *text, size_t length)
{
    struct message *message = shell_need(calloc(1, sizeof(*message) + length + 1));
    message->job = job;
    message->what = what;
    message->length = length;
    memcpy(message->text, text, length);
    return message;
}

static void send_text(struct job *job, int what, const char *text, size_t length)
{
    pthread_mutex_lock(&job->lock);
    while (job->ahead > AHEAD_MAX && !shell_interrupted)
        pthread_cond_wait(&job->taken, &job->lock);
    job->ahead += length;
    pthread_mutex_unlock(&job->lock);
    loop_call(job->loop, receive, new_message(job, what, text, length));
}

static ssize_t write_out(void *arg, const char *text, size_t length)
{
    send_text(arg, MESSAGE_OUT, text, length);
    return (ssize_t)length;
}

static ssize_t write_error(void *arg, const char *text, size_t length)
{
    send_text(arg, MESSAGE_ERROR, text, length);
    return (ssize_t)length;
}

static void screen_console(void *arg, const struct console_request *request)
{
    struct job *job = arg;
    struct message *message = new_message(job, MESSAGE_CONSOLE, "", 0);
    message->console = *request;
    loop_call(job->loop, receive, message);
}

static void screen_progress(void *arg, const char *step, unsigned done, unsigned total)
{
    struct job *job = arg;
    struct message *message = new_message(job, MESSAGE_PROGRESS, "", 0);
    message->progress = (struct job_progress){ .known = true, .done = done, .total = total };
    snprintf(message->progress.step, sizeof(message->progress.step), "%s", step);
    loop_call(job->loop, receive, message);
}

static void screen_show(void *arg, const char *screen, const char *guest)
{
    struct job *job = arg;
    struct message *message = new_message(job, MESSAGE_SHOW, screen, strlen(screen));
    snprintf(message->console.guest, sizeof(message->console.guest), "%s", guest ? guest : "");
    loop_call(job->loop, receive, message);
}

static void screen_layout(void *arg, const char *action, const char *name)
{
    struct job *job = arg;
    struct message *message = new_message(job, MESSAGE_LAYOUT, action, strlen(action));
    snprintf(message->console.guest, sizeof(message->console.guest), "%s", name);
    loop_call(job->loop, receive, message);
}

/* --- the thread -------------------------------------------------------------------------- */

static void finish(void *arg)
{
    struct job *job = arg;
    pthread_join(job->thread, NULL);
    job->events.done(job->events.arg, job);
    pthread_mutex_destroy(&job->lock);
    pthread_cond_destroy(&job->taken);
    free(job->line);
    free(job);
}

static FILE *stream(struct job *job, cookie_write_function_t *writer, int buffering)
{
    FILE *file = shell_need(fopencookie(job, "w", (cookie_io_functions_t){ .write = writer }));
    setvbuf(file, NULL, buffering, BUFSIZ);
    return file;
}

static void *run(void *arg)
{
    struct job *job = arg;
    struct shell *shell = &job->shell;

    shell_init(shell);
    shell->interactive = true;
    shell->screen = &job->screen;
    shell->out = stream(job, write_out, _IOFBF);
    shell->err = stream(job, write_error, _IOLBF);
    pthread_mutex_lock(&job->lock);
    job->interrupted = &shell_interrupted;
    shell_interrupted = job->cancel;
    pthread_mutex_unlock(&job->lock);
    job->status = command_run_line(shell, job->line);
    job->quit = shell->quit;
    fclose(shell->out);
    fclose(shell->err);
    shell_close(shell);
    pthread_mutex_lock(&job->lock);
    job->interrupted = NULL;
    pthread_mutex_unlock(&job->lock);
    loop_call(job->loop, finish, job);
    return NULL;
}

struct job *job_start(struct loop *loop, const char *line, const struct job_events *events)
{
    static unsigned numbers;
    struct job *job = shell_need(calloc(1, sizeof(*job)));

    *job = (struct job){ .loop = loop,
                         .events = *events,
                         .number = ++numbers,
                         .line = shell_need(strdup(line)),
                         .started_ns = loop_clock_ns(),
                         .screen = { job, screen_console, screen_progress, screen_show,
                                     screen_layout } };
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->taken, NULL);
    if (pthread_create(&job->thread, NULL, run, job))
        shell_out_of_memory();
    return job;
}

void job_cancel(struct job *job)
{
    job->cancelled = true;
    pthread_mutex_lock(&job->lock);
    job->cancel = true;
    if (job->interrupted)
        *job->interrupted = 1;
    pthread_cond_signal(&job->taken);
    pthread_mutex_unlock(&job->lock);
}

unsigned job_number(const struct job *job)
{
    return job->number;
}

const char *job_line(const struct job *job)
{
    return job->line;
}

const struct job_progress *job_progress(const struct job *job)
{
    return &job->progress;
}

double job_seconds(const struct job *job)
{
    return (double)(loop_clock_ns() - job->started_ns) / 1e9;
}

bool job_cancelled(const struct job *job)
{
    return job->cancelled;
}

int job_status(const struct job *job)
{
    return job->status;
}

bool job_wants_quit(const struct job *job)
{
    return job->quit;
}

void job_describe(const struct job *job, char *buffer, size_t size)
{
    const struct job_progress *progress = &job->progress;
    double seconds = (double)(loop_clock_ns() - job->progress_ns) / 1e9;
    unsigned done = progress->done - job->progress_first;

    if (!progress->known || !progress->total) {
        snprintf(buffer, size, "%s%s%.0f s", progress->step, *progress->step ? ", " : "",
                 job_seconds(job));
        return;
    }
    int length =
        snprintf(buffer, size, "%u/%u %s", progress->done, progress->total, progress->step);
    if (!done || seconds <= 0.1 || length < 0 || (size_t)length >= size)
        return;
    /* The rate of the steps, where what is being done has none of its own. */
    if (!strstr(progress->step, "/s"))
        length += snprintf(buffer + length, size - (size_t)length, ", %.1f/s", done / seconds);
    if ((size_t)length < size)
        snprintf(buffer + length, size - (size_t)length, ", %.0f s left",
                 (progress->total - progress->done) * seconds / done);
}
