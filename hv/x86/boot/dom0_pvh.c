/* SPDX-License-Identifier: MIT */
/*
 * dom0 as a PVH guest (<xen/arch-x86/hvm/start_info.h>; the state of its first
 * vCPU: Linux, Documentation/arch/x86/boot.rst and the PVH boot ABI): 32-bit
 * protected mode without paging, %ebx points to the start info.
 */
#include <hv/acpi.h>
#include <hv/elf.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/p2m.h>
#include <hv/string.h>
#include <hv/unpack.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>

#include "x86/boot/boot_x86.h"
#include "x86/boot/dom0.h"
#include "x86/cpu/insn.h"
#include "x86/hvm/vendor.h"

#define MODULE_KERNEL 0
#define MODULE_INITRD 1

#define LIMIT_4G      (1UL << 32)
/* Linux reads the start info through page tables that map only the first GiB. */
#define LIMIT_INFO 0x40000000UL

#define MAX_E820   120 /* Linux takes 128 */

/* The start info and what it points to, in one piece. */
struct info_area {
    struct hvm_start_info info;
    struct hvm_modlist_entry initrd;
    struct hvm_memmap_table_entry memmap[MAX_E820];
    char cmdline[1024], initrd_cmdline[1024];
};

struct builder {
    struct domain *d;
    struct dom0_options options;
    struct dom0_memory memory;
    struct elf elf;
    void *kernel;   /* unpacked, in scratch memory */
    uint64_t entry; /* physical */
    paddr_t info, initrd, acpi;
    uint64_t initrd_size;
};

static __initdata struct builder builder;

/* --- the kernel -------------------------------------------------------------------- */

/* The unpacking libraries read their stack protector's canary at %fs:0x28. */
static int __init unpack_with_fs(const struct unpack_payload *p, void *dst)
{
    static __initdata uint64_t fs_area[8];
    int rc;

    wrmsr(MSR_FS_BASE, (vaddr_t)fs_area);
    rc = unpack(p, dst);
    wrmsr(MSR_FS_BASE, 0);
    return rc;
}

static void __init read_kernel(struct builder *b)
{
    const struct boot_module *m = &boot_info.module[MODULE_KERNEL];
    struct unpack_payload p;

    if (!boot_info.nr_modules)
        panic("no dom0 kernel: the boot loader must load it as the first module");
    if (unpack_find(paddr_to_virt(m->start), m->end - m->start, &p))
        panic("the first module is not a kernel that Pando can start as dom0");
    b->kernel = boot_scratch_alloc(p.unpacked_size);
    if (!b->kernel)
        panic("dom0's kernel: no %lu MiB of memory to unpack it", p.unpacked_size >> 20);
    if (unpack_with_fs(&p, b->kernel))
        panic("dom0's kernel can't be unpacked");
    if (elf_parse(&b->elf, b->kernel, p.unpacked_size))
        panic("dom0's kernel is no usable ELF file");
    if (!elf_xen_note(&b->elf, XEN_ELFNOTE_PHYS32_ENTRY, &b->entry) || b->entry >= LIMIT_4G)
        panic("dom0's kernel has no PVH entry (Linux: CONFIG_PVH)");
}

static void __init load_kernel(struct builder *b)
{
    for (unsigned int i = 0; i < b->elf.nr_load; i++) {
        const struct elf_segment *s = &b->elf.load[i];
        uint8_t *to = paddr_to_virt(s->paddr);

        if (!dom0_memory_has(&b->memory, s->paddr, s->paddr + s->mem_size))
            panic("dom0's kernel wants [%#lx, %#lx), which is not dom0's memory (dom0_mem=?)",
                  s->paddr, s->paddr + s->mem_size);
        memcpy(to, b->elf.data + s->offset, s->file_size);
        memset(to + s->file_size, 0, s->mem_size - s->file_size);
    }
}

/* --- what else it finds in memory ------------------------------------------------------ */

static paddr_t __init must_fit(paddr_t at, const char *what, uint64_t size)
{
    if (!at)
        panic("dom0: its %s (%lu KiB) doesn't fit into its memory (dom0_mem=?)", what, size >> 10);
    return at;
}

/* The info right behind the kernel; tables and initrd at the top, out of its way. */
static void __init place(struct builder *b)
{
    uint64_t size = sizeof(struct info_area);
    paddr_t from;

    b->info = must_fit(dom0_memory_find_low(&b->memory, size, b->elf.end, LIMIT_INFO), "start info",
                       size);
    from = b->info + size;
    b->acpi =
        must_fit(dom0_memory_find_top(&b->memory, PAGE_SIZE, from, LIMIT_4G), "ACPI", PAGE_SIZE);
    if (boot_info.nr_modules > MODULE_INITRD) {
        const struct boot_module *m = &boot_info.module[MODULE_INITRD];

        b->initrd_size = m->end - m->start;
        b->initrd = must_fit(dom0_memory_find_top(&b->memory, b->initrd_size, from, b->acpi),
                             "initrd", b->initrd_size);
        memcpy(paddr_to_virt(b->initrd), paddr_to_virt(m->start), b->initrd_size);
    }
    if (dom0_acpi_build(paddr_to_virt(b->acpi), PAGE_SIZE, b->acpi, b->options.vcpus) < 0)
        panic("dom0: its ACPI tables don't fit into a page");
}

