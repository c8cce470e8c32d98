/* SPDX-License-Identifier: MIT */
/* What the lifecycle daemon does when guests end. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/monitord/monitor.h"
#include "domain.h"
#include "fake_domains.h"
#include "fake_store.h"
#include "paths.h"
#include "scratch.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"

static struct monitor monitor = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                  .idle = PTHREAD_COND_INITIALIZER };
static struct pando_config config;

static int setup(void **state)
{
    scratch_enter();
    fake_domains_reset();
    fake_store_reset();
    monitor.kept_count = 0;
    monitor.pando = pando_open();
    config = (struct pando_config){ .name = (char *)(uintptr_t) "g",
                                    .uuid = UUID,
                                    .kernel = scratch_kernel,
                                    .memory_mib = 64,
                                    .maxmem_mib = 64,
                                    .vcpus = 1,
                                    .maxvcpus = 1,
                                    .cpus_all = true,
                                    .on_poweroff = PANDO_ACTION_DESTROY,
                                    .on_reboot = PANDO_ACTION_RESTART,
                                    .on_crash = PANDO_ACTION_PRESERVE };
    memset(config.cpus, 0xff, sizeof(config.cpus));
    return 0;
}

static int teardown(void **state)
{
    struct pando_domain *list;
    size_t count;

    assert_int_equal(pando_domain_list(monitor.pando, &list, &count), PANDO_OK);
    for (size_t i = 1; i < count; i++) {
        assert_int_equal(pando_domain_destroy(monitor.pando, list[i].id), PANDO_OK);
    }
    free(list);
    assert_int_equal(fake_store_count("/"), 0);
    pando_close(monitor.pando);
    assert_int_equal(rmdir(PANDO_LOCK_DIR), 0);
    assert_int_equal(rmdir(PANDO_DOMAIN_DIR), 0);
    rmdir(PANDO_RESTART_DIR);
    assert_int_equal(rmdir(PANDO_BUILDING_DIR), 0);
    assert_int_equal(rmdir(PANDO_STARTING_DIR), 0);
    assert_int_equal(rmdir(PANDO_ANNOUNCED_DIR), 0);
    assert_int_equal(rmdir(PANDO_RUN_DIR), 0);
    scratch_leave();
    return 0;
}

/* A guest that has been running for a while. */
static uint32_t create(void)
{
    const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
    char path[64];
    uint32_t domid;

    assert_int_equal(pando_domain_create(monitor.pando, &config, NULL, &domid), PANDO_OK);
    snprintf(path, sizeof(path), PANDO_DOMAIN_DIR "/%u.json", domid);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    return domid;
}

static void end(uint32_t domid, enum pando_reason reason)
{
    fake_domains.list[domid].flags |= XEN_DOMINF_shutdown | (uint32_t)reason
                                                                << XEN_DOMINF_shutdownshift;
}

static void scan(void)
{
    monitor_scan(&monitor);
    monitor_drain(&monitor);
}

static uint32_t find(const char *name)
{
    uint32_t domid;

    assert_int_equal(pando_domain_find(monitor.pando, name, &domid), PANDO_OK);
    return domid;
}

static void the_living_are_left_alone(void **state)
{
    uint32_t domid = create();

    scan();
    assert_int_equal(find("g"), domid);
    assert_int_equal(fake_domains_count(), 1);
}

static void poweroff_destroys(void **state)
{
    end(create(), PANDO_REASON_POWEROFF);
    scan();
    assert_int_equal(fake_domains_count(), 0);
    assert_int_equal(fake_store_count("/"), 0);
}

static void reboot_restarts(void **state)
{
    uint32_t domid = create(), again;
    struct pando_domain info;

    end(domid, PANDO_REASON_REBOOT);
    scan();
    again = find("g");
    assert_int_not_equal(again, domid);
    assert_int_equal(pando_domain_info(monitor.pando, again, &info), PANDO_OK);
    assert_string_equal(info.uuid, UUID);
    assert_int_equal(info.state, PANDO_DOMAIN_RUNNING);
    assert_int_equal(fake_domains_count(), 1);
}

static void a_crashed_one_is_preserved_once(void **state)
{
    uint32_t domid = create();

    end(domid, PANDO_REASON_CRASH);
    scan();
    assert_int_equal(find("g"), domid);
    assert_int_equal(monitor.kept_count, 1);
    scan();
    assert_int_equal(monitor.kept_count, 1);
    assert_int_equal(pando_domain_destroy(monitor.pando, domid), PANDO_OK);
    scan();
    assert_int_equal(monitor.kept_count, 0);
}

static void a_crashed_one_is_renamed_and_replaced(void **state)
{
    uint32_t domid;

    config.on_crash = PANDO_ACTION_RENAME_RESTART;
    domid = create();
    end(domid, PANDO_REASON_WATCHDOG);
    scan();
    assert_int_equal(find("g-1"), domid);
    assert_int_not_equal(find("g"), domid);
    assert_int_equal(fake_domains_count(), 2);
    /* Also after the daemon's own restart the old one stays what it is. */
    monitor.kept_count = 0;
    scan();
    assert_int_equal(fake_domains_count(), 2);
}

