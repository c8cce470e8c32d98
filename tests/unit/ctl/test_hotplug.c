/* SPDX-License-Identifier: MIT */
/* Devices that come and go while their guest runs, with a fake hypervisor, store and dom0. */
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "domain.h"
#include "fake_domains.h"
#include "fake_store.h"
#include "paths.h"
#include "plugin_host.h"
#include "scratch.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"

static pando_t *pando;
static uint32_t domid;
static enum pando_code add_fails;

/* --- in the place of device_disk.c and device_net.c ---------------------------------------- */

enum pando_code device_disks_check(const struct pando_config *config, size_t first)
{
    assert_true(first == 0 || first == config->disk_count - 1);
    for (size_t i = first; i < config->disk_count; i++) {
        if (!strcmp(config->disks[i].target, "/missing")) {
            return pando_fail(PANDO_E_NOT_FOUND, "disk", "no such file");
        }
    }
    return PANDO_OK;
}

enum pando_code device_nets_check(const struct pando_config *config, size_t first)
{
    assert_true(first == 0 || first == config->vif_count - 1);
    return PANDO_OK;
}

/* In the place of plugin_hook.c: one hook, which may refuse. */
static struct {
    bool refuses;
    unsigned int before, after;
    struct pando_plugin_event event;
    char what[40];
} hook;

enum pando_code plugin_step_begin(struct plugin_step *step)
{
    const struct pando_plugin_event *event = &step->event;

    hook.before++;
    hook.event = *event;
    if (event->step == PANDO_STEP_DETACH) {
        snprintf(hook.what, sizeof(hook.what), "%s", event->which);
    } else if (event->step == PANDO_STEP_ATTACH && event->device == PANDO_DISK) {
        snprintf(hook.what, sizeof(hook.what), "%s", event->config->disks[0].target);
    }
    return hook.refuses ? pando_fail(PANDO_E_REFUSED, NULL, "not here") : PANDO_OK;
}

enum pando_code plugin_step_end(struct plugin_step *step, enum pando_code code)
{
    hook.after++;
    hook.event.result = code;
    return code;
}

static void put_device(struct store_nodes *n, void *arg)
{
    const struct device *device = arg;

    device_put_frontend(n, device);
    device_put_backend(n, device);
    if (!strcmp(device->kind, "vif")) {
        nodes_put(n, "mac", "%s", device->what);
    }
}

static enum pando_code add(struct store *store, struct device *device)
{
    assert_int_equal(nodes_transaction(store, put_device, device), 0);
    return add_fails ? pando_fail(add_fails, device->key, "the test wants it so") : PANDO_OK;
}

enum pando_code device_disk_add(struct store *store, uint32_t id, const struct pando_config *config,
                                size_t index)
{
    struct device device;
    uint32_t number;

    assert_true(pando_vdev_number(config->disks[index].vdev, &number));
    device_init(&device, "vbd", id, number);
    return add(store, &device);
}

enum pando_code device_net_add(struct store *store, uint32_t id, const struct pando_config *config,
                               size_t index, uint32_t number)
{
    struct device device;

    device_init(&device, "vif", id, number);
    if (config->vifs[index].mac[0]) {
        strcpy(device.what, config->vifs[index].mac);
    } else {
        device_mac(config->uuid, index, device.what);
    }
    return add(store, &device);
}

/* --- the tests ------------------------------------------------------------------------------ */

static int setup(void **state)
{
    struct pando_vif_config vifs[2] = { { .bridge = (char *)(uintptr_t) "xenbr0" },
                                        { .bridge = (char *)(uintptr_t) "xenbr0" } };
    struct pando_disk_config disk = { .vdev = (char *)(uintptr_t) "xvda",
                                      .target = (char *)(uintptr_t) "/a.img" };
    struct pando_config config = { .name = (char *)(uintptr_t) "g",
                                   .uuid = UUID,
                                   .memory_mib = 64,
                                   .maxmem_mib = 64,
                                   .vcpus = 1,
                                   .maxvcpus = 1,
                                   .cpus_all = true,
                                   .disks = &disk,
                                   .disk_count = 1,
                                   .vifs = vifs,
                                   .vif_count = 2 };

    scratch_enter();
    config.kernel = scratch_kernel;
    memset(config.cpus, 0xff, sizeof(config.cpus));
    fake_domains_reset();
    fake_store_reset();
    add_fails = PANDO_OK;
    pando = pando_open();
    assert_int_equal(pando_domain_create(pando, &config, NULL, &domid), PANDO_OK);
    return 0;
}

