/* SPDX-License-Identifier: MIT */
/*
 * The word by which the CPUs of both vendors are told which event to inject, and tell which one an
 * exit has interrupted (APM 2, 15.20 and 15.7.2; SDM 3, 25.8.3 and 25.9.3).
 */
#ifndef X86_HVM_EVENT_WORD_H
#define X86_HVM_EVENT_WORD_H

#include "x86/x86.h"

#define EVENT_VECTOR(word) ((uint8_t)(word))
#define EVENT_TYPE(word)   ((uint32_t)(word) >> 8 & 7) /* enum event_type, and the vendor's own */
#define EVENT_HAS_ERROR    (1u << 11)
#define EVENT_VALID        (1u << 31)

static inline uint32_t event_word(const struct x86_event *e)
{
    return EVENT_VALID | (e->has_error ? EVENT_HAS_ERROR : 0) | (uint32_t)e->type << 8 | e->vector;
}

/*
 * intr.c: an exit has interrupted the delivery of an event, which is delivered again; but for what
 * instructions raise, which are executed again. True: it will be.
 */
bool hvm_event_interrupted(struct vcpu *v, uint32_t word, uint32_t error, uint64_t cr2);

#endif