static void __init make_e820(struct builder *b)
{
    struct arch_domain *a = b->d->arch;

    a->e820 = hv_alloc(MAX_E820 * sizeof(a->e820[0]));
    if (!a->e820)
        panic("dom0: no memory for its memory map");
    a->nr_e820 = dom0_e820_build(&b->memory, b->acpi, PAGE_SIZE, a->e820, MAX_E820);
}

static void __init write_info(struct builder *b)
{
    struct info_area *area = paddr_to_virt(b->info);
    const struct arch_domain *a = b->d->arch;

    memset(area, 0, sizeof(*area));
    str_copy(area->cmdline, boot_info.module[MODULE_KERNEL].cmdline, sizeof(area->cmdline));
    for (unsigned int i = 0; i < a->nr_e820; i++)
        area->memmap[i] = (struct hvm_memmap_table_entry){
            .addr = a->e820[i].start,
            .size = a->e820[i].end - a->e820[i].start,
            .type = a->e820[i].type,
        };
    area->info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .flags = SIF_PRIVILEGED | SIF_INITDOMAIN,
        .cmdline_paddr = b->info + offsetof(struct info_area, cmdline),
        .rsdp_paddr = b->acpi,
        .memmap_paddr = b->info + offsetof(struct info_area, memmap),
        .memmap_entries = a->nr_e820,
    };
    if (!b->initrd_size)
        return;
    str_copy(area->initrd_cmdline, boot_info.module[MODULE_INITRD].cmdline,
             sizeof(area->initrd_cmdline));
    area->initrd = (struct hvm_modlist_entry){
        .paddr = b->initrd,
        .size = b->initrd_size,
        .cmdline_paddr = b->info + offsetof(struct info_area, initrd_cmdline),
    };
    area->info.nr_modules = 1;
    area->info.modlist_paddr = b->info + offsetof(struct info_area, initrd);
}

/* --- the domain ----------------------------------------------------------------------- */

static struct domain *__init create(const struct dom0_options *o)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = o->vcpus,
        .max_evtchn_port = ~0u,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC | XEN_X86_EMU_IOAPIC | XEN_X86_EMU_VPCI,
    };
    int rc;
    struct domain *d = domain_create(0, &config, true, &rc);

    if (!d)
        panic("dom0 can't be created: error %d", -rc);
    d->max_pages = o->max_pages;
    return d;
}

/* Flat 32-bit segments; attributes as in a VMCB. */
#define SEG_CODE32 (SEG_ATTR_S | SEG_ATTR_P | SEG_ATTR_DB | SEG_ATTR_G | 0xb)
#define SEG_DATA32 (SEG_ATTR_S | SEG_ATTR_P | SEG_ATTR_DB | SEG_ATTR_G | 0x3)
#define SEG_TSS32  (SEG_ATTR_P | 0xb)
#define SEG_LDT    (SEG_ATTR_P | 0x2)

static void __init set_entry_state(struct vcpu *v, const struct builder *b)
{
    static const struct x86_segment code = { .attr = SEG_CODE32, .limit = ~0u },
                                    data = { .attr = SEG_DATA32, .limit = ~0u },
                                    tss = { .attr = SEG_TSS32, .limit = 0x67 },
                                    ldt = { .attr = SEG_LDT };
    static const struct x86_table none;

    for (enum x86_seg s = SEG_ES; s <= SEG_GS; s++)
        vendor->set_segment(v, s, s == SEG_CS ? &code : &data);
    vendor->set_segment(v, SEG_TR, &tss);
    vendor->set_segment(v, SEG_LDTR, &ldt);
    vendor->set_table(v, false, &none);
    vendor->set_table(v, true, &none);
    vendor->set_efer(v, 0);
    vendor->set_cr(v, 4, 0);
    vendor->set_cr(v, 0, X86_CR0_PE | X86_CR0_ET);
    memset(v->arch->gpr, 0, sizeof(v->arch->gpr));
    v->arch->gpr[REG_RBX] = b->info;
    v->arch->rip = b->entry;
    v->arch->rsp = 0;
    v->arch->rflags = X86_RFLAGS_FIXED;
    v->initialised = true;
    v->pause_flags &= ~VPF_DOWN;
}

static void __init create_vcpus(struct builder *b)
{
    for (unsigned int i = 0; i < b->options.vcpus; i++) {
        int rc = vcpu_create(b->d, i);

        if (rc)
            panic("dom0: vCPU %u can't be created: error %d", i, -rc);
    }
    set_entry_state(b->d->vcpu[0], b);
}

struct domain *__init dom0_build(void)
{
    struct builder *b = &builder;
    unsigned int online = 0, cpu;

    for_each_online_cpu(cpu)
        online++;
    read_kernel(b);
    dom0_options_parse(&b->options, page_alloc_total(), page_alloc_free(-1), online);
    b->d = create(&b->options);
    dom0_memory_claim(b->d, b->options.pages, &b->memory);
    if (b->memory.pages < b->options.pages)
        log_warning("dom0: %lu MiB of %lu MiB are free where it needs them\n", b->memory.pages >> 8,
                    b->options.pages >> 8);
    if (dom0_memory_map(b->d, &b->memory))
        panic("dom0: no memory for its p2m");
    load_kernel(b);
    boot_scratch_free(b->kernel);
    place(b);
    make_e820(b);
    write_info(b);
    create_vcpus(b);
    log_info("dom0: kernel at %#lx-%#lx, entry %#lx, initrd at %#lx (%lu KiB)\n", b->elf.start,
             b->elf.end, b->entry, b->initrd, b->initrd_size >> 10);
    return b->d;
}
