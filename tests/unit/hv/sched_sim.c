/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/guest_copy.h>
#include <hv/init.h>
#include <hv/page_alloc.h>
#include <hv/softirq.h>
#include "cost.h"
#include "sched_sim.h"

#define LOOK_EVERY USEC(250)

uint64_t sim_now, sim_worst_idle_beside;
const char *sim_scheduler;
unsigned long sim_switches, sim_migrations, sim_worst_pick;
bool (*sim_is_held)(const struct vcpu *v);
void (*sim_on_phase_end)(struct sim_vcpu *s);
struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus;

static struct cpu cpu[MAX_CPUS], *here;
static struct sim_vcpu **all;
static unsigned int count, live;
static struct domain *domains[4096];
static unsigned int nr_domains;
static uint64_t measured_since;
static uint64_t random_state;

/* --- what will happen ---------------------------------------------------------------------- */

struct event {
    uint64_t when;
    struct sim_vcpu *of;   /* NULL: the timer of .cpu */
    unsigned int sequence; /* .of's: else it is out of date */
    unsigned int cpu;
};

static struct event *events;
static unsigned int nr_events, room;

static void event_add(struct event e)
{
    unsigned int i = nr_events++;

    if (nr_events > room)
        events = realloc(events, (room = room * 2 + 64) * sizeof(*events));
    for (; i && events[(i - 1) / 2].when > e.when; i = (i - 1) / 2)
        events[i] = events[(i - 1) / 2];
    events[i] = e;
}

static struct event event_take(void)
{
    struct event first = events[0], last = events[--nr_events];
    unsigned int i = 0, child;

    while ((child = 2 * i + 1) < nr_events) {
        if (child + 1 < nr_events && events[child + 1].when < events[child].when)
            child++;
        if (events[child].when >= last.when)
            break;
        events[i] = events[child];
        i = child;
    }
    events[i] = last;
    return first;
}

/* --- what the scheduler asks of the rest of the hypervisor --------------------------------- */

static unsigned int asked[MAX_CPUS * 4], nr_asked;

struct cpu *this_cpu(void)
{
    return here;
}

uint64_t time_now(void)
{
    return sim_now;
}

void *hv_alloc(size_t size)
{
    assert_true(size <= 4096);
    live++;
    return calloc(1, size);
}

void hv_free(void *p)
{
    live -= p != NULL;
    free(p);
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
    if (!sim_scheduler)
        return false;
    snprintf(buf, size, "%s", sim_scheduler);
    return true;
}

void arch_timer_arm(uint64_t deadline)
{
    if (deadline != ~0UL)
        event_add((struct event){ .when = max(deadline, sim_now), .cpu = here->id });
}

void arch_cpu_kick(unsigned int id)
{
    assert_true(nr_asked < ARRAY_SIZE(asked));
    asked[nr_asked++] = id;
}

void arch_cpu_relax(void)
{
    fail_msg("a simulated CPU waits for another");
}

static struct sim_vcpu *sim_of(struct vcpu *v)
{
    return container_of(v, struct sim_vcpu, v);
}

static void stopped(struct sim_vcpu *s)
{
    uint64_t ran = sim_now - max(s->started, measured_since);

    s->ran += ran;
    s->ran_liked += bit_test(s->v.soft_affinity, here->id) ? ran : 0;
    if (s->left != ~0UL)
        s->left -= min(s->left, sim_now - s->started);
    s->sequence++;
    s->waits_since = sim_now;
}

static void began(struct sim_vcpu *s)
{
    uint64_t waited = sim_now - s->waits_since;

    assert_true(bit_test(s->v.hard_affinity, here->id));
    s->started = sim_now;
    s->longest_wait = max(s->longest_wait, waited);
    if (s->woken) {
        uint64_t latency = sim_now - s->woken;

        s->worst_latency = max(s->worst_latency, latency);
        s->all_latencies += latency;
        s->latencies[63 - __builtin_clzl(latency | 1)]++;
        s->wakes++;
        s->woken = 0;
    }
    if (s->last_cpu != here->id) {
        s->migrations++;
        sim_migrations++;
    }
    s->last_cpu = here->id;
    if (s->left != ~0UL)
        event_add((struct event){ sim_now + s->left, s, s->sequence, here->id });
}

void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    sim_switches++;
    if (prev)
        stopped(sim_of(prev));
    if (next)
        began(sim_of(next));
}

bool arch_vcpu_has_interrupt(struct vcpu *v)
{
    return false;
}

void arch_vcpu_runstate_update(struct vcpu *v)
{
}

void vcpu_periodic_resume(struct vcpu *v)
{
}

