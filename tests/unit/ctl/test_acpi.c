/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "build_acpi.h"
#include "build_vnuma.h"

#define ADDRESS 0xfc000000u

struct tables {
    uint8_t *base;
    size_t size;
};

static uint64_t get_le(const uint8_t *p, unsigned int bytes)
{
    uint64_t value = 0;

    while (bytes--) {
        value = value << 8 | p[bytes];
    }
    return value;
}

static unsigned int sum(const uint8_t *p, size_t size)
{
    unsigned int total = 0;

    while (size--) {
        total += *p++;
    }
    return total & 0xff;
}

static struct tables make_nodes(unsigned int vcpus, unsigned int max_vcpus,
                                const struct vnuma *vnuma)
{
    struct tables t = { .base = malloc(acpi_size(max_vcpus)) };

    assert_non_null(t.base);
    t.size = acpi_build(t.base, ADDRESS, vcpus, max_vcpus, vnuma);
    assert_true(t.size <= acpi_size(max_vcpus));
    return t;
}

static struct tables make(unsigned int vcpus, unsigned int max_vcpus)
{
    return make_nodes(vcpus, max_vcpus, NULL);
}

/* The table at a physical address, checked for its signature, length and checksum. */
static const uint8_t *table_at(const struct tables *t, uint64_t address, const char *signature,
                               size_t *length)
{
    const uint8_t *table;

    assert_true(address >= ADDRESS && address - ADDRESS + 36 <= t->size);
    table = t->base + (address - ADDRESS);
    *length = get_le(table + 4, 4);
    assert_memory_equal(table, signature, 4);
    assert_true(address - ADDRESS + *length <= t->size);
    assert_int_equal(sum(table, *length), 0);
    return table;
}

static const uint8_t *find(const struct tables *t, const char *signature, size_t *length)
{
    size_t size;
    const uint8_t *xsdt = table_at(t, get_le(t->base + 24, 8), "XSDT", &size);

    for (size_t at = 36; at + 8 <= size; at += 8) {
        uint64_t address = get_le(xsdt + at, 8);

        if (!memcmp(t->base + (address - ADDRESS), signature, 4)) {
            return table_at(t, address, signature, length);
        }
    }
    fail_msg("no %s", signature);
    return NULL;
}

static void the_root_pointer_is_right(void **state)
{
    struct tables t = make(1, 1);

    assert_memory_equal(t.base, "RSD PTR ", 8);
    assert_int_equal(t.base[15], 2);
    assert_int_equal(get_le(t.base + 20, 4), 36);
    assert_int_equal(sum(t.base, 20), 0);
    assert_int_equal(sum(t.base, 36), 0);
    free(t.base);
}

static void every_vcpu_has_its_apic(void **state)
{
    static const unsigned int counts[][2] = { { 1, 1 }, { 2, 4 }, { 128, 128 } };

    for (size_t i = 0; i < 3; i++) {
        struct tables t = make(counts[i][0], counts[i][1]);
        size_t length;
        const uint8_t *madt = find(&t, "APIC", &length);

        assert_int_equal(get_le(madt + 36, 4), 0xfee00000u);
        assert_int_equal(length, 44 + 8 * counts[i][1]);
        for (unsigned int n = 0; n < counts[i][1]; n++) {
            const uint8_t *entry = madt + 44 + 8 * n;

            assert_int_equal(entry[0], 0);
            assert_int_equal(entry[1], 8);
            assert_int_equal(entry[2], n);
            assert_int_equal(entry[3], 2 * n);
            assert_int_equal(get_le(entry + 4, 4), n < counts[i][0]);
        }
        free(t.base);
    }
}

static void the_machine_is_hardware_reduced(void **state)
{
    struct tables t = make(1, 1);
    size_t length;
    const uint8_t *fadt = find(&t, "FACP", &length);

    assert_int_equal(length, 276);
    assert_int_equal(fadt[8], 6);
    assert_true(get_le(fadt + 112, 4) & 1u << 20);
    assert_int_equal(get_le(fadt + 140, 8), get_le(fadt + 40, 4));
    table_at(&t, get_le(fadt + 140, 8), "DSDT", &length);
    free(t.base);
}

/* Length of an AML package (ACPI 6.0, 20.2.4), and how many bytes tell it. */
static size_t package_length(const uint8_t *p, size_t *bytes)
{
    unsigned int more = p[0] >> 6;
    size_t length = more ? p[0] & 0x0f : p[0] & 0x3f;

    for (unsigned int i = 1; i <= more; i++) {
        length |= (size_t)p[i] << (8 * i - 4);
    }
    *bytes = 1 + more;
    return length;
}

