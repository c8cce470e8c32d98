/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <inttypes.h>
#include <stdio.h>

enum { BUFFER = 32 };

const char *format_kib(uint64_t kib, char *buffer)
{
    static const char units[] = "KMGTPEZ";
    double value = (double)kib;
    size_t unit = 0;
    while (value >= 9999.5 || (unit == 0 && value >= 1024)) {
        value /= 1024;
        unit++;
    }
    snprintf(buffer, BUFFER, "%.0f%c", value, units[unit]);
    return buffer;
}

const char *format_percent(double cpus, char *buffer)
{
    if (cpus < 0)
        snprintf(buffer, BUFFER, "-");
    else if (cpus < 0.0995)
        snprintf(buffer, BUFFER, "%.1f", cpus * 100);
    else
        snprintf(buffer, BUFFER, "%.0f", cpus * 100);
    return buffer;
}

const char *format_duration(int64_t seconds, char *buffer)
{
    if (seconds < 0)
        snprintf(buffer, BUFFER, "-");
    else if (seconds < 60)
        snprintf(buffer, BUFFER, "%" PRId64 "s", seconds);
    else if (seconds < 3600)
        snprintf(buffer, BUFFER, "%" PRId64 "m", seconds / 60);
    else if (seconds < 48 * 3600)
        snprintf(buffer, BUFFER, "%" PRId64 "h", seconds / 3600);
    else
        snprintf(buffer, BUFFER, "%" PRId64 "d", seconds / 86400);
    return buffer;
}

static bool has_cpu(const uint64_t *set, uint32_t cpu)
{
    return set[cpu / 64] >> cpu % 64 & 1;
}

const char *format_cpus(const uint64_t *set, uint32_t cpus, char *buffer, size_t size)
{
    uint32_t most = PANDO_CPU_WORDS * 64, end = cpus < most ? cpus : most, count = 0;
    size_t length = 0;

    for (uint32_t cpu = 0; cpu < end; cpu++)
        count += has_cpu(set, cpu);
    if (count == end) {
        snprintf(buffer, size, "all");
        return buffer;
    }
    snprintf(buffer, size, "none");
    for (uint32_t cpu = 0; cpu < end && length < size; cpu++) {
        uint32_t last = cpu;
        if (!has_cpu(set, cpu))
            continue;
        while (last + 1 < end && has_cpu(set, last + 1))
            last++;
        const char *comma = length ? "," : "";
        int wrote = last > cpu
                        ? snprintf(buffer + length, size - length, "%s%u-%u", comma, cpu, last)
                        : snprintf(buffer + length, size - length, "%s%u", comma, cpu);
        length += (size_t)wrote;
        cpu = last;
    }
    return buffer;
}

const char *format_state_mark(const struct pando_domain *info)
{
    switch (info->state) {
    case PANDO_DOMAIN_RUNNING:
        return "R";
    case PANDO_DOMAIN_BLOCKED:
        return "b";
    case PANDO_DOMAIN_PAUSED:
        return "p";
    case PANDO_DOMAIN_SHUTDOWN:
        return info->reason == PANDO_REASON_CRASH || info->reason == PANDO_REASON_WATCHDOG ? "!"
                                                                                           : "s";
    case PANDO_DOMAIN_DYING:
        return "d";
    }
    return "?";
}

enum role format_state_role(const struct pando_domain *info)
{
    switch (info->state) {
    case PANDO_DOMAIN_RUNNING:
        return ROLE_GOOD;
    case PANDO_DOMAIN_BLOCKED:
        return ROLE_DIM;
    case PANDO_DOMAIN_PAUSED:
        return ROLE_WARNING;
    case PANDO_DOMAIN_SHUTDOWN:
    case PANDO_DOMAIN_DYING:
        break;
    }
    return format_state_mark(info)[0] == '!' ? ROLE_BAD : ROLE_WARNING;
}
