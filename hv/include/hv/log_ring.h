/* SPDX-License-Identifier: MIT */
/* Inside of the log: raw access for the sysctl, the guest's console and the boot. */
#ifndef HV_LOG_RING_H
#define HV_LOG_RING_H

#include <hv/log.h>

/* Messages up to this level also go to the console. */
extern enum log_level log_console_level;

void log_write(const char *s, size_t n, bool console);

/*
 * Guests' lines that wait for the console go there, as far as it takes them without
 * waiting. True: there are more, which want another call a little later.
 */
bool log_drain(void);

/*
 * Reads from position *pos (bytes since boot; moved forward to the oldest there
 * is, and past what was read). Returns the number of bytes.
 */
size_t log_read(uint64_t *pos, char *buf, size_t size);
/* The position after the newest byte. */
uint64_t log_position(void);
/* Forgets all there is. */
void log_clear(void);

#endif
