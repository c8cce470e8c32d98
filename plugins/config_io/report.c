/* SPDX-License-Identifier: MIT */
#include "report.h"
#include "value.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MAX = 1000, KEY_MAX = 80, TEXT_MAX = 400 };

/* Cut, and without what upsets a terminal. */
static char *plain(const char *text, size_t most)
{
    char *copy = need(strndup(text, most));
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f ||
            ((unsigned char)*c == 0xc2 && (unsigned char)c[1] < 0xa0))
            *c = '?';
    return copy;
}

void report_add(struct report *report, enum note_kind kind, unsigned line, const char *key,
                const char *format, ...)
{
    char text[TEXT_MAX + 1];
    va_list args;
    report->wrong += kind == NOTE_WRONG;
    if (report->count == NOTES_MAX) {
        report->left_out++;
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    report->notes = need(reallocarray(report->notes, report->count + 1, sizeof(*report->notes)));
    report->notes[report->count++] = (struct note){
        .kind = kind, .line = line, .key = plain(key, KEY_MAX), .text = plain(text, TEXT_MAX)
    };
}

void report_print(struct report *report, FILE *out)
{
    /* Few, and nearly in order. */
    for (size_t i = 1; i < report->count; i++) {
        struct note note = report->notes[i];
        size_t j = i;
        for (; j && report->notes[j - 1].line > note.line; j--)
            report->notes[j] = report->notes[j - 1];
        report->notes[j] = note;
    }
    for (size_t i = 0; i < report->count; i++) {
        const struct note *note = &report->notes[i];
        fprintf(out, "%s:", report->where);
        if (note->line)
            fprintf(out, "%u:", note->line);
        fprintf(out, " %s%s%s\n", note->key, *note->key ? ": " : "", note->text);
    }
    if (report->left_out)
        fprintf(out, "%s: and %zu more\n", report->where, report->left_out);
}

void report_free(struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->notes[i].key);
        free(report->notes[i].text);
    }
    free(report->notes);
    report->notes = NULL;
    report->count = 0;
}
