/* SPDX-License-Identifier: MIT */
/* The syntax of xl.cfg(5): KEY=VALUE, where a value is a string, a number or a list. */
#ifndef CONFIG_IO_XL_PARSE_H
#define CONFIG_IO_XL_PARSE_H

#include "report.h"
#include "value.h"

/* What export writes into a comment, and import takes back: JSON of what xl.cfg(5) has no key for.
 */
#define XL_KEPT_COMMENT "#pando:kept "

/*
 * Parses a file's text. The object has the keys in the order of the file, of one that was given
 * several times what came of it at last; *kept is an object from XL_KEPT_COMMENT, or NULL. NULL
 * with a note of what is wrong.
 */
struct value *xl_parse(const char *text, size_t length, struct report *report, struct value **kept);

/* Writes KEY=VALUE lines of an object. What cannot be written is noted as wrong. */
void xl_print(const struct value *object, FILE *out, struct report *report);

#endif
