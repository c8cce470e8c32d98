/* SPDX-License-Identifier: MIT */
#include "sample.h"
#include "guest.h"
#include "loop.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of the host's memory: less free is worth a word. */
enum { MEMORY_LOW_PART = 20 };

static void history_add(struct history *history, double share)
{
    if (history->count == SAMPLE_HISTORY)
        memmove(history->shares, history->shares + 1,
                --history->count * sizeof(history->shares[0]));
    history->shares[history->count++] = (float)share;
}

static double seconds_between(const struct sample *before, const struct sample *now)
{
    return before && now->time_ns > before->time_ns ? (double)(now->time_ns - before->time_ns) / 1e9
                                                    : 0;
}

/* CPUs' worth of time between two readings of a counter of nanoseconds. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
    return seconds > 0 && now >= before ? (double)(now - before) / 1e9 / seconds : -1;
}

static const struct sample_guest *same_domain(const struct sample *sample,
                                              const struct pando_domain *info)
{
    for (size_t i = 0; sample && i < sample->count; i++) {
        const struct sample_guest *guest = &sample->guests[i];
        if (guest->info.id == info->id && !strcmp(guest->info.uuid, info->uuid))
            return guest;
    }
    return NULL;
}

/* --- events -------------------------------------------------------------------------- */

