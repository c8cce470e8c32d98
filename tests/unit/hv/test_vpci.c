/* SPDX-License-Identifier: MIT */
/* dom0's view of PCI functions: a configuration space and a table of MSI-X that are arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/pci.h>
#include "x86/cpu/cpu.h"
#include "x86/cpu/irq.h"
#include "x86/hvm/vlapic.h"
#include "x86/hvm/vpci.h"
#include "x86/mm/paging.h"
#include "fake_machine.h"

#define ECAM    0xb0000000UL
#define FN_MSI  PCI_SBDF(0, 0, 0x10)
#define FN_MSIX PCI_SBDF(0, 1, 0x00)
#define CAP     0x50 /* of either */
#define BAR     0xfe000000UL
#define TABLE   (BAR + 0x1800)
#define ENTRIES 5

struct acpi_host acpi_host;

static uint8_t space[2][256];     /* configuration, of FN_MSI and FN_MSIX */
static uint8_t memory[2][0x2000]; /* at BAR, and where it may move to */
static unsigned int attached, detached;
static bool no_vectors;
static struct irq *by_vector[256];
static struct {
    unsigned int count;
    uint64_t address;
    uint32_t data;
} delivered;

/* --- the host ------------------------------------------------------------------------------ */

bool host_ram_at(paddr_t pa)
{
    return mfn_valid(paddr_to_mfn(pa));
}

static uint8_t *space_of(pci_sbdf_t sbdf)
{
    return sbdf == FN_MSI ? space[0] : sbdf == FN_MSIX ? space[1] : NULL;
}

uint32_t pci_config_read(pci_sbdf_t sbdf, unsigned int reg, unsigned int size)
{
    uint8_t *s = space_of(sbdf);
    uint32_t v = ~0u;

    assert_true(spin_is_locked(&pci_lock) && !(reg & (size - 1)) && reg < 4096);
    if (s && reg < 256) {
        v = 0;
        memcpy(&v, s + reg, size);
    }
    return v;
}

void pci_config_write(pci_sbdf_t sbdf, unsigned int reg, unsigned int size, uint32_t value)
{
    uint8_t *s = space_of(sbdf);

    assert_true(spin_is_locked(&pci_lock) && !(reg & (size - 1)));
    if (s && reg < 256)
        memcpy(s + reg, &value, size);
}

void *ioremap(paddr_t start, size_t size)
{
    unsigned int n = start >= BAR + 0x100000;

    start -= BAR + n * 0x100000UL;
    assert_true(start + size <= sizeof(memory[n]));
    return memory[n] + start;
}

int irq_attach(struct irq *irq, unsigned int cpu)
{
    if (no_vectors)
        return -ENOSPC;
    irq->cpu = 0;
    irq->vector = (uint8_t)(0x40 + attached++);
    by_vector[irq->vector] = irq;
    return 0;
}

void irq_detach(struct irq *irq)
{
    if (irq->vector)
        detached++;
    irq->vector = 0;
}