static int teardown(void **state)
{
    fake_store.stubborn = false;
    assert_int_equal(pando_domain_destroy(pando, domid), PANDO_OK);
    assert_int_equal(fake_store_count("/"), 0);
    pando_close(pando);
    rmdir(PANDO_LOCK_DIR);
    rmdir(PANDO_DOMAIN_DIR);
    rmdir(PANDO_BUILDING_DIR);
    rmdir(PANDO_STARTING_DIR);
    rmdir(PANDO_ANNOUNCED_DIR);
    assert_int_equal(rmdir(PANDO_RUN_DIR), 0);
    scratch_leave();
    return 0;
}

/* Whether the live configuration has the text, and nothing else has changed in it. */
static bool is_configured(const char *text)
{
    char *json;
    bool found;

    assert_int_equal(pando_domain_config(pando, domid, &json), PANDO_OK);
    found = strstr(json, text) != NULL;
    free(json);
    return found;
}

static enum pando_code attach(enum pando_device kind, const char *json)
{
    return pando_device_attach(pando, domid, kind, json);
}

static enum pando_code detach(enum pando_device kind, const char *which, unsigned int timeout_ms)
{
    return pando_device_detach(pando, domid, kind, which, timeout_ms);
}

static void a_disk_comes_and_goes(void **state)
{
    assert_int_equal(attach(PANDO_DISK, "{\"vdev\": \"xvdb\", \"target\": \"/b.img\"}"), PANDO_OK);
    assert_non_null(fake_store_value("/local/domain/0/backend/vbd/1/51728/state"));
    assert_non_null(fake_store_value("/local/domain/1/device/vbd/51728/backend"));
    assert_true(is_configured("/b.img"));
    assert_int_equal(detach(PANDO_DISK, "xvdb", 1000), PANDO_OK);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vbd/1/51728"), 0);
    assert_int_equal(fake_store_count("/local/domain/1/device/vbd/51728"), 0);
    assert_false(is_configured("/b.img"));
    assert_int_equal(detach(PANDO_DISK, "xvdb", 1000), PANDO_E_NOT_FOUND);
    /* The first one is still there, and may go as well. */
    assert_non_null(fake_store_value("/local/domain/0/backend/vbd/1/51712/state"));
    assert_int_equal(detach(PANDO_DISK, "xvda", 1000), PANDO_OK);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vbd/1/"), 0);
}

static void what_is_wrong_changes_nothing(void **state)
{
    unsigned int nodes = fake_store_count("/");

    assert_int_equal(attach(PANDO_DISK, "{\"vdev\": \"xvdb\"}"), PANDO_E_INVALID);
    assert_string_equal(pando_error_key(pando), "disk[0].target");
    assert_int_equal(attach(PANDO_DISK, "{\"vdev\": \"xvda\", \"target\": \"/b.img\"}"),
                     PANDO_E_INVALID);
    assert_string_equal(pando_error_key(pando), "disk[1].vdev");
    assert_int_equal(attach(PANDO_DISK, "{}, {}"), PANDO_E_INVALID);
    assert_int_equal(attach(PANDO_DISK, ""), PANDO_E_INVALID);
    assert_int_equal(attach(PANDO_DISK, "{\"vdev\": \"xvdb\", \"target\": \"/missing\"}"),
                     PANDO_E_NOT_FOUND);
    add_fails = PANDO_E_DEVICE;
    assert_int_equal(attach(PANDO_DISK, "{\"vdev\": \"xvdb\", \"target\": \"/b.img\"}"),
                     PANDO_E_DEVICE);
    assert_string_equal(pando_error_text(pando), "the test wants it so");
    assert_int_equal(attach(PANDO_VIF, "{}"), PANDO_E_DEVICE);
    assert_false(is_configured("xvdb"));
    assert_int_equal(fake_store_count("/"), nodes);
    assert_int_equal(pando_device_attach(pando, 0, PANDO_VIF, "{}"), PANDO_E_INVALID);
    assert_int_equal(pando_device_attach(pando, 7, PANDO_VIF, "{}"), PANDO_E_NOT_FOUND);
}

