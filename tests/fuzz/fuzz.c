/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <dirent.h>
#include <inttypes.h>
#include <time.h>

#include <sanitizer/common_interface_defs.h>

static uint64_t state = 1, seed;

/* splitmix64: any start will do. */
uint32_t fuzz_below(uint32_t n)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)(((z ^ z >> 31) >> 32) % n);
}

/* --- the corpus ------------------------------------------------------------------------ */

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static struct fuzz_text read_file(const char *path)
{
    struct fuzz_text text;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text.bytes = malloc(FUZZ_TEXT_MAX);
    text.length = fread(text.bytes, 1, FUZZ_TEXT_MAX, file);
    fclose(file);
    return text;
}

void fuzz_corpus_load(struct fuzz_corpus *corpus, const char *name)
{
    char folder[300], path[600];
    struct dirent **entries;
    /* Beside this file, as it was given to the compiler: below the top folder. */
    snprintf(folder, sizeof(folder), "%.*s/corpus/%s", (int)(strrchr(__FILE__, '/') - __FILE__),
             __FILE__, name);
    int count = scandir(folder, &entries, is_file, alphasort);
    if (count <= 0) {
        fail_msg("%s: there is no corpus; run this in the top folder", folder);
        return;
    }
    corpus->count = (size_t)count;
    corpus->list = calloc(corpus->count, sizeof(*corpus->list));
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        corpus->list[i] = read_file(path);
        free(entries[i]);
    }
    free(entries);
}

void fuzz_corpus_free(struct fuzz_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        free(corpus->list[i].bytes);
    free(corpus->list);
}

/* --- rounds ------------------------------------------------------------------------------ */

static void tell(void)
{
    fprintf(stderr, "the last round was FUZZ_SEED=%" PRIu64 "\n", seed);
}

int fuzz_end(int failed)
{
    if (failed)
        tell();
    return failed;
}

void fuzz_run(unsigned rounds, void (*round)(void *arg), void *arg)
{
    const char *seconds = getenv("FUZZ_SECONDS"), *from = getenv("FUZZ_SEED");
    time_t end = time(NULL) + (seconds ? atoi(seconds) : 0);

    __sanitizer_set_death_callback(tell);
    seed = from ? strtoull(from, NULL, 0) : 1;
    for (unsigned i = 0; seconds ? time(NULL) < end : i < rounds; i++, seed++) {
        state = seed * 0x9e3779b97f4a7c15u;
        round(arg);
    }
}

/* --- texts --------------------------------------------------------------------------------- */

static const char *const no_words[] = { "", NULL };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void insert(struct fuzz_text *text, size_t at, const char *bytes, size_t length)
{
    length = smaller(length, FUZZ_TEXT_MAX - text->length);
    memmove(text->bytes + at + length, text->bytes + at, text->length - at);
    memcpy(text->bytes + at, bytes, length);
    text->length += length;
}

static void cut(struct fuzz_text *text, size_t at, size_t length)
{
    length = smaller(length, text->length - at);
    memmove(text->bytes + at, text->bytes + at + length, text->length - at - length);
    text->length -= length;
}

static void change(struct fuzz_text *text, const struct fuzz_text *other, const char *word)
{
    size_t at = fuzz_below((uint32_t)text->length + 1), size = fuzz_below(24);
    char copy[64];

    switch (fuzz_below(7)) {
    case 0:
        cut(text, at, size);
        break;
    case 1:
    case 2:
        insert(text, at, word, strlen(word));
        break;
    case 3:
        if (at < text->length)
            text->bytes[at] = (char)fuzz_below(256);
        break;
    case 4:
        if (at < text->length)
            text->bytes[at] ^= (char)(1 << fuzz_below(8));
        break;
    case 5:
        size = smaller(smaller(size, text->length - at), sizeof(copy));
        memcpy(copy, text->bytes + at, size);
        insert(text, fuzz_below((uint32_t)text->length + 1), copy, size);
        break;
    default: /* the end of another text */
        if (fuzz_below(4))
            break;
        cut(text, at, text->length);
        size = fuzz_below((uint32_t)other->length + 1);
        insert(text, at, other->bytes + size, other->length - size);
        break;
    }
}

struct fuzz_text fuzz_mutated(const struct fuzz_corpus *corpus, const char *const *dictionary)
{
    const struct fuzz_text *from = &corpus->list[fuzz_below((uint32_t)corpus->count)];
    struct fuzz_text text = { malloc(FUZZ_TEXT_MAX), from->length };
    uint32_t words = 0;

    if (!dictionary)
        dictionary = no_words;
    while (dictionary[words])
        words++;
    memcpy(text.bytes, from->bytes, from->length);
    for (uint32_t n = fuzz_below(8) + 1; n; n--)
        change(&text, &corpus->list[fuzz_below((uint32_t)corpus->count)],
               dictionary[fuzz_below(words)]);

    struct fuzz_text exact = { malloc(text.length ? text.length : 1), text.length };
    memcpy(exact.bytes, text.bytes, text.length);
    free(text.bytes);
    return exact;
}

void fuzz_string(char *text, size_t max, const char *alphabet)
{
    size_t length = fuzz_below((uint32_t)max + 1);
    for (size_t i = 0; i < length; i++)
        text[i] = fuzz_below(16) ? alphabet[fuzz_below((uint32_t)strlen(alphabet))]
                                 : (char)(fuzz_below(255) + 1);
    text[length] = 0;
}
