/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "build.h"
#include "build_vcpu.h"
#include "fake_hcall.h"
#include "handle.h"
#include "kernel.h"

#define MIB 0x100000ull

struct files {
    char kernel[64], initrd[64];
};

static struct files files;
static uint8_t *elf;
static uint8_t initrd[10000];

static void write_file(char *path, const char *name, const void *data, size_t size)
{
    FILE *file;

    sprintf(path, "/tmp/pando-build-%ld-%s", (long)getpid(), name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static int setup(void **state)
{
    size_t size;

    fake_host_reset();
    elf = kernel_make(true, &size);
    for (size_t i = 0; i < sizeof(initrd); i++) {
        initrd[i] = (uint8_t)(i * 13 + 5);
    }
    write_file(files.kernel, "kernel", elf, size);
    write_file(files.initrd, "initrd", initrd, sizeof(initrd));
    return 0;
}

static int teardown(void **state)
{
    free(elf);
    unlink(files.kernel);
    unlink(files.initrd);
    fake_host_reset();
    return 0;
}

static struct pando_config config_make(uint64_t memory_mib)
{
    return (struct pando_config){ .kernel = files.kernel,
                                  .ramdisk = files.initrd,
                                  .cmdline = (char *)(uintptr_t) "console=hvc0",
                                  .memory_mib = memory_mib,
                                  .maxmem_mib = memory_mib,
                                  .vcpus = 1,
                                  .maxvcpus = 2 };
}

static enum pando_code build_all(struct build *build)
{
    enum pando_code code = build_prepare(build);

    build->domid = FAKE_DOMID;
    if (!code) {
        code = build_memory(build);
    }
    if (!code) {
        code = build_load(build);
    }
    if (!code) {
        code = build_rings(build);
    }
    if (!code) {
        code = build_vcpu(build);
    }
    return code;
}

static void expect_bytes(uint64_t paddr, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (fake_byte(paddr + i) != data[i]) {
            fail_msg("byte at %#llx is %#x, not %#x", (unsigned long long)(paddr + i),
                     fake_byte(paddr + i), data[i]);
        }
    }
}

static void expect_zeros(uint64_t paddr, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        assert_int_equal(fake_byte(paddr + i), 0);
    }
}

/* Whether the hypervisor gives zeroed memory or not, the guest finds the same. */
static void everything_is_in_its_place(void **state)
{
    for (int pando = 0; pando < 2; pando++) {
        struct pando_config config = config_make(128);
        struct build build = { .config = &config };
        struct hvm_start_info info;

        fake_host_reset();
        fake_host.is_pando = pando;
        assert_int_equal(build_all(&build), PANDO_OK);
        assert_int_equal(fake_host.mapped, 0);

        expect_bytes(KERNEL_PADDR, elf + KERNEL_TEXT_OFFSET, KERNEL_TEXT);
        expect_zeros(KERNEL_PADDR + KERNEL_TEXT, KERNEL_BSS);
        expect_bytes(KERNEL_DATA, elf + KERNEL_DATA_OFFSET, KERNEL_DATA_SIZE);
        expect_bytes(build.layout.initrd, initrd, sizeof(initrd));
        expect_zeros(LAYOUT_SPECIAL, LAYOUT_SPECIALS * XEN_PAGE_SIZE);
        for (size_t i = 0; i < sizeof(info); i++) {
            ((uint8_t *)&info)[i] = fake_byte(build.layout.start_info + i);
        }
        assert_int_equal(info.magic, XEN_HVM_START_MAGIC_VALUE);
        expect_bytes(info.cmdline_paddr, (const uint8_t *)"console=hvc0", 13);
        expect_bytes(info.rsdp_paddr, (const uint8_t *)"RSD PTR ", 8);
        build_release(&build);
    }
}

static void zeros_are_not_loaded_into_zeros(void **state)
{
    size_t frames[2];

    for (int pando = 0; pando < 2; pando++) {
        struct pando_config config = config_make(128);
        struct build build = { .config = &config };

        fake_host_reset();
        fake_host.is_pando = pando;
        assert_int_equal(build_all(&build), PANDO_OK);
        frames[pando] = fake_frames();
        build_release(&build);
    }
    /* The whole pages of bss, the first of the data, and the special pages. */
    assert_int_equal(frames[0] - frames[1], 5 + 1 + LAYOUT_SPECIALS);
}

/* None that the guest would find. */
static void no_grant_is_left_but_the_rings(void **state)
{
    struct pando_config config = config_make(128);
    struct build build = { .config = &config };

    assert_int_equal(build_all(&build), PANDO_OK);
    build_release(&build);
    for (unsigned int i = 0; i < 512; i++) {
        bool ring = i == GNTTAB_RESERVED_CONSOLE || i == GNTTAB_RESERVED_XENSTORE;

        assert_int_equal(fake_host.grants[i].flags, ring ? GTF_permit_access : 0);
    }
}

