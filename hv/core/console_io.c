/* SPDX-License-Identifier: MIT */
/*
 * The console: what dom0 (and, to the log only, other guests) writes, what is
 * typed for dom0, and the hypervisor's own part of the keyboard.
 */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/init.h>
#include <hv/log_ring.h>
#include <hv/softirq.h>
#include <hv/string.h>

#define INPUT_SIZE 1024 /* a power of two */
/* Characters written with the log's lock held: a serial line takes a millisecond for them. */
#define WRITE_STEP 16u
/* A serial line has sent by then what it took at once. */
#define DRAIN_INTERVAL MSEC(2)

static char input[INPUT_SIZE];
static uint32_t input_prod, input_cons;
static spinlock_t input_lock = SPINLOCK_INIT(LOCK_LOG);
static uint64_t log_reported; /* log position that dom0 was last told of */
static struct timer drain_timer;

static void drain(void *arg)
{
    if (log_drain())
        timer_set(&drain_timer, time_now() + DRAIN_INTERVAL);
}

/* Takes what the UART has, as far as there is room; the UART's flow control does the rest. */
static void console_softirq(void)
{
    bool got = false;
    uint64_t pos;

    spin_lock(&input_lock);
    while (input_prod - input_cons < INPUT_SIZE) {
        int c = arch_console_getc();

        if (c < 0)
            break;
        input[input_prod++ % INPUT_SIZE] = (char)c;
        got = true;
    }
    spin_unlock(&input_lock);
    if (got)
        send_host_virq(VIRQ_CONSOLE);
    pos = log_position();
    if (pos != log_reported) {
        log_reported = pos;
        send_host_virq(VIRQ_CON_RING);
    }
    drain(NULL);
}

void console_io_init(void)
{
    timer_init(&drain_timer, drain, NULL, NULL, this_cpu()->id);
    softirq_set_handler(SOFTIRQ_CONSOLE, console_softirq);
}

static long console_read(unsigned int count, XEN_GUEST_HANDLE(char) buffer)
{
    char chunk[128];
    unsigned int n = 0;

    spin_lock(&input_lock);
    while (n < min(count, (unsigned int)sizeof(chunk)) && input_cons != input_prod)
        chunk[n++] = input[input_cons++ % INPUT_SIZE];
    spin_unlock(&input_lock);
    softirq_raise(SOFTIRQ_CONSOLE); /* there is room now for what the UART kept back */
    if (copy_to_guest_va((vaddr_t)buffer.p, chunk, n))
        return -EFAULT;
    return n;
}

static long console_write(unsigned int count, XEN_GUEST_HANDLE(char) buffer)
{
    char chunk[WRITE_STEP];

    while (count) {
        unsigned int n = min(count, WRITE_STEP);

        if (copy_from_guest_va(chunk, (vaddr_t)buffer.p, n))
            return -EFAULT;
        log_write(chunk, n, true);
        buffer.p += n;
        count -= n;
        if (count && hypercall_preempt_check())
            return hypercall_continue(3, (uint64_t)CONSOLEIO_write, (uint64_t)count,
                                      (uint64_t)buffer.p);
    }
    return 0;
}

/* Another guest's debug output: line by line to the log, at a bounded rate. */
static long guest_write_line(unsigned int count, XEN_GUEST_HANDLE(char) buffer)
{
    char chunk[129];
    unsigned int n;

    for (; count; count -= n, buffer.p += n) {
        n = min(count, (unsigned int)sizeof(chunk) - 1);
        if (copy_from_guest_va(chunk, (vaddr_t)buffer.p, n))
            return -EFAULT;
        for (unsigned int i = 0; i < n; i++)
            domain_debug_char(current->domain, chunk[i]);
        if (count > n && hypercall_preempt_check())
            return hypercall_continue(3, (uint64_t)CONSOLEIO_write, (uint64_t)(count - n),
                                      (uint64_t)(buffer.p + n));
    }
    return 0;
}

/* Collects a guest's characters into lines of the log (console_io, and port 0xE9). */
void domain_debug_char(struct domain *d, char c)
{
    spin_lock(&d->debug_lock);
    if (c != '\n' && c >= ' ' && c < 127)
        d->debug_line[d->debug_len++] = c;
    if (c == '\n' || d->debug_len == sizeof(d->debug_line) - 1) {
        d->debug_line[d->debug_len] = 0;
        log_domain(d, LOG_INFO, "%s\n", d->debug_line);
        d->debug_len = 0;
    }
    spin_unlock(&d->debug_lock);
}

long do_console_io(unsigned int cmd, unsigned int count, XEN_GUEST_HANDLE(char) buffer)
{
    if (cmd == CONSOLEIO_write)
        return current->domain->is_privileged ? console_write(count, buffer)
                                              : guest_write_line(count, buffer);
    if (cmd == CONSOLEIO_read)
        return current->domain->is_privileged ? console_read(count, buffer) : -EPERM;
    return -ENOSYS;
}
