/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

#include <inttypes.h>

/* One list of fields for both forms of output. */
struct field {
    const char *key;   /* JSON */
    const char *title; /* text */
    enum { FIELD_TEXT, FIELD_NUMBER, FIELD_MEMORY, FIELD_KHZ, FIELD_FLAG } kind;
    const char *text;
    uint64_t number;
};

static void print_json(struct shell *shell, const struct field *fields, size_t count)
{
    struct json_writer *writer = output_json_begin();
    json_write_object_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_key(writer, fields[i].key);
        if (fields[i].kind == FIELD_TEXT)
            json_write_string(writer, fields[i].text);
        else if (fields[i].kind == FIELD_FLAG)
            json_write_bool(writer, fields[i].number != 0);
        else
            json_write_uint(writer, fields[i].number);
    }
    json_write_object_end(writer);
    output_json_end(shell, writer);
}

static void print_text(struct shell *shell, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        /* A command line that was not given, or the date of a build that can be repeated. */
        if (field->kind == FIELD_TEXT && !*field->text)
            continue;
        fprintf(shell->out, "%-22s ", field->title);
        if (field->kind == FIELD_TEXT)
            fprintf(shell->out, "%s\n", field->text);
        else if (field->kind == FIELD_FLAG)
            fprintf(shell->out, "%s\n", field->number ? "yes" : "no");
        else if (field->kind == FIELD_MEMORY)
            fprintf(shell->out, "%" PRIu64 " MiB\n", field->number >> 10);
        else if (field->kind == FIELD_KHZ)
            fprintf(shell->out, "%" PRIu64 " MHz\n", field->number / 1000);
        else
            fprintf(shell->out, "%" PRIu64 "\n", field->number);
    }
}

static int host_info(struct shell *shell, bool json)
{
    struct pando_host host;
    pando_t *pando = shell_pando(shell);
    if (!pando)
        return SHELL_FAILED;
    enum pando_code code = pando_host_info(pando, &host);
    if (code != PANDO_OK) {
        shell_library_error(shell, NULL, code);
        return SHELL_FAILED;
    }
    const struct field fields[] = {
        { "hypervisor", "Hypervisor", FIELD_TEXT, host.hypervisor },
        { "version_major", "Interface, major", FIELD_NUMBER, NULL, host.version_major },
        { "version_minor", "Interface, minor", FIELD_NUMBER, NULL, host.version_minor },
        { "capabilities", "Guest types", FIELD_TEXT, host.capabilities },
        { "command_line", "Command line", FIELD_TEXT, host.command_line },
        { "compiler", "Compiler", FIELD_TEXT, host.compiler },
        { "build_date", "Built", FIELD_TEXT, host.build_date },
        { "cpus", "CPUs", FIELD_NUMBER, NULL, host.cpus },
        { "threads_per_core", "Threads per core", FIELD_NUMBER, NULL, host.threads_per_core },
        { "cores_per_socket", "Cores per socket", FIELD_NUMBER, NULL, host.cores_per_socket },
        { "nodes", "NUMA nodes", FIELD_NUMBER, NULL, host.nodes },
        { "max_cpu_id", "Highest CPU number", FIELD_NUMBER, NULL, host.max_cpu_id },
        { "max_node_id", "Highest node number", FIELD_NUMBER, NULL, host.max_node_id },
        { "cpu_khz", "CPU clock", FIELD_KHZ, NULL, host.cpu_khz },
        { "memory_kib", "Memory", FIELD_MEMORY, NULL, host.memory_kib },
        { "free_kib", "Memory, free", FIELD_MEMORY, NULL, host.free_kib },
        { "scrub_kib", "Memory, being cleaned", FIELD_MEMORY, NULL, host.scrub_kib },
        { "outstanding_kib", "Memory, claimed", FIELD_MEMORY, NULL, host.outstanding_kib },
        { "hvm", "HVM and PVH guests", FIELD_FLAG, NULL, host.hvm },
        { "pv", "PV guests", FIELD_FLAG, NULL, host.pv },
        { "hap", "Nested paging", FIELD_FLAG, NULL, host.hap },
        { "iommu", "IOMMU", FIELD_FLAG, NULL, host.iommu },
    };
    (json ? print_json : print_text)(shell, fields, sizeof(fields) / sizeof(fields[0]));
    return SHELL_OK;
}

static void guest_text(struct shell *shell, const struct pando_domain *domain)
{
    const struct field fields[] = {
        { "name", "Name", FIELD_TEXT, *domain->name ? domain->name : "-" },
        { "id", "Domain", FIELD_NUMBER, NULL, domain->id },
        { "uuid", "UUID", FIELD_TEXT, domain->uuid },
        { "type", "Type", FIELD_TEXT, domain->type },
        { "state", "State", FIELD_TEXT, guest_state(domain) },
        { "vcpus", "Virtual CPUs, online", FIELD_NUMBER, NULL, domain->vcpus_online },
        { "max_vcpus", "Virtual CPUs, maximum", FIELD_NUMBER, NULL, domain->max_vcpus },
        { "cpupool", "CPU pool", FIELD_NUMBER, NULL, domain->cpupool },
        { "memory_kib", "Memory", FIELD_MEMORY, NULL, domain->memory_kib },
        { "target_kib", "Memory, target", FIELD_MEMORY, NULL, domain->target_kib },
        { "maxmem_kib", "Memory, maximum", FIELD_MEMORY, NULL, domain->maxmem_kib },
    };
    print_text(shell, fields, sizeof(fields) / sizeof(fields[0]));
    fprintf(shell->out, "%-22s %.1f s\n", "Processor time", (double)domain->cpu_time_ns / 1e9);
}

static int guest_info(struct shell *shell, const char *which, bool json)
{
    struct pando_domain domain;
    uint32_t domid;
    int status = guest_find(shell, which, &domid);
    if (status != SHELL_OK)
        return status;
    enum pando_code code = pando_domain_info(shell->pando, domid, &domain);
    if (code != PANDO_OK)
        return shell_library_error(shell, which, code);
    if (!json) {
        guest_text(shell, &domain);
        return SHELL_OK;
    }
    struct json_writer *writer = output_json_begin();
    json_write_object_begin(writer);
    guest_write_json(writer, &domain);
    json_write_object_end(writer);
    output_json_end(shell, writer);
    return SHELL_OK;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    bool json = option_given(arguments, "json");
    return arguments->count ? guest_info(shell, arguments->words[0], json) : host_info(shell, json);
}

static const struct option_info options[] = { OPTION_JSON, { NULL } };

const struct command cmd_info = {
    .name = "info",
    .arguments = "[GUEST]",
    .summary = "show the host, or all about one guest",
    .help =
        "Without a guest: the hypervisor's version and command line, CPUs and memory of the host. "
        "The configuration that a guest was created with is shown by `config show`.",
    .options = options,
    .most = 1,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .output = output_info,
    .run = run,
};
