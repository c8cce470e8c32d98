/* SPDX-License-Identifier: MIT */
/*
 * A simulated host in place of the control library, for tests of the shell on a terminal: guests
 * that use processor time, start, end, and take their time. PANDO_SIM_GUESTS says how many there
 * are besides dom0 (preset 4), PANDO_SIM_ABSENT=1 that this is no Pando host, PANDO_SIM_HANGS=FILE
 * that nothing is answered while the file exists, PANDO_SIM_FOREIGN=1 that the hypervisor is
 * another one, which tells less, PANDO_SIM_CONSOLE where sim_consoled.c listens.
 */
#include "config.h"
#include "handle.h"
#include "pando.h"
#include "shell/pane_console.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GUESTS_MAX = 512, CPUS = 8, CREATE_STEPS = 8, STEP_US = 200000, SHUTDOWN_S = 2 };

struct guest {
    struct pando_domain info;
    double rate; /* CPUs' worth of time that it uses */
    double since;
    time_t started;
    double used;       /* seconds of processor time up to then */
    double ends_after; /* it has been asked to end; 0: no */
    enum pando_reason why;
    char *config;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct guest *guests[GUESTS_MAX];
static uint32_t next_id;
static unsigned log_line;
static double begun_at;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- the guests, with the lock held ---------------------------------------------------------- */

static struct guest *add(const char *name, uint64_t mib, uint32_t vcpus, double rate)
{
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        if (guests[i])
            continue;
        struct guest *guest = guests[i] = calloc(1, sizeof(*guest));
        struct pando_domain *info = &guest->info;
        *info = (struct pando_domain){ .id = next_id++,
                                       .type = "pvh",
                                       .memory_kib = mib << 10,
                                       .target_kib = mib << 10,
                                       .maxmem_kib = mib << 11,
                                       .vcpus_online = vcpus,
                                       .max_vcpus = vcpus };
        snprintf(info->name, sizeof(info->name), "%s", name);
        snprintf(info->uuid, sizeof(info->uuid), "5a000000-0000-4000-8000-%012u", info->id);
        guest->rate = rate;
        guest->since = now();
        guest->started = time(NULL);
        return guest;
    }
    abort();
}

static void begin(void)
{
    static bool begun;
    const char *wanted = getenv("PANDO_SIM_GUESTS");
    unsigned long count = wanted ? strtoul(wanted, NULL, 10) : 4;

    if (begun)
        return;
    begun = true;
    begun_at = now();
    add("Domain-0", 1024, 4, 0.11)->info.maxmem_kib = (UINT64_C(1) << 34) - 4;
    for (unsigned long i = 1; i <= count && i < GUESTS_MAX; i++) {
        static const char *const kinds[] = { "web", "db", "mail", "build" };
        char name[32];
        snprintf(name, sizeof(name), "%s%02lu", kinds[i % 4], i);
        struct guest *guest = add(name, 128 << i % 4, 1 + i % 4, 0.07 * (double)(i * 7 % 13));
        char config[400];
        snprintf(
            config, sizeof(config),
            "{\n    \"name\": \"%s\",\n    \"type\": \"pvh\",\n    \"memory\": %" PRIu64 ",\n"
            "    \"disk\": [{ \"vdev\": \"xvda\", \"target\": \"/guests/%s.img\" }],\n"
            "    \"vif\": [{ \"mac\": \"00:16:3e:00:00:%02lx\", \"bridge\": \"xenbr0\" }]\n}\n",
            name, guest->info.memory_kib >> 10, name, i & 255);
        guest->config = strdup(config);
        if (i % 50 == 3) {
            guest->info.state = PANDO_DOMAIN_SHUTDOWN;
            guest->info.reason = PANDO_REASON_CRASH;
            guest->rate = 0;
        }
    }
}

static void drop(size_t i)
{
    free(guests[i]->config);
    free(guests[i]);
    guests[i] = NULL;
}

