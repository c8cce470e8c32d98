/* SPDX-License-Identifier: MIT */
/*
 * What the screens show: the host and its guests at one moment, and what can be told by comparing
 * that with the moment before. Knows no terminal. Made by the sampler's thread (sampler.h), given
 * to the screens, and never changed after that.
 */
#ifndef SHELL_SAMPLE_H
#define SHELL_SAMPLE_H

#include <time.h>

#include "pando.h"

enum { SAMPLE_HISTORY = 240, SAMPLE_WANTED = 16 };

/* Shares of a CPU over time, the newest last. */
struct history {
    float shares[SAMPLE_HISTORY];
    size_t count;
};

/* What a vCPU did with its time. */
enum vcpu_share {
    SHARE_RUN,     /* it had a CPU */
    SHARE_STOLEN,  /* it was ready to run, but others had the CPU */
    SHARE_BLOCKED, /* it waited for an event */
    VCPU_SHARES
};

struct sample_vcpu {
    struct pando_vcpu info;
    bool timed; /* the hypervisor tells: */
    struct pando_vcpu_times times;
    float shares[VCPU_SHARES]; /* of the time since the last sample; negative: not known (yet) */
    struct history history[VCPU_SHARES];
};

/* How a guest is bound to others: asked for no more often than once a second. */
struct sample_ties {
    uint64_t time_ns;              /* when that was, by the steady clock */
    bool has_channels, has_grants; /* the hypervisor tells */
    struct pando_channel *channels;
    size_t channel_count;
    struct pando_grant_table grants;
    uint64_t *node_kib; /* its memory in each node of the host; NULL: not told */
    size_t node_count;
};

struct sample_guest {
    struct pando_domain info;
    double cpu;     /* CPUs' worth of time it had since the last sample; negative: not known yet */
    time_t started; /* when it was created, or else when it was first seen: */
    bool known;     /* whether it is the former */
    struct history history;    /* of all its vCPUs, as a share of what they can have at the most */
    struct sample_vcpu *vcpus; /* if it is wanted: see sample_wanted */
    size_t vcpu_count;
    char *config;   /* JSON; if it is wanted; NULL: none */
    bool scheduled; /* if it is wanted, and told: */
    struct pando_scheduler scheduler;
    struct sample_ties *ties; /* if they are wanted */
};

/* Something has happened to a guest. */
struct sample_event {
    time_t when;
    char guest[PANDO_NAME_MAX];
    char text[120];
    bool bad;
};

/* Guests about which more is to be found out: their vCPUs, scheduling and configuration. */
struct sample_wanted {
    char guests[SAMPLE_WANTED][PANDO_NAME_MAX];
    bool ties[SAMPLE_WANTED]; /* those, too */
    size_t count;
    bool all_vcpus; /* those of every guest */
};

struct sample {
    uint64_t time_ns; /* of the steady clock */
    time_t when;
    char error[400]; /* why there is nothing to show; "": there is */
    struct pando_host host;
    double host_cpu; /* CPUs' worth of time that the guests had; negative: not known yet */
    struct history host_history;
    struct pando_node *nodes; /* with their memory */
    size_t node_count;
    char cache[200];             /* why the use of caches is not measured; "": it is */
    struct sample_guest *guests; /* dom0 first */
    size_t count;
    struct sample_event *events; /* since the last sample */
    size_t event_count;
    char *log; /* what the hypervisor's log has got since the last sample; NULL: nothing */
};

/*
 * Takes a sample. @before is the last one (NULL: none), @log_cursor that of pando_log_read(). Never
 * NULL: a failure is in its error.
 */
struct sample *sample_take(pando_t *pando, const struct sample *before,
                           const struct sample_wanted *wanted, uint32_t *log_cursor);

/* A sample that says why there is none. */
struct sample *sample_failed(const char *why);
void sample_free(struct sample *sample);

/* NULL: there is no such guest. */
const struct sample_guest *sample_guest(const struct sample *sample, const char *name);

/* Sentences about what needs attention, as many as fit: "db has crashed". Returns how many there
 * are; the first one is written into @buffer. */
size_t sample_alerts(const struct sample *sample, char *buffer, size_t size);

/* Seconds that a guest has been there, as far as that is known: *whole is false if it may be more.
 */
int64_t sample_uptime(const struct sample *sample, const struct sample_guest *guest, bool *whole);

/* "running", "blocked"...: as guest_state(). */
const char *sample_state(const struct sample_guest *guest);

#endif
