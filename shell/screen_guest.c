/* SPDX-License-Identifier: MIT */
/* One guest: what it has and is doing, its configuration, and what happened to it. */
#include "actions.h"
#include "format.h"
#include "frame.h"
#include "guest.h"
#include "json.h"
#include "screens.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 2000, TITLE_WIDTH = 8, SPARK_ROW = 0, UNLIMITED_MIB = (16 << 20) - 1 };

struct state {
    struct screen_lines text;
    bool configuration; /* shows that */
    char of[PANDO_NAME_MAX];
};

static void add_field(struct lines *lines, const char *title, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add_field(struct lines *lines, const char *title, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lines_printf(lines, ROLE_TEXT, "  %-*s %s", TITLE_WIDTH, title, text);
}

static void add_head(struct lines *lines, const char *title)
{
    if (lines->count)
        lines_printf(lines, ROLE_TEXT, "%s", "");
    lines_printf(lines, ROLE_HEADER, "%s", title);
}

/* --- sections ----------------------------------------------------------------------------- */

/* Where its memory is, on a host of several nodes. */
static void add_nodes(struct lines *lines, const struct sample_ties *ties)
{
    char text[400] = "", one[32];
    size_t used = 0;

    if (!ties || !ties->node_kib || ties->node_count < 2)
        return;
    for (size_t i = 0; i < ties->node_count && used < sizeof(text); i++)
        if (ties->node_kib[i])
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s in node %zu",
                                     used ? ", " : "", format_kib(ties->node_kib[i], one), i);
    add_field(lines, "Nodes", "%s", used ? text : "no memory in any");
}

static void add_summary(struct lines *lines, const struct sample *sample,
                        const struct sample_guest *guest)
{
    const struct pando_domain *info = &guest->info;
    char one[32], two[32], three[32];
    bool whole;

    int64_t up = sample_uptime(sample, guest, &whole);
    add_field(lines, "State", "%s, domain %" PRIu32 ", %s", sample_state(guest), info->id,
              info->type);
    add_field(lines, "UUID", "%s", info->uuid);
    add_field(lines, "Up", "%s%s", format_duration(up, one), whole ? "" : " or more");
    add_field(lines, "vCPUs", "%" PRIu32 " of %" PRIu32 " online, CPU pool %" PRIu32,
              info->vcpus_online, info->max_vcpus, info->cpupool);
    add_field(lines, "CPU", "%s %% of one CPU now, %.1f s in all", format_percent(guest->cpu, one),
              (double)info->cpu_time_ns / 1e9);
    char scheduler[160] = "-";
    if (guest->scheduled)
        guest_scheduler_text(&guest->scheduler, scheduler, sizeof(scheduler));
    add_field(lines, "Sched", "%s", scheduler);
    bool limited = info->maxmem_kib && info->maxmem_kib >> 10 < UNLIMITED_MIB;
    add_field(lines, "Memory", "%s now, target %s, at the most %s",
              format_kib(info->memory_kib, one),
              info->target_kib ? format_kib(info->target_kib, two) : "unknown",
              limited ? format_kib(info->maxmem_kib, three) : "any");
    add_nodes(lines, guest->ties);
}

static const char *text_of(const struct json *object, const char *key, const char *otherwise)
{
    const struct json *member = json_member(object, key);
    return member && member->text ? member->text : otherwise;
}

/* As dom0's kernel names it, if the configuration does not. */
static void add_network(struct lines *lines, const struct json *net, uint32_t domid,
                        unsigned number)
{
    char name[32];
    snprintf(name, sizeof(name), "vif%" PRIu32 ".%u", domid, number);
    const char *mac = text_of(net, "mac", "");
    add_field(lines, text_of(net, "vifname", name), "network%s%s on bridge %s", *mac ? ", " : "",
              mac, text_of(net, "bridge", "xenbr0"));
}

static void add_devices(struct lines *lines, const struct json *config, uint32_t domid)
{
    unsigned number = 0;
    const struct json *disks = config ? json_member(config, "disk") : NULL;
    const struct json *nets = config ? json_member(config, "vif") : NULL;

    add_head(lines, "Devices");
    if (!config) {
        lines_printf(lines, ROLE_DIM, "  Unknown: there is no configuration of this domain.");
        return;
    }
    for (const struct json *disk = disks ? disks->first : NULL; disk; disk = disk->next)
        add_field(lines, text_of(disk, "vdev", "disk"), "disk, %s, %s",
                  text_of(disk, "target", "-"), text_of(disk, "access", "rw"));
    for (const struct json *net = nets ? nets->first : NULL; net; net = net->next)
        add_network(lines, net, domid, number++);
    if (!(disks && disks->first) && !(nets && nets->first))
        lines_printf(lines, ROLE_DIM, "  No disks, no networks.");
    add_field(lines, "console", "c opens it");
}

