/* SPDX-License-Identifier: MIT */
/* Virtual nodes: read, printed, and what is wrong with them. */
#include "test_config.h"
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EXPECT(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define GOOD        "\"name\": \"vm\", \"kernel\": \"kernel\", \"memory\": 64, \"vcpus\": 4"

static void check_nodes(const struct pando_config *config)
{
    assert_int_equal(config->vnode_count, 2);
    assert_int_equal(config->vnodes[0].pnode, 1);
    assert_int_equal(config->vnodes[0].size_mib, 24);
    assert_int_equal(config->vnodes[0].vcpus[0], 9);
    assert_int_equal(config->vnodes[0].distance_count, 2);
    assert_int_equal(pando_vnode_distance(config, 0, 0), 10);
    assert_int_equal(pando_vnode_distance(config, 0, 1), 31);
    assert_int_equal(config->vnodes[1].pnode, PANDO_PNODE_ANY);
    assert_int_equal(config->vnodes[1].vcpus[0], 6);
    assert_int_equal(pando_vnode_distance(config, 1, 0), 20);
    assert_int_equal(pando_vnode_distance(config, 1, 1), 10);
}

void reads_virtual_nodes(void **state)
{
    struct pando_config config, copy;
    struct pando_problems problems = { 0 };

    assert_int_equal(harness_load("{ " GOOD ", \"vnuma\": [ { \"pnode\": 1, \"size\": 24,\n"
                                  "\"vcpus\": \"0,3\", \"vdistances\": [10, 31] },\n"
                                  "{ \"size\": 40, \"vcpus\": \"1-2\" } ] }",
                                  NULL, 0, &config, &problems),
                     PANDO_OK);
    check_nodes(&config);
    char *text = pando_config_print(&config);
    assert_non_null(text);
    assert_null(strstr(text, "4294967295"));
    free(text);
    assert_int_equal(pando_config_copy(&copy, &config), PANDO_OK);
    check_nodes(&copy);
    pando_config_free(&copy);
    pando_config_free(&config);
    /* One node of all vCPUs. */
    assert_int_equal(harness_load("{ " GOOD ", \"vnuma\": [ { \"size\": 64, \"vcpus\": \"all\", "
                                  "\"vdistances\": [] } ] }",
                                  NULL, 0, &config, &problems),
                     PANDO_OK);
    assert_true(config.vnodes[0].vcpus_all);
    pando_config_free(&config);
}

void problems_of_virtual_nodes(void **state)
{
    harness_fails("{ " GOOD ",\n \"vnuma\": [ { \"pnode\": 64, \"size\": 3,\n \"vcpus\": \"x\" },\n"
                  " { \"size\": 32, \"vcpu\": \"1\", \"vdistances\": [9] }, 5,\n"
                  " { \"size\": 8, \"vcpus\": \"0\", \"vdistances\": [20, \"a\"] } ] }",
                  NULL, 0,
                  EXPECT("2: vnuma[0].pnode: found 64, expected a number from 0 to 63",
                         "2: vnuma[0].size: found 3, expected a number of MiB from 4",
                         "3: vnuma[0].vcpus: found \"x\", expected a set of CPUs",
                         "4: vnuma[1].vcpu: no such key; did you mean vcpus?",
                         "4: vnuma[1].vcpus: missing, expected a set",
                         "4: vnuma[1].vdistances: found 9 in it, expected a list",
                         "4: vnuma[2]: found 5, expected an object",
                         "5: vnuma[3].vdistances: found \"a\" in it, expected a list"));
    harness_fails("{ " GOOD ",\n \"vnuma\": [ { \"size\": 24, \"vcpus\": \"0-1\" },\n"
                  " { \"size\": 24, \"vcpus\": \"1-2\" } ] }",
                  NULL, 0,
                  EXPECT("2: vnuma: vCPU 3 is in none of the nodes; expected each of 0 to 3 in one",
                         "2: vnuma: found sizes of 48 MiB in all, expected the 64 MiB of memory",
                         "3: vnuma[1].vcpus: found vCPU 1, which vnuma[0] has already"));
    harness_fails("{ " GOOD ", \"maxmem\": 128, \"maxvcpus\": 5,\n"
                  " \"vnuma\": [ { \"size\": 64, \"vcpus\": \"0-4,7-9\" } ] }",
                  NULL, 0,
                  EXPECT("2: vnuma[0].vcpus: found vCPU 7, but the guest's are 0 to 4",
                         "2: vnuma: found sizes of 64 MiB in all, expected the 128 MiB of maxmem"));
    harness_fails("{ " GOOD ",\n \"vnuma\": [ { \"size\": 24, \"vcpus\": \"0-1\",\n"
                  " \"vdistances\": [10] },\n"
                  " { \"size\": 40, \"vcpus\": \"2-3\",\n \"vdistances\": [10, 10] } ] }",
                  NULL, 0,
                  EXPECT("3: vnuma[0].vdistances: found 1 distances, expected 2: one for each node",
                         "5: vnuma[1].vdistances: found 10 for vnuma[0], expected more than 10"));
    harness_fails("{ " GOOD ",\n \"vnuma\": [ { \"size\": 64, \"vcpus\": \"0-3\",\n"
                  " \"vdistances\": [11] } ] }",
                  NULL, 0,
                  EXPECT("3: vnuma[0].vdistances: found 11 for the node itself, expected 10"));
}
