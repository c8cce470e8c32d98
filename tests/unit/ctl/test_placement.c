/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "placement.h"

#define GIB  (1ull << 20) /* in KiB */
#define NEAR 10, 20, 20, 20

static const struct placement_node idle = { .free_kib = 4 * GIB, .cpus = 4, .distance = { NEAR } };

static void set_up(struct placement_node nodes[4])
{
    for (int i = 0; i < 4; i++) {
        nodes[i] = idle;
        for (int k = 0; k < 4; k++) {
            nodes[i].distance[k] = i == k ? 10 : 20;
        }
    }
}

static void a_guest_goes_where_fewest_are(void **state)
{
    struct placement_node nodes[4];

    set_up(nodes);
    assert_int_equal(placement_choose(nodes, 4, GIB, 2), 1 << 0);
    nodes[0].load = nodes[2].load = PLACEMENT_VCPU;
    nodes[1].load = nodes[3].load = PLACEMENT_VCPU / 2;
    assert_int_equal(placement_choose(nodes, 4, GIB, 2), 1 << 1);
    nodes[3].free_kib++;
    assert_int_equal(placement_choose(nodes, 4, GIB, 2), 1 << 3);
    /* Twice the CPUs: half the load. */
    nodes[0].cpus = 16;
    assert_int_equal(placement_choose(nodes, 4, GIB, 2), 1 << 0);
    /* It would be good, but has no room. */
    nodes[0].free_kib = GIB - 1;
    assert_int_equal(placement_choose(nodes, 4, GIB, 2), 1 << 3);
}

static void as_few_nodes_as_possible(void **state)
{
    struct placement_node nodes[4];

    set_up(nodes);
    nodes[1].free_kib = 6 * GIB;
    nodes[1].load = 100 * PLACEMENT_VCPU;
    assert_int_equal(placement_choose(nodes, 4, 5 * GIB, 2), 1 << 1);
    /* Two are needed for the memory, and near ones are taken; or for the CPUs. */
    nodes[1] = nodes[0];
    nodes[1].distance[0] = 20;
    nodes[1].distance[1] = 10;
    nodes[0].load = nodes[1].load = PLACEMENT_VCPU;
    nodes[2].distance[3] = nodes[3].distance[2] = 15;
    assert_int_equal(placement_choose(nodes, 4, 7 * GIB, 2), 1 << 2 | 1 << 3);
    assert_int_equal(placement_choose(nodes, 4, GIB, 5), 1 << 2 | 1 << 3);
    /* More vCPUs than there are CPUs. */
    assert_int_equal(placement_choose(nodes, 4, GIB, 100), 0xf);
    assert_int_equal(placement_choose(nodes, 4, 16 * GIB, 1), 0xf);
    assert_int_equal(placement_choose(nodes, 4, 16 * GIB + 1, 1), 0);
    assert_int_equal(placement_choose(nodes, 0, GIB, 1), 0);
}

static void nodes_without_cpus(void **state)
{
    struct placement_node nodes[4];

    set_up(nodes);
    nodes[0].cpus = 0;
    nodes[0].free_kib = 100 * GIB;
    assert_int_equal(placement_choose(nodes, 4, GIB, 1), 1 << 1);
    /* Nobody knows where the CPUs are: the memory decides. */
    nodes[1].cpus = nodes[2].cpus = nodes[3].cpus = 0;
    assert_int_equal(placement_choose(nodes, 4, GIB, 1), 1 << 0);
}

static void the_roomiest(void **state)
{
    struct placement_node nodes[4];

    set_up(nodes);
    nodes[2].free_kib++;
    assert_int_equal(placement_roomiest(nodes, 4, GIB), 2);
    assert_int_equal(placement_roomiest(nodes, 4, 4 * GIB + 1), 2);
    assert_int_equal(placement_roomiest(nodes, 4, 4 * GIB + 2), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_goes_where_fewest_are),
        cmocka_unit_test(as_few_nodes_as_possible),
        cmocka_unit_test(nodes_without_cpus),
        cmocka_unit_test(the_roomiest),
    };

    return cmocka_run_group_tests_name("ctl-placement", tests, NULL, NULL);
}
