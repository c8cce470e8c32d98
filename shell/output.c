/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool harmless(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte >= 0x20 && byte != 0x7f) || strchr("\n\t\r", c);
}

void output_foreign(FILE *out, const char *text, size_t length)
{
    if (!isatty(fileno(out))) {
        fwrite(text, 1, length, out);
        return;
    }
    for (size_t i = 0; i < length; i++)
        fputc(text[i] && harmless(text[i]) ? text[i] : '?', out);
}
