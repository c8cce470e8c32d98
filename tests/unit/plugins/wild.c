/* SPDX-License-Identifier: MIT */
/*
 * Configurations that exist in the wild: each is imported, exported, imported again, and compared.
 * The files are those named, or those in the list that PANDO_WILD names; without any, it is
 * skipped.
 */
#include "roundtrip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/config_io/value.h"

static size_t counts[3], number;

static char *slurp(const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    char *text = need(calloc(1, VALUE_TEXT_MAX + 2));
    *length = file ? fread(text, 1, VALUE_TEXT_MAX + 1, file) : 0;
    if (file)
        fclose(file);
    return text;
}

static void try_file(const char *path)
{
    char why[500] = "", through[500] = "";
    size_t length;
    char *text = slurp(path, &length);
    bool xml = text[strspn(text, " \t\r\n\xef\xbb\xbf")] == '<';
    enum roundtrip result = xml ? roundtrip_libvirt(text, length, why, sizeof(why))
                                : roundtrip_xl(text, length, why, sizeof(why));
    if (result == ROUNDTRIP_SAME &&
        roundtrip_through(text, length, through, sizeof(through)) == ROUNDTRIP_LOST) {
        result = ROUNDTRIP_LOST;
        snprintf(why, sizeof(why), "through the other format: %.400s", through);
    }
    for (char *c = why; *c; c++)
        if (*c == '\n' || *c == '#')
            *c = ' ';
    counts[result]++;
    number++;
    if (result == ROUNDTRIP_LOST)
        printf("not ok %zu - %s: %s\n", number, path, why);
    else
        printf("ok %zu - %s%s%s\n", number, path, *why ? ": refused: " : "", why);
    free(text);
}

static void try_list(const char *list)
{
    char line[4096];
    FILE *file = list ? fopen(list, "re") : NULL;
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = 0;
        try_file(line);
    }
    if (file)
        fclose(file);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        try_file(argv[i]);
    if (argc == 1)
        try_list(getenv("PANDO_WILD"));
    if (!number) {
        puts("1..0 # SKIP no configurations were fetched: tests/plugins/wild.t does that");
        return 0;
    }
    printf("# %zu came back the same, %zu were refused with a reason, %zu lost something\n",
           counts[ROUNDTRIP_SAME], counts[ROUNDTRIP_REFUSED], counts[ROUNDTRIP_LOST]);
    printf("1..%zu\n", number);
    return counts[ROUNDTRIP_LOST] != 0;
}
