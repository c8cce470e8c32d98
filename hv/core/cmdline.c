/* SPDX-License-Identifier: MIT */
/* The hypervisor's command line: words separated by blanks. */
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The end of the word that starts at @s. */
static const char *word_end(const char *s)
{
    while (*s && !is_blank(*s))
        s++;
    return s;
}

/* Finds the option's value (what follows '=', or its end); the last one counts. */
static const char *find(const char *name)
{
    const char *found = NULL, *s = boot_info.cmdline;
    size_t len = strlen(name);

    for (;;) {
        const char *end;

        while (is_blank(*s))
            s++;
        if (!*s)
            return found;
        end = word_end(s);
        if ((size_t)(end - s) >= len && !memcmp(s, name, len)) {
            if (s + len == end)
                found = end;
            else if (s[len] == '=')
                found = s + len + 1;
        }
        s = end;
    }
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
    const char *value = find(name);
    size_t len;

    if (!value)
        return false;
    len = word_end(value) - value;
    if (len >= size) {
        log_warning("%s=%.*s: value is too long (at most %zu characters), ignored\n", name,
                    (int)len, value, size - 1);
        return false;
    }
    memcpy(buf, value, len);
    buf[len] = '\0';
    return true;
}

bool cmdline_has(const char *name)
{
    return find(name) != NULL;
}

/* 0 if @c is no suffix. */
static unsigned int suffix_shift(char c)
{
    switch (c) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    case 't':
    case 'T':
        return 40;
    default:
        return 0;
    }
}

int cmdline_parse_size(const char *s, uint64_t unit, uint64_t *bytes)
{
    const char *p = s;
    uint64_t n = 0;

    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            goto wrong;
    if (p == s)
        goto wrong;
    if (suffix_shift(*p))
        unit = 1UL << suffix_shift(*p++);
    if (*p || __builtin_mul_overflow(n, unit, &n))
        goto wrong;
    *bytes = n;
    return 0;

wrong:
    log_error("%s: expected a size such as 768M or 2G\n", s);
    return -EINVAL;
}
