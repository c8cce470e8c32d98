/* SPDX-License-Identifier: MIT */
#include "convert.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEVICES_MAX = 1024 };

static bool same_text(const struct value *a, const struct value *b, const char *key,
                      const char *preset)
{
    return !strcmp(value_text(a, key, preset), value_text(b, key, preset));
}

static bool read_only(const struct value *disk)
{
    return *value_text(disk, "access", "rw") == 'r' &&
           strcmp(value_text(disk, "access", "rw"), "rw");
}

bool disk_same(const struct value *as, const struct value *now)
{
    return same_text(as, now, "vdev", "") && same_text(as, now, "target", "") &&
           same_text(as, now, "format", "raw") && read_only(as) == read_only(now);
}

bool vif_same(const struct value *as, const struct value *now)
{
    /* A guest that runs has an address also if its configuration left that open. */
    const char *mac = value_text(as, "mac", NULL);
    return (!mac || !strcasecmp(mac, value_text(now, "mac", ""))) &&
           same_text(as, now, "bridge", "xenbr0") && same_text(as, now, "vifname", "");
}

/* The first device that is not taken yet, and the same. */
static const struct value *find(const struct value *list, const struct value *as,
                                device_same_fn *same, bool *taken)
{
    size_t i = 0;
    for (const struct value *now = list ? list->first : NULL; now && i < DEVICES_MAX;
         now = now->next, i++)
        if (!taken[i] && now->type == VALUE_OBJECT && same(as, now)) {
            taken[i] = true;
            return now;
        }
    return NULL;
}

static size_t length_of(const struct value *list)
{
    size_t length = 0;
    for (const struct value *member = list ? list->first : NULL; member; member = member->next)
        length++;
    return length;
}

void devices_merge(const struct value *kept, const struct value *list, device_same_fn *same,
                   device_emit_fn *emit, void *arg, const char *what, struct report *report)
{
    bool taken[DEVICES_MAX] = { false };
    if (length_of(kept) > DEVICES_MAX || length_of(list) > DEVICES_MAX) {
        report_add(report, NOTE_WRONG, 0, what, "has more than %d members", DEVICES_MAX);
        return;
    }
    for (const struct value *device = kept ? kept->first : NULL; device; device = device->next) {
        const char *source = value_text(device, "source", NULL);
        const struct value *as = value_get(device, "as");
        const struct value *now = as ? find(list, as, same, taken) : NULL;
        if (!source)
            report_add(report, NOTE_WRONG, 0, what, "something kept has no member \"source\"");
        else if (now || !as)
            emit(arg, source, as, now);
        else
            report_add(report, NOTE_LEFT, 0, what,
                       "one has changed or gone since it was imported: what was kept of it (%s) "
                       "is left out",
                       source);
    }
    size_t i = 0;
    for (const struct value *now = list ? list->first : NULL; now; now = now->next)
        if (!taken[i++])
            emit(arg, NULL, NULL, now);
}

void device_keep(struct value *kept, const char *source, const struct value *as, unsigned line)
{
    struct value *device = value_add(kept, value_new(VALUE_OBJECT, "", line));
    value_set(device, "source", value_new(VALUE_STRING, source, line));
    if (as)
        value_set(device, "as", value_copy(as));
}