static void add_event(struct sample *sample, const struct pando_domain *info, bool bad,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
static void add_event(struct sample *sample, const struct pando_domain *info, bool bad,
                      const char *format, ...)
{
    sample->events =
        shell_need(realloc(sample->events, (sample->event_count + 1) * sizeof(*sample->events)));
    struct sample_event *event = &sample->events[sample->event_count++];
    *event = (struct sample_event){ .when = sample->when, .bad = bad };
    snprintf(event->guest, sizeof(event->guest), "%s", info->name);
    va_list args;
    va_start(args, format);
    vsnprintf(event->text, sizeof(event->text), format, args);
    va_end(args);
}

static bool is_bad(const struct pando_domain *info)
{
    return info->state == PANDO_DOMAIN_SHUTDOWN &&
           (info->reason == PANDO_REASON_CRASH || info->reason == PANDO_REASON_WATCHDOG);
}

/* Running and blocked change all the time, and mean the same: it lives. */
static bool is_alive(const struct pando_domain *info)
{
    return info->state == PANDO_DOMAIN_RUNNING || info->state == PANDO_DOMAIN_BLOCKED;
}

static void compare(struct sample *sample, const struct pando_domain *before,
                    const struct pando_domain *now)
{
    if (is_alive(before) != is_alive(now) || (!is_alive(now) && before->state != now->state))
        add_event(sample, now, is_bad(now), "%s",
                  is_alive(now)                         ? "runs"
                  : now->state == PANDO_DOMAIN_SHUTDOWN ? pando_reason_name(now->reason)
                                                        : pando_state_name(now->state));
    if (strcmp(before->name, now->name))
        add_event(sample, now, false, "was %s before", before->name);
    /* It has none before its first start. */
    if (before->vcpus_online && before->vcpus_online != now->vcpus_online)
        add_event(sample, now, false, "has %" PRIu32 " %s instead of %" PRIu32, now->vcpus_online,
                  now->vcpus_online == 1 ? "vCPU" : "vCPUs", before->vcpus_online);
    if (before->target_kib != now->target_kib && before->target_kib)
        add_event(sample, now, false, "memory target %" PRIu64 " MiB", now->target_kib >> 10);
}

/* A domain without a name is being made, or taken apart: nothing to tell the operator of. */
static void find_events(struct sample *sample, const struct sample *before)
{
    if (!before || *before->error)
        return;
    for (size_t i = 0; i < before->count; i++)
        if (*before->guests[i].info.name && !same_domain(sample, &before->guests[i].info))
            add_event(sample, &before->guests[i].info, false, "is gone (domain %" PRIu32 ")",
                      before->guests[i].info.id);
    for (size_t i = 0; i < sample->count; i++) {
        const struct pando_domain *now = &sample->guests[i].info;
        const struct sample_guest *old = same_domain(before, now);
        if (!*now->name)
            continue;
        if (old && *old->info.name)
            compare(sample, &old->info, now);
        else
            add_event(sample, now, is_bad(now), "is there (domain %" PRIu32 ")", now->id);
    }
}

/* --- one guest ------------------------------------------------------------------------- */

/* What all vCPUs have done, where the hypervisor tells. */
struct all_times {
    struct pando_vcpu_times *list;
    size_t count;
};

/* A share of the time between two readings; negative if there are none. */
static float part(uint64_t before, uint64_t now, uint64_t passed)
{
    return passed && now >= before ? (float)((double)(now - before) / (double)passed) : -1;
}

static void add_shares(struct sample_vcpu *vcpu, const struct sample_vcpu *before, double seconds)
{
    for (size_t i = 0; i < VCPU_SHARES; i++)
        vcpu->shares[i] = -1;
    if (!before)
        return;
    const struct pando_vcpu_times *old = &before->times, *new = &vcpu->times;
    memcpy(vcpu->history, before->history, sizeof(vcpu->history));
    if (vcpu->timed && before->timed) {
        uint64_t passed = new->when_ns > old->when_ns ? new->when_ns - old->when_ns : 0;
        vcpu->shares[SHARE_RUN] = part(old->running_ns, new->running_ns, passed);
        vcpu->shares[SHARE_STOLEN] = part(old->runnable_ns, new->runnable_ns, passed);
        vcpu->shares[SHARE_BLOCKED] = part(old->blocked_ns, new->blocked_ns, passed);
    } else {
        vcpu->shares[SHARE_RUN] =
            (float)rate(before->info.cpu_time_ns, vcpu->info.cpu_time_ns, seconds);
    }
    for (size_t i = 0; i < VCPU_SHARES; i++)
        history_add(&vcpu->history[i], vcpu->shares[i]);
}

static void add_vcpus(pando_t *pando, struct sample_guest *guest, const struct sample_guest *before,
                      const struct all_times *times, double seconds)
{
    struct pando_vcpu *list;
    size_t count;
    if (pando_vcpu_list(pando, guest->info.id, &list, &count) != PANDO_OK)
        return;
    guest->vcpus = shell_need(calloc(count ? count : 1, sizeof(*guest->vcpus)));
    guest->vcpu_count = count;
    for (size_t i = 0; i < count; i++) {
        struct sample_vcpu *vcpu = &guest->vcpus[i];
        const struct pando_vcpu_times *done =
            guest_vcpu_times(times->list, times->count, guest->info.id, list[i].id);
        vcpu->info = list[i];
        vcpu->timed = done != NULL;
        if (done)
            vcpu->times = *done;
        add_shares(vcpu, before && i < before->vcpu_count ? &before->vcpus[i] : NULL, seconds);
    }
    free(list);
}

/* --- its ties ---------------------------------------------------------------------------- */

enum { TIES_AGE_MS = 1000 };

static void *copy_of(const void *list, size_t count, size_t size)
{
    void *copy = shell_need(calloc(count ? count : 1, size));
    if (count)
        memcpy(copy, list, count * size);
    return copy;
}

static struct sample_ties *copy_ties(const struct sample_ties *from)
{
    struct sample_ties *ties = copy_of(from, 1, sizeof(*from));
    if (ties->has_channels)
        ties->channels = copy_of(from->channels, from->channel_count, sizeof(*from->channels));
    if (ties->has_grants)
        ties->grants.list =
            copy_of(from->grants.list, from->grants.count, sizeof(*from->grants.list));
    if (ties->node_kib)
        ties->node_kib = copy_of(from->node_kib, from->node_count, sizeof(*from->node_kib));
    return ties;
}

static void free_ties(struct sample_ties *ties)
{
    if (!ties)
        return;
    if (ties->has_channels)
        free(ties->channels);
    if (ties->has_grants)
        free(ties->grants.list);
    free(ties->node_kib);
    free(ties);
}

/* There is a call for each port, and memory to be mapped: not with each sample. */
static struct sample_ties *get_ties(pando_t *pando, uint32_t domid,
                                    const struct sample_ties *before, uint64_t now_ns)
{
    if (before && now_ns < before->time_ns + TIES_AGE_MS * UINT64_C(1000000))
        return copy_ties(before);
    struct sample_ties *ties = shell_need(calloc(1, sizeof(*ties)));
    ties->time_ns = now_ns;
    ties->has_channels =
        pando_channel_list(pando, domid, &ties->channels, &ties->channel_count) == PANDO_OK;
    ties->has_grants = pando_grant_table(pando, domid, &ties->grants) == PANDO_OK;
    if (pando_domain_nodes(pando, domid, &ties->node_kib, &ties->node_count) != PANDO_OK)
        ties->node_kib = NULL;
    return ties;
}

/* Several places may want it, some of them its ties. */
static bool is_wanted(const struct sample_wanted *wanted, const char *name, bool ties)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (!strcmp(wanted->guests[i], name) && (!ties || wanted->ties[i]))
            return true;
    return false;
}

