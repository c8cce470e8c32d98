/* SPDX-License-Identifier: MIT */
#include "registry.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

#define TOKEN_LIST                                                                                 \
    "list" /* of the watches for domains that come and go; the others' is the domid */

#define PATH_SIZE  64
#define UUID_CHARS "0123456789abcdefABCDEF-"

/* Watch events, and domains read, in one turn. */
#define EVENTS_A_TURN 256
#define READS_A_TURN  32

int registry_fd(const struct registry *registry)
{
    return registry->store ? store_fd(registry->store) : -1;
}

void registry_close(struct registry *registry)
{
    store_close(registry->store);
    registry->store = NULL;
}

static void domain_path(char *path, uint32_t domid, const char *node)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/%s", domid, node);
}

/* --- one domain --------------------------------------------------------------------- */

static void watch_domain(struct store *store, uint32_t domid, bool on)
{
    static const char *const nodes[] = { "console", "name" };
    char path[PATH_SIZE], token[16];

    snprintf(token, sizeof(token), "%u", domid);
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        domain_path(path, domid, nodes[i]);
        /* What fails here leaves the connection broken, or is a watch that isn't there any more. */
        (void)(on ? store_watch(store, path, token) : store_unwatch(store, path, token));
    }
}

static void read_name(struct store *store, uint32_t domid, char *name)
{
    char path[PATH_SIZE];

    domain_path(path, domid, "name");
    if (store_read_buf(store, STORE_TX_NONE, path, name, CONSOLE_NAME_MAX + 1) || !*name) {
        snprintf(name, CONSOLE_NAME_MAX + 1, "domain-%u", domid);
    }
    for (; *name; name++) {
        if ((unsigned char)*name < 0x20 || *name == 0x7f) {
            *name = '?';
        }
    }
}

static void read_uuid(struct store *store, uint32_t domid, char *uuid)
{
    char path[PATH_SIZE], vm[PATH_SIZE];

    domain_path(path, domid, "vm");
    *uuid = '\0';
    if (!store_read_buf(store, STORE_TX_NONE, path, vm, sizeof(vm)) && !strncmp(vm, "/vm/", 4) &&
        strlen(vm + 4) < GUEST_UUID_SIZE && strspn(vm + 4, UUID_CHARS) == strlen(vm + 4)) {
        strcpy(uuid, vm + 4);
    }
}

static int read_number(struct store *store, uint32_t domid, const char *node, uint64_t *value)
{
    char path[PATH_SIZE];

    domain_path(path, domid, node);
    return store_read_u64(store, STORE_TX_NONE, path, value);
}

/* Whether a device model serves the console, not we. */
static bool is_emulated(struct store *store, uint32_t domid)
{
    char path[PATH_SIZE], type[16];

    domain_path(path, domid, "console/type");
    return !store_read_buf(store, STORE_TX_NONE, path, type, sizeof(type)) &&
           !strcmp(type, "ioemu");
}

static void domain_end(struct domain *domain, struct guests *guests, uint64_t now)
{
    if (domain->guest) {
        guest_end(guests, domain->guest, now);
        domain->guest = NULL;
    }
}

static void domain_start(struct domain *domain, struct guests *guests, struct store *store,
                         const char *name, uint64_t now)
{
    char uuid[GUEST_UUID_SIZE];
    struct guest_place place = { .domid = domain->domid,
                                 .grant_ref = GNTTAB_RESERVED_CONSOLE,
                                 .port = (uint32_t)domain->port,
                                 .name = name,
                                 .uuid = uuid };
    int err;

    read_uuid(store, domain->domid, uuid);
    if (store_failure(store)) {
        return;
    }
    err = guest_start(guests, &place, now, &domain->guest);
    if (!err) {
        report("%s: console of domain %u", name, domain->domid);
        domain->complained = false;
        return;
    }
    domain->guest = NULL;
    domain->stale = true;
    domain->read_at = now + REGISTRY_RETRY;
    if (!domain->complained) {
        report("%s (domain %u): cannot use its console ring (grant %u, port %u): %s; trying again",
               name, domain->domid, place.grant_ref, place.port, strerror(-err));
        domain->complained = true;
    }
}

