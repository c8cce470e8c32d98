/* SPDX-License-Identifier: MIT */
#include "pane_console_inside.h"
#include "layout.h"
#include "shell.h"

#include <stdlib.h>
#include <string.h>

static const char *socket_path = CONSOLE_SOCKET;

static const struct pane_ops console_ops, look_ops;

void console_set_socket(const char *path)
{
    socket_path = path;
}

struct console_pane *console_of(struct pane *pane)
{
    return pane && (pane->ops == &console_ops || pane->ops == &look_ops)
               ? (struct console_pane *)pane
               : NULL;
}

/* --- showing --- */

/* Something has changed: shows it at once after a pause, else as often as it makes sense. */
static void show_soon(struct console_pane *console)
{
    uint64_t now = loop_clock_ns() / 1000000;
    uint64_t interval = console->pane.focused ? SHOW_FOCUSED_MS : SHOW_MS;

    if (loop_timer_running(console->timer)) {
        return;
    }
    if (now - console->shown_at >= interval) {
        console->shown_at = now;
        pane_changed(&console->pane);
    } else {
        loop_timer_set(console->timer, (int64_t)(console->shown_at + interval - now));
    }
}

static void on_timer(void *arg)
{
    struct console_pane *console = arg;

    if (console->closing) {
        struct ui *ui = console->pane.ui;

        layout_close(ui->layout, &console->pane);
        ui_set_focus(ui, FOCUS_LINE); /* what is typed on is not for the console next to it */
    } else {
        console->shown_at = loop_clock_ns() / 1000000;
        pane_changed(&console->pane);
    }
}

/* All of it is to be drawn. */
static void show_all(struct console_pane *console)
{
    console->moved = true;
    pane_changed(&console->pane);
}

/* --- the terminal --- */

static void on_reply(void *arg, const char *bytes, size_t length)
{
    struct console_pane *console = arg;

    if (!(console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY) &&
        !pane_link_type(&console->link, bytes, length) && !console->told) {
        console->told = true;
        ui_notice(console->pane.ui, ROLE_WARNING,
                  "%s does not take what is typed: it is lost until it does", console->name);
    }
}

static void on_bell(void *arg)
{
    struct console_pane *console = arg;

    if (!console->link.replaying && !console->pane.focused) {
        console->pane.bell = true;
    }
}

static void on_title(void *arg)
{
    struct console_pane *console = arg;

    show_soon(console);
}

static void set_size(struct console_pane *console, int columns, int rows)
{
    vt_resize(console->vt, columns, rows);
    vt_size(console->vt, &columns, &rows);
    pane_link_window(&console->link, columns, rows);
    console->moved = true;
}

/* The guest is about to ask for the size: it will know the pane's. */
static void on_measure(void *arg)
{
    struct console_pane *console = arg;
    const struct rect *rect = &console->pane.rect;

    if (rect->width >= VT_COLUMNS_MIN && rect->height >= VT_ROWS_MIN) {
        console->fits = true;
        set_size(console, rect->width, rect->height);
    }
}

static const struct vt_events vt_events = { on_reply, on_bell, on_title, on_measure };

/* A line of our own among the guest's. */
static void say(struct console_pane *console, const char *sentence)
{
    char line[CONSOLE_PAYLOAD_MAX + 32];
    int length = snprintf(line, sizeof(line), "\r\n[pando: %s]\r\n", sentence);

    if (length > 0 && !vt_alternate(console->vt)) {
        vt_input(console->vt, line, (size_t)length, SIZE_MAX);
    }
    show_soon(console);
}

/* --- the link --- */

/* All that consoled has kept comes again. */
static void start_anew(struct console_pane *console, int columns, int rows)
{
    if (console->look.on) {
        look_end(console);
        console->pane.ops = &console_ops;
    }
    vt_free(console->vt);
    console->vt =
        vt_new(columns, rows, console->pane.ui->preferences.scrollback, &vt_events, console);
}

