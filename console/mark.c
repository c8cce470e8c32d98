/* SPDX-License-Identifier: MIT */
#include "mark.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PREFIX  "[pando: domain "
#define NO_UUID "none"

static void now_text(char *buf, size_t size)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void mark_start(char *buf, uint32_t domid, const char *uuid)
{
    char now[40];

    now_text(now, sizeof(now));
    snprintf(buf, MARK_SIZE, PREFIX "%u starts, uuid %s, %s]\r\n", domid, *uuid ? uuid : NO_UUID,
             now);
}

void mark_end(char *buf, uint32_t domid)
{
    char now[40];

    now_text(now, sizeof(now));
    snprintf(buf, MARK_SIZE, PREFIX "%u has ended, %s]\r\n", domid, now);
}

/* Finds the next mark of a start from *offset on, and moves *offset behind its first bytes.
 * @uuid has 37 bytes. Returns the mark's place, or @length. */
static size_t next_start(const char *log, size_t length, size_t *offset, uint32_t *domid,
                         char *uuid)
{
    while (*offset < length) {
        const char *found = memmem(log + *offset, length - *offset, PREFIX, strlen(PREFIX));
        char line[MARK_SIZE];
        size_t place, size;

        if (!found) {
            break;
        }
        place = (size_t)(found - log);
        *offset = place + strlen(PREFIX);
        size = length - *offset < sizeof(line) - 1 ? length - *offset : sizeof(line) - 1;
        memcpy(line, log + *offset, size);
        line[size] = '\0';
        if (sscanf(line, "%9u starts, uuid %36[^], \r\n]", domid, uuid) == 2) {
            return place;
        }
    }
    *offset = length;
    return length;
}

bool mark_is_any(const char *log, size_t length)
{
    char uuid[37];
    uint32_t domid;
    size_t offset = 0;

    return next_start(log, length, &offset, &domid, uuid) != length;
}

size_t mark_find_guest(const char *log, size_t length, uint32_t domid, const char *uuid, bool *last)
{
    char found_uuid[37];
    uint32_t found_domid;
    size_t offset = 0, run = length, place;

    *last = false;
    while ((place = next_start(log, length, &offset, &found_domid, found_uuid)) != length) {
        bool same = *uuid ? !strcmp(uuid, found_uuid)
                          : found_domid == domid && !strcmp(found_uuid, NO_UUID);

        *last = same && found_domid == domid;
        if (!same) {
            run = length;
        } else if (run == length) {
            run = place;
        }
    }
    return run;
}
