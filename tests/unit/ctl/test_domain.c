/* SPDX-License-Identifier: MIT */
/* The lifecycle of guests, with a fake hypervisor and a fake store. */
#include "test.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "device.h"
#include "domain.h"
#include "fake_domains.h"
#include "fake_store.h"
#include "paths.h"
#include "scratch.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"

static pando_t *pando;
static uint64_t free_before;

static int setup(void **state)
{
    scratch_enter();
    fake_domains_reset();
    fake_store_reset();
    free_before = fake_domains.free_kib;
    pando = pando_open();
    assert_non_null(pando);
    return 0;
}

static int teardown(void **state)
{
    pando_close(pando);
    assert_int_equal(rmdir(PANDO_LOCK_DIR), 0); /* no lock is left */
    rmdir(PANDO_DOMAIN_DIR);
    rmdir(PANDO_BUILDING_DIR);
    rmdir(PANDO_STARTING_DIR);
    rmdir(PANDO_ANNOUNCED_DIR);
    assert_int_equal(rmdir(PANDO_RUN_DIR), 0);
    scratch_leave();
    return 0;
}

static struct pando_config config_named(const char *name)
{
    struct pando_config config = { .name = (char *)(uintptr_t)name,
                                   .kernel = scratch_kernel,
                                   .memory_mib = 64,
                                   .maxmem_mib = 96,
                                   .vcpus = 1,
                                   .maxvcpus = 2,
                                   .cpus_all = true };

    memset(config.cpus, 0xff, sizeof(config.cpus));
    return config;
}

static void expect_nothing_left(void)
{
    char(*uuids)[37];
    uint32_t *ids;
    size_t count;

    assert_int_equal(fake_domains_count(), 0);
    assert_int_equal(fake_domains.free_kib, free_before);
    assert_int_equal(fake_domains.mapped, 0);
    assert_int_equal(fake_store_count("/"), 0);
    for (int kind = DOMAIN_STATE_LIVE; kind <= DOMAIN_STATE_STARTING; kind++) {
        assert_int_equal(domain_state_list(kind, &ids, &count), PANDO_OK);
        assert_int_equal(count, 0);
        free(ids);
    }
    assert_int_equal(domain_state_list_uuids(&uuids, &count), PANDO_OK);
    assert_int_equal(count, 0);
    free(uuids);
}

static uint32_t create(const char *name)
{
    struct pando_config config = config_named(name);
    uint32_t domid;

    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_OK);
    return domid;
}

static void destroy(uint32_t domid)
{
    assert_int_equal(pando_domain_destroy(pando, domid), PANDO_OK);
}

static void a_guest_comes_and_goes(void **state)
{
    uint32_t domid = create("a"), found;
    struct pando_domain info;
    char *json;

    assert_int_equal(fake_store.introduced, 1);
    assert_string_equal(fake_store_value("/local/domain/1/name"), "a");
    assert_string_equal(fake_store_value("/local/domain/1/memory/target"), "65536");
    assert_string_equal(fake_store_value("/local/domain/1/memory/static-max"), "98304");
    assert_string_equal(fake_store_value("/local/domain/1/cpu/1/availability"), "offline");
    assert_string_equal(fake_store_value("/libxl/1/type"), "pvh");
    assert_int_equal(pando_domain_info(pando, domid, &info), PANDO_OK);
    assert_int_equal(info.state, PANDO_DOMAIN_RUNNING);
    assert_int_equal(info.target_kib, 65536);
    assert_int_equal(pando_domain_find(pando, "a", &found), PANDO_OK);
    assert_int_equal(found, domid);
    assert_int_equal(pando_domain_find(pando, "1", &found), PANDO_OK);
    assert_int_equal(pando_domain_find(pando, info.uuid, &found), PANDO_OK);
    assert_int_equal(pando_domain_find(pando, "b", &found), PANDO_E_NOT_FOUND);
    assert_int_equal(pando_domain_config(pando, domid, &json), PANDO_OK);
    assert_non_null(strstr(json, info.uuid));
    free(json);
    destroy(domid);
    assert_int_equal(pando_domain_destroy(pando, domid), PANDO_E_NOT_FOUND);
    expect_nothing_left();
}

