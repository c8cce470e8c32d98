/* SPDX-License-Identifier: MIT */
/*
 * The host's time: the TSC, scaled by what the HPET or the ACPI PM timer says
 * its rate is. The scale has the form that guests get (vcpu_time_info), so that
 * their time and ours are the same to the nanosecond.
 */
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/timer.h>

#include "x86/cpu/cpu.h"
#include "x86/mm/paging.h"

uint64_t tsc_khz;
uint32_t tsc_to_ns_mul;
int8_t tsc_to_ns_shift;
uint64_t tsc_origin;
uint64_t wallclock_boot_ns;

static uint64_t scale(uint64_t ticks)
{
    if (tsc_to_ns_shift >= 0)
        ticks <<= tsc_to_ns_shift;
    else
        ticks >>= -tsc_to_ns_shift;
    return (uint64_t)(((unsigned __int128)ticks * tsc_to_ns_mul) >> 32);
}

uint64_t time_now(void)
{
    return scale(rdtsc() - tsc_origin);
}

void delay_us(uint64_t us)
{
    uint64_t end = rdtsc() + us * tsc_khz / 1000;

    while (rdtsc() < end)
        cpu_pause();
}

/*
 * The TSC and another counter at one moment. Whatever takes the CPU away between
 * the two reads (SMM, or the host of a virtual machine) would make them differ:
 * of several tries the quickest is taken.
 */
struct clock_sample clock_sample(uint32_t (*read)(void))
{
    struct clock_sample best = { 0 };
    uint64_t best_gap = ~0UL;

    for (unsigned int i = 0; i < 10; i++) {
        uint64_t before = rdtsc();
        uint32_t counter = read();
        uint64_t gap = rdtsc() - before;

        if (gap < best_gap) {
            best_gap = gap;
            best = (struct clock_sample){ before + gap / 2, counter };
        }
    }
    return best;
}

#define PM_TIMER_HZ 3579545UL

static uint16_t pm_timer_port;
static volatile uint32_t *hpet;

static uint32_t read_pm_timer(void)
{
    return inl(pm_timer_port) & 0xffffff;
}

static uint32_t read_hpet(void)
{
    return hpet[0x3c];
}

/* kHz of the TSC, from some 20 ms of a counter that runs at @hz; 0: it does not count. */
static uint64_t calibrate(uint32_t (*read)(void), uint32_t mask, uint64_t hz)
{
    struct clock_sample from = clock_sample(read), to;
    unsigned int spins = 0;

    while (((read() - from.counter) & mask) < hz / 50) {
        if (++spins > 10000000)
            return 0;
    }
    to = clock_sample(read);
    return (to.tsc - from.tsc) * (hz / 1000) / ((to.counter - from.counter) & mask);
}

static uint64_t calibrate_pm_timer(uint16_t port)
{
    pm_timer_port = port;
    return calibrate(read_pm_timer, 0xffffff, PM_TIMER_HZ);
}

#define FS_PER_SEC 1000000000000000UL

static uint64_t calibrate_hpet(paddr_t base)
{
    uint64_t period_fs;

    hpet = ioremap(base, 0x400);
    period_fs = hpet[1];
    if (!period_fs || period_fs > 100000000)
        return 0;
    hpet[4] |= 1; /* ENABLE_CNF */
    return calibrate(read_hpet, ~0u, FS_PER_SEC / period_fs);
}

static void set_scale(void)
{
    /* ns = ticks * 10^6 / khz; mul is the fraction of 2^32, normalised. */
    uint64_t hz = tsc_khz * 1000, ns = NS_PER_SEC;
    int8_t shift = 0;

    while (hz > ns * 2) {
        hz >>= 1;
        shift--;
    }
    while (hz <= ns) {
        hz <<= 1;
        shift++;
    }
    tsc_to_ns_shift = shift;
    tsc_to_ns_mul = (uint32_t)((ns << 32) / hz);
}

/* --- the CMOS clock --- */

static uint8_t cmos(uint8_t reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static unsigned int from_bcd(unsigned int v, bool bcd)
{
    return bcd ? (v >> 4) * 10 + (v & 15) : v;
}

static uint64_t days_from_civil(unsigned int y, unsigned int m, unsigned int d)
{
    unsigned int era, yoe, doy;

    y -= m <= 2;
    era = y / 400;
    yoe = y - era * 400;
    doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    return (uint64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static uint64_t read_cmos_clock(void)
{
    unsigned int s, m, h, d, mon, y, status;
    bool bcd;

    for (unsigned int i = 0; i < 1000000 && cmos(0x0a) & 0x80; i++)
        cpu_pause(); /* an update is in progress */
    status = cmos(0x0b);
    bcd = !(status & 4);
    s = from_bcd(cmos(0), bcd);
    m = from_bcd(cmos(2), bcd);
    h = cmos(4);
    if (!(status & 2)) /* 12-hour mode */
        h = from_bcd(h & 0x7f, bcd) % 12 + (h & 0x80 ? 12 : 0);
    else
        h = from_bcd(h, bcd);
    d = from_bcd(cmos(7), bcd);
    mon = from_bcd(cmos(8), bcd);
    y = 2000 + from_bcd(cmos(9), bcd);
    return days_from_civil(y, mon, d) * 86400 + h * 3600 + m * 60 + s;
}

void time_init(void)
{
    const char *source = "HPET";

    tsc_khz = acpi_host.hpet_paddr ? calibrate_hpet(acpi_host.hpet_paddr) : 0;
    if (!tsc_khz && acpi_host.pm_timer.address) {
        source = "PM timer";
        tsc_khz = calibrate_pm_timer((uint16_t)acpi_host.pm_timer.address);
    }
    if (!tsc_khz)
        panic("neither an HPET nor an ACPI PM timer to measure the TSC by");
    set_scale();
    tsc_origin = rdtsc();
    wallclock_boot_ns = read_cmos_clock() * NS_PER_SEC;
    log_info("TSC: %lu.%03lu MHz by %s\n", tsc_khz / 1000, tsc_khz % 1000, source);
}