/* What time does. */
static void advance(void)
{
    begin();
    double time = now();
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        struct guest *guest = guests[i];
        if (!guest)
            continue;
        struct pando_domain *info = &guest->info;
        /* Up and down over a minute, each one shifted. */
        double wave = 1 + 0.8 * ((double)((unsigned)(time * 2 + (double)i * 11) % 40) / 20 - 1);
        bool alive = info->state == PANDO_DOMAIN_RUNNING || info->state == PANDO_DOMAIN_BLOCKED;
        if (alive)
            guest->used += (time - guest->since) * guest->rate * wave;
        guest->since = time;
        info->cpu_time_ns = (uint64_t)(guest->used * 1e9);
        if (alive)
            info->state =
                (unsigned)(time * 3 + (double)i) % 3 ? PANDO_DOMAIN_BLOCKED : PANDO_DOMAIN_RUNNING;
        if (guest->ends_after && time > guest->ends_after) {
            if (guest->why == PANDO_REASON_REBOOT) {
                info->id = next_id++;
                guest->used = 0;
                guest->ends_after = 0;
            } else {
                drop(i);
            }
        }
    }
}

static struct guest *get(uint32_t domid)
{
    advance();
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (guests[i] && guests[i]->info.id == domid)
            return guests[i];
    pando_fail(PANDO_E_NOT_FOUND, NULL, "there is no guest with id %" PRIu32, domid);
    return NULL;
}

static struct guest *named(const char *name)
{
    advance();
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (guests[i] && !strcmp(guests[i]->info.name, name))
            return guests[i];
    return NULL;
}

/* --- the handle --- */

pando_t *pando_open(void)
{
    const char *absent = getenv("PANDO_SIM_ABSENT");
    if (!absent || !*absent)
        return (pando_t *)&lock;
    pando_fail(PANDO_E_NO_HOST, NULL, "this is not dom0 of a Pando host");
    return NULL;
}

void pando_close(pando_t *pando)
{
}

/* --- information --- */

__attribute__((constructor)) static void use_socket(void)
{
    const char *path = getenv("PANDO_SIM_CONSOLE");
    if (path)
        console_set_socket(path);
}

enum pando_code pando_host_info(pando_t *pando, struct pando_host *host)
{
    uint64_t used = 0;
    const char *hangs = getenv("PANDO_SIM_HANGS");
    while (hangs && access(hangs, F_OK) == 0)
        usleep(STEP_US);
    pthread_mutex_lock(&lock);
    advance();
    for (size_t i = 0; i < GUESTS_MAX; i++)
        used += guests[i] ? guests[i]->info.memory_kib : 0;
    pthread_mutex_unlock(&lock);
    *host = (struct pando_host){ .hypervisor = "4.17.0-simulated",
                                 .version_major = 4,
                                 .version_minor = 17,
                                 .cpus = CPUS,
                                 .nodes = 2,
                                 .cpu_khz = 3000000,
                                 .memory_kib = UINT64_C(64) << 20,
                                 .hvm = true };
    host->free_kib = host->memory_kib > used ? host->memory_kib - used : 0;
    return PANDO_OK;
}

/* A line a second. */
enum pando_code pando_log_read(pando_t *pando, unsigned int flags, uint32_t *cursor, char **text,
                               size_t *length)
{
    static double first;
    char line[80];
    size_t size;
    FILE *out = open_memstream(text, length);

    pthread_mutex_lock(&lock);
    if (first == 0)
        first = now();
    log_line = (unsigned)(now() - first) + 3;
    for (unsigned i = cursor ? *cursor : 0; i < log_line; i++) {
        snprintf(line, sizeof(line), "(XEN) simulated line %u of the hypervisor\n", i);
        fputs(line, out);
    }
    if (cursor)
        *cursor = log_line;
    pthread_mutex_unlock(&lock);
    size = (size_t)ftell(out);
    fclose(out);
    *length = size;
    return PANDO_OK;
}

enum pando_code pando_node_list(pando_t *pando, struct pando_node **list, size_t *count)
{
    struct pando_host host;
    pando_host_info(pando, &host);
    *list = calloc(2, sizeof(**list));
    *count = 2;
    for (uint32_t i = 0; i < 2; i++)
        (*list)[i] = (struct pando_node){ i,
                                          host.memory_kib / 2,
                                          host.free_kib / 2,
                                          { UINT64_C(0xf) << 4 * i },
                                          { i ? 21 : 10, i ? 10 : 21 } };
    return PANDO_OK;
}

enum pando_code pando_domain_nodes(pando_t *pando, uint32_t domid, uint64_t **kib, size_t *count)
{
    struct pando_domain info;
    enum pando_code code = pando_domain_info(pando, domid, &info);

