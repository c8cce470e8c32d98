/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include <stddef.h>

#define GUEST_MEMBERS                                                                              \
    { "id", SCHEMA_NUMBER, "number of its domain" },                                               \
        { "name", SCHEMA_STRING, "empty while another tool creates it" },                          \
        { "uuid", SCHEMA_STRING, "in lower case" }, { "type", SCHEMA_STRING, "pvh or pv" },        \
        { "state", SCHEMA_STRING, "running, blocked, paused, shutdown or dying" },                 \
        { "reason", SCHEMA_STRING,                                                                 \
          "in the state shutdown only: poweroff, reboot, suspend, crash, watchdog or soft-reset",  \
          .optional = true },                                                                      \
        { "vcpus", SCHEMA_NUMBER, "virtual CPUs that are online" },                                \
        { "max_vcpus", SCHEMA_NUMBER, "virtual CPUs that it has" },                                \
        { "cpu_time_ns", SCHEMA_NUMBER, "processor time of all virtual CPUs since its creation" }, \
        { "memory_kib", SCHEMA_NUMBER, "what it has now" },                                        \
        { "maxmem_kib", SCHEMA_NUMBER, "what it may have at the most" },                           \
        { "target_kib", SCHEMA_NUMBER, "what it is to have, 0 if that is not known" },             \
    {                                                                                              \
        "cpupool", SCHEMA_NUMBER, "number of the pool of CPUs that it runs on"                     \
    }

static const struct schema guest = {
    "guest",
    (const struct schema_member[]){ GUEST_MEMBERS, { NULL } },
};

static const struct schema channel = {
    "channel",
    (const struct schema_member[]){
        { "port", SCHEMA_NUMBER, "the guest's number of it" },
        { "kind", SCHEMA_STRING, "unbound, interdomain, pirq, virq or ipi" },
        { "vcpu", SCHEMA_NUMBER, "virtual CPU that is told of its events" },
        { "remote", SCHEMA_NUMBER,
          "unbound: domain that may bind to it; interdomain: domain that it is bound to",
          .optional = true },
        { "remote_port", SCHEMA_NUMBER, "interdomain: port there", .optional = true },
        { "irq", SCHEMA_NUMBER, "pirq, virq: which", .optional = true },
        { NULL },
    },
};

static const struct schema grant = {
    "grant",
    (const struct schema_member[]){
        { "ref", SCHEMA_NUMBER, "the guest's number of it" },
        { "kind", SCHEMA_STRING, "access, transfer or transitive" },
        { "domain", SCHEMA_NUMBER, "number of the domain that it is made to" },
        { "frame", SCHEMA_NUMBER, "the guest's number of the page, 0 if there is none" },
        { "read_only", SCHEMA_FLAG, "the page may not be written to" },
        { "in_use", SCHEMA_FLAG, "somebody has it mapped, or copies" },
        { NULL },
    },
};

#define NOT_TOLD "; left out if the hypervisor does not tell"

static const struct schema node_memory = {
    "node-memory",
    (const struct schema_member[]){
        { "node", SCHEMA_NUMBER, "number of the node" },
        { "memory_kib", SCHEMA_NUMBER, "of the guest's memory, what is there" },
        { NULL },
    },
};

static const struct schema guest_details = {
    "guest-details",
    (const struct schema_member[]){
        GUEST_MEMBERS,
        { "scheduler", SCHEMA_STRING, "of its pool: credit, credit2, rtds, null" NOT_TOLD,
          .optional = true },
        { "weight", SCHEMA_NUMBER,
          "its share as against others'; left out if the scheduler has no such thing",
          .optional = true },
        { "cap", SCHEMA_NUMBER, "% of one CPU that it may use, 0: no limit; as weight",
          .optional = true },
        { "period_us", SCHEMA_NUMBER, "rtds: length of the period of each virtual CPU",
          .optional = true },
        { "budget_us", SCHEMA_NUMBER, "rtds: what each gets in each period", .optional = true },
        { "node_memory", SCHEMA_OBJECTS, "its memory in each node of the host" NOT_TOLD,
          .optional = true, .of = &node_memory },
        { "event_channels", SCHEMA_OBJECTS, "those that are open" NOT_TOLD, .optional = true,
          .of = &channel },
        { "grants", SCHEMA_OBJECTS, "what it lets other domains do with its memory" NOT_TOLD,
          .optional = true, .of = &grant },
        { "grant_frames", SCHEMA_NUMBER, "pages of its grant table" NOT_TOLD, .optional = true },
        { "max_grant_frames", SCHEMA_NUMBER, "pages that it may have" NOT_TOLD, .optional = true },
        { NULL },
    },
};

static const struct schema distance = {
    "distance",
    (const struct schema_member[]){
        { "node", SCHEMA_NUMBER, "number of the other node" },
        { "distance", SCHEMA_NUMBER, "how far that is, as the firmware tells: 10 is near" },
        { NULL },
    },
};

