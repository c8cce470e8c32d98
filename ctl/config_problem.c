/* SPDX-License-Identifier: MIT */
/* The list of what is wrong with a configuration, and words for it. */
#include "config_schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file full of mistakes is not a reason to fill the screen or the memory. */
enum { PROBLEMS_MAX = 100 };

static void problem_free(struct pando_problem *problem)
{
    free(problem->where);
    free(problem->key);
    free(problem->text);
}

void pando_problems_free(struct pando_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        problem_free(&problems->list[i]);
    free(problems->list);
    *problems = (struct pando_problems){ 0 };
}

void config_problem(struct config_reader *reader, const struct json *node, const char *key,
                    const char *format, ...)
{
    struct pando_problems *problems = reader->problems;

    if (problems->count == PROBLEMS_MAX) {
        problems->left_out++;
        return;
    }
    struct pando_problem *list =
        realloc(problems->list, (problems->count + 1) * sizeof(*problems->list));
    if (!list) {
        reader->no_memory = true;
        return;
    }
    problems->list = list;

    struct pando_problem problem = { .where = strdup(reader->source->where), .key = strdup(key) };
    if (node && reader->source->lines)
        problem.line = node->line;
    va_list args;
    va_start(args, format);
    if (vasprintf(&problem.text, format, args) < 0)
        problem.text = NULL;
    va_end(args);
    if (!problem.where || !problem.key || !problem.text) {
        problem_free(&problem);
        reader->no_memory = true;
        return;
    }
    list[problems->count++] = problem;
}

bool config_has_problem(const struct pando_problems *problems, const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < problems->count; i++) {
        const char *found = problems->list[i].key;
        if (!strncmp(found, key, length) && (!found[length] || strchr(".[", found[length])))
            return true;
    }
    return false;
}

static bool problem_after(const struct pando_problem *a, const struct pando_problem *b,
                          const char *last)
{
    bool a_last = !strcmp(a->where, last), b_last = !strcmp(b->where, last);
    return a_last != b_last ? a_last : a->line > b->line;
}

void config_sort_problems(struct pando_problems *problems, const char *last)
{
    /* Insertion sort: stable, and the list is short. */
    for (size_t i = 1; i < problems->count; i++) {
        struct pando_problem problem = problems->list[i];
        size_t j = i;
        for (; j > 0 && problem_after(&problems->list[j - 1], &problem, last); j--)
            problems->list[j] = problems->list[j - 1];
        problems->list[j] = problem;
    }
}

char *pando_problems_text(const struct pando_problems *problems)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < problems->count; i++) {
        const struct pando_problem *problem = &problems->list[i];
        fputs(problem->where, stream);
        if (problem->line)
            fprintf(stream, ":%u", problem->line);
        fprintf(stream, ": %s%s%s\n", problem->key, *problem->key ? ": " : "", problem->text);
    }
    if (problems->left_out)
        fprintf(stream, "(and %zu more)\n", problems->left_out);
    bool failed = ferror(stream);
    if (fclose(stream) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

const char *config_quote(const struct json *node, char *buffer, size_t size)
{
    switch (node->type) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return node->boolean ? "true" : "false";
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_type_name(node->type);
    case JSON_NUMBER:
    case JSON_STRING:
        break;
    }
    const char *quote = node->type == JSON_STRING ? "\"" : "";
    const char *dots = strlen(node->text) > size - 8 ? "..." : "";
    snprintf(buffer, size, "%s%.*s%s%s", quote, (int)size - 8, node->text, dots, quote);
    for (char *c = buffer; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return buffer;
}

/* The number of letters to insert, remove, replace or swap (optimal string alignment distance). */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    unsigned rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > LONGEST || b_length > LONGEST)
        return LONGEST;
    for (unsigned j = 0; j <= b_length; j++)
        above[j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_length];
}

const char *pando_nearest_word(const char *word, const char *const *words, size_t stride)
{
    const char *nearest = NULL;
    /* At most a third of the letters may be wrong: else the guess helps nobody. */
    unsigned best = (unsigned)strlen(word) / 3 + 1;

    for (const char *cursor = (const char *)words; *(const char *const *)cursor; cursor += stride) {
        const char *candidate = *(const char *const *)cursor;
        unsigned distance = edit_distance(word, candidate);
        if (distance <= best && (!nearest || distance < best)) {
            nearest = candidate;
            best = distance;
        }
    }
    return nearest;
}
