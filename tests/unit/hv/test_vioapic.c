/* SPDX-License-Identifier: MIT */
/* dom0's virtual IO-APIC between a host's lines and a local APIC, both of which are fakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/errno.h>
#include "x86/cpu/ioapic.h"
#include "x86/cpu/irq.h"
#include "x86/hvm/vioapic.h"
#include "x86/hvm/vlapic.h"
#include "fake_machine.h"

#define BASE1   0xfec00000UL
#define BASE2   0xfec01000UL
#define PINS    24
#define OURS    4 /* a GSI of the hypervisor */
#define MASKED  0x10000u
#define LEVEL   0x8000u
#define LOW     0x2000u
#define IRR     0x4000u
#define LOGICAL 0x800u

struct acpi_host acpi_host;

/* The host's lines. */
static struct {
    struct irq *irq;
    bool set, masked, level, low;
} line[2 * PINS];
static unsigned int attached;
static bool no_vectors;

static struct {
    unsigned int count, mode;
    uint32_t dest;
    bool logical, level;
    uint8_t vector;
} delivered;

unsigned int ioapic_pins(unsigned int n)
{
    return PINS;
}

void ioapic_set_mask(uint32_t gsi, bool masked)
{
    assert_true(gsi < 2 * PINS && line[gsi].set);
    line[gsi].masked = masked;
}

int irq_attach(struct irq *irq, unsigned int cpu)
{
    assert_int_equal(irq->vector, 0);
    if (no_vectors)
        return -ENOSPC;
    irq->vector = (uint8_t)(0x30 + attached++);
    return 0;
}

void irq_line_set(const struct irq *irq, bool active_low, bool masked)
{
    assert_int_not_equal(irq->vector, 0);
    assert_true(irq->is_line && irq->gsi < 2 * PINS && irq->gsi != OURS);
    line[irq->gsi].irq = (struct irq *)(uintptr_t)irq;
    line[irq->gsi].set = true;
    line[irq->gsi].masked = masked;
    line[irq->gsi].level = irq->level;
    line[irq->gsi].low = active_low;
}

bool irq_gsi_is_ours(uint32_t gsi)
{
    return gsi == OURS;
}

void vlapic_deliver(struct domain *d, uint32_t dest, bool logical, unsigned int mode,
                    uint8_t vector, bool level)
{
    assert_ptr_equal(d, dom0);
    delivered.count++;
    delivered.dest = dest;
    delivered.logical = logical;
    delivered.mode = mode;
    delivered.vector = vector;
    delivered.level = level;
}

/* The device asserts: by level, the host's interrupt code masks the line first. */
static bool fire(uint32_t gsi)
{
    if (!line[gsi].set || line[gsi].masked)
        return false;
    if (line[gsi].level)
        line[gsi].masked = true;
    line[gsi].irq->handler(line[gsi].irq);
    return true;
}

static void set(uint64_t base, uint8_t reg, uint32_t value)
{
    vioapic_mmio.write(current, base, 4, reg);
    vioapic_mmio.write(current, base + 0x10, 4, value);
}

static uint32_t get(uint64_t base, uint8_t reg)
{
    vioapic_mmio.write(current, base, 4, reg);
    assert_int_equal(vioapic_mmio.read(current, base, 4), reg);
    return (uint32_t)vioapic_mmio.read(current, base + 0x10, 4);
}

static void set_entry(unsigned int pin, uint32_t low, uint32_t high)
{
    set(BASE1, (uint8_t)(0x11 + 2 * pin), high);
    set(BASE1, (uint8_t)(0x10 + 2 * pin), low);
}

static int set_up(void **state)
{
    static struct arch_domain arch;

    fake_machine_reset();
    memset(&arch, 0, sizeof(arch));
    memset(line, 0, sizeof(line));
    memset(&delivered, 0, sizeof(delivered));
    attached = 0;
    no_vectors = false;
    acpi_host.nr_ioapics = 2;
    acpi_host.ioapic[0] = (struct acpi_ioapic){ .id = 2, .paddr = BASE1, .gsi_base = 0 };
    acpi_host.ioapic[1] = (struct acpi_ioapic){ .id = 3, .paddr = BASE2, .gsi_base = PINS };
    dom0 = fake_domain(0, 1, 1);
    dom0->arch = &arch;
    fake_set_current(dom0, 0);
    return vioapic_create(dom0);
}

static int tear_down(void **state)
{
    hv_free(dom0->arch->vioapic);
    fake_domain_discard(dom0);
    return 0;
}