/* Whichever call of the hypervisor fails: nothing is left, and the error tells of the failure. */
static void a_failed_hypercall_leaves_nothing(void **state)
{
    static const int errors[] = { -EINVAL, -ENOMEM };

    for (int e = 0; e < 2; e++) {
        enum pando_code code = PANDO_E_SYSTEM;
        uint32_t domid = 0;
        int n;

        for (n = 0; code; n++) {
            struct pando_config config = config_named("a");

            fake_domains.next_id = 1;
            fake_domains.fail_by = errors[e];
            fake_domains.fail_in = n;
            code = pando_domain_create(pando, &config, NULL, &domid);
            if (code) {
                assert_true(code == PANDO_E_HYPERVISOR || code == PANDO_E_NO_MEMORY);
                expect_nothing_left();
            } else if (fake_domains.fail_in < 0) {
                code = PANDO_E_SYSTEM; /* it got along without what had failed: go on */
                destroy(domid);
            }
            assert_true(n < 1000);
        }
        assert_true(n > 15);
        fake_domains.fail_in = -1;
        destroy(domid);
        expect_nothing_left();
    }
}

static void a_failed_store_request_leaves_nothing(void **state)
{
    enum pando_code code = PANDO_E_SYSTEM;
    uint32_t domid = 0;
    int n;

    for (n = 0; code; n++) {
        struct pando_config config = config_named("a");

        fake_domains.next_id = 1;
        fake_store.fail_in = n;
        code = pando_domain_create(pando, &config, NULL, &domid);
        if (code) {
            assert_int_equal(code, PANDO_E_STORE);
            expect_nothing_left();
        } else if (fake_store.fail_in < 0) {
            code = PANDO_E_SYSTEM; /* what failed was only for information: go on */
            destroy(domid);
        }
        assert_true(n < 1000);
    }
    assert_true(n > 30);
    fake_store.fail_in = -1;
    destroy(domid);
    expect_nothing_left();
}

static bool count_down(void *arg)
{
    return (*(int *)arg)-- == 0;
}

/* Whenever a creation is given up, nothing is left of it. */
static void a_creation_can_be_given_up(void **state)
{
    enum pando_code code = PANDO_E_CANCELLED;
    uint32_t domid = 0;
    int n;

    for (n = 0; code; n++) {
        struct pando_config config = config_named("a");
        int left = n;
        const struct pando_create_options options = { .cancel = count_down, .cancel_arg = &left };

        fake_domains.next_id = 1;
        code = pando_domain_create(pando, &config, &options, &domid);
        if (code) {
            assert_int_equal(code, PANDO_E_CANCELLED);
            expect_nothing_left();
        }
        assert_true(n < 1000);
    }
    assert_true(n > 8);
    destroy(domid);
    expect_nothing_left();
}

/* Also while another tool works on the guest. */
static void waiting_for_the_lock_can_be_given_up(void **state)
{
    struct pando_config config = config_named("a");
    int left = 3;
    const struct pando_create_options options = { .cancel = count_down, .cancel_arg = &left };
    struct domain_lock lock;
    uint32_t domid;

    assert_int_equal(domain_lock(&lock, "a"), PANDO_OK);
    assert_int_equal(pando_domain_create(pando, &config, &options, &domid), PANDO_E_CANCELLED);
    domain_unlock(&lock);
    expect_nothing_left();
}

static void names_and_uuids_are_unique(void **state)
{
    struct pando_config config = config_named("a");
    uint32_t first, other;

    strcpy(config.uuid, UUID);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &first), PANDO_OK);
    config.uuid[0] = '\0';
    assert_int_equal(pando_domain_create(pando, &config, NULL, &other), PANDO_E_EXISTS);
    assert_string_equal(pando_error_key(pando), "name");
    config.name = (char *)(uintptr_t) "b";
    strcpy(config.uuid, UUID);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &other), PANDO_E_EXISTS);
    assert_string_equal(pando_error_key(pando), "uuid");
    assert_int_equal(fake_domains_count(), 1);
    destroy(first);
    expect_nothing_left();
}