static void add_wanted(pando_t *pando, struct sample_guest *guest,
                       const struct sample_guest *before, const struct sample_wanted *wanted,
                       uint64_t now_ns)
{
    const struct pando_domain *info = &guest->info;
    if (!is_wanted(wanted, info->name, false))
        return;
    if (info->id != 0 && pando_domain_config(pando, info->id, &guest->config) != PANDO_OK)
        guest->config = NULL;
    guest->scheduled = pando_scheduler_info(pando, info->id, &guest->scheduler) == PANDO_OK;
    if (is_wanted(wanted, info->name, true))
        guest->ties = get_ties(pando, info->id, before ? before->ties : NULL, now_ns);
}

/* What is the same for all guests of a sample. */
struct round {
    const struct sample_wanted *wanted;
    struct all_times times;
    uint64_t now_ns;
    double seconds; /* since the last one; 0: there was none */
};

static void add_guest(pando_t *pando, struct sample_guest *guest, const struct sample_guest *before,
                      const struct round *round)
{
    const struct pando_domain *info = &guest->info;
    guest->cpu = -1;
    if (before) {
        guest->history = before->history;
        guest->started = before->started;
        guest->known = before->known;
        guest->cpu = rate(before->info.cpu_time_ns, info->cpu_time_ns, round->seconds);
        history_add(&guest->history,
                    guest->cpu < 0 || !info->vcpus_online ? -1 : guest->cpu / info->vcpus_online);
    }
    if (round->wanted->all_vcpus || is_wanted(round->wanted, info->name, false))
        add_vcpus(pando, guest, before, &round->times, round->seconds);
    add_wanted(pando, guest, before, round->wanted, round->now_ns);
}

/* --- all --------------------------------------------------------------------------------- */

struct sample *sample_failed(const char *why)
{
    struct sample *sample = shell_need(calloc(1, sizeof(*sample)));
    sample->time_ns = loop_clock_ns();
    sample->when = time(NULL);
    sample->host_cpu = -1;
    snprintf(sample->error, sizeof(sample->error), "%s", why);
    return sample;
}

/* When a guest that was not there before was created; @watched: it would have been seen. */
static void add_start(pando_t *pando, const struct sample *sample, struct sample_guest *guest,
                      bool watched)
{
    int64_t seconds;
    guest->started = sample->when;
    guest->known = watched;
    if (guest->info.id && pando_domain_started(pando, guest->info.id, &seconds) == PANDO_OK) {
        guest->started = seconds;
        guest->known = true;
    }
}