void domain_shutdown_check(struct domain *d)
{
}

/* What SCHEDOP_poll and the like need is not simulated. */
int evtchn_port_is_pending(struct domain *d, evtchn_port_t port)
{
    return 0;
}

void evtchn_poll_begin(struct vcpu *v, evtchn_port_t port)
{
}

void evtchn_poll_end(struct vcpu *v)
{
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

struct domain *domain_get(domid_t domid)
{
    return NULL;
}

void domain_put(struct domain *d)
{
}

int permission_control(const struct domain *target)
{
    return -EPERM;
}

void domain_shutdown(struct domain *d, unsigned int code)
{
}

int copy_from_guest_va(void *dst, vaddr_t src, size_t len)
{
    memcpy(dst, (const void *)src, len);
    return 0;
}

int copy_to_guest_va(vaddr_t dst, const void *src, size_t len)
{
    memcpy((void *)dst, src, len);
    return 0;
}

/* --- CPUs and time --------------------------------------------------------------------------- */

void sim_cpu(unsigned int id)
{
    here = &cpu[id];
}

static void do_softirqs(unsigned int id)
{
    unsigned long before = cost_blocks;

    sim_cpu(id);
    softirq_run();
    assert_int_equal(here->lock_depth, 0);
    sim_worst_pick = max(sim_worst_pick, cost_blocks - before);
}

void sim_settle(void)
{
    do_softirqs(here->id);
    while (nr_asked)
        do_softirqs(asked[--nr_asked]);
}

unsigned int sim_random(unsigned int below)
{
    random_state = random_state * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned int)((random_state >> 33) % below);
}

static uint64_t phase(uint64_t ns, bool varies)
{
    return varies ? ns / 2 + ns / 1000 * sim_random(1000) : ns;
}

static void begin_work(struct sim_vcpu *s)
{
    s->left = s->work.sleep || s->work.yields ? phase(s->work.run, s->work.varies) : ~0UL;
}

/* It runs, and has come to the end of what it wanted to. */
static void work_done(struct sim_vcpu *s)
{
    sim_cpu(s->last_cpu);
    assert_ptr_equal(current, &s->v);
    if (sim_on_phase_end)
        sim_on_phase_end(s);
    if (s->work.yields) {
        stopped(s);
        begin_work(s);
        s->started = sim_now;
        vcpu_yield();
        event_add((struct event){ sim_now + s->left, s, s->sequence, here->id });
        return;
    }
    vcpu_block();
    s->wake_due = sim_now + phase(s->work.sleep, s->work.varies);
    event_add((struct event){ s->wake_due, s, ~0u, here->id });
}

static void wake(struct sim_vcpu *s)
{
    s->wake_due = 0;
    begin_work(s);
    s->woken = s->waits_since = sim_now;
    sim_cpu(s->last_cpu);
    vcpu_unblock(&s->v);
}

/* Those that wait, beside CPUs that have nothing to do. */
static void look(void)
{
    for (unsigned int i = 0; i < count; i++) {
        struct sim_vcpu *s = all[i];
        bool beside = false;

        if (vcpu_is_runnable(&s->v) && !s->v.is_running && !(sim_is_held && sim_is_held(&s->v))) {
            for (unsigned int n = 0; n < nr_cpus && !beside; n++)
                beside = !cpu[n].curr && bit_test(s->v.hard_affinity, n);
        }
        s->idle_beside = beside ? s->idle_beside + LOOK_EVERY : 0;
        sim_worst_idle_beside = max(sim_worst_idle_beside, s->idle_beside);
    }
}

void sim_run(uint64_t ns)
{
    uint64_t end = sim_now + ns, next_look = sim_now + LOOK_EVERY;

    sim_settle();
    while (nr_events && events[0].when <= end) {
        struct event e = event_take();

        if (e.when >= next_look && count < 1000) {
            look();
            next_look = e.when + LOOK_EVERY;
        }
        sim_now = max(sim_now, e.when);
        if (!e.of) {
            sim_cpu(e.cpu);
            if (here->timer_armed > sim_now)
                continue;
            softirq_raise(SOFTIRQ_TIMER);
        } else if (e.sequence == ~0u) {
            wake(e.of);
        } else if (e.sequence == e.of->sequence) {
            work_done(e.of);
        } else {
            continue;
        }
        sim_settle();
    }
    sim_now = end;
}

/* --- set-up ------------------------------------------------------------------------------------
 */