/* VIRQ_* of <xen/xen.h>. */
static const char *virq_name(uint32_t virq)
{
    static const char *const names[] = {
        [0] = "timer",      [1] = "debug",      [2] = "console",  [3] = "dom_exc",
        [4] = "tbuf",       [6] = "debugger",   [7] = "xenoprof", [8] = "con_ring",
        [9] = "pcpu_state", [10] = "mem_event", [11] = "argo",    [12] = "enomem",
        [13] = "xenpmu",
    };
    return virq < sizeof(names) / sizeof(names[0]) && names[virq] ? names[virq] : "";
}

static void add_channel(struct lines *lines, const struct pando_channel *channel)
{
    char end[60] = "";
    switch (channel->kind) {
    case PANDO_CHANNEL_UNBOUND:
        snprintf(end, sizeof(end), "  domain %" PRIu32 " may bind to it", channel->remote);
        break;
    case PANDO_CHANNEL_INTERDOMAIN:
        snprintf(end, sizeof(end), "  domain %" PRIu32 ", port %" PRIu32, channel->remote,
                 channel->remote_port);
        break;
    case PANDO_CHANNEL_VIRQ:
        snprintf(end, sizeof(end), "  %" PRIu32 " %s", channel->irq, virq_name(channel->irq));
        break;
    case PANDO_CHANNEL_PIRQ:
        snprintf(end, sizeof(end), "  %" PRIu32, channel->irq);
        break;
    case PANDO_CHANNEL_IPI:
        break;
    }
    lines_printf(lines, ROLE_TEXT, "  %-*" PRIu32 " vCPU %-3" PRIu32 " %s%s", TITLE_WIDTH,
                 channel->port, channel->vcpu, pando_channel_name(channel->kind), end);
}

static void add_channels(struct lines *lines, const struct sample_ties *ties)
{
    char title[60];
    if (!ties->has_channels) {
        add_head(lines, "Event channels -");
        lines_printf(lines, ROLE_DIM, "  This hypervisor does not tell.");
        return;
    }
    snprintf(title, sizeof(title), "Event channels %zu", ties->channel_count);
    add_head(lines, title);
    for (size_t i = 0; i < ties->channel_count; i++)
        add_channel(lines, &ties->channels[i]);
}

static bool same_grant(const struct pando_grant *one, const struct pando_grant *two)
{
    return one->ref + 1 == two->ref && one->kind == two->kind && one->domid == two->domid &&
           one->read_only == two->read_only;
}

/* Grants that follow one another and are alike are told together. Returns the one behind them. */
static size_t add_grants_from(struct lines *lines, const struct pando_grant_table *table,
                              size_t first)
{
    const struct pando_grant *list = table->list, *grant = &list[first];
    size_t end = first, used = 0;
    char refs[30];
    do
        used += list[end++].in_use;
    while (end < table->count && same_grant(&list[end - 1], &list[end]));
    if (end - first > 1)
        snprintf(refs, sizeof(refs), "%" PRIu32 "-%" PRIu32, grant->ref, list[end - 1].ref);
    else
        snprintf(refs, sizeof(refs), "%" PRIu32, grant->ref);
    lines_printf(lines, ROLE_TEXT, "  %-*s domain %" PRIu32 ", %s, %zu in use", TITLE_WIDTH, refs,
                 grant->domid,
                 grant->kind != PANDO_GRANT_ACCESS ? pando_grant_name(grant->kind)
                 : grant->read_only                ? "read-only"
                                                   : "read-write",
                 used);
    return end;
}

static void add_grants(struct lines *lines, const struct sample_ties *ties)
{
    const struct pando_grant_table *table = &ties->grants;
    char title[80];
    if (!ties->has_grants) {
        add_head(lines, "Grants -");
        lines_printf(lines, ROLE_DIM, "  This hypervisor does not tell.");
        return;
    }
    snprintf(title, sizeof(title), "Grants %zu, in %" PRIu32 " of %" PRIu32 " pages", table->count,
             table->frames, table->max_frames);
    add_head(lines, title);
    for (size_t i = 0; i < table->count;)
        i = add_grants_from(lines, table, i);
}

static void add_events(struct lines *lines, const struct lines *events, const char *guest)
{
    char mark[PANDO_NAME_MAX + 2];
    size_t before = lines->count + 2;

    add_head(lines, "Events");
    snprintf(mark, sizeof(mark), " %s ", guest);
    for (size_t i = 0; i < events->count; i++) {
        const struct line *line = lines_get(events, i);
        if (strstr(line->text, mark))
            lines_printf(lines, line->role, "  %s", line->text);
    }
    if (lines->count == before)
        lines_printf(lines, ROLE_DIM, "  Nothing has happened to it since this program began.");
}

static void add_configuration(struct lines *lines, const struct sample_guest *guest)
{
    if (guest->config)
        lines_add(lines, ROLE_TEXT, guest->config, strlen(guest->config));
    else
        lines_printf(lines, ROLE_DIM, "There is no configuration of this domain.");
}

