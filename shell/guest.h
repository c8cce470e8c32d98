/* SPDX-License-Identifier: MIT */
/* What several commands do with guests. */
#ifndef SHELL_GUEST_H
#define SHELL_GUEST_H

#include <stdint.h>

#include "json.h"
#include "options.h"

/* Finds a guest by what the user has typed. SHELL_OK, or another code after an error message. */
int guest_find(struct shell *shell, const char *which, uint32_t *domid);

/* The same, and refuses dom0, which @verb ("paused") cannot happen to. */
int guest_find_other(struct shell *shell, const char *which, const char *verb, uint32_t *domid);

/* Calls @act for each guest named, all of them even if some fail. The first failure's code. */
typedef int guest_act_fn(struct shell *shell, const char *which, uint32_t domid);
int guest_each(struct shell *shell, const struct arguments *arguments, const char *verb,
               guest_act_fn *act);

/*
 * The domains that the arguments name, or all if there are none, in a list to be freed. SHELL_OK,
 * or another code after an error message; then there is no list.
 */
int guest_select(struct shell *shell, const struct arguments *arguments, struct pando_domain **list,
                 size_t *count);

/* Milliseconds of a steady clock, for deadlines. */
int64_t shell_clock_ms(void);

/*
 * Waits for an event of a guest until @deadline (of shell_clock_ms(), negative: none), or Ctrl-C.
 * SHELL_OK, or another code after an error message about @which.
 */
int guest_wait(struct shell *shell, const char *which, uint32_t domid, enum pando_event event,
               int64_t deadline, enum pando_reason *reason);

/* The state in a word: "running", or why it has ended: "poweroff". */
const char *guest_state(const struct pando_domain *domain);

/* That of a vCPU in a list of pando_vcpu_times(); NULL: it is not there. */
const struct pando_vcpu_times *guest_vcpu_times(const struct pando_vcpu_times *list, size_t count,
                                                uint32_t domid, uint32_t vcpu);

/* "credit2, weight 256, no cap": how a guest is scheduled. */
void guest_scheduler_text(const struct pando_scheduler *scheduler, char *buffer, size_t size);

/* The members of a domain's JSON object, which the caller opens and closes. */
void guest_write_json(struct json_writer *writer, const struct pando_domain *domain);

/* Begins JSON output; output_json_end() writes it. */
struct json_writer *output_json_begin(void);
void output_json_end(struct shell *shell, struct json_writer *writer);

#endif
