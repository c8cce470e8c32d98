/* SPDX-License-Identifier: MIT */
/*
 * Plugins, and what their panels say. A panel may take its time: a thread beside the screen asks
 * all of them, once a second.
 */
#include "plugin_host.h"
#include "lines.h"
#include "screens.h"
#include "shell.h"
#include "ui.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINES_MAX = 5000 };

/* Shared by the screen and its thread: the one that is left last frees it. */
struct worker {
    struct loop *loop;
    struct screen_pane *pane; /* the loop's thread's; NULL when the screen is closed */

    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t changed;
    bool stop;
    unsigned users;
    char guest[64];
    char *text; /* for the screen to take; NULL: it has */
};

struct state {
    struct screen_lines text;
    struct worker *worker;
};

static void release(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool last = !--worker->users;
    pthread_mutex_unlock(&worker->lock);
    if (!last)
        return;
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free(worker->text);
    free(worker);
}

/* --- in the thread ------------------------------------------------------------------------ */

static void write_plugins(FILE *out)
{
    const struct plugin *plugin;
    size_t count = 0;
    for (; (plugin = plugin_at(count)); count++)
        fprintf(out, "%-16s %-10s %s\n%s%s", plugin->name, plugin->version ? plugin->version : "-",
                plugin->reason ? "refused:" : plugin->folder, plugin->reason ? plugin->reason : "",
                plugin->reason ? "\n" : "");
    if (!count)
        fputs("No plugins are there. They belong into /etc/pando/plugins: see "
              "pando-plugin(7).\n",
              out);
}

static void write_panel(FILE *out, const struct pando_plugin_panel *panel, pando_t *pando,
                        const char *guest)
{
    uint32_t domid = PANDO_NO_DOMID;
    char *text = NULL;
    fprintf(out, "\n%s%s%s\n", panel->title, panel->of_guest ? " - " : "",
            panel->of_guest ? guest : "");
    if (!panel->of_guest ||
        (*guest && pando && pando_domain_find(pando, guest, &domid) == PANDO_OK))
        text = shell_need(plugin_panel_text(panel, pando, guest, domid));
    fputs(text ? text : "Select a guest on the left.\n", out);
    free(text);
}

static char *make_text(pando_t *pando, const char *guest)
{
    const struct pando_plugin_panel *panel;
    char *text = NULL;
    size_t size;
    FILE *out = shell_need(open_memstream(&text, &size));
    write_plugins(out);
    for (size_t i = 0; (panel = plugin_panel_at(i, NULL)); i++)
        write_panel(out, panel, pando, guest);
    fclose(out);
    return shell_need(text);
}

/* On the loop's thread. */
static void deliver(void *arg)
{
    struct worker *worker = arg;
    pthread_mutex_lock(&worker->lock);
    char *text = worker->text;
    worker->text = NULL;
    pthread_mutex_unlock(&worker->lock);
    if (worker->pane && text) {
        struct state *state = worker->pane->state;
        lines_clear(&state->text.lines);
        lines_add(&state->text.lines, ROLE_TEXT, text, strlen(text));
        pane_changed(&worker->pane->pane);
    }
    free(text);
    release(worker);
}

static void wait_turn(struct worker *worker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    if (!worker->stop)
        pthread_cond_timedwait(&worker->changed, &worker->lock, &until);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    pando_t *pando = NULL;
    pthread_mutex_lock(&worker->lock);
    while (!worker->stop) {
        char guest[sizeof(worker->guest)];
        memcpy(guest, worker->guest, sizeof(guest));
        pthread_mutex_unlock(&worker->lock);
        if (!pando)
            pando = pando_open();
        char *text = make_text(pando, guest);
        pthread_mutex_lock(&worker->lock);
        free(worker->text);
        worker->text = text;
        if (!worker->stop) {
            worker->users++;
            loop_call(worker->loop, deliver, worker);
        }
        wait_turn(worker);
    }
    pthread_mutex_unlock(&worker->lock);
    pando_close(pando);
    release(worker);
    return NULL;
}

/* --- on the screen -------------------------------------------------------------------------- */

static void tell_guest(struct screen_pane *pane)
{
    struct state *state = pane->state;
    struct worker *worker = state->worker;
    const char *guest = *pane->guest ? pane->guest : pane->pane.ui->selected;
    pthread_mutex_lock(&worker->lock);
    if (strcmp(worker->guest, guest)) {
        snprintf(worker->guest, sizeof(worker->guest), "%s", guest);
        pthread_cond_signal(&worker->changed);
    }
    pthread_mutex_unlock(&worker->lock);
}

static void open_plugins(struct screen_pane *pane)
{
    struct state *state = pane->state;
    struct worker *worker = shell_need(calloc(1, sizeof(*worker)));
    pthread_condattr_t attributes;
    pthread_t thread;

    *worker = (struct worker){ .loop = pane->pane.ui->loop, .pane = pane, .users = 2 };
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    state->worker = worker;
    lines_init(&state->text.lines, LINES_MAX);
    tell_guest(pane);
    if (pthread_create(&thread, NULL, work, worker))
        shell_out_of_memory();
    pthread_detach(thread);
}

/* The thread is not waited for: it may be in a plugin that hangs. */
static void close_plugins(struct screen_pane *pane)
{
    struct state *state = pane->state;
    struct worker *worker = state->worker;
    worker->pane = NULL;
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    release(worker);
    screen_lines_close(pane);
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    state->text.view.wrap = LINES_WRAP_PROSE;
    if (!state->text.view.held)
        lines_show_top(&state->text.lines, &state->text.view);
    lines_draw(&state->text.lines, &state->text.view, canvas, &pane->pane.rect,
               &pane->pane.ui->theme);
}

static const struct key_binding keys[] = { LINES_KEYS, { NULL } };

const struct screen plugins_screen = {
    .name = "plugins",
    .title = "Plugins",
    .summary = "plugins, and what they have to say of the host and of the guest selected",
    .label = "Plugins",
    .narrow = "Plug",
    .shortcut = "F11",
    .keys = keys,
    .state_size = sizeof(struct state),
    .open = open_plugins,
    .close = close_plugins,
    .sampled = tell_guest,
    .draw = draw,
    .key = screen_lines_key,
    .mouse = screen_lines_mouse,
};