    if (code)
        return code;
    *kib = calloc(2, sizeof(**kib));
    (*kib)[domid % 2] = info.memory_kib;
    *count = 2;
    return PANDO_OK;
}

enum pando_code pando_cache_check(pando_t *pando)
{
    return pando_fail(PANDO_E_UNSUPPORTED, NULL,
                      "this CPU is simulated, and has no caches to be measured");
}

enum pando_code pando_domain_started(pando_t *pando, uint32_t domid, int64_t *seconds)
{
    pthread_mutex_lock(&lock);
    const struct guest *guest = domid ? get(domid) : NULL;
    if (guest)
        *seconds = (int64_t)guest->started;
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK : pando_fail(PANDO_E_STORE, NULL, "that is not known");
}

enum pando_code pando_domain_list(pando_t *pando, struct pando_domain **list, size_t *count)
{
    *list = calloc(GUESTS_MAX, sizeof(**list));
    *count = 0;
    pthread_mutex_lock(&lock);
    advance();
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (guests[i])
            (*list)[(*count)++] = guests[i]->info;
    pthread_mutex_unlock(&lock);
    return PANDO_OK;
}

enum pando_code pando_domain_info(pando_t *pando, uint32_t domid, struct pando_domain *info)
{
    pthread_mutex_lock(&lock);
    const struct guest *guest = get(domid);
    if (guest)
        *info = guest->info;
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK : PANDO_E_NOT_FOUND;
}

enum pando_code pando_domain_find(pando_t *pando, const char *which, uint32_t *domid)
{
    char *end;
    unsigned long id = strtoul(which, &end, 10);
    pthread_mutex_lock(&lock);
    const struct guest *guest = named(which);
    if (!guest && *which && !*end)
        guest = get((uint32_t)id);
    if (guest)
        *domid = guest->info.id;
    pthread_mutex_unlock(&lock);
    if (guest)
        return PANDO_OK;
    return pando_fail(PANDO_E_NOT_FOUND, NULL, "there is no guest with the name, id or UUID \"%s\"",
                      which);
}

enum pando_code pando_vcpu_list(pando_t *pando, uint32_t domid, struct pando_vcpu **list,
                                size_t *count)
{
    pthread_mutex_lock(&lock);
    const struct guest *guest = get(domid);
    *count = guest ? guest->info.max_vcpus : 0;
    *list = guest ? calloc(*count, sizeof(**list)) : NULL;
    for (uint32_t i = 0; i < *count; i++) {
        struct pando_vcpu *vcpu = &(*list)[i];
        *vcpu = (struct pando_vcpu){ .id = i,
                                     .online = true,
                                     .running = guest->info.state == PANDO_DOMAIN_RUNNING && !i,
                                     .blocked = i != 1,
                                     .cpu = (domid + i) % CPUS,
                                     .cpu_time_ns = guest->info.cpu_time_ns / *count };
        vcpu->blocked &= !vcpu->running;
        vcpu->hard[0] = (1u << CPUS) - 1;
        vcpu->soft[0] = 0x0f;
    }
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK : PANDO_E_NOT_FOUND;
}

static enum pando_code check_own(void)
{
    return getenv("PANDO_SIM_FOREIGN")
               ? pando_fail(PANDO_E_UNSUPPORTED, NULL, "this hypervisor does not tell")
               : PANDO_OK;
}

/* Of what a vCPU does not run, the second one waits for half, and others sleep. */
static void set_times(const struct guest *guest, uint32_t vcpu, struct pando_vcpu_times *times)
{
    uint64_t age = (uint64_t)((now() - begun_at) * 1e9);
    uint64_t running = guest->info.cpu_time_ns / guest->info.max_vcpus;
    uint64_t rest = age > running ? age - running : 0;
    *times = (struct pando_vcpu_times){ .domid = guest->info.id,
                                        .vcpu = vcpu,
                                        .when_ns = running + rest,
                                        .running_ns = running,
                                        .runnable_ns = vcpu == 1 ? rest / 2 : 0,
                                        .has_credit = true,
                                        .credit_ns = vcpu == 1 ? 4500000 : -1500000 };
    times->blocked_ns = rest - times->runnable_ns;
}

