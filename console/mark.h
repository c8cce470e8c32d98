/* SPDX-License-Identifier: MIT */
/*
 * The lines that consoled itself puts into a console's scrollback and log when a domain starts and
 * ends, and finding them again in a log:
 *
 *   [pando: domain 7 starts, uuid 0a1b..., 2026-01-31T12:00:00Z]
 *   [pando: domain 7 has ended, 2026-01-31T12:00:00Z]
 *
 * A guest can print such lines as well. All it gains is a wrong start of its own scrollback.
 */
#ifndef CONSOLE_MARK_H
#define CONSOLE_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_SIZE 160u

/* Make the lines, with the current time, into @buf of MARK_SIZE bytes. @uuid may be "". */
void mark_start(char *buf, uint32_t domid, const char *uuid);
void mark_end(char *buf, uint32_t domid);

/* Whether there is the mark of any start in the @length bytes at @log. */
bool mark_is_any(const char *log, size_t length);

/*
 * Where in a log the part begins that belongs to the guest with that UUID: the first mark of its
 * domains that no other guest's mark follows; @length if there is none. *last says whether the last
 * mark is that of the domain @domid.
 */
size_t mark_find_guest(const char *log, size_t length, uint32_t domid, const char *uuid,
                       bool *last);

#endif