static void too_much_memory_is_refused_at_once(void **state)
{
    struct pando_config config = config_named("a");
    uint32_t domid;

    config.memory_mib = config.maxmem_mib = 2048;
    /* Before the kernel is unpacked, which takes long: this is none. */
    config.kernel = (char *)(uintptr_t) "/proc/self/exe";
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_E_NO_MEMORY);
    assert_string_equal(pando_error_key(pando), "memory");
    assert_non_null(strstr(pando_error_text(pando), "the guest needs 2049 MiB"));
    assert_non_null(strstr(pando_error_text(pando), "1024 MiB are free"));
    assert_int_equal(fake_domains.next_id, 1);
    expect_nothing_left();
}

static void without_a_store_there_is_information(void **state)
{
    struct pando_config config = config_named("a");
    struct pando_domain *list;
    uint32_t domid;
    size_t count;

    fake_store.dead = true;
    assert_int_equal(pando_domain_list(pando, &list, &count), PANDO_OK);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].name, "Domain-0");
    assert_true(list[0].memory_kib);
    assert_int_equal(list[0].target_kib, list[0].memory_kib);
    free(list);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_E_STORE);
    assert_int_equal(pando_domain_find(pando, "a", &domid), PANDO_E_STORE);
    assert_non_null(strstr(pando_error_text(pando), "start stored"));
    assert_int_equal(pando_domain_find(pando, "Domain-0", &domid), PANDO_OK);
    fake_store.dead = false;
    expect_nothing_left();
}

static void nodes_and_caches(void **state)
{
    static const struct {
        int error;
        const char *text;
    } reasons[] = { { -ENOSYS, "hypervisor" }, { -ENODEV, "CPU" }, { -EOPNOTSUPP, "CPU" } };
    struct pando_node *nodes;
    size_t count;

    /* A node without memory is left out. */
    assert_int_equal(pando_node_list(pando, &nodes, &count), PANDO_OK);
    assert_int_equal(count, 2);
    assert_int_equal(nodes[0].id, 0);
    assert_int_equal(nodes[0].memory_kib, 2 << 20);
    assert_int_equal(nodes[0].free_kib, 1 << 20);
    assert_int_equal(nodes[1].id, 2);
    assert_int_equal(nodes[1].free_kib, 1 << 10);
    assert_int_equal(nodes[0].cpus[0], 1);
    assert_int_equal(nodes[1].cpus[0], 6);
    free(nodes);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        fake_domains.cache_error = reasons[i].error;
        assert_int_equal(pando_cache_check(pando), PANDO_E_UNSUPPORTED);
        assert_non_null(strstr(pando_error_text(pando), reasons[i].text));
    }
    fake_domains.cache_error = -EFAULT;
    assert_int_equal(pando_cache_check(pando), PANDO_E_HYPERVISOR);
    fake_domains.cache_error = 0;
    destroy(create("a"));
}

/* A guest goes to one node while it fits there, and the next one to another. */
static void guests_are_placed_on_nodes(void **state)
{
    struct pando_node *nodes;
    uint32_t first, second;
    size_t count;

    first = create("a");
    assert_int_equal(fake_domains.list[first].soft[0], 0); /* its two vCPUs need both */
    destroy(first);
    fake_domains.two_large_nodes = true;
    first = create("a");
    assert_int_equal(fake_domains.list[first].soft[0], 6); /* node 2 has two CPUs */
    assert_int_equal(fake_domains.list[first].hard[0], 0);
    second = create("b");
    assert_int_equal(fake_domains.list[second].soft[0], 6);
    destroy(first);
    destroy(second);
    struct pando_config config = config_named("a");
    config.maxvcpus = 1;
    fake_domains.next_id = 1;
    assert_int_equal(pando_domain_create(pando, &config, NULL, &first), PANDO_OK);
    assert_int_equal(fake_domains.list[first].soft[0], 6); /* it has more room */
    config.name = (char *)(uintptr_t) "b";
    assert_int_equal(pando_domain_create(pando, &config, NULL, &second), PANDO_OK);
    assert_int_equal(fake_domains.list[second].soft[0], 1); /* nobody is there yet */
    destroy(first);
    destroy(second);
    /* Who says where its vCPUs may run is not asked again. */
    config.cpus_all = false;
    config.cpus[0] = 1;
    assert_int_equal(pando_domain_create(pando, &config, NULL, &first), PANDO_OK);
    assert_int_equal(fake_domains.list[first].soft[0], 0);
    destroy(first);
    assert_int_equal(pando_node_list(pando, &nodes, &count), PANDO_OK);
    assert_int_equal(nodes[0].distance[0], 10);
    assert_int_equal(nodes[0].distance[2], 22);
    assert_int_equal(nodes[1].distance[0], 40);
    free(nodes);
    expect_nothing_left();
}

