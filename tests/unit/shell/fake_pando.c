/* SPDX-License-Identifier: MIT */
#include "fake_pando.h"
#include "config.h"
#include "handle.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAINS = sizeof(fake.domains) / sizeof(fake.domains[0]) };

struct fake_host fake;

static struct pando_domain *add(const char *name, enum pando_domain_state state)
{
    for (size_t i = 0; i < DOMAINS; i++) {
        struct pando_domain *domain = &fake.domains[i];
        if (*domain->name)
            continue;
        *domain = (struct pando_domain){ .id = fake.next_id++, .type = "pvh", .state = state };
        snprintf(domain->name, sizeof(domain->name), "%s", name);
        snprintf(domain->uuid, sizeof(domain->uuid), "00000000-0000-0000-0000-%012u", domain->id);
        free(fake.configs[i]);
        fake.configs[i] = NULL;
        domain->memory_kib = 128 << 10;
        domain->maxmem_kib = 256 << 10;
        domain->target_kib = 128 << 10;
        domain->cpu_time_ns = 1250000000;
        domain->vcpus_online = 1;
        domain->max_vcpus = 2;
        return domain;
    }
    abort();
}

void fake_reset(void)
{
    for (size_t i = 0; i < DOMAINS; i++)
        free(fake.configs[i]);
    fake = (struct fake_host){ .log = "(XEN) line\n" };
    add("Domain-0", PANDO_DOMAIN_RUNNING)->maxmem_kib = (UINT64_C(1) << 34) - 4;
    add("web", PANDO_DOMAIN_RUNNING);
    add("db", PANDO_DOMAIN_PAUSED);
    add("old", PANDO_DOMAIN_SHUTDOWN)->reason = PANDO_REASON_CRASH;
}

static struct pando_domain *get(uint32_t domid)
{
    for (size_t i = 0; i < DOMAINS; i++)
        if (*fake.domains[i].name && fake.domains[i].id == domid)
            return &fake.domains[i];
    pando_fail(PANDO_E_NOT_FOUND, NULL, "there is no domain %u", domid);
    return NULL;
}

/* The outcome that a test asked for. */
static bool failing(enum pando_code *code)
{
    *code = fake.fail;
    fake.fail = PANDO_OK;
    if (*code == PANDO_OK)
        return false;
    pando_fail(*code, fake.fail_key, "the test wants it so");
    return true;
}

pando_t *pando_open(void)
{
    if (!fake.absent)
        return (pando_t *)&fake;
    pando_fail(PANDO_E_NO_HOST, NULL, "this is not dom0");
    return NULL;
}

void pando_close(pando_t *pando)
{
}

enum pando_code pando_host_info(pando_t *pando, struct pando_host *host)
{
    *host = (struct pando_host){ .hypervisor = "4.17.0-pando",
                                 .version_major = 4,
                                 .version_minor = 17,
                                 .cpus = 4,
                                 .cpu_khz = 3000000,
                                 .memory_kib = 2048 << 10,
                                 .free_kib = 1024 << 10,
                                 .hvm = true };
    return PANDO_OK;
}

enum pando_code pando_log_read(pando_t *pando, unsigned int flags, uint32_t *cursor, char **text,
                               size_t *length)
{
    *text = strdup(fake.log);
    *length = strlen(*text);
    if (flags & PANDO_LOG_CLEAR)
        fake.log = "";
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
                                          { UINT64_C(3) << 2 * i },
                                          { i ? 21 : 10, i ? 10 : 21 } };
    return PANDO_OK;
}

enum pando_code pando_domain_nodes(pando_t *pando, uint32_t domid, uint64_t **kib, size_t *count)
{
    if (fake.foreign)
        return pando_fail(PANDO_E_UNSUPPORTED, NULL, "that is not told");
    *kib = calloc(2, sizeof(**kib));
    (*kib)[0] = 3 << 10;
    (*kib)[1] = 500 << 10;
    *count = 2;
    return PANDO_OK;
}