/* As a guest reads them: every vCPU's and every range's node, and the distances. */
static void virtual_nodes_are_described(void **state)
{
    struct vnuma vnuma = { .nodes = 2,
                           .vcpus = 3,
                           .range_count = 3,
                           .distance = { 10, 31, 21, 10 },
                           .vcpu_node = { 1, 0, 1 },
                           .ranges = { { 0, 0x10000000, 0 },
                                       { 0x10000000, 0xc0000000, 1 },
                                       { 0x100000000, 0x180000000, 1 } } };
    struct tables t = make_nodes(2, 3, &vnuma);
    size_t length;
    const uint8_t *srat = find(&t, "SRAT", &length), *slit;

    assert_int_equal(length, 48 + 3 * 16 + 3 * 40);
    assert_int_equal(srat[8], 3);
    assert_int_equal(get_le(srat + 36, 4), 1);
    for (unsigned int i = 0; i < 3; i++) {
        const uint8_t *cpu = srat + 48 + 16 * i, *memory = srat + 48 + 3 * 16 + 40 * i;

        assert_int_equal(cpu[0], 0);
        assert_int_equal(cpu[1], 16);
        assert_int_equal(cpu[2], vnuma.vcpu_node[i]);
        assert_int_equal(cpu[3], 2 * i);
        assert_int_equal(get_le(cpu + 4, 4), 1);
        assert_int_equal(get_le(cpu + 8, 8), 0);
        assert_int_equal(memory[0], 1);
        assert_int_equal(memory[1], 40);
        assert_int_equal(get_le(memory + 2, 4), vnuma.ranges[i].node);
        assert_int_equal(get_le(memory + 8, 8), vnuma.ranges[i].start);
        assert_int_equal(get_le(memory + 16, 8), vnuma.ranges[i].end - vnuma.ranges[i].start);
        assert_int_equal(get_le(memory + 28, 4), 1);
    }
    slit = find(&t, "SLIT", &length);
    assert_int_equal(length, 44 + 4);
    assert_int_equal(get_le(slit + 36, 8), 2);
    assert_memory_equal(slit + 44, "\x0a\x1f\x15\x0a", 4);
    find(&t, "APIC", &length);
    find(&t, "FACP", &length);
    free(t.base);
}

static void as_many_nodes_as_there_may_be(void **state)
{
    struct vnuma vnuma = { .nodes = PANDO_VNODES_MAX,
                           .vcpus = ACPI_VCPUS_MAX,
                           .range_count = VNUMA_RANGES_MAX };
    struct tables t = make_nodes(ACPI_VCPUS_MAX, ACPI_VCPUS_MAX, &vnuma);

    assert_true(t.size <= acpi_size(ACPI_VCPUS_MAX));
    free(t.base);
}

static void the_byte_code_names_every_processor(void **state)
{
    struct tables t = make(3, 128);
    size_t length, bytes, scope, at;
    const uint8_t *fadt = find(&t, "FACP", &length);
    const uint8_t *dsdt = table_at(&t, get_le(fadt + 140, 8), "DSDT", &length);

    assert_int_equal(dsdt[36], 0x10); /* Scope */
    scope = package_length(dsdt + 37, &bytes);
    assert_int_equal(37 + scope, length);
    at = 37 + bytes;
    assert_memory_equal(dsdt + at, "\\_SB_", 5);
    at += 5;
    for (unsigned int n = 0; n < 128; n++) {
        static const char hid[] = "\x08_HID\x0d"
                                  "ACPI0007";
        size_t device, start;

        assert_memory_equal(dsdt + at, "\x5b\x82", 2); /* Device */
        start = at + 2;
        device = package_length(dsdt + start, &bytes);
        at = start + bytes + 4;
        assert_memory_equal(dsdt + at, hid, sizeof(hid));
        at += sizeof(hid);
        assert_memory_equal(dsdt + at, "\x08_UID\x0a", 6);
        assert_int_equal(dsdt[at + 6], n);
        assert_memory_equal(dsdt + at + 7, "\x08_STA\x0a", 6);
        assert_int_equal(dsdt[at + 13], n < 3 ? 0x0f : 0);
        at = start + device;
    }
    assert_int_equal(at, length);
    free(t.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_pointer_is_right),
        cmocka_unit_test(every_vcpu_has_its_apic),
        cmocka_unit_test(the_machine_is_hardware_reduced),
        cmocka_unit_test(virtual_nodes_are_described),
        cmocka_unit_test(as_many_nodes_as_there_may_be),
        cmocka_unit_test(the_byte_code_names_every_processor),
    };

    return cmocka_run_group_tests_name("ctl-acpi", tests, NULL, NULL);
}