static void a_suspended_one_is_a_tools_business(void **state)
{
    uint32_t domid = create();

    end(domid, PANDO_REASON_SUSPEND);
    scan();
    assert_int_equal(find("g"), domid);
}

static void what_a_vanished_one_left_is_removed(void **state)
{
    uint32_t domid = create();

    fake_domains.list[domid].exists = false;
    scan();
    assert_int_equal(fake_store_count("/"), 0);
}

/* The daemon was killed after the old one's end, before the new one's start. */
static void an_interrupted_restart_is_finished(void **state)
{
    uint32_t domid = create();

    end(domid, PANDO_REASON_REBOOT);
    assert_int_equal(domain_state_save(DOMAIN_STATE_RESTART, domid, &config), PANDO_OK);
    assert_int_equal(pando_domain_destroy(monitor.pando, domid), PANDO_OK);
    scan();
    assert_int_equal(find("g"), domid + 1);
    scan();
    assert_int_equal(fake_domains_count(), 1);
    /* And once more: before the old one's end. */
    end(domid + 1, PANDO_REASON_REBOOT);
    assert_int_equal(domain_state_save(DOMAIN_STATE_RESTART, domid + 1, &config), PANDO_OK);
    scan();
    assert_int_equal(find("g"), domid + 2);
    assert_int_equal(fake_domains_count(), 1);
}

static void a_broken_off_creation_is_removed(void **state)
{
    uint32_t domid = create();
    struct domain_lock lock;

    assert_int_equal(domain_state_save(DOMAIN_STATE_BUILDING, domid, &config), PANDO_OK);
    assert_int_equal(domain_lock(&lock, "g"), PANDO_OK);
    scan();
    assert_int_equal(fake_domains_count(), 1); /* somebody is at it */
    domain_unlock(&lock);
    scan();
    assert_int_equal(fake_domains_count(), 0);
    assert_int_equal(fake_store_count("/"), 0);
}

static void a_nameless_domain_is_removed(void **state)
{
    uint32_t domid = create();
    struct domain_lock lock;

    domain_state_remove(DOMAIN_STATE_LIVE, domid);
    assert_int_equal(domain_announce(&config), PANDO_OK);
    assert_int_equal(domain_lock(&lock, "g"), PANDO_OK);
    scan();
    assert_int_equal(fake_domains_count(), 1); /* somebody is at it */
    domain_unlock(&lock);
    scan();
    assert_int_equal(fake_domains_count(), 0);
}

/* A tool was killed right before it would have started the guest. */
static void a_complete_guest_is_started(void **state)
{
    const struct pando_create_options options = { .paused = true };
    struct domain_lock lock;
    uint32_t domid;

    assert_int_equal(pando_domain_create(monitor.pando, &config, &options, &domid), PANDO_OK);
    scan();
    assert_true(fake_domains.list[domid].flags & XEN_DOMINF_paused);
    assert_int_equal(domain_state_save(DOMAIN_STATE_STARTING, domid, &config), PANDO_OK);
    assert_int_equal(domain_lock(&lock, "g"), PANDO_OK);
    scan();
    assert_true(fake_domains.list[domid].flags & XEN_DOMINF_paused);
    domain_unlock(&lock);
    scan();
    assert_false(fake_domains.list[domid].flags & XEN_DOMINF_paused);
    /* It was done by somebody else: it stays as that one wants it. */
    assert_int_equal(domain_state_save(DOMAIN_STATE_STARTING, domid, &config), PANDO_OK);
    assert_int_equal(pando_domain_pause(monitor.pando, domid), PANDO_OK);
    scan();
    assert_true(fake_domains.list[domid].flags & XEN_DOMINF_paused);
}

/* While there is no store a guest's nodes can't be removed, but they are remembered. */
static void nodes_are_removed_when_the_store_is_back(void **state)
{
    uint32_t domid = create();

    fake_store.dead = true;
    assert_int_equal(pando_domain_destroy(monitor.pando, domid), PANDO_E_STORE);
    assert_int_equal(fake_domains_count(), 0);
    fake_store.dead = false;
    assert_true(fake_store_count("/") > 0);
    scan();
    assert_int_equal(fake_store_count("/"), 0);
}

static void a_failed_restart_leaves_nothing(void **state)
{
    end(create(), PANDO_REASON_REBOOT);
    unlink(scratch_kernel);
    scan();
    assert_int_equal(fake_domains_count(), 0);
    assert_int_equal(fake_store_count("/"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_living_are_left_alone),
        TEST(poweroff_destroys),
        TEST(reboot_restarts),
        TEST(a_crashed_one_is_preserved_once),
        TEST(a_crashed_one_is_renamed_and_replaced),
        TEST(a_suspended_one_is_a_tools_business),
        TEST(what_a_vanished_one_left_is_removed),
        TEST(an_interrupted_restart_is_finished),
        TEST(a_broken_off_creation_is_removed),
        TEST(a_nameless_domain_is_removed),
        TEST(a_complete_guest_is_started),
        TEST(nodes_are_removed_when_the_store_is_back),
        TEST(a_failed_restart_leaves_nothing),
    };

    return cmocka_run_group_tests_name("ctl-monitor", tests, NULL, NULL);
}