static void on_attached(void *arg, const struct console_attached *attached)
{
    struct console_pane *console = arg;
    int columns, rows;

    snprintf(console->name, sizeof(console->name), "%s", attached->name);
    console->ended = attached->state == CONSOLE_GUEST_ENDED;
    vt_size(console->vt, &columns, &rows);
    if (console->link.attach.flags & CONSOLE_ATTACH_REPLAY) {
        start_anew(console, columns, rows);
    }
    vt_set_answers(console->vt, false); /* nobody waits for those any more */
    pane_link_window(&console->link, columns, rows);
    show_all(console);
}

static size_t on_data(void *arg, const uint8_t *bytes, size_t length, size_t *credit)
{
    struct console_pane *console = arg;
    size_t taken, cost;

    if (!*credit) {
        return 0;
    }
    taken = vt_input(console->vt, bytes, length, *credit);
    cost = vt_cost(console->vt);
    *credit -= cost < *credit ? cost : *credit;
    console->ended = false;
    show_soon(console);
    return taken;
}

static void on_replayed(void *arg)
{
    struct console_pane *console = arg;

    vt_set_answers(console->vt, true);
    console->pane.activity = console->pane.activity && !console->pane.visible;
    show_all(console);
}

static void on_notice(void *arg, const char *sentence)
{
    struct console_pane *console = arg;

    console->ended = strstr(sentence, "has ended") != NULL;
    say(console, sentence);
}

static void on_changed(void *arg)
{
    struct console_pane *console = arg;

    console->told = false;
    if (console->link.state == PANE_LINK_OVER && !console->link.known) {
        ui_notice(console->pane.ui, ROLE_BAD, "%s; `list` shows the guests", console->link.why);
        console->closing = true; /* not here: the caller still has it */
        loop_timer_set(console->timer, 0);
    }
    show_all(console);
}

/* --- typing --- */

static void type_key(struct console_pane *console, const struct key *key)
{
    char name[KEY_NAME_MAX];

    if (console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY) {
        ui_notice(console->pane.ui, ROLE_WARNING, "read-only: %s does not get what you type",
                  console->name);
    } else if (console->link.state == PANE_LINK_OVER) {
        if (key->code == K_ENTER) {
            pane_link_again(&console->link);
        }
    } else if (console->link.state != PANE_LINK_ATTACHED) {
        ui_notice(console->pane.ui, ROLE_WARNING,
                  "not attached to %s: it does not get what you "
                  "type",
                  console->name);
    } else if (!vt_key(console->vt, key)) {
        ui_notice(console->pane.ui, ROLE_TEXT, "terminals send nothing for %s",
                  key_name(key, name));
    }
}

static void type_text(struct console_pane *console, const char *text, size_t length)
{
    if (console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY ||
        console->link.state != PANE_LINK_ATTACHED) {
        type_key(console, &(struct key){ 'v', 0 }); /* says why not */
    } else {
        vt_paste(console->vt, text, length);
    }
}

static bool listens(const struct console_pane *console)
{
    return console->broadcast && !(console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY);
}

struct typed {
    const struct key *key;
    const char *text;
    size_t length, count;
};

static void type_to(struct pane *pane, void *arg)
{
    struct console_pane *console = console_of(pane);
    struct typed *typed = arg;

    if (!console || !listens(console)) {
        return;
    }
    typed->count++;
    if (typed->key) {
        type_key(console, typed->key);
    } else if (typed->text) {
        type_text(console, typed->text, typed->length);
    }
}

/* Types into a console, or into all that listen with it. */
static void type(struct console_pane *console, struct typed *typed)
{
    if (console->broadcast) {
        layout_each(console->pane.ui->layout, true, type_to, typed);
    } else if (typed->key) {
        type_key(console, typed->key);
    } else {
        type_text(console, typed->text, typed->length);
    }
}

size_t console_listeners(struct console_pane *console)
{
    struct typed typed = { 0 };

    layout_each(console->pane.ui->layout, true, type_to, &typed);
    return typed.count;
}

static bool is_scrolling(const struct console_pane *console, const struct key *key)
{
    bool page = key->code == K_PAGE_UP || key->code == K_PAGE_DOWN;

    /* Without the focus the keys come from the command line, which has no use for these. */
    return page && (key->modifiers == MODIFIER_SHIFT || !console->pane.focused);
}

