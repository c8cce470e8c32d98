/* SPDX-License-Identifier: MIT */
#include "screen.h"
#include "frame.h"
#include "layout.h"
#include "screens.h"

#include <stdlib.h>
#include <string.h>

const struct screen *const screens[] = {
    &help_screen,  &guests_screen, &guest_screen,  &vcpus_screen,   &memory_screen,
    &cache_screen, &log_screen,    &output_screen, &plugins_screen, NULL,
};

const struct screen *screen_find(const char *name)
{
    for (size_t i = 0; screens[i]; i++)
        if (!strcmp(screens[i]->name, name))
            return screens[i];
    return NULL;
}

/* --- a pane with a screen ------------------------------------------------------------------ */

static void draw(struct pane *pane, struct canvas *canvas)
{
    struct screen_pane *screen = (struct screen_pane *)pane;
    canvas_fill(canvas, &pane->rect, theme_style(&pane->ui->theme, ROLE_TEXT));
    screen->screen->draw(screen, canvas);
}

static bool key(struct pane *pane, const struct key *pressed)
{
    struct screen_pane *screen = (struct screen_pane *)pane;
    /* The layout has looked into keys() already where it does; it makes no difference. */
    if (key_binding_run(screen->screen->keys, pressed, pane) ||
        (screen->screen->key && screen->screen->key(screen, pressed))) {
        pane_changed(pane);
        return true;
    }
    return false;
}

static bool mouse(struct pane *pane, const struct mouse *event)
{
    struct screen_pane *screen = (struct screen_pane *)pane;
    bool used = screen->screen->mouse && screen->screen->mouse(screen, event);
    if (used)
        pane_changed(pane);
    return used;
}

static void title(struct pane *pane, char *buffer, size_t size)
{
    const struct screen_pane *screen = (struct screen_pane *)pane;
    const char *guest = *screen->guest ? screen->guest : pane->ui->selected;
    if (screen->screen->shows_all && screen->screen->shows_all(screen))
        snprintf(buffer, size, "%s of all guests", screen->screen->title);
    else if (screen->screen->of_guest && *guest)
        snprintf(buffer, size, "%s of %s", screen->screen->title, guest);
    else
        snprintf(buffer, size, "%s", screen->screen->title);
}

static void describe(struct pane *pane, char *buffer, size_t size)
{
    const struct screen_pane *screen = (struct screen_pane *)pane;
    snprintf(buffer, size, "%s%s%s", screen->screen->name, *screen->guest ? " " : "",
             screen->guest);
}

static void free_screen(void *arg)
{
    struct screen_pane *screen = arg;
    if (screen->screen->close)
        screen->screen->close(screen);
    free(screen->state);
    free(screen);
}

static void close_screen(struct pane *pane)
{
    struct screen_pane *screen = (struct screen_pane *)pane;
    struct screen_pane **at = &frame_of(pane->ui)->screens;

    ui_field_forget(pane->ui, screen);
    while (*at != screen)
        at = &(*at)->next;
    *at = screen->next;
    /* What is closed by one of its own keys is still being used. */
    loop_call(pane->ui->loop, free_screen, screen);
}

static const struct key_binding *keys(struct pane *pane)
{
    return ((struct screen_pane *)pane)->screen->keys;
}

static const struct pane_ops ops = {
    .kind = "screen",
    .draw = draw,
    .key = key,
    .mouse = mouse,
    .title = title,
    .describe = describe,
    .close = close_screen,
    .keys = keys,
};

struct pane *screen_open(struct ui *ui, const struct screen *screen, const char *guest)
{
    struct frame *frame = frame_of(ui);
    struct screen_pane *pane = shell_need(calloc(1, sizeof(*pane)));

    pane->pane = (struct pane){ .ops = &ops, .ui = ui, .dirty = true };
    pane->screen = screen;
    pane->state = shell_need(calloc(1, screen->state_size ? screen->state_size : 1));
    snprintf(pane->guest, sizeof(pane->guest), "%s", guest ? guest : "");
    pane->next = frame->screens;
    frame->screens = pane;
    if (screen->open)
        screen->open(pane);
    if (screen->sampled)
        screen->sampled(pane);
    return &pane->pane;
}

