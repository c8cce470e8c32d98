/* SPDX-License-Identifier: MIT */
/*
 * Instructions that are chosen at boot. The code has those for a CPU without the feature; a
 * record says which bytes to put over them where it is there. What is left over of the place
 * becomes NOPs, or is jumped over: a feature that is off costs next to nothing.
 *
 * All records are applied once, on the boot CPU, before the others start and before the code
 * becomes read-only (boot/main.c). They and the replacements are gone after boot.
 */
#ifndef X86_CPU_ALTERNATIVE_H
#define X86_CPU_ALTERNATIVE_H

#include "x86/cpu/feature.h"

/*
 * For C, of strings of assembly. A replacement must do from anywhere: it may jump within itself,
 * and address memory in no way relative to RIP. To ALTERNATIVE_OF, @feature is a string as well:
 * an operand of the asm. alternative.inc has the same for assembly.
 */
#define ALTERNATIVE_STRING_(x)         #x
#define ALTERNATIVE_STRING(x)          ALTERNATIVE_STRING_(x)
#define ALTERNATIVE(old, new, feature) ALTERNATIVE_OF(old, new, ALTERNATIVE_STRING(feature))
#define ALTERNATIVE_OF(old, new, feature)                                                          \
    "771:\n" old "\n"                                                                              \
    "772:\n"                                                                                       \
    ".skip -(((774f - 773f) - (772b - 771b)) > 0) * ((774f - 773f) - (772b - 771b)), 0x90\n"       \
    "775:\n"                                                                                       \
    ".pushsection .init.alternatives, \"a\"\n"                                                     \
    ".long 771b - ., 773f - .\n"                                                                   \
    ".short " feature "\n"                                                                         \
    ".byte 775b - 771b, 772b - 771b, 774f - 773f\n"                                                \
    ".popsection\n"                                                                                \
    ".pushsection .init.replacements, \"ax\"\n"                                                    \
    "773:\n" new "\n"                                                                              \
                 "774:\n"                                                                          \
                 ".popsection\n"

struct alternative {
    int32_t place, replacement; /* each relative to its own field */
    uint16_t feature;           /* or FEATURE_NOT | feature */
    uint8_t place_len;          /* bytes, of which the instructions there are the first old_len */
    uint8_t old_len, replacement_len;
} __packed;

/*
 * Applies a table of records, for the features in @features (a bit each). Returns how many
 * places were given other instructions; -EINVAL, with nothing changed, if what is to be in one
 * is longer than it.
 */
int alternatives_apply(const struct alternative *start, const struct alternative *end,
                       uint64_t features);
/* Boot: all of the hypervisor's. */
void alternatives_patch(void);

/*
 * cpu_has() for hot paths: no load and no test, but a jump that becomes a NOP. It says no before
 * alternatives_patch(). @feature must be a constant.
 */
#ifdef UNIT_TEST
#define cpu_has_patched(feature) cpu_has(feature)
#else
static inline __attribute__((always_inline)) bool cpu_has_patched(unsigned int feature)
{
    __asm__ goto(ALTERNATIVE_OF("jmp %l[no]", "", "%c0") : : "i"(feature) : : no);
    return true;
no:
    return false;
}
#endif

#endif