static const struct schema node = {
    "node",
    (const struct schema_member[]){
        { "id", SCHEMA_NUMBER, "number of the node" },
        { "memory_kib", SCHEMA_NUMBER, "that it has" },
        { "free_kib", SCHEMA_NUMBER, "of it, that nobody has" },
        { "cpus", SCHEMA_STRING, "CPUs that are near to it: 0-3,8" },
        { "distances", SCHEMA_OBJECTS, "to each node, as far as they are known", .of = &distance },
        { NULL },
    },
};

static const struct schema host = {
    "host",
    (const struct schema_member[]){
        { "hypervisor", SCHEMA_STRING, "its version" },
        { "version_major", SCHEMA_NUMBER, "of the interface to guests and tools" },
        { "version_minor", SCHEMA_NUMBER, "of the interface to guests and tools" },
        { "capabilities", SCHEMA_STRING, "types of guests, with blanks between them" },
        { "command_line", SCHEMA_STRING, "of the hypervisor" },
        { "compiler", SCHEMA_STRING, "that it was built by" },
        { "build_date", SCHEMA_STRING, "may be empty" },
        { "cpus", SCHEMA_NUMBER, "CPUs that are online" },
        { "threads_per_core", SCHEMA_NUMBER, "CPUs that share a core" },
        { "cores_per_socket", SCHEMA_NUMBER, "cores in a socket" },
        { "nodes", SCHEMA_NUMBER, "NUMA nodes" },
        { "max_cpu_id", SCHEMA_NUMBER, "highest number of a CPU" },
        { "max_node_id", SCHEMA_NUMBER, "highest number of a node" },
        { "cpu_khz", SCHEMA_NUMBER, "clock of the CPUs" },
        { "memory_kib", SCHEMA_NUMBER, "all memory" },
        { "free_kib", SCHEMA_NUMBER, "memory that nobody has" },
        { "scrub_kib", SCHEMA_NUMBER, "memory that is being cleaned, and free soon" },
        { "outstanding_kib", SCHEMA_NUMBER, "memory claimed by guests that are being created" },
        { "hvm", SCHEMA_FLAG, "HVM and PVH guests can be run" },
        { "pv", SCHEMA_FLAG, "PV guests can be run" },
        { "hap", SCHEMA_FLAG, "there is nested paging" },
        { "iommu", SCHEMA_FLAG, "there is an IOMMU" },
        { "scheduler", SCHEMA_STRING, "of the first pool of CPUs; empty if that is not told" },
        { "timeslice_us", SCHEMA_NUMBER, "the longest turn of a virtual CPU, 0: it has no limit" },
        { "ratelimit_us", SCHEMA_NUMBER, "the shortest turn before another may have the CPU" },
        { "node_list", SCHEMA_OBJECTS, "nodes that have memory", .of = &node },
        { NULL },
    },
};

static const struct schema vcpu = {
    "vcpu",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "of the guest" },
        { "id", SCHEMA_NUMBER, "number of the guest's domain" },
        { "vcpu", SCHEMA_NUMBER, "number of the virtual CPU" },
        { "state", SCHEMA_STRING, "running, runnable, blocked or offline" },
        { "cpu", SCHEMA_NUMBER, "CPU that it runs on or ran on last" },
        { "cpu_time_ns", SCHEMA_NUMBER, "processor time since it was created" },
        { "when_ns", SCHEMA_NUMBER,
          "moment on the hypervisor's clock up to which the following times are" NOT_TOLD,
          .optional = true },
        { "running_ns", SCHEMA_NUMBER, "time that it had a CPU" NOT_TOLD, .optional = true },
        { "runnable_ns", SCHEMA_NUMBER, "time stolen: it was ready to run, others ran" NOT_TOLD,
          .optional = true },
        { "blocked_ns", SCHEMA_NUMBER, "time that it waited for an event" NOT_TOLD,
          .optional = true },
        { "offline_ns", SCHEMA_NUMBER, "time that it was paused, or not up" NOT_TOLD,
          .optional = true },
        { "credit_ns", SCHEMA_SIGNED,
          "what the scheduler owes it; left out if the scheduler has no such thing",
          .optional = true },
        { "hard_affinity", SCHEMA_STRING, "CPUs that it may run on: 0-3,8 or all" },
        { "soft_affinity", SCHEMA_STRING, "CPUs that it prefers to run on" },
        { NULL },
    },
};

static const struct schema creation = {
    "creation",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "of the guest" },
        { "id", SCHEMA_NUMBER, "number of its domain" },
        { "created", SCHEMA_FLAG, "false: with --if-absent, it was there before" },
        { NULL },
    },
};

static const struct schema configuration = { "configuration", NULL };

