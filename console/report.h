/* SPDX-License-Identifier: MIT */
/* consoled's own log: lines on standard error. */
#ifndef CONSOLE_REPORT_H
#define CONSOLE_REPORT_H

/* Writes "consoled: ", the text and a newline. Failure to write is nobody's problem. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
