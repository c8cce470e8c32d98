/* SPDX-License-Identifier: MIT */
/* A micro-kernel's beginning and end, its output and results. */
#include <stdarg.h>

#include "lib.h"

uint8_t hypercall_page[PAGE_SIZE] __attribute__((aligned(4096)));
const struct hvm_start_info *start_info;

static unsigned int nr_results;
static const char *failure_expected;

/* --- the few functions that the compiler wants ------------------------------------------------ */

void *memset(void *p, int c, size_t n)
{
    void *to = p;

    __asm__ __volatile__("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
    return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
    void *d = to;

    __asm__ __volatile__("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

/* --- output --------------------------------------------------------------------------------- */

struct out {
    char *buf;
    size_t size, len;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len++] = c;
}

static void put_number(struct out *o, uint64_t v, unsigned int base, bool negative, int width,
                       char fill)
{
    char digits[24];
    int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    if (negative)
        digits[n++] = '-';
    while (width-- > n)
        put(o, fill);
    while (n)
        put(o, digits[--n]);
}

/* %s %c %d %u %x with l, #, 0 and a width. */
static void format(struct out *o, const char *fmt, va_list ap)
{
    for (; *fmt; fmt++) {
        bool is_long = false, alternate = false;
        char fill = ' ';
        int width = 0;

        if (*fmt != '%') {
            put(o, *fmt);
            continue;
        }
        for (fmt++; *fmt == '#' || *fmt == '0'; fmt++) {
            if (*fmt == '#')
                alternate = true;
            else
                fill = '0';
        }
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            width = width * 10 + *fmt - '0';
        for (; *fmt == 'l'; fmt++)
            is_long = true;
        if (*fmt == 's') {
            const char *s = va_arg(ap, const char *);
            int pad = width - (int)strlen(s);

            while (*s)
                put(o, *s++);
            while (pad-- > 0)
                put(o, ' ');
        } else if (*fmt == 'c') {
            put(o, (char)va_arg(ap, int));
        } else if (*fmt == 'd') {
            int64_t v = is_long ? va_arg(ap, int64_t) : va_arg(ap, int);

            put_number(o, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, width, fill);
        } else if (*fmt == 'u' || *fmt == 'x') {
            uint64_t v = is_long ? va_arg(ap, uint64_t) : va_arg(ap, uint32_t);

            if (alternate) {
                put(o, '0');
                put(o, 'x');
            }
            put_number(o, v, *fmt == 'x' ? 16 : 10, false, width, fill);
        } else {
            put(o, *fmt);
        }
    }
    if (o->size)
        o->buf[o->len] = '\0';
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    struct out o = { buf, size, 0 };
    va_list ap;

    va_start(ap, fmt);
    format(&o, fmt, ap);
    va_end(ap);
    return (int)o.len;
}

static void write_line(struct out *o)
{
    hcall3(console_io, CONSOLEIO_write, o->len, o->buf);
}

void printf(const char *fmt, ...)
{
    char buf[256];
    struct out o = { buf, sizeof(buf), 0 };
    va_list ap;

    va_start(ap, fmt);
    format(&o, fmt, ap);
    va_end(ap);
    write_line(&o);
}

/* --- results ---------------------------------------------------------------------------------- */

static void result(bool good, const char *text)
{
    printf("%s %u - %s%s%s\n", good ? "ok" : "not ok", ++nr_results, text,
           failure_expected ? " # TODO " : "", failure_expected ? failure_expected : "");
}

bool check(bool good, const char *file, int line, const char *fmt, ...)
{
    char buf[160];
    struct out o = { buf, sizeof(buf), 0 };
    va_list ap;

    va_start(ap, fmt);
    format(&o, fmt, ap);
    va_end(ap);
    result(good, buf);
    if (!good)
        printf("# at %s:%d\n", file, line);
    return good;
}

bool check_equal(int64_t got, int64_t want, const char *file, int line, const char *fmt, ...)
{
    char buf[160];
    struct out o = { buf, sizeof(buf), 0 };
    va_list ap;

    va_start(ap, fmt);
    format(&o, fmt, ap);
    va_end(ap);
    result(got == want, buf);
    if (got != want)
        printf("# at %s:%d: got %ld (%#lx), expected %ld (%#lx)\n", file, line, got, (uint64_t)got,
               want, (uint64_t)want);
    return got == want;
}

void expect_failure(const char *why)
{
    failure_expected = why;
}

void skip(const char *what, const char *why)
{
    printf("ok %u - %s # SKIP %s\n", ++nr_results, what, why);
}

static void __attribute__((noreturn)) power_off(void)
{
    struct sched_shutdown arg = { .reason = SHUTDOWN_poweroff };

    for (;;)
        sched_op(SCHEDOP_shutdown, &arg);
}

void die(const char *fmt, ...)
{
    char buf[200];
    struct out o = { buf, sizeof(buf), 0 };
    va_list ap;

    va_start(ap, fmt);
    format(&o, fmt, ap);
    va_end(ap);
    printf("# %s\n", buf);
    power_off();
}

bool option(const char *word)
{
    const char *line = (const char *)start_info->cmdline_paddr;
    size_t n = strlen(word);

    for (const char *s = line; s && *s; s++) {
        bool begins = s == line || s[-1] == ' ';

        if (begins && !memcmp(s, word, n) && (s[n] == '\0' || s[n] == ' '))
            return true;
    }
    return false;
}

/* --- the beginning ------------------------------------------------------------------------------
 */

void __attribute__((weak)) child_main(uint64_t arg)
{
}

void cpu_init(unsigned int id);
void guest_main(const struct hvm_start_info *info);

void guest_main(const struct hvm_start_info *info)
{
    start_info = info;
    cpu_init(0);
    wrmsr(0x40000000, (uint64_t)hypercall_page);
    shared_init();
    if (!(info->flags & SIF_INITDOMAIN)) {
        child_main(info->reserved);
        power_off();
    }
    test_main();
    printf("1..%u\n", nr_results);
    power_off();
}

long domctl(uint32_t cmd, domid_t domid, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return hcall1(domctl, op);
}

long sysctl(uint32_t cmd, struct xen_sysctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hcall1(sysctl, op);
}

uint64_t host_free_pages(void)
{
    struct xen_sysctl op = { 0 };

    return sysctl(XEN_SYSCTL_physinfo, &op) ? 0 : op.u.physinfo.free_pages;
}