/* Who made the guest has made that node if somebody may want a terminal, `xl` always. */
static void serve_tty(struct registry *registry, const struct domain *domain, uint64_t now)
{
    char node[PATH_SIZE], value[TTY_PATH_SIZE];
    const char *path;
    int err;

    domain_path(node, domain->domid, "console/tty");
    err = store_read_buf(registry->store, STORE_TX_NONE, node, value, sizeof(value));
    if (err == -ENOENT || store_failure(registry->store)) {
        return;
    }
    path = ttys_serve(registry->ttys, domain->guest, now);
    if (path && (err || strcmp(value, path))) {
        (void)store_write_str(registry->store, STORE_TX_NONE, node, path);
    }
}

/* Brings a domain's console to what the store says about it. */
static void domain_read(struct registry *registry, struct domain *domain, struct guests *guests,
                        uint64_t now)
{
    struct store *store = registry->store;
    char name[CONSOLE_NAME_MAX + 1];
    uint64_t frame, port;

    domain->stale = false;
    if (read_number(store, domain->domid, "console/ring-ref", &frame) ||
        read_number(store, domain->domid, "console/port", &port) || port > UINT32_MAX ||
        is_emulated(store, domain->domid)) {
        /* Not there yet, or taken down: then see whether the domain is there at all, since only
         * without our mapping it can go. */
        registry->rescan |= domain->guest != NULL;
        return;
    }
    read_name(store, domain->domid, name);
    if (store_failure(store)) {
        return; /* what was read may be wrong; all is read again with the next connection */
    }
    if (domain->guest && (domain->frame != frame || domain->port != port)) {
        domain_end(domain, guests, now);
    }
    domain->frame = frame;
    domain->port = port;
    if (!domain->guest) {
        domain_start(domain, guests, store, name, now);
    } else if (strcmp(domain->guest->name, name)) {
        guest_rename(guests, domain->guest, name);
    }
    if (domain->guest) {
        serve_tty(registry, domain, now);
    }
}

/* --- the list of domains --------------------------------------------------------------- */

static struct domain *find_domain(struct registry *registry, uint32_t domid)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->domains[i].domid == domid) {
            return &registry->domains[i];
        }
    }
    return NULL;
}

/* A name in the list of domains: adds it if it is new. */
static int scan_domain(struct registry *registry, const char *text)
{
    char *end;
    unsigned long domid = strtoul(text, &end, 10);
    struct domain *domain;
    bool introduced;
    int err;

    if (*end || domid == 0 || domid >= DOMID_FIRST_RESERVED) {
        return 0;
    }
    err = store_is_introduced(registry->store, (uint32_t)domid, &introduced);
    if (err || !introduced) {
        return err;
    }
    domain = find_domain(registry, (uint32_t)domid);
    if (!domain) {
        if (registry->count == GUESTS_MAX) {
            return 0;
        }
        domain = &registry->domains[registry->count++];
        *domain = (struct domain){ .domid = (uint32_t)domid, .stale = true };
        watch_domain(registry->store, domain->domid, true);
    }
    domain->seen = true;
    return 0;
}

/* Drops the domains that the scan hasn't seen. */
static void drop_unseen(struct registry *registry, struct guests *guests, uint64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < registry->count; i++) {
        struct domain *domain = &registry->domains[i];

        if (domain->seen) {
            registry->domains[kept++] = *domain;
            continue;
        }
        domain_end(domain, guests, now);
        watch_domain(registry->store, domain->domid, false);
    }
    registry->count = kept;
}