struct screen_pane *screen_of(struct pane *pane)
{
    return pane && pane->ops == &ops ? (struct screen_pane *)pane : NULL;
}

const struct sample_guest *screen_guest(const struct screen_pane *pane)
{
    const struct ui *ui = pane->pane.ui;
    return sample_guest(ui->sample, *pane->guest ? pane->guest : ui->selected);
}

/* --- all that are open ------------------------------------------------------------------------ */

/* Without a mark on tabs: numbers change all the time. */
static void touch(struct screen_pane *pane)
{
    pane->pane.dirty = true;
    ui_changed(pane->pane.ui);
}

void screens_sampled(struct ui *ui)
{
    struct frame *frame = frame_of(ui);
    frame->wanted = (struct sample_wanted){ 0 };
    for (struct screen_pane *pane = frame->screens; pane; pane = pane->next) {
        if (pane->screen->sampled)
            pane->screen->sampled(pane);
        if (pane->screen->of_guest)
            ui_want(ui, *pane->guest ? pane->guest : ui->selected, pane->screen->of_ties);
        touch(pane);
    }
    sampler_want(frame->sampler, &frame->wanted);
}

void screens_changed(struct ui *ui)
{
    for (struct screen_pane *pane = frame_of(ui)->screens; pane; pane = pane->next)
        touch(pane);
}

void screens_selected(struct ui *ui)
{
    struct frame *frame = frame_of(ui);
    bool wants = false;
    for (struct screen_pane *pane = frame->screens; pane; pane = pane->next) {
        wants |= pane->screen->of_guest && !*pane->guest;
        touch(pane);
    }
    /* What is to be known of the guest is not in the sample yet. */
    if (wants && frame->sampler) {
        screens_sampled(ui);
        sampler_kick(frame->sampler);
    }
}

void ui_want(struct ui *ui, const char *guest, bool ties)
{
    struct sample_wanted *wanted = &frame_of(ui)->wanted;
    if (!*guest || wanted->count >= SAMPLE_WANTED)
        return;
    wanted->ties[wanted->count] = ties;
    snprintf(wanted->guests[wanted->count++], sizeof(wanted->guests[0]), "%s", guest);
}

struct same_screen {
    const struct screen *screen;
    const char *guest;
};

static bool is_same(struct pane *pane, const void *arg)
{
    const struct same_screen *same = arg;
    const struct screen_pane *screen = screen_of(pane);
    return screen && screen->screen == same->screen && !strcmp(screen->guest, same->guest);
}

static bool takes_turns(struct pane *pane, const void *arg)
{
    const struct screen_pane *screen = screen_of(pane);
    return screen && screen->screen != &help_screen && screen->screen != &output_screen;
}

void screen_leave_console(struct ui *ui)
{
    struct pane *focused = layout_focused(ui->layout);
    if (!focused || screen_of(focused) || layout_next_asked(ui->layout))
        return;
    struct pane *pane = layout_find(ui->layout, takes_turns, NULL);
    if (pane)
        layout_show(ui->layout, pane);
}

void ui_screen(struct ui *ui, const char *name, const char *guest)
{
    struct frame *frame = frame_of(ui);
    const struct same_screen same = { screen_find(name), guest ? guest : "" };
    if (!same.screen)
        return;
    bool help = same.screen == &help_screen;
    if (help)
        help_begin(frame);
    else
        help_close(frame);
    struct pane *pane = layout_find(ui->layout, is_same, &same);
    if (pane) {
        layout_show(ui->layout, pane);
    } else {
        if (!help)
            screen_leave_console(ui);
        layout_open(ui->layout, screen_open(ui, same.screen, guest),
                    help ? LAYOUT_TAB : LAYOUT_HERE);
    }
    ui_set_focus(ui, FOCUS_MAIN);
    if (frame->sampler) {
        screens_sampled(ui);
        sampler_kick(frame->sampler);
    }
    ui_redraw(ui);
}