static void hooks_are_asked_and_told(void **state)
{
    unsigned int nodes = fake_store_count("/");
    const char *disk = "{\"vdev\": \"xvdb\", \"target\": \"/b.img\"}";

    memset(&hook, 0, sizeof(hook));
    hook.refuses = true;
    assert_int_equal(attach(PANDO_DISK, disk), PANDO_E_REFUSED);
    assert_int_equal(hook.event.step, PANDO_STEP_ATTACH);
    assert_string_equal(hook.what, "/b.img");
    assert_int_equal(detach(PANDO_DISK, "xvda", 1000), PANDO_E_REFUSED);
    assert_int_equal(hook.event.step, PANDO_STEP_DETACH);
    assert_string_equal(hook.what, "xvda");
    assert_int_equal(hook.event.domid, domid);
    assert_int_equal(hook.after, 0);
    assert_int_equal(fake_store_count("/"), nodes);

    hook.refuses = false;
    assert_int_equal(attach(PANDO_DISK, disk), PANDO_OK);
    assert_int_equal(hook.event.result, PANDO_OK);
    assert_int_equal(detach(PANDO_DISK, "nonesuch", 1000), PANDO_E_NOT_FOUND);
    assert_int_equal(hook.event.result, PANDO_E_NOT_FOUND);
    assert_int_equal(hook.after, 2);
    /* What is not understood isn't a step. */
    assert_int_equal(attach(PANDO_DISK, "{}, {}"), PANDO_E_INVALID);
    assert_int_equal(hook.before, 4);
}

static void a_guest_that_does_not_let_go_keeps_it(void **state)
{
    fake_store.stubborn = true;
    assert_int_equal(detach(PANDO_DISK, "xvda", 5), PANDO_E_TIMEOUT);
    assert_non_null(fake_store_value("/local/domain/1/device/vbd/51712/backend"));
    assert_string_equal(fake_store_value("/local/domain/0/backend/vbd/1/51712/online"), "0");
    assert_true(is_configured("/a.img"));
    /* Without asking. */
    fake_store.stubborn = false;
    assert_int_equal(detach(PANDO_DISK, "xvda", 0), PANDO_OK);
    assert_int_equal(fake_store_count("/local/domain/1/device/vbd/"), 0);
    assert_false(is_configured("/a.img"));
}

/* Addresses of networks that stay do not change with the list, also not at the next start. */
static void networks_keep_their_addresses(void **state)
{
    char macs[4][18];

    for (size_t i = 0; i < 4; i++) {
        device_mac(UUID, i, macs[i]);
    }
    assert_int_equal(detach(PANDO_VIF, "0", 1000), PANDO_OK);
    assert_true(is_configured(macs[1]));
    assert_false(is_configured(macs[0]));
    assert_int_equal(detach(PANDO_VIF, "0", 1000), PANDO_E_NOT_FOUND);
    assert_int_equal(attach(PANDO_VIF, "{}"), PANDO_OK);
    assert_string_equal(fake_store_value("/local/domain/0/backend/vif/1/0/mac"), macs[0]);
    assert_int_equal(attach(PANDO_VIF, "{\"mac\": \"00:16:3e:aa:bb:cc\"}"), PANDO_OK);
    assert_string_equal(fake_store_value("/local/domain/0/backend/vif/1/2/mac"),
                        "00:16:3e:aa:bb:cc");
    assert_int_equal(attach(PANDO_VIF, "{\"mac\": \"00:16:3e:aa:bb:cc\"}"), PANDO_E_INVALID);
    assert_int_equal(detach(PANDO_VIF, "00:16:3E:AA:BB:CC", 1000), PANDO_OK);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vif/1/2/"), 0);
    assert_false(is_configured("aa:bb:cc"));
}

static void a_guest_that_has_ended_gets_nothing(void **state)
{
    fake_domains.list[domid].flags |= XEN_DOMINF_shutdown;
    assert_int_equal(attach(PANDO_VIF, "{}"), PANDO_E_STATE);
    assert_int_equal(detach(PANDO_VIF, "0", 1000), PANDO_E_STATE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_disk_comes_and_goes),         TEST(what_is_wrong_changes_nothing),
        TEST(hooks_are_asked_and_told),      TEST(a_guest_that_does_not_let_go_keeps_it),
        TEST(networks_keep_their_addresses), TEST(a_guest_that_has_ended_gets_nothing),
    };

    return cmocka_run_group_tests_name("ctl-hotplug", tests, NULL, NULL);
}