/* --- the screen ------------------------------------------------------------------------------ */

static void open_guest(struct screen_pane *pane)
{
    struct state *state = pane->state;
    lines_init(&state->text.lines, LINES_MOST);
}

static void fill(struct screen_pane *pane, const struct sample_guest *guest)
{
    struct state *state = pane->state;
    struct frame *frame = frame_of(pane->pane.ui);
    struct json_error error;

    if (state->configuration) {
        add_configuration(&state->text.lines, guest);
        return;
    }
    struct json *config =
        guest->config ? json_parse(guest->config, strlen(guest->config), &error) : NULL;
    add_summary(&state->text.lines, frame->ui.sample, guest);
    add_devices(&state->text.lines, config, guest->info.id);
    add_events(&state->text.lines, &frame->events, guest->info.name);
    if (guest->ties) {
        add_channels(&state->text.lines, guest->ties);
        add_grants(&state->text.lines, guest->ties);
    }
    json_free(config);
}

static void sampled(struct screen_pane *pane)
{
    struct state *state = pane->state;
    const struct sample_guest *guest = screen_guest(pane);

    /* It is made anew, and stays where it was scrolled to. */
    uint64_t top = state->text.view.top - state->text.lines.dropped;
    lines_clear(&state->text.lines);
    state->text.lines.dropped = 0;
    state->text.view.top = top;
    if (!guest)
        return;
    if (strcmp(state->of, guest->info.name)) {
        snprintf(state->of, sizeof(state->of), "%s", guest->info.name);
        state->text.view.top = 0;
        state->text.view.held = true;
    }
    fill(pane, guest);
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    const struct ui *ui = pane->pane.ui;
    const struct sample_guest *guest = screen_guest(pane);
    const struct rect *rect = &pane->pane.rect;
    struct rect rest = { rect->x, rect->y + 2, rect->width, rect->height - 2 };

    if (!guest) {
        canvas_text(canvas, rect, 0, 0, theme_style(&ui->theme, ROLE_DIM),
                    *pane->guest ? "This guest is gone." : "No guest is selected: F2 shows them.");
        return;
    }
    canvas_text(canvas, rect, 0, SPARK_ROW, theme_style(&ui->theme, ROLE_HEADER), "CPU");
    canvas_sparkline(canvas, rect, 4, SPARK_ROW, rect->width - 4, guest->history.shares,
                     guest->history.count, theme_style(&ui->theme, ROLE_BAR));
    canvas_text(canvas, rect, 0, 1, theme_style(&ui->theme, ROLE_HEADER), "Mem");
    double most = guest->info.maxmem_kib ? (double)guest->info.maxmem_kib : 1;
    if (guest->info.maxmem_kib >> 10 >= UNLIMITED_MIB)
        most = (double)ui->sample->host.memory_kib;
    canvas_bar(canvas, rect, 4, 1, rect->width - 4, (double)guest->info.memory_kib / most,
               theme_style(&ui->theme, ROLE_BAR), theme_style(&ui->theme, ROLE_BAR_EMPTY));
    state->text.view.wrap = LINES_WRAP;
    state->text.view.hang = TITLE_WIDTH + 3;
    lines_draw(&state->text.lines, &state->text.view, canvas, &rest, &ui->theme);
}

/* It stays where it was scrolled to, however its text changes. */
static bool key(struct screen_pane *pane, const struct key *pressed)
{
    bool used = screen_lines_key(pane, pressed);
    ((struct state *)pane->state)->text.view.held = true;
    return used;
}

static bool mouse(struct screen_pane *pane, const struct mouse *event)
{
    bool used = screen_lines_mouse(pane, event);
    ((struct state *)pane->state)->text.view.held = true;
    return used;
}

static void show(struct screen_pane *pane, bool configuration)
{
    struct state *state = pane->state;
    state->configuration = configuration;
    state->text.view = (struct lines_view){ .held = true };
    sampled(pane);
}

static void key_configuration(void *place)
{
    struct screen_pane *pane = place;
    show(pane, !((struct state *)pane->state)->configuration);
}

static void key_vcpus(void *place)
{
    struct screen_pane *pane = place;
    ui_screen(pane->pane.ui, "vcpus", *pane->guest ? pane->guest : NULL);
}

static const struct key_binding keys[] = {
    LINES_KEYS,
    { "o", "its configuration, and back", key_configuration },
    { "v", "its vCPUs", key_vcpus },
    GUEST_KEYS(screen_key),
    { NULL },
};

const struct screen guest_screen = {
    .name = "guest",
    .title = "Guest",
    .label = "Guest",
    .summary = "one guest: memory, devices, configuration, events, event channels, grants",
    .shortcut = "F3",
    .keys = keys,
    .of_guest = true,
    .of_ties = true,
    .state_size = sizeof(struct state),
    .open = open_guest,
    .close = screen_lines_close,
    .sampled = sampled,
    .draw = draw,
    .key = key,
    .mouse = mouse,
};
