/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *vcpu_state(const struct pando_vcpu *vcpu)
{
    if (!vcpu->online)
        return "offline";
    if (vcpu->running)
        return "running";
    return vcpu->blocked ? "blocked" : "runnable";
}

static void add_times(struct json_writer *writer, const struct pando_vcpu_times *times)
{
    const struct {
        const char *key;
        uint64_t ns;
    } members[] = {
        { "when_ns", times->when_ns },         { "running_ns", times->running_ns },
        { "runnable_ns", times->runnable_ns }, { "blocked_ns", times->blocked_ns },
        { "offline_ns", times->offline_ns },
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_write_key(writer, members[i].key);
        json_write_uint(writer, members[i].ns);
    }
    if (times->has_credit) {
        json_write_key(writer, "credit_ns");
        json_write_int(writer, times->credit_ns);
    }
}

static void add_json(struct json_writer *writer, const struct pando_domain *domain,
                     const struct pando_vcpu *vcpu, const struct pando_vcpu_times *times,
                     const char *hard, const char *soft)
{
    json_write_object_begin(writer);
    json_write_key(writer, "name");
    json_write_string(writer, domain->name);
    json_write_key(writer, "id");
    json_write_uint(writer, domain->id);
    json_write_key(writer, "vcpu");
    json_write_uint(writer, vcpu->id);
    json_write_key(writer, "state");
    json_write_string(writer, vcpu_state(vcpu));
    json_write_key(writer, "cpu");
    json_write_uint(writer, vcpu->cpu);
    json_write_key(writer, "cpu_time_ns");
    json_write_uint(writer, vcpu->cpu_time_ns);
    if (times)
        add_times(writer, times);
    json_write_key(writer, "hard_affinity");
    json_write_string(writer, hard);
    json_write_key(writer, "soft_affinity");
    json_write_string(writer, soft);
    json_write_object_end(writer);
}

static void add_row(struct table *table, const struct pando_domain *domain,
                    const struct pando_vcpu *vcpu, const struct pando_vcpu_times *times,
                    const char *hard, const char *soft)
{
    table_add(table, "%s", *domain->name ? domain->name : "-");
    table_add(table, "%" PRIu32, domain->id);
    table_add(table, "%" PRIu32, vcpu->id);
    table_add(table, "%s", vcpu_state(vcpu));
    if (vcpu->online)
        table_add(table, "%" PRIu32, vcpu->cpu);
    else
        table_add(table, "-");
    table_add(table, "%.1f", (double)vcpu->cpu_time_ns / 1e9);
    if (times)
        table_add(table, "%.1f", (double)times->runnable_ns / 1e9);
    else
        table_add(table, "-");
    table_add(table, "%s", hard);
    table_add(table, "%s", soft);
}

/* What all virtual CPUs have done; nothing on hypervisors that don't tell. */
struct done {
    struct pando_vcpu_times *list;
    size_t count;
};

/* Adds a domain's virtual CPUs to one of both. */
static int add_vcpus(struct shell *shell, const struct pando_domain *domain,
                     const struct done *done, struct table *table, struct json_writer *writer)
{
    struct pando_vcpu *list;
    size_t count;
    enum pando_code code = pando_vcpu_list(shell->pando, domain->id, &list, &count);
    if (code != PANDO_OK)
        return shell_library_error(shell, domain->name, code);
    for (size_t i = 0; i < count; i++) {
        const struct pando_vcpu_times *times =
            guest_vcpu_times(done->list, done->count, domain->id, list[i].id);
        char *hard = shell_need(pando_cpus_print(list[i].hard));
        char *soft = shell_need(pando_cpus_print(list[i].soft));
        if (writer)
            add_json(writer, domain, &list[i], times, hard, soft);
        else
            add_row(table, domain, &list[i], times, hard, soft);
        free(hard);
        free(soft);
    }
    free(list);
    return SHELL_OK;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    static const char *const titles[] = { "NAME",       ">ID",           ">VCPU",
                                          "STATE",      ">CPU",          ">TIME(s)",
                                          ">STOLEN(s)", "HARD AFFINITY", "SOFT AFFINITY",
                                          NULL };
    struct pando_domain *list;
    struct done done = { 0 };
    struct table table;
    size_t count;
    int first = guest_select(shell, arguments, &list, &count);
    if (first != SHELL_OK)
        return first;

    struct json_writer *writer = option_given(arguments, "json") ? output_json_begin() : NULL;
    if (pando_vcpu_times(shell->pando, &done.list, &done.count) != PANDO_OK)
        done = (struct done){ 0 };
    table_init(&table, titles);
    if (writer)
        json_write_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        int status = add_vcpus(shell, &list[i], &done, &table, writer);
        if (first == SHELL_OK)
            first = status;
    }
    if (writer) {
        json_write_array_end(writer);
        output_json_end(shell, writer);
    } else {
        table_print(&table, shell->out);
    }
    free(done.list);
    free(list);
    return first;
}

static const struct option_info options[] = { OPTION_JSON, { NULL } };

const struct command cmd_vcpu_list = {
    .name = "vcpu-list",
    .arguments = "[GUEST]...",
    .summary = "list virtual CPUs and where they run",
    .help =
        "CPU is the one that it runs on or ran on last. TIME is what it has had of CPUs since it "
        "was made; STOLEN is for how long it was ready to run but others ran (-: this hypervisor "
        "does not tell). Hard affinity: the CPUs that it may run on; soft affinity: those that it "
        "prefers.",
    .options = options,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_GUEST, COMPLETE_GUEST },
    .output = output_vcpu_list,
    .run = run,
};