static void memory_is_given_once_and_completely(void **state)
{
    static const uint64_t sizes[] = { 128, 3 * 1024, 5 * 1024 + 3 };

    for (size_t i = 0; i < 3; i++) {
        struct pando_config config = config_make(sizes[i]);
        struct build build = { .config = &config };
        uint64_t extra;

        fake_host_reset();
        fake_host.is_pando = true;
        assert_int_equal(build_all(&build), PANDO_OK);
        extra = LAYOUT_SPECIALS + (build.layout.acpi_size >> XEN_PAGE_SHIFT);
        assert_int_equal(fake_host.pages, sizes[i] * 256 + extra);
        assert_int_equal(build_max_kib(&build, sizes[i] * 1024), fake_host.pages * 4);
        assert_int_equal(fake_host.map_entries, build.layout.map_count);
        /* Nothing in the hole but what belongs there. */
        for (uint64_t gfn = build.layout.low_end >> XEN_PAGE_SHIFT; gfn < FAKE_FRAMES; gfn++) {
            bool acpi = gfn - (LAYOUT_ACPI >> XEN_PAGE_SHIFT) < build.layout.acpi_size / 4096;
            bool special = gfn - (LAYOUT_SPECIAL >> XEN_PAGE_SHIFT) < LAYOUT_SPECIALS;

            assert_int_equal(fake_host.present[gfn], acpi || special);
        }
        build_release(&build);
    }
    assert_int_equal(fake_host.extents[2], 5);
    assert_int_equal(fake_host.extents[1], 1);
}

static void smaller_extents_replace_larger_ones(void **state)
{
    struct pando_config config = config_make(3 * 1024);
    struct build build = { .config = &config };

    fake_host.is_pando = fake_host.no_order_18 = true;
    assert_int_equal(build_all(&build), PANDO_OK);
    assert_int_equal(fake_host.extents[2], 1);
    assert_int_equal(fake_host.extents[1], 2 * 512);
    build_release(&build);
}

/* Two virtual nodes, the second of which goes on behind the hole below 4 GiB. */
static void virtual_nodes_get_their_memory(void **state)
{
    struct pando_vnode_config nodes[2] = { { .pnode = 1, .size_mib = 514, .vcpus = { 2 } },
                                           { .pnode = 0, .size_mib = 3071, .vcpus = { 1 } } };
    struct pando_config config = config_make(3585);
    struct build build = { .config = &config };

    config.vnodes = nodes;
    config.vnode_count = 2;
    fake_host.is_pando = true;
    assert_int_equal(build_all(&build), PANDO_OK);
    build_release(&build);
    assert_int_equal(fake_host.exact[1], 514 * 256);
    assert_int_equal(fake_host.exact[0], 3071 * 256);
    assert_int_equal(fake_host.vnuma.nr_vmemranges, 3);
    assert_int_equal(fake_host.vmemrange[0].start, 0);
    assert_int_equal(fake_host.vmemrange[0].end, 514 * MIB);
    assert_int_equal(fake_host.vmemrange[0].nid, 0);
    assert_int_equal(fake_host.vmemrange[1].start, 514 * MIB);
    assert_int_equal(fake_host.vmemrange[1].end, LAYOUT_LOW_END);
    assert_int_equal(fake_host.vmemrange[1].nid, 1);
    assert_int_equal(fake_host.vmemrange[2].start, LAYOUT_HIGH);
    assert_int_equal(fake_host.vmemrange[2].end, LAYOUT_HIGH + 513 * MIB);
    assert_int_equal(fake_host.vmemrange[2].nid, 1);
    assert_int_equal(fake_host.vcpu_to_vnode[0], 1);
    assert_int_equal(fake_host.vcpu_to_vnode[1], 0);
    assert_int_equal(fake_host.vnode_to_pnode[0], 1);
    assert_int_equal(fake_host.vnode_to_pnode[1], 0);
    assert_int_equal(fake_host.vdistance[0], 10);
    assert_int_equal(fake_host.vdistance[1], 20);
    fake_host_reset();
    fake_host.full_node = 1;
    assert_int_equal(build_all(&build), PANDO_E_NO_MEMORY);
    assert_string_equal(pando_error_key(NULL), "vnuma[1].size");
    build_release(&build);
}

static void the_rings_are_announced(void **state)
{
    struct pando_config config = config_make(128);
    struct build build = { .config = &config };
    const grant_entry_v1_t *grants = fake_host.grants;

    assert_int_equal(build_all(&build), PANDO_OK);
    assert_int_equal(fake_host.params[HVM_PARAM_STORE_PFN], LAYOUT_STORE_GFN);
    assert_int_equal(fake_host.params[HVM_PARAM_STORE_EVTCHN], build.store_port);
    assert_int_equal(fake_host.params[HVM_PARAM_CONSOLE_PFN], LAYOUT_CONSOLE_GFN);
    assert_int_equal(fake_host.params[HVM_PARAM_CONSOLE_EVTCHN], build.console_port);
    assert_true(build.store_port && build.console_port && build.store_port != build.console_port);
    assert_int_equal(grants[GNTTAB_RESERVED_XENSTORE].frame, LAYOUT_STORE_GFN);
    assert_int_equal(grants[GNTTAB_RESERVED_CONSOLE].frame, LAYOUT_CONSOLE_GFN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(grants[i].flags, GTF_permit_access);
        assert_int_equal(grants[i].domid, 0);
    }
    build_release(&build);
}