static void add_guests(pando_t *pando, struct sample *sample, const struct sample *before,
                       const struct sample_wanted *wanted)
{
    struct pando_domain *list;
    struct round round = { .wanted = wanted,
                           .now_ns = sample->time_ns,
                           .seconds = seconds_between(before, sample) };
    double total = 0;

    if (pando_domain_list(pando, &list, &sample->count) != PANDO_OK) {
        snprintf(sample->error, sizeof(sample->error), "%s", pando_error_text(pando));
        sample->count = 0;
        return;
    }
    sample->guests = shell_need(calloc(sample->count + 1, sizeof(*sample->guests)));
    if ((wanted->count || wanted->all_vcpus) &&
        pando_vcpu_times(pando, &round.times.list, &round.times.count) != PANDO_OK)
        round.times = (struct all_times){ 0 };
    for (size_t i = 0; i < sample->count; i++) {
        struct sample_guest *guest = &sample->guests[i];
        guest->info = list[i];
        const struct sample_guest *old = same_domain(before, &list[i]);
        if (!old)
            add_start(pando, sample, guest, before && !*before->error);
        add_guest(pando, guest, old, &round);
        if (guest->cpu > 0)
            total += guest->cpu;
    }
    free(round.times.list);
    free(list);
    sample->host_cpu = round.seconds > 0 ? total : -1;
    if (before)
        sample->host_history = before->host_history;
    if (round.seconds > 0 && sample->host.cpus)
        history_add(&sample->host_history, total / sample->host.cpus);
    find_events(sample, before);
}

struct sample *sample_take(pando_t *pando, const struct sample *before,
                           const struct sample_wanted *wanted, uint32_t *log_cursor)
{
    struct sample *sample = sample_failed("");
    size_t length;

    if (pando_host_info(pando, &sample->host) != PANDO_OK) {
        snprintf(sample->error, sizeof(sample->error), "%s", pando_error_text(pando));
        return sample;
    }
    add_guests(pando, sample, before, wanted);
    if (pando_node_list(pando, &sample->nodes, &sample->node_count) != PANDO_OK)
        sample->node_count = 0;
    if (pando_cache_check(pando) != PANDO_OK)
        snprintf(sample->cache, sizeof(sample->cache), "%s", pando_error_text(pando));
    if (pando_log_read(pando, 0, log_cursor, &sample->log, &length) != PANDO_OK)
        sample->log = NULL;
    if (sample->log && !length) {
        free(sample->log);
        sample->log = NULL;
    }
    return sample;
}

void sample_free(struct sample *sample)
{
    if (!sample)
        return;
    for (size_t i = 0; i < sample->count; i++) {
        free(sample->guests[i].vcpus);
        free(sample->guests[i].config);
        free_ties(sample->guests[i].ties);
    }
    free(sample->guests);
    free(sample->events);
    free(sample->nodes);
    free(sample->log);
    free(sample);
}

const struct sample_guest *sample_guest(const struct sample *sample, const char *name)
{
    const struct sample_guest *dying = NULL;
    for (size_t i = 0; i < sample->count; i++) {
        const struct sample_guest *guest = &sample->guests[i];
        if (strcmp(guest->info.name, name))
            continue;
        /* One that was started again has the same name. */
        if (guest->info.state != PANDO_DOMAIN_DYING)
            return guest;
        dying = guest;
    }
    return dying;
}

size_t sample_alerts(const struct sample *sample, char *buffer, size_t size)
{
    size_t count = 0;
    *buffer = 0;
    if (*sample->error) {
        snprintf(buffer, size, "%s", sample->error);
        return 1;
    }
    for (size_t i = 0; i < sample->count; i++) {
        const struct pando_domain *info = &sample->guests[i].info;
        if (is_bad(info) && count++ == 0)
            snprintf(buffer, size, "%s has ended: %s", info->name, pando_reason_name(info->reason));
    }
    if (sample->host.free_kib < sample->host.memory_kib / MEMORY_LOW_PART && count++ == 0)
        snprintf(buffer, size, "little memory is free");
    return count;
}

int64_t sample_uptime(const struct sample *sample, const struct sample_guest *guest, bool *whole)
{
    struct timespec up;
    *whole = guest->known;
    if (guest->info.id == 0 && clock_gettime(CLOCK_BOOTTIME, &up) == 0) {
        *whole = true;
        return up.tv_sec;
    }
    int64_t age = (int64_t)(sample->when - guest->started);
    return age > 0 ? age : 0;
}

const char *sample_state(const struct sample_guest *guest)
{
    return guest_state(&guest->info);
}
