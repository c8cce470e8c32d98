/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>

/* What the hypervisor has for no limit: 2^32 - 1 pages. */
enum { UNLIMITED_MIB = (16 << 20) - 1 };

static void print_json(struct shell *shell, const struct pando_domain *list, size_t count)
{
    struct json_writer *writer = output_json_begin();
    json_write_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_object_begin(writer);
        guest_write_json(writer, &list[i]);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    output_json_end(shell, writer);
}

static void print_table(struct shell *shell, const struct pando_domain *list, size_t count)
{
    static const char *const titles[] = { ">ID",      "NAME",      "STATE",        ">VCPUS",
                                          ">TIME(s)", ">MEM(MiB)", ">MAXMEM(MiB)", NULL };
    struct table table;
    table_init(&table, titles);
    for (size_t i = 0; i < count; i++) {
        const struct pando_domain *domain = &list[i];
        table_add(&table, "%" PRIu32, domain->id);
        table_add(&table, "%s", *domain->name ? domain->name : "-");
        table_add(&table, "%s", guest_state(domain));
        table_add(&table, "%" PRIu32, domain->vcpus_online);
        table_add(&table, "%.1f", (double)domain->cpu_time_ns / 1e9);
        table_add(&table, "%" PRIu64, domain->memory_kib >> 10);
        if (domain->maxmem_kib >> 10 >= UNLIMITED_MIB)
            table_add(&table, "-");
        else
            table_add(&table, "%" PRIu64, domain->maxmem_kib >> 10);
    }
    table_print(&table, shell->out);
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    struct pando_domain *list;
    size_t count;
    int status = guest_select(shell, arguments, &list, &count);
    if (status != SHELL_OK)
        return status;
    if (option_given(arguments, "json"))
        print_json(shell, list, count);
    else
        print_table(shell, list, count);
    free(list);
    return SHELL_OK;
}

static const struct option_info options[] = { OPTION_JSON, { NULL } };

const struct command cmd_list = {
    .name = "list",
    .arguments = "[GUEST]...",
    .summary = "list guests and what they use",
    .help =
        "Lists all domains, the host's own (Domain-0) too, or just those named. STATE is running, "
        "blocked (alive, waiting for something to do), paused, dying, or why the guest has ended: "
        "poweroff, reboot, suspend, crash or watchdog. TIME is the processor time used by all "
        "virtual CPUs, MEM what the guest has now, MAXMEM what it may have at the most.",
    .options = options,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_GUEST },
    .output = output_list,
    .run = run,
};