enum pando_code pando_cache_check(pando_t *pando)
{
    return pando_fail(PANDO_E_UNSUPPORTED, NULL, "nothing is measured here");
}

enum pando_code pando_domain_started(pando_t *pando, uint32_t domid, int64_t *seconds)
{
    *seconds = fake.started;
    return fake.started ? PANDO_OK : pando_fail(PANDO_E_STORE, NULL, "that is not known");
}

enum pando_code pando_domain_list(pando_t *pando, struct pando_domain **list, size_t *count)
{
    enum pando_code code;
    if (failing(&code))
        return code;
    *list = calloc(DOMAINS, sizeof(**list));
    *count = 0;
    for (size_t i = 0; i < DOMAINS; i++)
        if (*fake.domains[i].name) {
            (*list)[(*count)] = fake.domains[i];
            if (fake.nameless && fake.domains[i].id == fake.nameless)
                *(*list)[*count].name = 0;
            ++*count;
        }
    return PANDO_OK;
}

enum pando_code pando_domain_info(pando_t *pando, uint32_t domid, struct pando_domain *info)
{
    const struct pando_domain *domain = get(domid);
    if (!domain)
        return PANDO_E_NOT_FOUND;
    *info = *domain;
    return PANDO_OK;
}

enum pando_code pando_domain_find(pando_t *pando, const char *which, uint32_t *domid)
{
    for (size_t i = 0; i < DOMAINS; i++) {
        const struct pando_domain *domain = &fake.domains[i];
        char number[12];
        snprintf(number, sizeof(number), "%u", domain->id);
        if (*domain->name && (!strcmp(domain->name, which) || !strcmp(number, which))) {
            *domid = domain->id;
            return PANDO_OK;
        }
    }
    return pando_fail(PANDO_E_NOT_FOUND, NULL, "there is no guest \"%s\"", which);
}

enum pando_code pando_vcpu_list(pando_t *pando, uint32_t domid, struct pando_vcpu **list,
                                size_t *count)
{
    if (!get(domid))
        return PANDO_E_NOT_FOUND;
    *list = calloc(2, sizeof(**list));
    *count = 2;
    (*list)[0] = (struct pando_vcpu){ .online = true, .running = true, .cpu = 3 };
    (*list)[1] = (struct pando_vcpu){ .id = 1 };
    for (size_t i = 0; i < 2; i++) {
        (*list)[i].hard[0] = 0xd;
        memset((*list)[i].soft, 0xff, sizeof((*list)[i].soft));
    }
    return PANDO_OK;
}

/* Of domain N: vCPU 0 runs 1/2, waits 1/4, sleeps 1/4 of the time; vCPU 1 is offline. */
enum pando_code pando_vcpu_times(pando_t *pando, struct pando_vcpu_times **list, size_t *count)
{
    if (fake.foreign)
        return pando_fail(PANDO_E_UNSUPPORTED, NULL, "the hypervisor does not tell");
    *list = calloc(2 * DOMAINS, sizeof(**list));
    *count = 0;
    for (uint32_t id = 0; id < fake.next_id; id++) {
        bool exists = false;
        for (size_t i = 0; i < DOMAINS; i++)
            exists = exists || (*fake.domains[i].name && fake.domains[i].id == id);
        if (!exists)
            continue;
        uint64_t quarter = fake.clock_ns / 4;
        (*list)[(*count)++] = (struct pando_vcpu_times){ .domid = id,
                                                         .when_ns = 4 * quarter,
                                                         .running_ns = 2 * quarter,
                                                         .runnable_ns = quarter,
                                                         .blocked_ns = quarter,
                                                         .has_credit = true,
                                                         .credit_ns = -2500000 };
        (*list)[(*count)++] = (struct pando_vcpu_times){
            .domid = id, .vcpu = 1, .when_ns = 4 * quarter, .offline_ns = 4 * quarter
        };
    }
    return PANDO_OK;
}

