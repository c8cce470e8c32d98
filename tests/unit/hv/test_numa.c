/* SPDX-License-Identifier: MIT */
/* What is made of the nodes at boot: who helps whom out, and what the log says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/numa.h>
#include <hv/page_alloc.h>

struct acpi_host acpi_host;
struct boot_info boot_info;
struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus;

static struct cpu all_cpus[8];
static uint8_t order[MAX_NODES][4];
static unsigned int nodes_with_memory;
static uint64_t pages[MAX_NODES];
static char log_text[32768];

void log_printf(enum log_level level, const char *fmt, ...)
{
    size_t used = strlen(log_text);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(log_text + used, sizeof(log_text) - used, fmt, ap);
    va_end(ap);
}

unsigned int page_alloc_nodes(void)
{
    return nodes_with_memory;
}

uint64_t page_alloc_total_of(unsigned int node)
{
    return pages[node];
}

void page_alloc_set_fallback(unsigned int node, const uint8_t *nodes)
{
    memcpy(order[node], nodes, nodes_with_memory);
}

/* Four nodes, the last without memory, 512 MiB each; CPUs 0 and 1 in node 0, 2 to 5 in 2, 6 in 3.
 */
static int set_up(void **state)
{
    static const uint8_t distance[4][4] = {
        { 10, 40, 20, 30 }, { 40, 10, 30, 20 }, { 20, 30, 10, 15 }, { 30, 20, 15, 10 }
    };
    static const unsigned int node_of[] = { 0, 0, 2, 2, 2, 2, 3 };

    memset(&acpi_host, 0, sizeof(acpi_host));
    memset(&boot_info, 0, sizeof(boot_info));
    log_text[0] = 0;
    nodes_with_memory = 3;
    acpi_host.nr_nodes = 4;
    for (unsigned int i = 0; i < 4; i++) {
        memcpy(acpi_host.distance[i], distance[i], 4);
        pages[i] = i < 3 ? 512 << 8 : 0;
        if (i == 3)
            continue;
        acpi_host.node_mem[acpi_host.nr_node_mems++] = (struct acpi_node_mem){
            .start = (uint64_t)i << 29, .end = (uint64_t)(i + 1) << 29, .node = (uint8_t)i
        };
    }
    nr_cpus = 7;
    for (unsigned int i = 0; i < nr_cpus; i++) {
        cpus[i] = &all_cpus[i];
        cpus[i]->node = node_of[i];
    }
    boot_info.mem[boot_info.nr_mem++] = (struct boot_mem){ 0, 3UL << 29, BOOT_MEM_RAM };
    return 0;
}

static void expect_line(const char *line)
{
    if (!strstr(log_text, line))
        fail_msg("%s\nis not in\n%s", line, log_text);
}

static void the_nearest_help_out(void **state)
{
    numa_init();
    assert_memory_equal(order[0], "\0\2\1", 3);
    assert_memory_equal(order[1], "\1\2\0", 3);
    assert_memory_equal(order[2], "\2\0\1", 3);
    assert_memory_equal(order[3], "\2\1\0", 3);
    /* Of those equally far, each starts with another. */
    for (unsigned int a = 0; a < 3; a++)
        for (unsigned int b = 0; b < 3; b++)
            acpi_host.distance[a][b] = a == b ? 10 : 20;
    numa_init();
    assert_memory_equal(order[0], "\0\1\2", 3);
    assert_memory_equal(order[1], "\1\2\0", 3);
    assert_memory_equal(order[2], "\2\0\1", 3);
}

static void the_log_has_each_node(void **state)
{
    numa_init();
    expect_line("numa: node 0: 512 MiB, CPUs 0-1, distances 10 40 20 30\n");
    expect_line("numa: node 1: 512 MiB, no CPUs, distances 40 10 30 20\n");
    expect_line("numa: node 2: 512 MiB, CPUs 2-5, distances 20 30 10 15\n");
    expect_line("numa: node 3: 0 MiB, CPUs 6, distances 30 20 15 10\n");
    assert_null(strstr(log_text, "SRAT"));
    cpus[4]->node = 1;
    numa_init();
    expect_line("numa: node 2: 512 MiB, CPUs 2-3,5, distances");
    /* One node: nothing is far from it. */
    log_text[0] = 0;
    acpi_host.nr_nodes = nodes_with_memory = 1;
    acpi_host.nr_node_mems = 0;
    for (unsigned int i = 0; i < nr_cpus; i++)
        cpus[i]->node = 0;
    numa_init();
    assert_string_equal(log_text, "numa: node 0: 512 MiB, CPUs 0-6\n");
}

static void more_nodes_than_fit_in_a_line(void **state)
{
    acpi_host.nr_nodes = MAX_NODES;
    nodes_with_memory = 1;
    memset(acpi_host.distance, 255, sizeof(acpi_host.distance));
    numa_init();
    for (const char *line = log_text; *line; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 30, 400);
}

static void memory_that_the_srat_forgets(void **state)
{
    boot_info.mem[0].end += 100 << 20;
    acpi_host.node_mem[1].end -= 7 << 20;
    boot_info.mem[boot_info.nr_mem++] =
        (struct boot_mem){ 1UL << 40, 1UL << 41, BOOT_MEM_RESERVED };
    numa_init();
    expect_line("SRAT does not say where 107 MiB of memory are");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_nearest_help_out, set_up),
        cmocka_unit_test_setup(the_log_has_each_node, set_up),
        cmocka_unit_test_setup(more_nodes_than_fit_in_a_line, set_up),
        cmocka_unit_test_setup(memory_that_the_srat_forgets, set_up),
    };

    return cmocka_run_group_tests_name("hv-numa", tests, NULL, NULL);
}