static int scan(struct registry *registry, struct guests *guests, uint64_t now)
{
    char **names = NULL;
    size_t count = 0;
    int err = store_directory(registry->store, STORE_TX_NONE, "/local/domain", &names, &count);

    if (err && err != -ENOENT) {
        return err;
    }
    for (size_t i = 0; i < registry->count; i++) {
        registry->domains[i].seen = false;
    }
    err = 0;
    for (size_t i = 0; i < count && !err; i++) {
        err = scan_domain(registry, names[i]);
    }
    free(names);
    if (err) {
        return err;
    }
    drop_unseen(registry, guests, now);
    registry->rescan = false;
    return 0;
}

/* --- the connection ------------------------------------------------------------------------ */

static int connect_store(struct registry *registry)
{
    int err = store_open_within(&registry->store, registry->path, REGISTRY_PATIENCE);

    if (!err) {
        err = store_watch(registry->store, "@introduceDomain", TOKEN_LIST);
    }
    if (!err) {
        err = store_watch(registry->store, "@releaseDomain", TOKEN_LIST);
    }
    for (size_t i = 0; i < registry->count && !err; i++) {
        registry->domains[i].stale = true;
        watch_domain(registry->store, registry->domains[i].domid, true);
    }
    registry->rescan = true;
    return err;
}

static void disconnect_store(struct registry *registry, int err, uint64_t now)
{
    registry_close(registry);
    /* One that isn't there costs nothing to look for. */
    if (err != -ETIMEDOUT) {
        registry->retry = REGISTRY_RETRY;
    } else if (registry->retry < REGISTRY_HANGS) {
        registry->retry = REGISTRY_HANGS;
    } else if (registry->retry < REGISTRY_HANGS_MAX) {
        registry->retry *= 2;
    }
    registry->connect_at = now + registry->retry;
    if (!registry->complained) {
        report("the store: %s; trying again until it answers, the consoles go on", strerror(-err));
        registry->complained = true;
    }
}

/* Takes what the store has to tell. */
static int take_events(struct registry *registry)
{
    struct store_event event;
    struct domain *domain;
    int err = 0;

    for (int i = 0; i < EVENTS_A_TURN; i++) {
        err = store_watch_next(registry->store, 0, &event);
        if (err) {
            break;
        }
        if (!strcmp(event.token, TOKEN_LIST)) {
            registry->rescan = true;
        } else {
            domain = find_domain(registry, (uint32_t)strtoul(event.token, NULL, 10));
            if (domain) {
                domain->stale = true;
            }
        }
        store_event_free(&event);
    }
    return err == -ETIMEDOUT ? 0 : err;
}

/* Reads what is stale. Returns when to go on with it. */
static uint64_t read_domains(struct registry *registry, struct guests *guests, uint64_t now)
{
    uint64_t wake = TIME_NEVER;
    int reads = 0;

    for (size_t i = 0; i < registry->count; i++) {
        struct domain *domain = &registry->domains[i];

        if (domain->stale && now >= domain->read_at && reads < READS_A_TURN) {
            reads++;
            domain_read(registry, domain, guests, now);
        }
        if (domain->stale && domain->read_at < wake) {
            wake = domain->read_at;
        }
    }
    /* Our requests may have brought events, which poll() doesn't see. */
    return reads ? now : wake;
}

uint64_t registry_turn(struct registry *registry, struct guests *guests, uint64_t now)
{
    bool scanned = false;
    uint64_t wake;
    int err = 0;

    if (!registry->store) {
        if (now < registry->connect_at) {
            return registry->connect_at;
        }
        err = connect_store(registry);
    }
    if (!err) {
        err = take_events(registry);
    }
    if (!err && registry->rescan) {
        err = scan(registry, guests, now);
        scanned = true;
    }
    if (!err) {
        wake = read_domains(registry, guests, now);
        err = store_failure(registry->store);
    }
    if (err) {
        disconnect_store(registry, err, now);
        return registry->connect_at;
    }
    registry->complained = false;
    registry->retry = 0;
    return scanned ? now : wake;
}