static void shows_registers(void **state)
{
    assert_true(vioapic_mmio.match(current, BASE1 + 0x10));
    assert_true(vioapic_mmio.match(current, BASE2));
    assert_false(vioapic_mmio.match(current, BASE2 + 0x1000));
    assert_int_equal(get(BASE1, 0), 2 << 24);
    assert_int_equal(get(BASE2, 0), 3 << 24);
    assert_int_equal(get(BASE1, 1), (PINS - 1) << 16 | 0x11);
    assert_int_equal(get(BASE1, 0x10), MASKED);
    set_entry(1, ~0u, ~0u);
    assert_int_equal(get(BASE1, 0x12), 0x1afff); /* neither status bit */
    assert_int_equal(get(BASE1, 0x13), 0xff000000);
    assert_int_equal(get(BASE1, 0x10 + 2 * PINS), 0); /* no such pin */
    set(BASE1, 0x10 + 2 * PINS, 0);
    set(BASE1, 0xff, 0);
    vioapic_mmio.write(current, BASE1, 4, 0x10);
    vioapic_mmio.write(current, BASE1 + 0x10, 1, 0); /* not of 32 bits */
    assert_int_equal(get(BASE1, 0x10), MASKED);
    assert_int_equal(attached, 0);
}

static void delivers_edges(void **state)
{
    set_entry(1, 0x51 | LOGICAL | 0x100, 0x03000000);
    assert_true(line[1].set && !line[1].masked && !line[1].level && !line[1].low);
    assert_true(fire(1));
    assert_true(fire(1)); /* an edge needs no end */
    assert_int_equal(delivered.count, 2);
    assert_int_equal(delivered.vector, 0x51);
    assert_int_equal(delivered.dest, 3);
    assert_int_equal(delivered.mode, APIC_MODE_LOWEST);
    assert_true(delivered.logical && !delivered.level);
    set_entry(1, 0x51 | MASKED, 0);
    assert_false(fire(1));
    /* One that was on its way when the guest masked it. */
    line[1].irq->handler(line[1].irq);
    assert_int_equal(delivered.count, 2);
}

static void holds_levels_until_their_end(void **state)
{
    set_entry(9, 0x61 | LEVEL | LOW, 0x02000000);
    assert_true(line[9].level && line[9].low && !line[9].masked);
    assert_true(fire(9));
    assert_true(delivered.level && delivered.count == 1);
    assert_int_equal(get(BASE1, 0x10 + 18), 0x61 | LEVEL | LOW | IRR);
    assert_true(line[9].masked);
    vioapic_eoi(dom0, 0x62); /* another's */
    assert_true(line[9].masked);
    vioapic_eoi(dom0, 0x61);
    assert_false(line[9].masked);
    assert_int_equal(get(BASE1, 0x10 + 18), 0x61 | LEVEL | LOW);
    /* Still asserted: it comes again. */
    assert_true(fire(9));
    assert_int_equal(delivered.count, 2);
    vioapic_eoi(dom0, 0x61);
    assert_int_equal(attached, 1);
}

static void level_masked_in_service(void **state)
{
    set_entry(9, 0x61 | LEVEL, 0);
    assert_true(fire(9));
    set_entry(9, 0x61 | LEVEL | MASKED, 0);
    vioapic_eoi(dom0, 0x61);
    assert_true(line[9].masked);
    set_entry(9, 0x61 | LEVEL, 0);
    assert_false(line[9].masked);
    /* Unmasked while it is in service: it waits for its end. */
    assert_true(fire(9));
    set_entry(9, 0x61 | LEVEL | MASKED, 0);
    set_entry(9, 0x61 | LEVEL, 0);
    assert_true(line[9].masked);
    vioapic_eoi(dom0, 0x61);
    assert_false(line[9].masked);
}

static void edge_mode_frees_what_is_stuck(void **state)
{
    set_entry(9, 0x61 | LEVEL, 0);
    assert_true(fire(9));
    set_entry(9, 0x61 | MASKED, 0); /* as Linux does */
    assert_int_equal(get(BASE1, 0x10 + 18), 0x61 | MASKED);
    set_entry(9, 0x61 | LEVEL, 0);
    assert_false(line[9].masked);
    assert_true(fire(9));
    assert_int_equal(delivered.count, 2);
}

static void keeps_the_hypervisors_line(void **state)
{
    set_entry(OURS, 0x44, 0);
    assert_int_equal(get(BASE1, 0x10 + 2 * OURS), 0x44);
    assert_int_equal(attached, 0);
    assert_false(line[OURS].set);
}

static void tries_again_when_vectors_are_short(void **state)
{
    no_vectors = true;
    set_entry(5, 0x55, 0);
    assert_false(line[5].set);
    no_vectors = false;
    set_entry(5, 0x55 | MASKED, 0);
    set_entry(5, 0x55, 0);
    assert_true(fire(5));
}

static void second_unit(void **state)
{
    set(BASE2, 0x11, 0x01000000);
    set(BASE2, 0x10, 0x71);
    assert_true(fire(PINS));
    assert_int_equal(delivered.vector, 0x71);
    assert_int_equal(delivered.dest, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(shows_registers),
        TEST(delivers_edges),
        TEST(holds_levels_until_their_end),
        TEST(level_masked_in_service),
        TEST(edge_mode_frees_what_is_stuck),
        TEST(keeps_the_hypervisors_line),
        TEST(tries_again_when_vectors_are_short),
        TEST(second_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