static void virtual_nodes_are_placed(void **state)
{
    struct pando_vnode_config vnodes[2] = {
        { .pnode = PANDO_PNODE_ANY, .size_mib = 64, .vcpus = { 1 } },
        { .pnode = 2, .size_mib = 64, .vcpus = { 2 } }
    };
    struct pando_config config = config_named("a");
    uint64_t *kib;
    uint32_t domid;
    size_t count;

    config.maxvcpus = config.vcpus = 2;
    config.vnodes = vnodes;
    config.vnode_count = 2;
    config.memory_mib = config.maxmem_mib = 128;
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_E_NO_MEMORY);
    assert_string_equal(pando_error_key(pando), "vnuma[1].size");
    assert_non_null(strstr(pando_error_text(pando), "of node 2 of the host only 1 MiB"));
    fake_domains.two_large_nodes = true;
    vnodes[0].pnode = 1;
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_E_INVALID);
    assert_string_equal(pando_error_key(pando), "vnuma[0].pnode");
    vnodes[0].pnode = 0;
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_OK);
    assert_int_equal(fake_domains.list[domid].soft[0], 1);
    assert_int_equal(fake_domains.list[domid].soft[1], 6);
    assert_int_equal(pando_domain_nodes(pando, domid, &kib, &count), PANDO_OK);
    assert_int_equal(count, 3);
    assert_int_equal(kib[0], 64 << 10);
    assert_int_equal(kib[1], 0);
    assert_int_equal(kib[2], 64 << 10);
    free(kib);
    destroy(domid);
    assert_int_equal(pando_domain_nodes(pando, domid, &kib, &count), PANDO_E_NOT_FOUND);
    /* It goes where there is room. */
    vnodes[0].pnode = PANDO_PNODE_ANY;
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_OK);
    assert_int_equal(fake_domains.list[domid].exact[2], 128 * 256);
    destroy(domid);
    expect_nothing_left();
}

static void the_start_is_remembered(void **state)
{
    int64_t before = time(NULL), started = 0;
    uint32_t domid = create("a");

    assert_int_equal(pando_domain_started(pando, domid, &started), PANDO_OK);
    assert_true(started >= before && started <= time(NULL));
    destroy(domid);
    assert_int_equal(pando_domain_started(pando, domid, &started), PANDO_E_STORE);
    expect_nothing_left();
}

static void pausing_twice_is_pausing(void **state)
{
    uint32_t domid = create("a");

    assert_int_equal(pando_domain_pause(pando, domid), PANDO_OK);
    assert_int_equal(pando_domain_pause(pando, domid), PANDO_OK);
    assert_true(fake_domains.list[domid].flags & XEN_DOMINF_paused);
    assert_int_equal(pando_domain_unpause(pando, domid), PANDO_OK);
    assert_int_equal(pando_domain_unpause(pando, domid), PANDO_OK);
    assert_false(fake_domains.list[domid].flags & XEN_DOMINF_paused);
    assert_int_equal(pando_domain_pause(pando, 0), PANDO_E_INVALID);
    assert_int_equal(pando_domain_destroy(pando, 0), PANDO_E_INVALID);
    destroy(domid);
}

