/* SPDX-License-Identifier: MIT */
#include <hv/string.h>
#include <hv/types.h>

struct out {
    char *buf;
    size_t size, len;
};

struct spec {
    bool left, zero, plus, alt, upper;
    int width, precision; /* precision -1: not given */
    int size;             /* bytes of the integer argument */
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
    size_t n;

    if (!s)
        s = "(null)";
    n = sp->precision >= 0 ? strnlen(s, (size_t)sp->precision) : strlen(s);
    if (!sp->left)
        pad(o, ' ', sp->width - (int)n);
    for (size_t i = 0; i < n; i++)
        put(o, s[i]);
    if (sp->left)
        pad(o, ' ', sp->width - (int)n);
}

static void put_number(struct out *o, const struct spec *sp, uint64_t v, unsigned int base,
                       char sign)
{
    const char *digits = sp->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char tmp[24];
    int n = 0, zeros, prefix = (sign != 0) + (sp->alt && base == 16 ? 2 : 0);

    do {
        tmp[n++] = digits[v % base];
        v /= base;
    } while (v);

    zeros = max(0, sp->precision - n);
    if (sp->zero && !sp->left && sp->precision < 0)
        zeros = max(0, sp->width - n - prefix);
    if (!sp->left)
        pad(o, ' ', sp->width - n - zeros - prefix);
    if (sign)
        put(o, sign);
    if (sp->alt && base == 16) {
        put(o, '0');
        put(o, 'x');
    }
    pad(o, '0', zeros);
    for (int i = n; i-- > 0;)
        put(o, tmp[i]);
    if (sp->left)
        pad(o, ' ', sp->width - n - zeros - prefix);
}

static const char *parse_spec(const char *f, struct spec *sp, va_list *ap)
{
    *sp = (struct spec){ .precision = -1, .size = 4 };
    for (;; f++) {
        if (*f == '-')
            sp->left = true;
        else if (*f == '0')
            sp->zero = true;
        else if (*f == '+')
            sp->plus = true;
        else if (*f == '#')
            sp->alt = true;
        else
            break;
    }
    if (*f == '*') {
        sp->width = va_arg(*ap, int);
        f++;
    }
    while (*f >= '0' && *f <= '9')
        sp->width = sp->width * 10 + (*f++ - '0');
    if (*f == '.') {
        sp->precision = 0;
        f++;
        if (*f == '*') {
            sp->precision = va_arg(*ap, int);
            f++;
        }
        while (*f >= '0' && *f <= '9')
            sp->precision = sp->precision * 10 + (*f++ - '0');
    }
    for (;; f++) {
        if (*f == 'l' || *f == 'z')
            sp->size = 8;
        else if (*f == 'h')
            sp->size /= 2;
        else
            return f;
    }
}

static uint64_t get_unsigned(const struct spec *sp, va_list *ap)
{
    uint64_t v = sp->size == 8 ? va_arg(*ap, uint64_t) : va_arg(*ap, uint32_t);

    return sp->size < 8 ? v & ((1UL << (sp->size * 8)) - 1) : v;
}

int vsnprintf(char *buf, size_t size, const char *f, va_list args)
{
    struct out o = { buf, size, 0 };
    struct spec sp;
    va_list ap;
    int64_t s;
    char one[2] = { 0, 0 };

    va_copy(ap, args);
    for (; *f; f++) {
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = parse_spec(f + 1, &sp, &ap);
        switch (*f) {
        case 'd':
        case 'i':
            s = sp.size == 8 ? va_arg(ap, int64_t) : va_arg(ap, int32_t);
            put_number(&o, &sp, s < 0 ? -(uint64_t)s : (uint64_t)s, 10,
                       s < 0     ? '-'
                       : sp.plus ? '+'
                                 : 0);
            break;
        case 'u':
            put_number(&o, &sp, get_unsigned(&sp, &ap), 10, 0);
            break;
        case 'o':
            put_number(&o, &sp, get_unsigned(&sp, &ap), 8, 0);
            break;
        case 'X':
            sp.upper = true;
            /* fall through */
        case 'x':
            put_number(&o, &sp, get_unsigned(&sp, &ap), 16, 0);
            break;
        case 'p':
            sp.alt = true;
            put_number(&o, &sp, va_arg(ap, uint64_t), 16, 0);
            break;
        case 'c':
            one[0] = (char)va_arg(ap, int);
            put_string(&o, &sp, one);
            break;
        case 's':
            put_string(&o, &sp, va_arg(ap, const char *));
            break;
        case 0:
            f--; /* a lone % at the end */
            break;
        default:
            put(&o, *f);
        }
    }
    va_end(ap);
    if (size)
        buf[min(o.len, size - 1)] = 0;
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}