void sim_start(unsigned int nr, unsigned int seed)
{
    memset(cpu, 0, sizeof(cpu));
    memset(cpus, 0, sizeof(cpus));
    sim_now = NS_PER_SEC;
    random_state = seed * 2654435761UL + 1;
    nr_events = nr_asked = count = nr_domains = live = 0;
    sim_is_held = NULL;
    sim_on_phase_end = NULL;
    nr_cpus = nr;
    softirq_set_handler(SOFTIRQ_SCHEDULE, sched_run);
    for (unsigned int i = 0; i < nr; i++) {
        cpus[i] = here = cpu[i].self = &cpu[i];
        cpu[i].id = i;
        timer_init_cpu();
        if (!i)
            sched_init();
        sched_init_cpu(i);
    }
    sim_cpu(0);
    sim_measure();
}

void sim_end(void)
{
    for (unsigned int i = 0; i < count; i++) {
        all[i]->v.pause_flags |= VPF_DOWN;
        vcpu_sleep(&all[i]->v);
        sim_settle();
    }
    for (unsigned int i = 0; i < count; i++) {
        assert_false(all[i]->v.is_running);
        sched_vcpu_destroy(&all[i]->v);
        free(all[i]);
    }
    for (unsigned int i = 0; i < nr_domains; i++) {
        sched_domain_destroy(domains[i]);
        free(domains[i]->vcpu);
        free(domains[i]);
    }
    for (unsigned int i = 0; i < nr_cpus; i++)
        hv_free(cpu[i].sched_data);
    hv_free(sched_pool_find(0)->data);
    assert_int_equal(live, 0);
    free(events);
    free(all);
    events = NULL;
    all = NULL;
    room = count = nr_domains = 0;
}

struct domain *sim_domain(unsigned int n, struct sim_work work)
{
    struct domain *d = calloc(1, sizeof(*d));

    domains[nr_domains++] = d;
    d->domid = (domid_t)nr_domains;
    d->max_vcpus = n;
    d->vcpu = calloc(n, sizeof(*d->vcpu));
    assert_int_equal(sched_domain_init(d), 0);
    all = realloc(all, (count + n) * sizeof(struct sim_vcpu *));
    for (unsigned int i = 0; i < n; i++) {
        struct sim_vcpu *s = calloc(1, sizeof(*s));

        s->v.domain = d;
        s->v.id = i;
        s->v.pause_flags = VPF_DOWN;
        s->v.runstate.state = RUNSTATE_offline;
        s->v.runstate.state_entry_time = sim_now;
        s->work = work;
        all[count++] = s;
        assert_int_equal(sched_vcpu_init(&s->v), 0);
        s->last_cpu = s->v.cpu;
        d->vcpu[i] = &s->v;
    }
    return d;
}

struct sim_vcpu *sim_vcpu(struct domain *d, unsigned int id)
{
    return sim_of(d->vcpu[id]);
}

void sim_go_one(struct vcpu *v)
{
    begin_work(sim_of(v));
    sim_of(v)->waits_since = sim_now;
    v->pause_flags = 0;
    vcpu_wake(v);
    sim_settle();
}

void sim_go(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        sim_go_one(d->vcpu[i]);
}

void sim_measure(void)
{
    measured_since = sim_now;
    sim_worst_idle_beside = 0;
    sim_switches = sim_migrations = sim_worst_pick = 0;
    for (unsigned int i = 0; i < count; i++) {
        struct sim_vcpu *s = all[i];

        s->ran = s->ran_liked = s->longest_wait = 0;
        s->waits_since = sim_now;
        s->worst_latency = s->all_latencies = s->wakes = 0;
        s->migrations = 0;
        memset(s->latencies, 0, sizeof(s->latencies));
    }
}

unsigned int sim_share(const struct sim_vcpu *s)
{
    uint64_t ran = s->ran;

    if (s->v.is_running)
        ran += sim_now - max(s->started, measured_since);
    return (unsigned int)(ran * 1000 / ((sim_now - measured_since) / 1000));
}

uint64_t sim_latency(const struct sim_vcpu *s, unsigned int of_1000)
{
    uint64_t seen = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(s->latencies); i++) {
        seen += s->latencies[i];
        if (seen * 1000 >= s->wakes * of_1000)
            return 2UL << i;
    }
    return 0;
}

void sim_set_affinity(struct vcpu *v, const uint64_t *hard, const uint64_t *soft)
{
    if (hard)
        memcpy(v->hard_affinity, hard, sizeof(v->hard_affinity));
    if (soft)
        memcpy(v->soft_affinity, soft, sizeof(v->soft_affinity));
    sched_affinity_changed(v);
    sim_settle();
}

struct domain *sim_domain_at(unsigned int n)
{
    return domains[n];
}