static void a_rename_reaches_everything(void **state)
{
    uint32_t a = create("a"), b = create("b");
    char *json;

    assert_int_equal(pando_domain_rename(pando, a, "b"), PANDO_E_EXISTS);
    assert_int_equal(pando_domain_rename(pando, a, "no/name"), PANDO_E_INVALID);
    assert_int_equal(pando_domain_rename(pando, a, "c"), PANDO_OK);
    assert_string_equal(fake_store_value("/local/domain/1/name"), "c");
    assert_int_equal(pando_domain_config(pando, a, &json), PANDO_OK);
    assert_non_null(strstr(json, "\"c\""));
    free(json);
    assert_int_equal(pando_domain_rename(pando, b, "a"), PANDO_OK);
    destroy(a);
    destroy(b);
    expect_nothing_left();
}

static void a_guest_set_aside_makes_room(void **state)
{
    struct pando_config config = config_named("a"), saved;
    struct pando_domain info;
    uint32_t first, second;

    strcpy(config.uuid, UUID);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &first), PANDO_OK);
    assert_int_equal(domain_set_aside(pando, first, "a"), PANDO_OK);
    assert_int_equal(pando_domain_info(pando, first, &info), PANDO_OK);
    assert_string_equal(info.name, "a-1");
    assert_string_not_equal(info.uuid, UUID);
    assert_int_equal(domain_state_load(DOMAIN_STATE_LIVE, first, &saved), PANDO_OK);
    assert_int_equal(saved.on_crash, PANDO_ACTION_PRESERVE);
    pando_config_free(&saved);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &second), PANDO_OK);
    destroy(first);
    destroy(second);
    expect_nothing_left();
}

static void memory_stays_within_its_bounds(void **state)
{
    uint32_t domid = create("a");

    assert_int_equal(pando_memory_set(pando, domid, 97 * 1024), PANDO_E_INVALID);
    assert_string_equal(pando_error_key(pando), "memory");
    assert_int_equal(pando_memory_set(pando, domid, 96 * 1024), PANDO_OK);
    assert_string_equal(fake_store_value("/local/domain/1/memory/target"), "98304");
    assert_int_equal(pando_memory_max_set(pando, domid, 95 * 1024), PANDO_E_INVALID);
    assert_string_equal(pando_error_key(pando), "maxmem");
    assert_int_equal(pando_memory_max_set(pando, domid, 200 * 1024), PANDO_OK);
    assert_int_equal(pando_memory_set(pando, domid, 200 * 1024), PANDO_OK);
    assert_int_equal(pando_memory_set(pando, domid, 0), PANDO_E_INVALID);
    destroy(domid);
}

static void an_unanswered_request_times_out(void **state)
{
    uint32_t domid = create("a");
    enum pando_reason reason = PANDO_REASON_POWEROFF;

    assert_int_equal(pando_domain_shutdown(pando, domid, 1), PANDO_E_TIMEOUT);
    assert_string_equal(fake_store_value("/local/domain/1/control/shutdown"), "poweroff");
    assert_int_equal(pando_domain_reboot(pando, domid, 0), PANDO_OK);
    assert_string_equal(fake_store_value("/local/domain/1/control/shutdown"), "reboot");
    assert_int_equal(pando_domain_wait(pando, domid, PANDO_EVENT_SHUTDOWN, 1, &reason),
                     PANDO_E_TIMEOUT);
    fake_domains.list[domid].flags |= XEN_DOMINF_shutdown | SHUTDOWN_crash
                                                                << XEN_DOMINF_shutdownshift;
    assert_int_equal(pando_domain_wait(pando, domid, PANDO_EVENT_SHUTDOWN, -1, &reason), PANDO_OK);
    assert_int_equal(reason, PANDO_REASON_CRASH);
    assert_int_equal(pando_domain_shutdown(pando, domid, 1), PANDO_E_STATE);
    assert_int_equal(pando_domain_wait(pando, domid, PANDO_EVENT_GONE, 0, NULL), PANDO_E_TIMEOUT);
    destroy(domid);
    assert_int_equal(pando_domain_wait(pando, domid, PANDO_EVENT_GONE, 0, NULL), PANDO_OK);
}

