/* SPDX-License-Identifier: MIT */
/*
 * The real schedulers with simulated CPUs, a simulated clock, and vCPUs that do as they are
 * described. One thread plays all CPUs; the same seed gives the same run.
 */
#ifndef UNIT_SCHED_SIM_H
#define UNIT_SCHED_SIM_H

#include <hv/sched.h>

struct sim_work {
    uint64_t run, sleep; /* ns, in turn; .sleep 0: always busy */
    bool varies;         /* each is anything from half of that to one and a half */
    bool yields;         /* gives way after .run, and goes on */
};

struct sim_vcpu {
    struct vcpu v;
    struct sim_work work;
    uint64_t left;                      /* ns to the end of its phase */
    uint64_t started;                   /* when it began to run */
    uint64_t ran;                       /* ns */
    uint64_t ran_liked;                 /* of these, on CPUs of its soft affinity */
    uint64_t wake_due;                  /* when it will wake up; 0: it does not sleep */
    uint64_t woken;                     /* since when it waits for its first turn; 0: it does not */
    uint64_t waits_since, longest_wait; /* for a CPU */
    uint64_t worst_latency, all_latencies, wakes;
    unsigned int latencies[64]; /* histogram: of 2^n ns up to 2^(n+1) */
    unsigned int migrations, last_cpu, sequence;
    uint64_t idle_beside; /* so long it has waited while an allowed CPU was idle */
};

extern uint64_t sim_now;
extern const char *sim_scheduler;      /* for sim_start: what sched= says */
extern uint64_t sim_worst_idle_beside; /* of all vCPUs: ns */
extern unsigned long sim_switches, sim_migrations;
/* What each of the schedulers' operations cost at most (cost.h). */
extern unsigned long sim_worst_pick;
extern bool (*sim_is_held)(const struct vcpu *v); /* waits, but for no CPU; or NULL */
/* Called for each vCPU that goes off its CPU or comes to the end of its work; or NULL. */
extern void (*sim_on_phase_end)(struct sim_vcpu *s);

void sim_start(unsigned int nr_cpus, unsigned int seed);
/* Everything goes; whatever was allocated must be given back. */
void sim_end(void);
/* A domain of @n vCPUs that all do @work, not yet running. */
struct domain *sim_domain(unsigned int n, struct sim_work work);
/* The one that was made as number @n. */
struct domain *sim_domain_at(unsigned int n);
struct sim_vcpu *sim_vcpu(struct domain *d, unsigned int id);
/* Sets its vCPUs going, all of them or one. */
void sim_go(struct domain *d);
void sim_go_one(struct vcpu *v);
/* The time passes. */
void sim_run(uint64_t ns);
/* Forgets what was measured. */
void sim_measure(void);
/* Its share of a CPU since sim_measure, in millionths. */
unsigned int sim_share(const struct sim_vcpu *s);
/* So many of 1000 wake-ups had less latency, about: ns. */
uint64_t sim_latency(const struct sim_vcpu *s, unsigned int of_1000);
unsigned int sim_random(unsigned int below);
void sim_set_affinity(struct vcpu *v, const uint64_t *hard, const uint64_t *soft);
/* Moves the calls that follow to CPU @id. */
void sim_cpu(unsigned int id);
/* All CPUs do what they were asked to. */
void sim_settle(void);

#endif
