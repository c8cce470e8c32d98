/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>
#include <hv/log.h>

#include "x86/cpu/alternative.h"
#include "x86/cpu/insn.h"

#define MAX_NOP 9
/* More than two NOPs take longer than a jump. */
#define MAX_NOPS  (2 * MAX_NOP)
#define INT3      0xcc
#define JMP_REL8  0xeb
#define JMP_REL32 0xe9

/* Those of n bytes that CPUs know to be one NOP (SDM 2, NOP; APM 3, NOP). */
static const uint8_t nops[MAX_NOP][MAX_NOP] = {
    { 0x90 },
    { 0x66, 0x90 },
    { 0x0f, 0x1f, 0x00 },
    { 0x0f, 0x1f, 0x40, 0x00 },
    { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
    { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
    { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
    { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
    { 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
};

/* Not memcpy(), which is among what is patched: volatile, so that it does not become it. */
static volatile uint8_t *write_code(volatile uint8_t *to, const uint8_t *from, size_t len)
{
    while (len--)
        *to++ = *from++;
    return to;
}

static void pad(volatile uint8_t *to, size_t len)
{
    if (len > MAX_NOPS) {
        size_t short_jump = len - 2 < 128;
        uint32_t over = (uint32_t)(short_jump ? len - 2 : len - 5);

        *to = short_jump ? JMP_REL8 : JMP_REL32;
        to = write_code(to + 1, (const uint8_t *)&over, short_jump ? 1 : 4);
        while (over--)
            *to++ = INT3;
        return;
    }
    for (size_t n; len; len -= n) {
        n = min(len, (size_t)MAX_NOP);
        to = write_code(to, nops[n - 1], n);
    }
}

static bool is_wanted(const struct alternative *a, uint64_t features)
{
    bool has = features >> (a->feature & ~FEATURE_NOT) & 1;

    return has != !!(a->feature & FEATURE_NOT);
}

static void choose(const struct alternative *a, bool wanted)
{
    uint8_t *place = (uint8_t *)&a->place + a->place;
    const uint8_t *new = (const uint8_t *)&a->replacement + a->replacement;
    size_t len = wanted ? a->replacement_len : a->old_len;

    if (wanted)
        write_code(place, new, len);
    pad(place + len, a->place_len - len);
}

int alternatives_apply(const struct alternative *start, const struct alternative *end,
                       uint64_t features)
{
    int n = 0;

    for (const struct alternative *a = start; a < end; a++) {
        if (max(a->old_len, a->replacement_len) > a->place_len)
            return -EINVAL;
    }
    for (const struct alternative *a = start; a < end; a++) {
        bool wanted = is_wanted(a, features);

        choose(a, wanted);
        n += wanted;
    }
    return n;
}

#ifndef UNIT_TEST
extern const struct alternative alternatives_start[], alternatives_end[];

void alternatives_patch(void)
{
    int n = alternatives_apply(alternatives_start, alternatives_end, cpu_features);

    if (n < 0)
        panic("a record of alternative instructions is wrong");
    cpuid(0); /* serializes: what was fetched before is not executed */
    log_info("code: %d of %ld places patched for this CPU\n", n,
             alternatives_end - alternatives_start);
}
#endif