/* What a guest that has vanished has left behind goes as well. */
static void leftovers_are_removed(void **state)
{
    static const char *const nodes[] = { "/local/domain/0/backend/vif/1/0/state",
                                         "/local/domain/0/backend/vbd/1/51712/state",
                                         "/local/domain/1/device/vbd/51712/state",
                                         "/local/domain/0/error/backend/vbd/1/51712/error" };
    uint32_t domid = create("a");
    struct store *store;

    assert_int_equal(pando_store(pando, &store), PANDO_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(store_write_str(store, 0, nodes[i], "4"), 0);
    }
    fake_domains.list[domid].exists = false;
    fake_domains.free_kib = free_before;
    assert_int_equal(domain_destroy_locked(pando, domid), PANDO_OK);
    expect_nothing_left();
}

/* Its word that it has connected goes over ours that it shall close. */
static void a_backend_about_to_connect_closes(void **state)
{
    uint32_t domid = create("a");
    struct store *store;

    assert_int_equal(pando_store(pando, &store), PANDO_OK);
    assert_int_equal(store_write_str(store, 0, "/local/domain/0/backend/vbd/1/51712/state", "2"),
                     0);
    assert_int_equal(store_write_str(store, 0, "/local/domain/1/device/vbd/51712/state", "3"), 0);
    fake_store.racing = true;
    assert_int_equal(pando_domain_destroy(pando, domid), PANDO_OK);
    expect_nothing_left();
}

/* A tool was killed in the middle of a creation. */
static void the_next_creation_clears_up(void **state)
{
    struct pando_config config = config_named("a");
    uint32_t first, second;

    strcpy(config.uuid, UUID);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &first), PANDO_OK);
    assert_int_equal(domain_state_save(DOMAIN_STATE_BUILDING, first, &config), PANDO_OK);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &second), PANDO_OK);
    assert_int_equal(fake_domains_count(), 1);
    destroy(second);
    expect_nothing_left();
}

/* A tool was killed when it had made the domain, before it could write down its id. */
static void a_nameless_domain_is_cleared_up(void **state)
{
    struct pando_config config = config_named("a"), other = config_named("b");
    uint32_t nameless = create("a"), second, third;
    unsigned int cleared = 0;

    strcpy(config.uuid, UUID);
    uuid_to_handle(UUID, fake_domains.list[nameless].handle);
    domain_state_remove(DOMAIN_STATE_LIVE, nameless);
    assert_int_equal(domain_announce(&config), PANDO_OK);
    /* Another guest's creation has no business with it. */
    assert_int_equal(pando_domain_create(pando, &other, NULL, &second), PANDO_OK);
    assert_int_equal(fake_domains_count(), 2);
    assert_int_equal(pando_domain_create(pando, &config, NULL, &third), PANDO_OK);
    assert_int_equal(fake_domains_count(), 2);
    assert_false(fake_domains.list[nameless].exists);
    /* One that is known stays. */
    assert_int_equal(domain_announce(&config), PANDO_OK);
    assert_int_equal(domain_announce_clear(pando, NULL, &cleared), PANDO_OK);
    assert_int_equal(cleared, 0);
    assert_int_equal(fake_domains_count(), 2);
    destroy(second);
    destroy(third);
    expect_nothing_left();
}

static int inside, entered;

static void *take_turns(void *arg)
{
    for (int i = 0; i < 20; i++) {
        struct domain_lock lock;

        if (domain_lock(&lock, "a")) {
            return arg;
        }
        if (inside++) {
            return arg;
        }
        entered++;
        sched_yield();
        inside--;
        domain_unlock(&lock);
    }
    return NULL;
}

/* Although the file goes with each unlock. */
static void a_lock_has_one_holder(void **state)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &inside), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(entered, 80);
}

struct told {
    unsigned int calls, done, total, unpacking; /* calls, and those with a percentage */
};