enum pando_code pando_scheduler_info(pando_t *pando, uint32_t domid,
                                     struct pando_scheduler *scheduler)
{
    if (fake.foreign)
        return pando_fail(PANDO_E_UNSUPPORTED, NULL, "the hypervisor does not tell");
    *scheduler =
        (struct pando_scheduler){ .name = "credit2", .weighted = true, .weight = 256, .cap = 50 };
    return PANDO_OK;
}

enum pando_code pando_channel_list(pando_t *pando, uint32_t domid, struct pando_channel **list,
                                   size_t *count)
{
    static const struct pando_channel some[] = {
        { 1, PANDO_CHANNEL_INTERDOMAIN, 0, 0, 17, 0 },
        { 3, PANDO_CHANNEL_VIRQ, 1, 0, 0, 9 },
        { 4, PANDO_CHANNEL_UNBOUND, 0, 2, 0, 0 },
    };
    fake.looks++;
    if (fake.foreign)
        return pando_fail(PANDO_E_UNSUPPORTED, NULL, "the hypervisor does not tell");
    *count = sizeof(some) / sizeof(some[0]);
    *list = malloc(sizeof(some));
    memcpy(*list, some, sizeof(some));
    return PANDO_OK;
}

enum pando_code pando_grant_table(pando_t *pando, uint32_t domid, struct pando_grant_table *table)
{
    static const struct pando_grant some[] = {
        { 8, PANDO_GRANT_ACCESS, 0, 0x100, false, true },
        { 9, PANDO_GRANT_TRANSFER, 2, 0, false, false },
    };
    *table = (struct pando_grant_table){ .frames = 1, .max_frames = 64, .version = 1 };
    if (fake.foreign)
        return pando_fail(PANDO_E_UNSUPPORTED, NULL, "the hypervisor does not tell");
    table->count = sizeof(some) / sizeof(some[0]);
    table->list = malloc(sizeof(some));
    memcpy(table->list, some, sizeof(some));
    return PANDO_OK;
}

enum pando_code pando_domain_config(pando_t *pando, uint32_t domid, char **json)
{
    const struct pando_domain *domain = get(domid);
    if (!domain)
        return PANDO_E_NOT_FOUND;
    const char *config = fake.configs[domain - fake.domains];
    if (!config)
        return pando_fail(PANDO_E_NOT_FOUND, NULL, "another tool has created it");
    *json = strdup(config);
    return PANDO_OK;
}

enum pando_code pando_domain_create(pando_t *pando, const struct pando_config *config,
                                    const struct pando_create_options *options, uint32_t *domid)
{
    enum pando_code code;
    uint32_t other;
    fake.creations++;
    if (failing(&code))
        return code;
    if (options->cancel && options->cancel(options->cancel_arg))
        return pando_fail(PANDO_E_CANCELLED, NULL, "it was given up");
    if (pando_domain_find(pando, config->name, &other) == PANDO_OK) {
        return pando_fail(PANDO_E_EXISTS, "name", "a guest \"%s\" exists", config->name);
    }
    struct pando_domain *domain =
        add(config->name, options->paused ? PANDO_DOMAIN_PAUSED : PANDO_DOMAIN_RUNNING);
    domain->memory_kib = config->memory_mib << 10;
    domain->maxmem_kib = config->maxmem_mib << 10;
    fake.configs[domain - fake.domains] = pando_config_print(config);
    fake.created_paused = options->paused;
    *domid = domain->id;
    return PANDO_OK;
}

static enum pando_code set_state(uint32_t domid, enum pando_domain_state state)
{
    struct pando_domain *domain = get(domid);
    enum pando_code code;
    fake.pauses++;
    if (!domain)
        return PANDO_E_NOT_FOUND;
    if (failing(&code))
        return code;
    domain->state = state;
    return PANDO_OK;
}

