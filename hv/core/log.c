/* SPDX-License-Identifier: MIT */
/*
 * The log ring. Positions count bytes since boot; the ring holds the last
 * LOG_SIZE of them. The first LOG_BOOT_SIZE bytes are kept besides, so that the
 * boot messages never go.
 */
#include <hv/arch.h>
#include <hv/log.h>
#include <hv/log_ring.h>
#include <hv/percpu.h>
#include <hv/softirq.h>
#include <hv/string.h>

#define LOG_SIZE      (64u * 1024)
#define LOG_BOOT_SIZE (16u * 1024)

static char ring[LOG_SIZE];
static char boot_part[LOG_BOOT_SIZE];
static uint64_t log_end;   /* bytes written since boot */
static uint64_t log_start; /* cleared up to here */
static spinlock_t log_lock = SPINLOCK_INIT(LOCK_LOG);
static bool panicking;

enum log_level log_console_level = LOG_INFO;

static void emit(char c, bool console)
{
    if (log_end < LOG_BOOT_SIZE)
        boot_part[log_end] = c;
    ring[log_end % LOG_SIZE] = c;
    log_end++;
    if (console) {
        if (c == '\n')
            arch_console_putc('\r');
        arch_console_putc(c);
    }
}

void log_write(const char *s, size_t n, bool console)
{
    bool locked = !panicking;

    if (locked)
        spin_lock(&log_lock);
    for (size_t i = 0; i < n; i++)
        emit(s[i], console);
    if (locked)
        spin_unlock(&log_lock);
}

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
    size_t n = 0;

    spin_lock(&log_lock);
    if (*pos < log_start)
        *pos = log_start;
    /* What fell out of the ring is there only as far as it belongs to the boot. */
    if (log_end > LOG_SIZE && *pos < log_end - LOG_SIZE && *pos >= LOG_BOOT_SIZE)
        *pos = log_end - LOG_SIZE;
    while (n < size && *pos < log_end) {
        if (log_end - *pos <= LOG_SIZE) {
            buf[n++] = ring[(*pos)++ % LOG_SIZE];
        } else if (*pos < LOG_BOOT_SIZE) {
            buf[n++] = boot_part[(*pos)++];
        } else {
            *pos = log_end - LOG_SIZE;
        }
    }
    spin_unlock(&log_lock);
    return n;
}

uint64_t log_position(void)
{
    return log_end;
}

void log_clear(void)
{
    spin_lock(&log_lock);
    log_start = log_end;
    spin_unlock(&log_lock);
}

static void log_line(enum log_level level, const char *prefix, const char *fmt, va_list ap)
{
    static const char *const marks[] = { "error: ", "warning: ", "", "" };
    char line[512];
    int n = snprintf(line, sizeof(line), "(pando) %s%s", prefix, marks[level]);

    n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
    log_write(line, min((size_t)n, sizeof(line) - 1), level <= log_console_level);
    if (dom0 && !panicking) /* the event goes out when no lock is held */
        softirq_raise(SOFTIRQ_CONSOLE);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_line(level, "", fmt, ap);
    va_end(ap);
}

/* A token bucket for each domain: 10 lines a second, 50 at once. */
static bool rate_limited(struct domain *d)
{
    uint64_t now = time_now(), since = now - d->log_refill;

    if (since >= MSEC(100)) {
        d->log_tokens = (uint32_t)min(50UL, d->log_tokens + since / MSEC(100));
        d->log_refill = now;
    }
    if (!d->log_tokens)
        return true;
    d->log_tokens--;
    return false;
}

void log_domain(const struct domain *d, enum log_level level, const char *fmt, ...)
{
    char prefix[16];
    va_list ap;

    if (rate_limited((struct domain *)d))
        return;
    snprintf(prefix, sizeof(prefix), "d%u: ", d->domid);
    va_start(ap, fmt);
    log_line(level, prefix, fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    char line[512];
    va_list ap;

    panicking = true;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    log_printf(LOG_ERROR, "PANIC on CPU %u: %s\n", this_cpu()->id, line);
    arch_backtrace();
    arch_panic_stop();
}