static void the_first_vcpu_starts_in_protected_mode(void **state)
{
    struct pando_config config = config_make(128);
    struct build build = { .config = &config };
    struct hvm_save_descriptor d;
    HVM_SAVE_TYPE(CPU) cpu;
    HVM_SAVE_TYPE(MTRR) mtrr;
    const uint8_t *p = fake_host.records;
    size_t size = sizeof(d) + sizeof(HVM_SAVE_TYPE(HEADER));

    assert_int_equal(build_all(&build), PANDO_OK);
    memcpy(&d, p, sizeof(d));
    assert_int_equal(d.typecode, HVM_SAVE_CODE(HEADER));
    p += size;
    memcpy(&d, p, sizeof(d));
    assert_int_equal(d.typecode, HVM_SAVE_CODE(CPU));
    assert_int_equal(d.length, sizeof(cpu));
    memcpy(&cpu, p + sizeof(d), sizeof(cpu));
    assert_int_equal(cpu.rip, KERNEL_ENTRY);
    assert_int_equal(cpu.rbx, build.layout.start_info);
    assert_int_equal(cpu.cr0, 0x11);
    assert_int_equal(cpu.cs_arbytes, 0xc9b);
    assert_int_equal(cpu.cs_limit, 0xffffffffu);
    assert_int_equal(cpu.rflags, 2);
    p += sizeof(d) + sizeof(cpu);
    for (uint16_t n = 0; n < 2; n++) {
        memcpy(&d, p, sizeof(d));
        assert_int_equal(d.typecode, HVM_SAVE_CODE(MTRR));
        assert_int_equal(d.instance, n);
        memcpy(&mtrr, p + sizeof(d), sizeof(mtrr));
        assert_int_equal(mtrr.msr_mtrr_def_type, 0x806);
        assert_int_equal(mtrr.msr_mtrr_cap, 0x508);
        p += sizeof(d) + sizeof(mtrr);
    }
    memcpy(&d, p, sizeof(d));
    assert_int_equal(d.typecode, HVM_SAVE_CODE(END));
    assert_ptr_equal(p + sizeof(d), fake_host.records + fake_host.records_size);
    build_release(&build);
}

static void malformed_records_are_refused(void **state)
{
    struct hvm_save_descriptor d = { HVM_SAVE_CODE(HEADER), 0, 1000 };
    uint8_t out[8192];

    assert_int_equal(vcpu_context_build(&d, sizeof(d), 1, 2, out, sizeof(out)), 0);
    d.typecode = HVM_SAVE_CODE(MTRR);
    assert_int_equal(vcpu_context_build(&d, sizeof(d), 1, 2, out, sizeof(out)), 0);
    assert_int_equal(vcpu_context_build(&d, 3, 1, 2, out, sizeof(out)), 0);
    d = (struct hvm_save_descriptor){ HVM_SAVE_CODE(HEADER), 0, 0 };
    assert_int_equal(vcpu_context_build(&d, sizeof(d), 1, 2, out, 64), 0);
}

static void failures_say_what_is_wrong(void **state)
{
    struct pando_config config = config_make(32);
    struct build build = { .config = &config };

    assert_int_equal(build_all(&build), PANDO_E_INVALID); /* the kernel's data is at 48 MiB */
    assert_string_equal(pando_error_key(NULL), "memory");
    config = config_make(128);
    fake_host.populate_limit = 0;
    assert_int_equal(build_all(&build), PANDO_E_NO_MEMORY);
    assert_string_equal(pando_error_key(NULL), "memory");
    build_release(&build);
    fake_host_reset();
    fake_host.copy_error = -EINVAL;
    assert_int_equal(build_all(&build), PANDO_E_HYPERVISOR);
    build_release(&build);
    fake_host_reset();
    fake_host.resource_error = -EOPNOTSUPP;
    assert_int_equal(build_all(&build), PANDO_E_UNSUPPORTED);
    build_release(&build);
    fake_host_reset();
    fake_host.context_error = -ESRCH;
    assert_int_equal(build_all(&build), PANDO_E_NOT_FOUND);
    build_release(&build);
    config.ramdisk = (char *)(uintptr_t) "/nonexistent";
    assert_int_equal(build_all(&build), PANDO_E_NOT_FOUND);
    assert_string_equal(pando_error_key(NULL), "ramdisk");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(everything_is_in_its_place),
        TEST(zeros_are_not_loaded_into_zeros),
        TEST(no_grant_is_left_but_the_rings),
        TEST(memory_is_given_once_and_completely),
        TEST(smaller_extents_replace_larger_ones),
        TEST(virtual_nodes_get_their_memory),
        TEST(the_rings_are_announced),
        TEST(the_first_vcpu_starts_in_protected_mode),
        TEST(malformed_records_are_refused),
        TEST(failures_say_what_is_wrong),
    };

    return cmocka_run_group_tests_name("ctl-build", tests, NULL, NULL);
}