static bool on_key(struct pane *pane, const struct key *key)
{
    struct console_pane *console = console_of(pane);
    struct typed typed = { .key = key };

    if (is_scrolling(console, key)) {
        if (key->code == K_PAGE_UP) {
            console_look_back(pane);
            look_scroll(console, 1 - pane->rect.height);
        }
        return true;
    }
    if (!pane->focused) {
        return false;
    }
    type(console, &typed);
    return true;
}

static void on_paste(struct pane *pane, const char *text, size_t length)
{
    struct typed typed = { .text = text, .length = length };

    type(console_of(pane), &typed);
}

static bool on_mouse(struct pane *pane, const struct mouse *mouse)
{
    struct console_pane *console = console_of(pane);
    struct mouse inside = *mouse;

    inside.x += console->x;
    inside.y += console->y;
    if (!console->look.on && pane->focused && vt_mouse(console->vt, &inside)) {
        return true;
    }
    look_drag(console, mouse);
    if (mouse->action == MOUSE_WHEEL_UP) {
        console_look_back(pane);
        look_scroll(console, -3);
    } else if (mouse->action == MOUSE_WHEEL_DOWN && console->look.on) {
        look_scroll(console, 3);
    }
    return true;
}

/* --- looking back: other keys, for as long as it lasts --- */

static bool on_look_key(struct pane *pane, const struct key *key)
{
    struct console_pane *console = console_of(pane);
    bool used = look_key(console, key);

    if (!console->look.on) {
        pane->ops = &console_ops;
    }
    if (used) {
        show_all(console);
    }
    return used;
}

static bool on_look_mouse(struct pane *pane, const struct mouse *mouse)
{
    struct console_pane *console = console_of(pane);
    bool used = on_mouse(pane, mouse);

    if (!console->look.on) {
        pane->ops = &console_ops;
    }
    show_all(console);
    return used;
}

bool console_look_back(struct pane *pane)
{
    struct console_pane *console = console_of(pane);

    if (console && !console->look.on) {
        look_begin(console);
        pane->ops = &look_ops;
        show_all(console);
    }
    return console != NULL;
}

/* --- a pane --- */

static void on_resize(struct pane *pane)
{
    struct console_pane *console = console_of(pane);

    if (console->look.on) {
        look_scroll(console, 0);
    }
    show_all(console);
}

static void describe(struct pane *pane, char *buffer, size_t size)
{
    const struct console_pane *console = console_of(pane);

    snprintf(buffer, size, "%s%s", console->guest,
             console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY ? " read-only" : "");
}

static void on_close(struct pane *pane)
{
    struct console_pane *console = console_of(pane);

    ui_field_forget(pane->ui, console);
    pane_link_close(&console->link);
    loop_remove_timer(pane->ui->loop, console->timer);
    vt_free(console->vt);
    free(console);
}

static const struct key_binding *console_keys(struct pane *pane)
{
    static const struct key_binding keys[] = {
        { "Shift-PageUp", "look back: the history, search, copy", NULL },
        { NULL },
    };

    return keys;
}

static const struct key_binding *keys_of_look(struct pane *pane)
{
    return look_keys;
}

static const struct pane_ops console_ops = {
    .kind = "console",
    .draw = console_draw,
    .cursor = console_cursor,
    .key = on_key,
    .mouse = on_mouse,
    .paste = on_paste,
    .resize = on_resize,
    .title = console_title,
    .describe = describe,
    .close = on_close,
    .keys = console_keys,
    .takes_all_keys = true,
};

static const struct pane_ops look_ops = {
    .kind = "console",
    .draw = console_draw,
    .cursor = console_cursor,
    .key = on_look_key,
    .mouse = on_look_mouse,
    .resize = on_resize,
    .title = console_title,
    .describe = describe,
    .close = on_close,
    .keys = keys_of_look,
};

static struct pane *open_console(struct ui *ui, const char *guest, uint8_t flags)
{
    struct console_pane *console = shell_need(calloc(1, sizeof(*console)));
    struct console_attach attach = { .flags = flags };

