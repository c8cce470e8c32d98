/* SPDX-License-Identifier: MIT */
#include "canvas.h"

#include <string.h>
#include <wchar.h>

enum { REPLACEMENT = 0xfffd };

uint32_t utf8_next(const char *text, size_t length, size_t *used)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    const unsigned char *bytes = (const unsigned char *)text;
    size_t more = *bytes < 0xc0 ? 0 : *bytes < 0xe0 ? 1 : *bytes < 0xf0 ? 2 : 3;
    uint32_t character = more ? *bytes & (0x3fu >> more) : *bytes;

    *used = 1;
    if (*bytes < 0x80)
        return *bytes;
    if (*bytes < 0xc0 || *bytes >= 0xf8 || more >= length)
        return REPLACEMENT;
    for (size_t i = 1; i <= more; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        character = character << 6 | (bytes[i] & 0x3f);
    }
    if (character < least[more] || character > 0x10ffff || (character >> 11) == 0x1b)
        return REPLACEMENT;
    *used = more + 1;
    return character;
}

size_t utf8_put(char *buffer, uint32_t character)
{
    if (character < 0x80) {
        buffer[0] = (char)character;
        return 1;
    }
    size_t more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    buffer[0] = (char)(0xff00u >> (more + 1) | character >> 6 * more);
    for (size_t i = 1; i <= more; i++)
        buffer[i] = (char)(0x80 | (character >> 6 * (more - i) & 0x3f));
    return more + 1;
}

int character_width(uint32_t character)
{
    if (character < 0x7f)
        return 1;
    /* What the locale does not know takes a column, if only for a '?'. */
    int width = wcwidth((wchar_t)character);
    return width < 0 ? 1 : width;
}

int text_width(const char *text)
{
    size_t length = 0;
    int width = 0;
    while (text[length] && text[length] != '\n')
        length++;
    for (size_t used, i = 0; i < length; i += used)
        width += character_width(utf8_next(text + i, length - i, &used));
    return width;
}

size_t text_fitting(const char *text, int width)
{
    size_t length = strcspn(text, "\n"), used, blank = 0;
    int columns = 0;
    for (size_t i = 0; i < length; i += used) {
        columns += character_width(utf8_next(text + i, length - i, &used));
        if (text[i] == ' ')
            blank = i + 1;
        /* Not between words, if that left most of the row empty. */
        if (columns > width && i)
            return blank > i / 2 ? blank : i;
    }
    return length;
}
