/* SPDX-License-Identifier: MIT */
/* Texts with a syntax of their own: names, virtual disks, sets of CPUs. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pando_name_valid(const char *name)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._+-";
    size_t length = strlen(name);

    return length > 0 && length < PANDO_NAME_MAX && strspn(name, letters) == length &&
           strspn(name, digits) != length && name[0] != '-' && name[0] != '.';
}

bool pando_memory_parse(const char *text, uint64_t *kib)
{
    static const char units[] = "KMGT";
    unsigned int shift = 10;
    uint64_t number = 0;
    const char *c = text;

    for (; isdigit((unsigned char)*c); c++) {
        if (number > (UINT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (uint64_t)(*c - '0');
    }
    if (c == text)
        return false;
    if (*c) {
        const char *unit = strchr(units, toupper((unsigned char)*c));
        if (!unit || c[1])
            return false;
        shift = (unsigned int)(unit - units) * 10;
    }
    if (number << shift >> shift != number)
        return false;
    *kib = number << shift;
    return true;
}

/* --- virtual disks -------------------------------------------------------------- */

/* A decimal number without leading zero up to @max; *text is moved behind it. */
static bool take_number(const char **text, uint32_t max, uint32_t *number)
{
    const char *start = *text;
    uint64_t value = 0;

    while (isdigit((unsigned char)**text) && value <= max)
        value = value * 10 + (uint64_t)(*(*text)++ - '0');
    if (*text == start || value > max || (*start == '0' && *text > start + 1))
        return false;
    *number = (uint32_t)value;
    return true;
}

/* The letters of a disk, "a" to "z", "aa" to "zz" and on, as a number from 0. */
static bool take_letters(const char **text, uint32_t max, uint32_t *disk)
{
    uint64_t value = 0;
    const char *start = *text;

    while (**text >= 'a' && **text <= 'z' && value <= max + 1)
        value = value * 26 + (uint64_t)(*(*text)++ - 'a' + 1);
    if (*text == start || value - 1 > max)
        return false;
    *disk = (uint32_t)value - 1;
    return true;
}

/* xvd: 1<<28 | disk<<8 | partition, or 202<<8 | disk<<4 | partition while these are below 16. */
static bool xvd_number(uint32_t disk, uint32_t partition, uint32_t *number)
{
    if (disk < 16 && partition < 16)
        *number = 202u << 8 | disk << 4 | partition;
    else
        *number = 1u << 28 | disk << 8 | partition;
    return disk < 1u << 20 && partition < 256;
}

static bool sd_number(uint32_t disk, uint32_t partition, uint32_t *number)
{
    *number = 8u << 8 | disk << 4 | partition;
    return disk < 16 && partition < 16;
}

static bool hd_number(uint32_t disk, uint32_t partition, uint32_t *number)
{
    *number = (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | partition;
    return disk < 4 && partition < 64;
}

static bool take_d_p(const char *text, uint32_t *number)
{
    uint32_t disk, partition = 0;

    text++;
    if (!take_number(&text, (1u << 20) - 1, &disk))
        return false;
    if (*text == 'p') {
        text++;
        if (!take_number(&text, 255, &partition))
            return false;
    }
    return !*text && xvd_number(disk, partition, number);
}

bool pando_vdev_number(const char *vdev, uint32_t *number)
{
    static const struct {
        const char *prefix;
        bool (*encode)(uint32_t disk, uint32_t partition, uint32_t *number);
    } families[] = { { "xvd", xvd_number }, { "sd", sd_number }, { "hd", hd_number } };

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t length = strlen(families[i].prefix);
        if (strncmp(vdev, families[i].prefix, length))
            continue;
        uint32_t disk, partition = 0;
        vdev += length;
        if (!take_letters(&vdev, (1u << 20) - 1, &disk))
            return false;
        if (*vdev && (!take_number(&vdev, 255, &partition) || partition == 0))
            return false;
        return !*vdev && families[i].encode(disk, partition, number);
    }
    if (*vdev == 'd')
        return take_d_p(vdev, number);
    return false;
}

/* --- sets of CPUs ---------------------------------------------------------------- */

enum { CPUS = PANDO_CPU_WORDS * 64 };

static bool cpu_in(const uint64_t *cpus, uint32_t cpu)
{
    return cpus[cpu / 64] >> (cpu % 64) & 1;
}

/* "N" or "N-M" with or without ^ before it. */
static bool take_range(const char **text, uint64_t cpus[PANDO_CPU_WORDS])
{
    uint32_t first, last;
    bool without = **text == '^';

    if (without)
        (*text)++;
    if (!take_number(text, CPUS - 1, &first))
        return false;
    last = first;
    if (**text == '-') {
        (*text)++;
        if (!take_number(text, CPUS - 1, &last) || last < first)
            return false;
    }
    for (uint32_t cpu = first; cpu <= last; cpu++) {
        if (without)
            cpus[cpu / 64] &= ~(1ull << (cpu % 64));
        else
            cpus[cpu / 64] |= 1ull << (cpu % 64);
    }
    return true;
}

bool pando_cpus_parse(const char *text, uint64_t cpus[PANDO_CPU_WORDS])
{
    uint64_t set[PANDO_CPU_WORDS] = { 0 }, any = 0;

    if (!strncmp(text, "all", 3) && (!text[3] || text[3] == ',')) {
        memset(set, 0xff, sizeof(set));
        text += 3;
    } else if (!take_range(&text, set)) {
        return false;
    }
    while (*text == ',') {
        text++;
        if (!take_range(&text, set))
            return false;
    }
    for (size_t i = 0; i < PANDO_CPU_WORDS; i++)
        any |= set[i];
    if (*text || !any)
        return false;
    memcpy(cpus, set, sizeof(set));
    return true;
}

char *pando_cpus_print(const uint64_t cpus[PANDO_CPU_WORDS])
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    const char *comma = "";
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        if (!cpu_in(cpus, cpu))
            continue;
        uint32_t first = cpu;
        while (cpu + 1 < CPUS && cpu_in(cpus, cpu + 1))
            cpu++;
        if (first == 0 && cpu == CPUS - 1)
            fputs("all", stream);
        else if (first == cpu)
            fprintf(stream, "%s%u", comma, cpu);
        else
            fprintf(stream, "%s%u-%u", comma, first, cpu);
        comma = ",";
    }
    bool failed = ferror(stream);
    if (fclose(stream) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

uint32_t pando_vnode_distance(const struct pando_config *config, size_t a, size_t b)
{
    const struct pando_vnode_config *node = &config->vnodes[a];

    if (node->distance_count)
        return node->distances[b];
    return a == b ? 10 : 20;
}