void vlapic_deliver_msi(struct domain *d, uint64_t address, uint32_t data)
{
    assert_ptr_equal(d, dom0);
    delivered.count++;
    delivered.address = address;
    delivered.data = data;
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

/* The device writes its message where it was told to. */
static void send(uint32_t address, uint32_t data)
{
    assert_int_equal(address, 0xfee07000); /* the host's CPU 0 has APIC id 7 */
    assert_true(data < 256 && by_vector[data]);
    by_vector[data]->handler(by_vector[data]);
}

/* --- the guest ----------------------------------------------------------------------------- */

static void config(pci_sbdf_t sbdf, unsigned int reg, unsigned int size, uint32_t value)
{
    vpci_ecam_mmio.write(current, ECAM + ((paddr_t)sbdf << 12) + reg, size, value);
}

static uint32_t config_get(pci_sbdf_t sbdf, unsigned int reg, unsigned int size)
{
    return (uint32_t)vpci_ecam_mmio.read(current, ECAM + ((paddr_t)sbdf << 12) + reg, size);
}

static void write_entry(unsigned int i, unsigned int word, uint32_t value)
{
    paddr_t at = TABLE + i * 16 + word * 4;

    assert_true(vpci_msix_mmio.match(current, at));
    vpci_msix_mmio.write(current, at, 4, value);
}

static uint8_t *device_entry(unsigned int i)
{
    return memory[0] + 0x1800 + i * 16;
}

/* --- */

static void make_devices(void)
{
    memset(space, 0, sizeof(space));
    memset(memory, 0, sizeof(memory));
    for (unsigned int n = 0; n < 2; n++) {
        put32(space[n], 0x10001af4);
        put32(space[n] + PCI_COMMAND, 0x00100002); /* memory; has capabilities */
        space[n][PCI_CAP_POINTER] = 0x40;
        put32(space[n] + 0x40, 0x5009); /* another capability first */
    }
    put32(space[0] + CAP, 0x0086 << 16 | PCI_CAP_ID_MSI); /* 64 bits, 8 messages */
    put32(space[0] + CAP + 12, 0xabcd0000);
    put32(space[1] + PCI_BAR0 + 4, (uint32_t)BAR | 4);
    put32(space[1] + CAP, (uint32_t)(0x8000 | (ENTRIES - 1)) << 16 | PCI_CAP_ID_MSIX);
    put32(space[1] + CAP + PCI_MSIX_TABLE, 0x1800 | 1);
    put32(space[1] + CAP + PCI_MSIX_PBA, 0x1c00 | 1);
}

/* The list of functions outlives a test: it is made once, as at boot. */
static int boot(void **state)
{
    static struct arch_domain arch = { .paddr_bits = 40 };
    static struct arch_cpu arch_cpu = { .apic_id = 7 };

    fake_machine_reset();
    this_cpu()->arch = &arch_cpu;
    make_devices();
    acpi_host.nr_ecams = 1;
    acpi_host.ecam[0] = (struct acpi_ecam){ .paddr = ECAM, .bus_last = 1 };
    dom0 = fake_domain(0, 1, 1);
    dom0->arch = &arch;
    fake_set_current(dom0, 0);
    pci_init();
    return vpci_create(dom0);
}

static int set_up(void **state)
{
    config(FN_MSI, CAP + 2, 2, 0);
    config(FN_MSIX, CAP + 2, 2, 0);
    attached = detached = 0;
    no_vectors = false;
    memset(&delivered, 0, sizeof(delivered));
    return 0;
}

static void stops_what_firmware_left(void **state)
{
    assert_int_equal(get32(space[1] + CAP) >> 16, ENTRIES - 1);
}

static void passes_configuration_through(void **state)
{
    assert_int_equal(config_get(FN_MSI, 0, 4), 0x10001af4);
    assert_int_equal(config_get(FN_MSI, 1, 1), 0x1a);
    assert_int_equal((uint16_t)config_get(FN_MSI, 1, 2), 0xffff); /* not aligned */
    assert_int_equal(config_get(PCI_SBDF(0, 0, 0x18), 0, 4), ~0u);
    config(FN_MSI, 0x3c, 1, 11);
    assert_int_equal(space[0][0x3c], 11);
    vpci_port_write(dom0, 0xcf8, 4, 0x80000000 | FN_MSIX << 8 | 0x3c);
    assert_int_equal(vpci_port_read(dom0, 0xcf8, 4), 0x80000000 | FN_MSIX << 8 | 0x3c);
    vpci_port_write(dom0, 0xcfd, 1, 0x77);
    assert_int_equal(space[1][0x3d], 0x77);
    assert_int_equal(vpci_port_read(dom0, 0xcfc, 4), 0x7700);
    vpci_port_write(dom0, 0xcf8, 4, 0x3c); /* not enabled */
    assert_int_equal(vpci_port_read(dom0, 0xcfc, 4), ~0u);
    assert_int_equal(vpci_device_reported(dom0, FN_MSI, true), 0);
    assert_int_equal(vpci_device_reported(dom0, PCI_SBDF(0, 3, 0), true), -ENODEV);
    assert_true(vpci_is_trapped(ECAM) && vpci_is_trapped(ECAM + 0x1fffff));
    assert_false(vpci_is_trapped(ECAM + 0x200000));
}

static void msi(void **state)
{
    assert_int_equal(config_get(FN_MSI, CAP + 2, 2), 0x80); /* one message, off */
    config(FN_MSI, CAP + 4, 4, 0xfee02004);
    config(FN_MSI, CAP + 8, 4, 0);
    config(FN_MSI, CAP + 12, 2, 0x4151);
    assert_int_equal(get32(space[0] + CAP + 4), 0); /* nothing of it in the device */
    config(FN_MSI, CAP + 2, 2, 0x81);
    assert_int_equal(config_get(FN_MSI, CAP + 2, 2), 0x81);
    assert_int_equal(config_get(FN_MSI, CAP + 4, 4), 0xfee02004);
    assert_int_equal(config_get(FN_MSI, CAP + 12, 4), 0xabcd4151);
    assert_int_equal(get32(space[0] + CAP) >> 16, 0x87); /* multiple capable stays, in the device */
    send(get32(space[0] + CAP + 4), get32(space[0] + CAP + 12) & 0xffff);
    assert_int_equal(delivered.count, 1);
    assert_int_equal(delivered.address, 0xfee02004);
    assert_int_equal(delivered.data, 0x4151);
    /* Another target, while it is on: the device's registers don't change. */
    config(FN_MSI, CAP + 4, 4, 0xfee04000);
    config(FN_MSI, CAP + 12, 2, 0x61);
    send(get32(space[0] + CAP + 4), get32(space[0] + CAP + 12) & 0xffff);
    assert_int_equal(delivered.address, 0xfee04000);
    assert_int_equal(delivered.data, 0x61);
    assert_int_equal(attached, 1);
    config(FN_MSI, CAP + 2, 1, 0x80);
    assert_int_equal(get32(space[0] + CAP) >> 16, 0x86);
    assert_int_equal(detached, 1);
}

static void msi_without_vectors(void **state)
{
    no_vectors = true;
    config(FN_MSI, CAP + 2, 2, 0x81);
    assert_int_equal(config_get(FN_MSI, CAP + 2, 2), 0x81);
    assert_int_equal(get32(space[0] + CAP) >> 16 & 1, 0);
}

static void msix(void **state)
{
    config(FN_MSIX, CAP + 2, 2, 0xc000); /* on, all masked */
    assert_int_equal(config_get(FN_MSIX, CAP + 2, 2), 0xc000 | (ENTRIES - 1));
    for (unsigned int i = 0; i < ENTRIES; i++)
        assert_int_equal(get32(device_entry(i) + 12), 1);
    write_entry(2, 0, 0xfee02000);
    write_entry(2, 1, 0);
    write_entry(2, 2, 0x52);
    assert_int_equal(attached, 0);
    write_entry(2, 3, 0);
    assert_int_equal(attached, 1);
    assert_int_equal(vpci_msix_mmio.read(current, TABLE + 32, 8), 0xfee02000);
    assert_int_equal(vpci_msix_mmio.read(current, TABLE + 40, 4), 0x52);
    assert_int_equal(get32(device_entry(2) + 12), 0);
    config(FN_MSIX, CAP + 2, 2, 0x8000);
    assert_int_equal(get32(space[1] + CAP) >> 16, 0x8000 | (ENTRIES - 1));
    send(get32(device_entry(2)), get32(device_entry(2) + 8));
    assert_int_equal(delivered.address, 0xfee02000);
    assert_int_equal(delivered.data, 0x52);
    write_entry(2, 3, 1);
    assert_int_equal(get32(device_entry(2) + 12), 1);
    /* A reset of the device, after which dom0 restores what it had. */
    memset(memory[0] + 0x1800, 0xff, ENTRIES * 16);
    config(FN_MSIX, CAP + 2, 2, 0xc000);
    write_entry(2, 3, 0);
    send(get32(device_entry(2)), get32(device_entry(2) + 8));
    assert_int_equal(delivered.count, 2);
    config(FN_MSIX, CAP + 2, 2, 0);
    assert_int_equal(detached, 1);
    assert_int_equal(get32(device_entry(2) + 12), 1);
    assert_int_equal(get32(space[1] + CAP) >> 16, ENTRIES - 1);
}

static void msix_table_pages(void **state)
{
    assert_true(vpci_is_trapped(BAR + 0x1000) && !vpci_is_trapped(BAR) &&
                !vpci_is_trapped(BAR + 0x2000));
    /* What else is in the page, the PBA among it, is the device's. */
    memory[0][0x1c00] = 0x5a;
    assert_int_equal(vpci_msix_mmio.read(current, BAR + 0x1c00, 1), 0x5a);
    vpci_msix_mmio.write(current, BAR + 0x1100, 4, 0x11223344);
    assert_int_equal(get32(memory[0] + 0x1100), 0x11223344);
    /* The table takes aligned accesses of 4 and 8 bytes. */
    write_entry(0, 2, 0x99);
    vpci_msix_mmio.write(current, TABLE + 8, 1, 0x11);
    vpci_msix_mmio.write(current, TABLE + 6, 4, 0x11);
    assert_int_equal(vpci_msix_mmio.read(current, TABLE + 8, 4), 0x99);
    vpci_msix_mmio.write(current, TABLE + 8, 8, 0x100000077);
    assert_int_equal(vpci_msix_mmio.read(current, TABLE + 8, 8), 0x100000077);
}

static void msix_follows_its_bar(void **state)
{
    config(FN_MSIX, CAP + 2, 2, 0x8000);
    write_entry(1, 0, 0xfee01000);
    write_entry(1, 3, 0);
    /* As kernels find out a BAR's size. */
    config(FN_MSIX, PCI_COMMAND, 2, 0);
    config(FN_MSIX, PCI_BAR0 + 4, 4, ~0u);
    assert_true(vpci_is_trapped(TABLE));
    config(FN_MSIX, PCI_BAR0 + 4, 4, (uint32_t)BAR + 0x100000);
    config(FN_MSIX, PCI_COMMAND, 2, 2);
    assert_true(vpci_is_trapped(TABLE + 0x100000) && !vpci_is_trapped(TABLE));
    assert_int_equal(get32(memory[1] + 0x1800 + 16 + 12), 0);
    send(get32(memory[1] + 0x1810), get32(memory[1] + 0x1818));
    assert_int_equal(delivered.address, 0xfee01000);
    /* Into memory: it stays where it was. */
    config(FN_MSIX, PCI_BAR0 + 4, 4, 0x1000);
    assert_true(vpci_is_trapped(TABLE + 0x100000) && !vpci_is_trapped(0x2800));
    config(FN_MSIX, PCI_BAR0 + 4, 4, (uint32_t)BAR);
    assert_true(vpci_is_trapped(TABLE));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(stops_what_firmware_left),
        TEST(passes_configuration_through),
        TEST(msi),
        TEST(msi_without_vectors),
        TEST(msix),
        TEST(msix_table_pages),
        TEST(msix_follows_its_bar),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