static const struct schema key = {
    "key",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "of a key of a configuration" },
        { "help", SCHEMA_STRING, "what it means, several lines" },
        { NULL },
    },
};

static const struct schema text_log = {
    "text",
    (const struct schema_member[]){
        { "lines", SCHEMA_STRINGS, "without the newlines; what isn't UTF-8 became U+FFFD" },
        { NULL },
    },
};

static const struct schema log_file = {
    "log",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "of a guest or of a daemon, as the command takes it" },
        { "bytes", SCHEMA_NUMBER, "size of the file" },
        { "modified", SCHEMA_NUMBER, "when it was written to, in seconds since 1970-01-01 UTC" },
        { NULL },
    },
};

static const struct schema match = {
    "match",
    (const struct schema_member[]){
        { "guest", SCHEMA_STRING, "as it was given" },
        { "match", SCHEMA_STRING, "the text that matched" },
        { NULL },
    },
};

static const struct schema variable = {
    "variable",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "of the variable" },
        { "value", SCHEMA_STRING, "of the variable" },
        { NULL },
    },
};

static const struct schema option = {
    "option",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "without the two hyphens" },
        { "value", SCHEMA_STRING, "what its value is; left out if it has none", .optional = true },
        { "summary", SCHEMA_STRING, "what it does" },
        { NULL },
    },
};

static const struct schema command = {
    "command",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "of the command" },
        { "arguments", SCHEMA_STRING, "its synopsis without options" },
        { "summary", SCHEMA_STRING, "what it does, in half a sentence" },
        { "help", SCHEMA_STRING, "more about it, in paragraphs; left out if there is none",
          .optional = true },
        { "options", SCHEMA_OBJECTS, "options that it has", .of = &option },
        { NULL },
    },
};

static const struct schema version = {
    "version",
    (const struct schema_member[]){
        { "version", SCHEMA_STRING, "of this program" },
        { NULL },
    },
};

static const struct schema plugin = {
    "plugin",
    (const struct schema_member[]){
        { "name", SCHEMA_STRING, "its own, or that of its file" },
        { "version", SCHEMA_STRING, "its own; missing if that is not known", true },
        { "state", SCHEMA_STRING, "loaded or refused" },
        { "folder", SCHEMA_STRING, "where it was found" },
        { "file", SCHEMA_STRING, "its file in there" },
        { "reason", SCHEMA_STRING, "why it was refused; missing if it is loaded", true },
        { "commands", SCHEMA_STRINGS, "that it adds" },
        { "panels", SCHEMA_STRINGS, "that it adds" },
        { NULL },
    },
};

static const struct schema layout = {
    "layout",
    (const struct schema_member[]){ { "name", SCHEMA_STRING, "of the layout" }, { NULL } },
};

const struct schema *const schemas[] = {
    &guest,   &guest_details, &node_memory,   &channel, &grant,    &host,     &node,  &distance,
    &vcpu,    &creation,      &configuration, &key,     &text_log, &log_file, &match, &variable,
    &command, &option,        &plugin,        &layout,  &version,  NULL,
};

const struct command_output output_config[] = {
    { "show GUEST", false, &configuration },
    { "check FILE", false, &configuration },
    { "help", true, &key },
    { "help KEY", false, &key },
    { NULL },
};

const struct command_output output_create[] = { { "", false, &creation }, { NULL } };
const struct command_output output_dmesg[] = { { "", false, &text_log }, { NULL } };
const struct command_output output_expect[] = { { "", false, &match }, { NULL } };

const struct command_output output_help[] = {
    { "", true, &command },
    { "COMMAND", false, &command },
    { NULL },
};

const struct command_output output_info[] = {
    { "", false, &host },
    { "GUEST", false, &guest_details },
    { NULL },
};

const struct command_output output_list[] = { { "", true, &guest }, { NULL } };

const struct command_output output_log[] = {
    { "", true, &log_file },
    { "NAME", false, &text_log },
    { NULL },
};

const struct command_output output_layout[] = { { "", true, &layout }, { NULL } };
const struct command_output output_plugins[] = { { "", true, &plugin }, { NULL } };

const struct command_output output_set[] = { { "", true, &variable }, { NULL } };
const struct command_output output_vcpu_list[] = { { "", true, &vcpu }, { NULL } };
const struct command_output output_version[] = { { "", false, &version }, { NULL } };

const char *schema_type_name(enum schema_type type)
{
    static const char *const names[] = {
        [SCHEMA_STRING] = "string",
        [SCHEMA_NUMBER] = "number",
        [SCHEMA_SIGNED] = "number, may be negative",
        [SCHEMA_FLAG] = "true or false",
        [SCHEMA_STRINGS] = "array of strings",
        [SCHEMA_OBJECTS] = "array of objects",
    };
    return names[type];
}
