/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One list of fields for both forms of output. */
struct field {
    const char *key;   /* JSON */
    const char *title; /* text */
    enum { FIELD_TEXT, FIELD_NUMBER, FIELD_MEMORY, FIELD_KHZ, FIELD_FLAG, FIELD_TURN } kind;
    const char *text;
    uint64_t number;
};

static void write_fields(struct json_writer *writer, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_write_key(writer, fields[i].key);
        if (fields[i].kind == FIELD_TEXT)
            json_write_string(writer, fields[i].text);
        else if (fields[i].kind == FIELD_FLAG)
            json_write_bool(writer, fields[i].number != 0);
        else
            json_write_uint(writer, fields[i].number);
    }
}

static void print_text(struct shell *shell, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        /* A command line that was not given, or the date of a build that can be repeated. */
        if (field->kind == FIELD_TEXT && !*field->text)
            continue;
        /* Turns without a limit. */
        if (field->kind == FIELD_TURN && !field->number)
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
        else if (field->kind == FIELD_TURN)
            fprintf(shell->out, "%" PRIu64 " us\n", field->number);
        else
            fprintf(shell->out, "%" PRIu64 "\n", field->number);
    }
}

static void write_number(struct json_writer *writer, const char *key, uint64_t value)
{
    json_write_key(writer, key);
    json_write_uint(writer, value);
}

/* Set CPUs as text, "" for none. */
static char *cpus_text(const uint64_t *cpus)
{
    for (size_t i = 0; i < PANDO_CPU_WORDS; i++)
        if (cpus[i])
            return shell_need(pando_cpus_print(cpus));
    return shell_need(strdup(""));
}

static void write_distances(struct json_writer *writer, const struct pando_node *node)
{
    json_write_key(writer, "distances");
    json_write_array_begin(writer);
    for (size_t i = 0; i < PANDO_NODES_MAX; i++) {
        if (!node->distance[i])
            continue;
        json_write_object_begin(writer);
        write_number(writer, "node", i);
        write_number(writer, "distance", node->distance[i]);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void write_nodes(struct json_writer *writer, const struct pando_node *nodes, size_t count)
{
    json_write_key(writer, "node_list");
    json_write_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        char *cpus = cpus_text(nodes[i].cpus);
        json_write_object_begin(writer);
        json_write_key(writer, "id");
        json_write_uint(writer, nodes[i].id);
        json_write_key(writer, "memory_kib");
        json_write_uint(writer, nodes[i].memory_kib);
        json_write_key(writer, "free_kib");
        json_write_uint(writer, nodes[i].free_kib);
        json_write_key(writer, "cpus");
        json_write_string(writer, cpus);
        write_distances(writer, &nodes[i]);
        json_write_object_end(writer);
        free(cpus);
    }
    json_write_array_end(writer);
}

static void print_nodes(struct shell *shell, const struct pando_node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *cpus = cpus_text(nodes[i].cpus);
        char title[32];
        snprintf(title, sizeof(title), "Node %" PRIu32, nodes[i].id);
        fprintf(shell->out, "%-22s %" PRIu64 " MiB, %" PRIu64 " MiB free%s%s", title,
                nodes[i].memory_kib >> 10, nodes[i].free_kib >> 10, *cpus ? ", CPUs " : "", cpus);
        /* Of one node, there is nothing to be told. */
        for (size_t k = 0; count > 1 && k < count; k++)
            if (nodes[i].distance[nodes[k].id])
                fprintf(shell->out, "%s%u", k ? " " : ", distances ",
                        nodes[i].distance[nodes[k].id]);
        fputc('\n', shell->out);
        free(cpus);
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
    /* What another hypervisor does not tell is left out. */
    struct pando_scheduler scheduler = { 0 };
    struct pando_node *nodes = NULL;
    size_t node_count = 0;
    if (pando_scheduler_info(pando, 0, &scheduler) != PANDO_OK)
        scheduler = (struct pando_scheduler){ 0 };
    if (pando_node_list(pando, &nodes, &node_count) != PANDO_OK)
        node_count = 0;
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
        { "scheduler", "Scheduler", FIELD_TEXT, scheduler.name },
        { "timeslice_us", "Longest turn", FIELD_TURN, NULL, scheduler.timeslice_us },
        { "ratelimit_us", "Shortest turn", FIELD_TURN, NULL, scheduler.ratelimit_us },
    };
    if (json) {
        struct json_writer *writer = output_json_begin();
        json_write_object_begin(writer);
        write_fields(writer, fields, sizeof(fields) / sizeof(fields[0]));
        write_nodes(writer, nodes, node_count);
        json_write_object_end(writer);
        output_json_end(shell, writer);
    } else {
        print_text(shell, fields, sizeof(fields) / sizeof(fields[0]));
        print_nodes(shell, nodes, node_count);
    }
    free(nodes);
    return SHELL_OK;
}

/* What is known of a guest beyond pando_domain; what isn't told is marked so. */
struct details {
    bool scheduled, has_channels, has_grants;
    struct pando_scheduler scheduler;
    struct pando_channel *channels;
    size_t channel_count;
    struct pando_grant_table grants;
    uint64_t *node_kib; /* NULL: not told */
    size_t node_count;
};