enum pando_code pando_vcpu_times(pando_t *pando, struct pando_vcpu_times **list, size_t *count)
{
    if (check_own() != PANDO_OK)
        return PANDO_E_UNSUPPORTED;
    *list = NULL;
    *count = 0;
    pthread_mutex_lock(&lock);
    advance();
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        uint32_t vcpus = guests[i] ? guests[i]->info.max_vcpus : 0;
        *list = reallocarray(*list, *count + vcpus + 1, sizeof(**list));
        for (uint32_t vcpu = 0; vcpu < vcpus; vcpu++)
            set_times(guests[i], vcpu, &(*list)[(*count)++]);
    }
    pthread_mutex_unlock(&lock);
    return PANDO_OK;
}

enum pando_code pando_scheduler_info(pando_t *pando, uint32_t domid,
                                     struct pando_scheduler *scheduler)
{
    *scheduler = (struct pando_scheduler){
        .name = "credit2", .ratelimit_us = 1000, .weighted = true, .weight = 256, .cap = 150
    };
    return PANDO_OK;
}

enum pando_code pando_channel_list(pando_t *pando, uint32_t domid, struct pando_channel **list,
                                   size_t *count)
{
    static const struct pando_channel some[] = {
        { 1, PANDO_CHANNEL_INTERDOMAIN, 0, 0, 17, 0 },
        { 2, PANDO_CHANNEL_UNBOUND, 0, 0, 0, 0 },
        { 3, PANDO_CHANNEL_VIRQ, 0, 0, 0, 0 },
        { 5, PANDO_CHANNEL_IPI, 0, 0, 0, 0 },
    };
    *count = sizeof(some) / sizeof(some[0]);
    *list = malloc(sizeof(some));
    memcpy(*list, some, sizeof(some));
    return PANDO_OK;
}

enum pando_code pando_grant_table(pando_t *pando, uint32_t domid, struct pando_grant_table *table)
{
    enum { GRANTS = 40 };
    if (check_own() != PANDO_OK)
        return PANDO_E_UNSUPPORTED;
    *table = (struct pando_grant_table){ .frames = 1, .max_frames = 64, .version = 1 };
    table->list = calloc(GRANTS, sizeof(*table->list));
    table->count = GRANTS;
    for (uint32_t i = 0; i < GRANTS; i++)
        table->list[i] = (struct pando_grant){ .ref = 8 + i,
                                               .kind = PANDO_GRANT_ACCESS,
                                               .frame = 0x1000 + i,
                                               .read_only = i >= 32,
                                               .in_use = i < 16 };
    return PANDO_OK;
}

enum pando_code pando_domain_config(pando_t *pando, uint32_t domid, char **json)
{
    pthread_mutex_lock(&lock);
    const struct guest *guest = get(domid);
    *json = guest && guest->config ? strdup(guest->config) : NULL;
    pthread_mutex_unlock(&lock);
    if (*json)
        return PANDO_OK;
    return pando_fail(PANDO_E_NOT_FOUND, NULL, "domain %" PRIu32 " has no configuration", domid);
}

/* --- lifecycle --- */

enum pando_code pando_domain_create(pando_t *pando, const struct pando_config *config,
                                    const struct pando_create_options *options, uint32_t *domid)
{
    static const char *const steps[CREATE_STEPS] = {
        "check", "unpack 40 %, 4.1 MiB/s", "domain", "memory", "kernel", "store", "disk", "start"
    };
    pthread_mutex_lock(&lock);
    bool exists = named(config->name) != NULL;
    pthread_mutex_unlock(&lock);
    if (exists)
        return pando_fail(PANDO_E_EXISTS, "name", "there is a guest \"%s\" already", config->name);
    for (unsigned i = 0; i < CREATE_STEPS; i++) {
        if (options && options->progress)
            options->progress(options->progress_arg, steps[i], i, CREATE_STEPS);
        usleep(STEP_US);
        if (options && options->cancel && options->cancel(options->cancel_arg))
            return pando_fail(PANDO_E_CANCELLED, NULL, "the creation was given up");
    }
    pthread_mutex_lock(&lock);
    struct guest *guest = add(config->name, config->memory_mib, 1, 0.3);
    guest->config = pando_config_print(config);
    if (options && options->paused)
        guest->info.state = PANDO_DOMAIN_PAUSED;
    *domid = guest->info.id;
    pthread_mutex_unlock(&lock);
    if (options && options->progress)
        options->progress(options->progress_arg, "done", CREATE_STEPS, CREATE_STEPS);
    return PANDO_OK;
}

