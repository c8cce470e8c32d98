/* SPDX-License-Identifier: MIT */
/* Numbers for people, in few columns. Buffers have 32 bytes, and are returned. */
#ifndef SHELL_FORMAT_H
#define SHELL_FORMAT_H

#include "pando.h"
#include "theme.h"

const char *format_kib(uint64_t kib, char *buffer);         /* "512M", "1.5G" */
const char *format_percent(double cpus, char *buffer);      /* "37": of one CPU; "-" */
const char *format_duration(int64_t seconds, char *buffer); /* "59s", "12m", "3h", "40d" */
const char *format_cpus(const uint64_t *set, uint32_t cpus, char *buffer,
                        size_t size); /* "0-3,5" */

/* One character for a guest's state, and what it looks like. */
const char *format_state_mark(const struct pando_domain *info);
enum role format_state_role(const struct pando_domain *info);

#endif