    snprintf(attach.guest, sizeof(attach.guest), "%s", guest);
    snprintf(console->guest, sizeof(console->guest), "%s", guest);
    snprintf(console->name, sizeof(console->name), "%s", guest);
    console->pane.ops = &console_ops;
    console->pane.ui = ui;
    console->events = (struct pane_link_events){ console,     on_attached, on_data,
                                                 on_replayed, on_notice,   on_changed };
    console->vt =
        vt_new(CONSOLE_COLUMNS, CONSOLE_ROWS, ui->preferences.scrollback, &vt_events, console);
    console->timer = loop_add_timer(ui->loop, on_timer, console);
    pane_link_open(&console->link, ui->loop, socket_path, &attach, &console->events);
    return &console->pane;
}

struct same_console {
    const char *guest;
    bool read_only;
};

static bool is_same(struct pane *pane, const void *arg)
{
    const struct console_pane *console = console_of(pane);
    const struct same_console *same = arg;

    return console &&
           (!strcmp(console->guest, same->guest) || !strcmp(console->name, same->guest)) &&
           same->read_only == !!(console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY);
}

struct pane *console_pane_open(struct ui *ui, const char *guest, bool read_only, bool replay,
                               bool follow)
{
    const struct same_console same = { guest, read_only };
    struct pane *pane = layout_find(ui->layout, is_same, &same);
    uint8_t flags =
        (uint8_t)((read_only ? CONSOLE_ATTACH_READ_ONLY : 0) |
                  (replay ? CONSOLE_ATTACH_REPLAY : 0) | (follow ? CONSOLE_ATTACH_FOLLOW : 0));

    if (!*guest || strlen(guest) > CONSOLE_NAME_MAX) {
        ui_notice(ui, ROLE_BAD, "'%s' cannot be the name of a guest", guest);
        return NULL;
    }
    if (pane) {
        layout_show(ui->layout, pane);
        return pane;
    }
    pane = open_console(ui, guest, flags);
    layout_open(ui->layout, pane, LAYOUT_TAB);
    return pane;
}

struct pane *console_pane_restore(struct ui *ui, const char *description)
{
    char guest[CONSOLE_NAME_MAX + 1];
    size_t length = strcspn(description, " ");
    uint8_t flags = CONSOLE_ATTACH_REPLAY | CONSOLE_ATTACH_FOLLOW;

    if (!length || length > CONSOLE_NAME_MAX) {
        return NULL;
    }
    memcpy(guest, description, length);
    guest[length] = 0;
    if (!strcmp(description + length, " read-only")) {
        flags |= CONSOLE_ATTACH_READ_ONLY;
    }
    return open_console(ui, guest, flags);
}

/* --- what keys of the layout do with consoles --- */

static void set_broadcast(struct pane *pane, void *arg)
{
    struct console_pane *console = console_of(pane);
    const bool *on = arg;

    if (console) {
        console->broadcast = *on;
        pane->warned = listens(console);
        pane_changed(pane);
    }
}

void console_broadcast(struct layout *layout)
{
    struct console_pane *console = console_of(layout_focused(layout));
    bool on = console && !console->broadcast;

    layout_each(layout, true, set_broadcast, &on);
    if (console && on) {
        ui_notice(console->pane.ui, ROLE_ALERT,
                  "what you type into one of these %zu consoles goes to all of them; Alt-a ends it",
                  console_listeners(console));
    }
}

bool console_fit(struct pane *pane)
{
    struct console_pane *console = console_of(pane);

    if (console) {
        console->fits = !console->fits;
        if (console->fits) {
            set_size(console, pane->rect.width, pane->rect.height);
        } else {
            set_size(console, CONSOLE_COLUMNS, CONSOLE_ROWS);
        }
        show_all(console);
    }
    return console != NULL;
}

bool console_send(struct pane *pane, const struct key *key)
{
    struct console_pane *console = console_of(pane);
    struct typed typed = { .key = key };
    char name[KEY_NAME_MAX];

    if (console) {
        ui_notice(pane->ui, ROLE_TEXT, "%s sent to %s", key_name(key, name), console->name);
        type(console, &typed); /* says why, if it isn't */
    }
    return console != NULL;
}

bool console_insert(struct pane *pane)
{
    struct console_pane *console = console_of(pane);
    size_t length;
    const char *text = look_copied(&length);

    if (console && text) {
        on_paste(pane, text, length);
    }
    return console && text;
}