static enum pando_code set_paused(uint32_t domid, bool paused)
{
    pthread_mutex_lock(&lock);
    struct guest *guest = get(domid);
    if (guest)
        guest->info.state = paused ? PANDO_DOMAIN_PAUSED : PANDO_DOMAIN_RUNNING;
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK : PANDO_E_NOT_FOUND;
}

enum pando_code pando_domain_pause(pando_t *pando, uint32_t domid)
{
    return set_paused(domid, true);
}

enum pando_code pando_domain_unpause(pando_t *pando, uint32_t domid)
{
    return set_paused(domid, false);
}

/* Guests called "build..." don't listen. */
static enum pando_code end(uint32_t domid, enum pando_reason why, double after)
{
    pthread_mutex_lock(&lock);
    struct guest *guest = get(domid);
    if (guest && (after == 0 || strncmp(guest->info.name, "build", 5))) {
        guest->why = why;
        guest->ends_after = now() + after;
    }
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK : PANDO_E_NOT_FOUND;
}

enum pando_code pando_domain_shutdown(pando_t *pando, uint32_t domid, unsigned int timeout_ms)
{
    return end(domid, PANDO_REASON_POWEROFF, SHUTDOWN_S);
}

enum pando_code pando_domain_reboot(pando_t *pando, uint32_t domid, unsigned int timeout_ms)
{
    return end(domid, PANDO_REASON_REBOOT, SHUTDOWN_S);
}

enum pando_code pando_domain_destroy(pando_t *pando, uint32_t domid)
{
    return end(domid, PANDO_REASON_POWEROFF, 0);
}

enum pando_code pando_domain_rename(pando_t *pando, uint32_t domid, const char *name)
{
    pthread_mutex_lock(&lock);
    struct guest *guest = named(name) ? NULL : get(domid);
    if (guest)
        snprintf(guest->info.name, sizeof(guest->info.name), "%s", name);
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK
                 : pando_fail(PANDO_E_EXISTS, "name", "there is a guest \"%s\" already", name);
}

enum pando_code pando_domain_wait(pando_t *pando, uint32_t domid, enum pando_event event,
                                  int timeout_ms, enum pando_reason *reason)
{
    double until = now() + timeout_ms / 1000.0;
    for (;;) {
        pthread_mutex_lock(&lock);
        const struct guest *guest = get(domid);
        pthread_mutex_unlock(&lock);
        if (!guest)
            return PANDO_OK;
        if (timeout_ms >= 0 && now() >= until)
            return pando_fail(PANDO_E_TIMEOUT, NULL, "domain %" PRIu32 " has not ended in time",
                              domid);
        usleep(10000);
    }
}

enum pando_code pando_device_attach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *json)
{
    return pando_fail(PANDO_E_UNSUPPORTED, NULL, "the simulated host has no devices");
}

enum pando_code pando_device_detach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *which, unsigned int timeout_ms)
{
    return pando_fail(PANDO_E_UNSUPPORTED, NULL, "the simulated host has no devices");
}

enum pando_code pando_memory_set(pando_t *pando, uint32_t domid, uint64_t kib)
{
    pthread_mutex_lock(&lock);
    struct guest *guest = get(domid);
    bool fits = guest && kib <= guest->info.maxmem_kib;
    if (fits)
        guest->info.memory_kib = guest->info.target_kib = kib;
    pthread_mutex_unlock(&lock);
    if (!guest)
        return PANDO_E_NOT_FOUND;
    return fits ? PANDO_OK
                : pando_fail(PANDO_E_INVALID, "memory", "this is above the guest's maximum");
}

enum pando_code pando_memory_max_set(pando_t *pando, uint32_t domid, uint64_t kib)
{
    pthread_mutex_lock(&lock);
    struct guest *guest = get(domid);
    if (guest)
        guest->info.maxmem_kib = kib;
    pthread_mutex_unlock(&lock);
    return guest ? PANDO_OK : PANDO_E_NOT_FOUND;
}