static void get_details(pando_t *pando, uint32_t domid, struct details *details)
{
    *details = (struct details){ 0 };
    details->scheduled = pando_scheduler_info(pando, domid, &details->scheduler) == PANDO_OK;
    details->has_channels =
        pando_channel_list(pando, domid, &details->channels, &details->channel_count) == PANDO_OK;
    details->has_grants = pando_grant_table(pando, domid, &details->grants) == PANDO_OK;
    if (pando_domain_nodes(pando, domid, &details->node_kib, &details->node_count) != PANDO_OK)
        details->node_kib = NULL;
}

static void free_details(struct details *details)
{
    if (details->has_channels)
        free(details->channels);
    if (details->has_grants)
        free(details->grants.list);
    free(details->node_kib);
}

static void write_scheduler(struct json_writer *writer, const struct pando_scheduler *scheduler)
{
    json_write_key(writer, "scheduler");
    json_write_string(writer, scheduler->name);
    if (scheduler->weighted) {
        write_number(writer, "weight", scheduler->weight);
        write_number(writer, "cap", scheduler->cap);
    }
    if (scheduler->reserved) {
        write_number(writer, "period_us", scheduler->period_us);
        write_number(writer, "budget_us", scheduler->budget_us);
    }
}

static void write_channel(struct json_writer *writer, const struct pando_channel *channel)
{
    enum pando_channel_kind kind = channel->kind;
    json_write_object_begin(writer);
    write_number(writer, "port", channel->port);
    json_write_key(writer, "kind");
    json_write_string(writer, pando_channel_name(kind));
    write_number(writer, "vcpu", channel->vcpu);
    if (kind == PANDO_CHANNEL_UNBOUND || kind == PANDO_CHANNEL_INTERDOMAIN)
        write_number(writer, "remote", channel->remote);
    if (kind == PANDO_CHANNEL_INTERDOMAIN)
        write_number(writer, "remote_port", channel->remote_port);
    if (kind == PANDO_CHANNEL_PIRQ || kind == PANDO_CHANNEL_VIRQ)
        write_number(writer, "irq", channel->irq);
    json_write_object_end(writer);
}

static void write_grant(struct json_writer *writer, const struct pando_grant *grant)
{
    json_write_object_begin(writer);
    write_number(writer, "ref", grant->ref);
    json_write_key(writer, "kind");
    json_write_string(writer, pando_grant_name(grant->kind));
    write_number(writer, "domain", grant->domid);
    write_number(writer, "frame", grant->frame);
    json_write_key(writer, "read_only");
    json_write_bool(writer, grant->read_only);
    json_write_key(writer, "in_use");
    json_write_bool(writer, grant->in_use);
    json_write_object_end(writer);
}

static void write_node_memory(struct json_writer *writer, const struct details *details)
{
    json_write_key(writer, "node_memory");
    json_write_array_begin(writer);
    for (size_t i = 0; i < details->node_count; i++) {
        json_write_object_begin(writer);
        write_number(writer, "node", i);
        write_number(writer, "memory_kib", details->node_kib[i]);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void write_details(struct json_writer *writer, const struct details *details)
{
    if (details->scheduled)
        write_scheduler(writer, &details->scheduler);
    if (details->node_kib)
        write_node_memory(writer, details);
    if (details->has_channels) {
        json_write_key(writer, "event_channels");
        json_write_array_begin(writer);
        for (size_t i = 0; i < details->channel_count; i++)
            write_channel(writer, &details->channels[i]);
        json_write_array_end(writer);
    }
    if (!details->has_grants)
        return;
    write_number(writer, "grant_frames", details->grants.frames);
    write_number(writer, "max_grant_frames", details->grants.max_frames);
    json_write_key(writer, "grants");
    json_write_array_begin(writer);
    for (size_t i = 0; i < details->grants.count; i++)
        write_grant(writer, &details->grants.list[i]);
    json_write_array_end(writer);
}

static void print_details(struct shell *shell, const struct details *details)
{
    char text[160] = "-";
    if (details->scheduled)
        guest_scheduler_text(&details->scheduler, text, sizeof(text));
    for (size_t i = 0; details->node_kib && details->node_count > 1 && i < details->node_count; i++)
        fprintf(shell->out, "Memory, node %-9zu %" PRIu64 " MiB\n", i, details->node_kib[i] >> 10);
    fprintf(shell->out, "%-22s %s\n", "Scheduler", text);
    if (details->has_channels)
        fprintf(shell->out, "%-22s %zu\n", "Event channels", details->channel_count);
    else
        fprintf(shell->out, "%-22s -\n", "Event channels");
    if (details->has_grants)
        fprintf(shell->out, "%-22s %zu, in a table of %" PRIu32 " pages, at the most %" PRIu32 "\n",
                "Grants", details->grants.count, details->grants.frames,
                details->grants.max_frames);
    else
        fprintf(shell->out, "%-22s -\n", "Grants");
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
    struct details details;
    get_details(shell->pando, domid, &details);
    if (json) {
        struct json_writer *writer = output_json_begin();
        json_write_object_begin(writer);
        guest_write_json(writer, &domain);
        write_details(writer, &details);
        json_write_object_end(writer);
        output_json_end(shell, writer);
    } else {
        guest_text(shell, &domain);
        print_details(shell, &details);
    }
    free_details(&details);
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
        "Without a guest: the hypervisor's version and command line, CPUs and scheduler, memory "
        "of the host and of its nodes. With one, among others, how it is scheduled, its event "
        "channels and its grants, as far as the hypervisor tells (-: it does not): their number, "
        "and with --json each of them. "
        "The configuration that a guest was created with is shown by `config show`.",
    .options = options,
    .most = 1,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .output = output_info,
    .run = run,
};