enum pando_code pando_domain_pause(pando_t *pando, uint32_t domid)
{
    return set_state(domid, PANDO_DOMAIN_PAUSED);
}

enum pando_code pando_domain_unpause(pando_t *pando, uint32_t domid)
{
    return set_state(domid, PANDO_DOMAIN_RUNNING);
}

enum pando_code pando_domain_shutdown(pando_t *pando, uint32_t domid, unsigned int timeout_ms)
{
    enum pando_code code;
    struct pando_domain *domain = get(domid);
    fake.shutdowns++;
    if (!domain)
        return PANDO_E_NOT_FOUND;
    if (failing(&code))
        return code;
    const char *config = fake.configs[domain - fake.domains];
    if (!fake.obedient)
        return PANDO_OK;
    if (config && strstr(config, "\"on_poweroff\": \"preserve\""))
        domain->state = PANDO_DOMAIN_SHUTDOWN;
    else
        domain->name[0] = 0;
    return PANDO_OK;
}

enum pando_code pando_domain_reboot(pando_t *pando, uint32_t domid, unsigned int timeout_ms)
{
    struct pando_domain *domain = get(domid);
    if (!domain)
        return PANDO_E_NOT_FOUND;
    if (fake.obedient) {
        char name[PANDO_NAME_MAX];
        strcpy(name, domain->name);
        domain->name[0] = 0;
        if (fake.restarts)
            add(name, PANDO_DOMAIN_RUNNING);
    }
    return PANDO_OK;
}

enum pando_code pando_domain_destroy(pando_t *pando, uint32_t domid)
{
    enum pando_code code;
    struct pando_domain *domain = get(domid);
    if (!domain)
        return PANDO_E_NOT_FOUND;
    if (failing(&code))
        return code;
    domain->name[0] = 0;
    return PANDO_OK;
}

enum pando_code pando_domain_rename(pando_t *pando, uint32_t domid, const char *name)
{
    uint32_t other;
    if (pando_domain_find(pando, name, &other) == PANDO_OK)
        return pando_fail(PANDO_E_EXISTS, NULL, "a guest \"%s\" exists", name);
    strcpy(get(domid)->name, name);
    return PANDO_OK;
}

enum pando_code pando_domain_wait(pando_t *pando, uint32_t domid, enum pando_event event,
                                  int timeout_ms, enum pando_reason *reason)
{
    const struct pando_domain *domain = get(domid);
    if (!domain || (event == PANDO_EVENT_SHUTDOWN && domain->state == PANDO_DOMAIN_SHUTDOWN))
        return PANDO_OK;
    if (timeout_ms < 0)
        abort();
    poll(NULL, 0, timeout_ms);
    return pando_fail(PANDO_E_TIMEOUT, NULL, "not yet");
}

enum pando_code pando_device_attach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *json)
{
    enum pando_code code;
    snprintf(fake.device, sizeof(fake.device), "attach %u %s %s", domid,
             kind == PANDO_DISK ? "disk" : "vif", json);
    return failing(&code) ? code : PANDO_OK;
}

enum pando_code pando_device_detach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *which, unsigned int timeout_ms)
{
    enum pando_code code;
    snprintf(fake.device, sizeof(fake.device), "detach %u %s %s %u", domid,
             kind == PANDO_DISK ? "disk" : "vif", which, timeout_ms);
    return failing(&code) ? code : PANDO_OK;
}

enum pando_code pando_memory_set(pando_t *pando, uint32_t domid, uint64_t kib)
{
    struct pando_domain *domain = get(domid);
    if (kib > domain->maxmem_kib)
        return pando_fail(PANDO_E_INVALID, NULL, "%u KiB is more than its maximum", (unsigned)kib);
    domain->target_kib = kib;
    return PANDO_OK;
}

enum pando_code pando_memory_max_set(pando_t *pando, uint32_t domid, uint64_t kib)
{
    get(domid)->maxmem_kib = kib;
    return PANDO_OK;
}
