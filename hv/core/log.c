/* SPDX-License-Identifier: MIT */
/*
 * The log ring. Positions count bytes since boot; the ring holds the last
 * LOG_SIZE of them. The first LOG_BOOT_SIZE bytes are kept besides, so that the
 * boot messages never go.
 *
 * The console may be a serial line of 11 characters a millisecond. Who writes to it waits,
 * with the log's lock held: so the lines of unprivileged guests only wait in a queue, and
 * go out as the console takes them (log_drain). One that has begun is ended before another.
 */
#include <hv/arch.h>
#include <hv/atomic.h>
#include <hv/domain.h>
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

#define QUEUE_SIZE 4096u /* a power of two */
/* Characters in one go, also where the console takes any number. */
#define DRAIN_MAX 512u

/* Guests' lines that the console has not seen yet; under the log's lock. */
static char queue[QUEUE_SIZE];
static uint32_t queue_prod, queue_cons;
static uint32_t queue_dropped; /* lines that found no room since the last that did */
static bool queue_in_line;     /* the console has a part of one */

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

static void queue_emit(void)
{
    char c = queue[queue_cons++ % QUEUE_SIZE];

    arch_console_putc(c);
    queue_in_line = c != '\n';
}

void log_write(const char *s, size_t n, bool console)
{
    bool locked = !panicking;

    if (locked)
        spin_lock(&log_lock);
    while (console && queue_in_line && queue_cons != queue_prod)
        queue_emit();
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

/* --- guests' lines on the console --- */

static void queue_put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n')
            queue[queue_prod++ % QUEUE_SIZE] = '\r';
        queue[queue_prod++ % QUEUE_SIZE] = s[i];
    }
}

/* A whole line or, where there is no room, nothing. */
static void queue_line(const char *s, size_t n)
{
    char note[80];
    int len = 0;

    if (queue_dropped)
        len = snprintf(note, sizeof(note), "(pando) %u lines of guests are in the log only\n",
                       queue_dropped);
    if (n + (size_t)len + 8 > QUEUE_SIZE - (queue_prod - queue_cons)) {
        queue_dropped++;
        return;
    }
    queue_dropped = 0;
    queue_put(note, (size_t)len);
    queue_put(s, n);
}

bool log_drain(void)
{
    bool more;

    spin_lock(&log_lock);
    for (unsigned int n = 0; n < DRAIN_MAX && queue_cons != queue_prod && arch_console_room(); n++)
        queue_emit();
    more = queue_cons != queue_prod;
    spin_unlock(&log_lock);
    return more;
}

/* --- lines --- */

static void log_line(const struct domain *d, enum log_level level, const char *fmt, va_list ap)
{
    static const char *const marks[] = { "error: ", "warning: ", "", "" };
    bool console = level <= log_console_level, wait = d && !d->is_privileged;
    char line[512], prefix[16] = "";
    size_t n;

    if (d)
        snprintf(prefix, sizeof(prefix), "d%u: ", d->domid);
    n = (size_t)snprintf(line, sizeof(line), "(pando) %s%s", prefix, marks[level]);
    n += (size_t)vsnprintf(line + n, sizeof(line) - n, fmt, ap);
    n = min(n, sizeof(line) - 1);
    log_write(line, n, console && !wait);
    if (console && wait && !panicking) {
        spin_lock(&log_lock);
        queue_line(line, n);
        spin_unlock(&log_lock);
    }
    if (dom0 && !panicking) /* the event goes out, and guests' lines, when no lock is held */
        softirq_raise(SOFTIRQ_CONSOLE);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_line(NULL, level, fmt, ap);
    va_end(ap);
}

static __printf(3, 4) void log_domain_line(const struct domain *d, enum log_level level,
                                           const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_line(d, level, fmt, ap);
    va_end(ap);
}

#define LINE_INTERVAL MSEC(100) /* lines of one domain: 10 a second, */
#define LINE_BURST    50        /* 50 at once */

/*
 * d->log_due is when a domain that wrote at the steady rate would be done: it may be
 * ahead of now by a burst. One word, changed by compare-and-swap: CPUs don't race.
 */
static bool rate_limited(struct domain *d)
{
    uint64_t now = time_now(), due = atomic_read(&d->log_due), start;

    do {
        start = max(due, now);
        if (start - now > (LINE_BURST - 1) * LINE_INTERVAL)
            return true;
    } while (!atomic_cas(&d->log_due, &due, start + LINE_INTERVAL));
    return false;
}

void log_domain(struct domain *d, enum log_level level, const char *fmt, ...)
{
    uint32_t dropped;
    va_list ap;

    if (rate_limited(d)) {
        atomic_inc(&d->log_dropped);
        return;
    }
    dropped = atomic_read(&d->log_dropped) ? atomic_xchg(&d->log_dropped, 0) : 0;
    if (dropped)
        log_domain_line(d, LOG_WARNING, "%u lines more were too many, left out\n", dropped);
    va_start(ap, fmt);
    log_line(d, level, fmt, ap);
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