static void steps_are_told(void *arg, const char *step, unsigned int done, unsigned int total)
{
    struct told *told = arg;

    assert_true(done >= told->done);
    assert_true(done <= total);
    assert_true(!told->calls || total == told->total);
    told->unpacking += !strncmp(step, "unpack ", 7) && strstr(step, " %");
    *told = (struct told){ told->calls + 1, done, total, told->unpacking };
}

static void progress_ends_at_the_total(void **state)
{
    struct pando_config config = config_named("a");
    struct told told = { 0 };
    struct pando_create_options options = { true, steps_are_told, &told };
    uint32_t domid;

    assert_int_equal(pando_domain_create(pando, &config, &options, &domid), PANDO_OK);
    assert_int_equal(told.calls, 8);
    assert_int_equal(told.done, told.total);
    assert_int_equal(told.unpacking, 0);
    assert_true(fake_domains.list[domid].flags & XEN_DOMINF_paused);
    destroy(domid);
}

/* A kernel that is compressed, with 8 MiB behind it that are not to be compressed any more. */
static void pack_kernel(const char *path)
{
    char block[4096];
    uint32_t noise = 1;
    gzFile out = gzopen(path, "wb");
    FILE *in = fopen(scratch_kernel, "r");
    size_t size;

    while ((size = fread(block, 1, sizeof(block), in)) > 0) {
        assert_int_equal(gzwrite(out, block, (unsigned int)size), size);
    }
    fclose(in);
    for (int i = 0; i < 2048; i++) {
        for (size_t j = 0; j < sizeof(block); j++) {
            noise = noise * 1103515245 + 12345;
            block[j] = (char)(noise >> 16);
        }
        assert_int_equal(gzwrite(out, block, sizeof(block)), sizeof(block));
    }
    assert_int_equal(gzclose(out), Z_OK);
}

static void unpacking_is_a_step_of_its_own(void **state)
{
    char path[] = "/tmp/pando-packed-XXXXXX";
    struct pando_config config = config_named("a");
    struct told told = { 0 };
    struct pando_create_options options = { true, steps_are_told, &told };
    uint32_t domid;

    close(mkstemp(path));
    pack_kernel(path);
    config.kernel = path;
    assert_int_equal(pando_domain_create(pando, &config, &options, &domid), PANDO_OK);
    unlink(path);
    assert_true(told.unpacking >= 4);
    assert_int_equal(told.done, told.total);
    destroy(domid);
}

static void addresses_are_made_of_uuids(void **state)
{
    char a[18], b[18], c[18];

    device_mac(UUID, 0, a);
    device_mac(UUID, 0, b);
    device_mac(UUID, 1, c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_memory_equal(a, "00:16:3e:", 9);
    assert_true(a[9] < '8');
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_guest_comes_and_goes),
        TEST(a_failed_hypercall_leaves_nothing),
        TEST(a_failed_store_request_leaves_nothing),
        TEST(a_creation_can_be_given_up),
        TEST(waiting_for_the_lock_can_be_given_up),
        TEST(names_and_uuids_are_unique),
        TEST(too_much_memory_is_refused_at_once),
        TEST(without_a_store_there_is_information),
        TEST(nodes_and_caches),
        TEST(guests_are_placed_on_nodes),
        TEST(virtual_nodes_are_placed),
        TEST(the_start_is_remembered),
        TEST(pausing_twice_is_pausing),
        TEST(a_rename_reaches_everything),
        TEST(a_guest_set_aside_makes_room),
        TEST(memory_stays_within_its_bounds),
        TEST(an_unanswered_request_times_out),
        TEST(leftovers_are_removed),
        TEST(a_backend_about_to_connect_closes),
        TEST(the_next_creation_clears_up),
        TEST(a_nameless_domain_is_cleared_up),
        TEST(a_lock_has_one_holder),
        TEST(progress_ends_at_the_total),
        TEST(unpacking_is_a_step_of_its_own),
        cmocka_unit_test(addresses_are_made_of_uuids),
    };

    return cmocka_run_group_tests_name("ctl-domain", tests, NULL, NULL);
}
