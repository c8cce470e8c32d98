/* SPDX-License-Identifier: MIT */
#include <hv/log.h>
#include <hv/string.h>

#include "x86/boot/dom0.h"

#define MIB_PAGES(n) ((uint64_t)(n) << (20 - PAGE_SHIFT))

#define DEFAULT_MIN  MIB_PAGES(512)
#define DEFAULT_MAX  MIB_PAGES(4096)
/* Left to the hypervisor for what it allocates once dom0 runs. */
#define HV_RESERVE      MIB_PAGES(32)

#define PAGES_UNLIMITED (~0UL >> PAGE_SHIFT)

/* One part of dom0_mem=. */
static void __init parse_mem_part(const char *s, uint64_t *pages, uint64_t *low, uint64_t *high)
{
    uint64_t bytes, *what = pages;

    if (!strncmp(s, "min:", 4)) {
        what = low;
        s += 4;
    } else if (!strncmp(s, "max:", 4)) {
        what = high;
        s += 4;
    }
    if (!cmdline_parse_size(s, 1024, &bytes) && bytes >= PAGE_SIZE)
        *what = bytes >> PAGE_SHIFT;
    else
        log_error("dom0_mem: part \"%s\" ignored; expected SIZE, min:SIZE or max:SIZE\n", s);
}

static void __init parse_mem(struct dom0_options *o, uint64_t host_pages, uint64_t free_pages)
{
    uint64_t pages = 0, low = 0, high = PAGES_UNLIMITED, most;
    char buf[128], *s, *comma;

    if (cmdline_get("dom0_mem", buf, sizeof(buf))) {
        for (s = buf; s; s = comma) {
            comma = strchr(s, ',');
            if (comma)
                *comma++ = '\0';
            parse_mem_part(s, &pages, &low, &high);
        }
    }
    if (!pages) /* a quarter of the host: guests are what it is for */
        pages = min(max(host_pages / 4, DEFAULT_MIN), DEFAULT_MAX);
    pages = min(max(pages, low), high);
    most = free_pages > 2 * HV_RESERVE ? free_pages - HV_RESERVE : free_pages / 2;
    if (pages > most) {
        log_warning("dom0: %lu MiB wanted, %lu MiB can be had\n", (unsigned long)pages >> 8,
                    (unsigned long)most >> 8);
        pages = most;
    }
    o->pages = pages;
    o->max_pages = high == PAGES_UNLIMITED ? host_pages : max(high, pages);
}

/* A number of vCPUs at @s; moves *s behind it. False if there is none. */
static bool __init parse_count(const char **s, unsigned int *n)
{
    const char *p = *s;

    for (*n = 0; *p >= '0' && *p <= '9'; p++)
        if (*n <= MAX_VCPUS_PER_DOMAIN)
            *n = *n * 10 + (*p - '0');
    if (p == *s)
        return false;
    *s = p;
    return true;
}

/* "N" or "MIN-MAX". */
static bool __init parse_vcpu_range(const char *s, unsigned int *low, unsigned int *high)
{
    if (!parse_count(&s, low))
        return false;
    *high = *low;
    if (*s == '-') {
        s++;
        if (!parse_count(&s, high))
            return false;
    }
    return !*s && *low && *low <= *high;
}

static void __init parse_vcpus(struct dom0_options *o, unsigned int host_cpus)
{
    unsigned int low = 1, high = MAX_VCPUS_PER_DOMAIN, n;
    char buf[32];

    if (cmdline_get("dom0_max_vcpus", buf, sizeof(buf)) && !parse_vcpu_range(buf, &low, &high)) {
        log_error("dom0_max_vcpus=%s ignored; expected N or MIN-MAX, from 1\n", buf);
        low = 1;
        high = MAX_VCPUS_PER_DOMAIN;
    }
    n = max(min(host_cpus, high), low);
    o->vcpus = min(n, (unsigned int)MAX_VCPUS_PER_DOMAIN);
}

void __init dom0_options_parse(struct dom0_options *o, uint64_t host_pages, uint64_t free_pages,
                               unsigned int host_cpus)
{
    parse_mem(o, host_pages, free_pages);
    parse_vcpus(o, host_cpus);
}
