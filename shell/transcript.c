/* SPDX-License-Identifier: MIT */
#include "transcript.h"
#include "shell.h"

#include <stdlib.h>
#include <string.h>

/* Memory that is kept for a text that has become short. */
enum { ROOM_KEPT = 4 * MATCH_MAX };

void transcript_free(struct transcript *transcript)
{
    free(transcript->text);
    *transcript = (struct transcript){ 0 };
}

void transcript_add(struct transcript *transcript, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    /* A NUL behind it makes it a string for regexec(). */
    if (!transcript->room || transcript->room - transcript->length <= length) {
        transcript->room = 2 * transcript->length + length + 1;
        transcript->text = shell_need(realloc(transcript->text, transcript->room));
    }
    for (size_t i = 0; i < length; i++)
        if (plain_keeps(&transcript->plain, from[i]))
            transcript->text[transcript->length++] = (char)from[i];
    transcript->text[transcript->length] = 0;
}

/* --- places --------------------------------------------------------------------------- */

void transcript_skip_to_domain(struct transcript *transcript, uint32_t domid)
{
    char mark[60];
    int size = snprintf(mark, sizeof(mark), "[pando: domain %u starts,", domid);
    const char *at = transcript->text, *end = at + transcript->length;

    while (transcript->length && (at = memmem(at, (size_t)(end - at), mark, (size_t)size))) {
        at += size;
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        transcript->place = (size_t)((line_end ? line_end + 1 : end) - transcript->text);
    }
    transcript_restart(transcript);
}

void transcript_skip_all(struct transcript *transcript)
{
    transcript->place = transcript->length;
    transcript_restart(transcript);
}

void transcript_restart(struct transcript *transcript)
{
    transcript->searched = transcript->place;
}

/* Forgets what is before a place, but for the byte that says whether a line begins there. */
static void forget_before(struct transcript *transcript, size_t place)
{
    size_t cut = place ? place - 1 : 0;
    if (!cut)
        return;
    transcript->length -= cut;
    memmove(transcript->text, transcript->text + cut, transcript->length + 1);
    transcript->place = transcript->place > cut ? transcript->place - cut : 0;
    transcript->searched = transcript->searched > cut ? transcript->searched - cut : 0;
    if (transcript->room > ROOM_KEPT && transcript->length < ROOM_KEPT) {
        transcript->room = ROOM_KEPT;
        transcript->text = shell_need(realloc(transcript->text, ROOM_KEPT));
    }
}

/* Looks for the pattern in the text from *start on, and sets both to where it is. */
static bool search(const struct transcript *transcript, const struct pattern *pattern,
                   size_t *start, size_t *end)
{
    if (pattern->plain) {
        size_t length = strlen(pattern->text);
        const char *from = transcript->text + *start;
        const char *found = memmem(from, transcript->length - *start, pattern->text, length);
        if (!found)
            return false;
        *start = (size_t)(found - transcript->text);
        *end = *start + length;
        return true;
    }
    regmatch_t match = { (regoff_t)*start, (regoff_t)transcript->length };
    if (regexec(&pattern->regex, transcript->text, 1, &match, REG_STARTEND))
        return false;
    *start = (size_t)match.rm_so;
    *end = (size_t)match.rm_eo;
    return true;
}

bool transcript_find(struct transcript *transcript, const struct pattern *pattern, char **match)
{
    size_t start = transcript->place, end;
    if (transcript->searched > start + MATCH_MAX)
        start = transcript->searched - MATCH_MAX;
    if (!transcript->length)
        return false;
    if (transcript->searched == transcript->length && transcript->length > transcript->place)
        return false;
    if (!search(transcript, pattern, &start, &end)) {
        transcript->searched = transcript->length;
        if (transcript->length - transcript->place > TRANSCRIPT_MAX)
            transcript->place = transcript->length - TRANSCRIPT_MAX;
        forget_before(transcript, transcript->place);
        return false;
    }
    *match = shell_need(strndup(transcript->text + start, end - start));
    transcript->place = end;
    forget_before(transcript, end);
    return true;
}

const char *transcript_tail(const struct transcript *transcript, unsigned lines, size_t size,
                            size_t *length)
{
    size_t end = transcript->length, start = end;
    /* The newline at the very end separates no two lines. */
    while (start > transcript->place && end - start < size) {
        if (start < end && transcript->text[start - 1] == '\n' && !--lines)
            break;
        start--;
    }
    *length = end - start;
    return transcript->text ? transcript->text + start : "";
}
