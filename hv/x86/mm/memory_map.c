/* SPDX-License-Identifier: MIT */
/* The part of memory_op that is x86's: E820 maps of domains and of the machine. */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>

#include "x86/mm/paging.h"
#include "x86/x86.h"

/* As INT 15h E820h gives it (ACPI 6.4, 15.1): 20 bytes. */
struct e820_entry {
    uint64_t start, size;
    uint32_t type;
} __packed;

bool host_ram_at(paddr_t pa)
{
    paddr_t start = ROUND_DOWN(pa, PAGE_SIZE);

    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];

        if (m->type == BOOT_MEM_RAM && start >= m->start && start + PAGE_SIZE <= m->end)
            return true;
    }
    return false;
}

#define MAX_E820 (PAGE_SIZE / sizeof(struct boot_mem))

static int put_entry(vaddr_t buffer, unsigned int i, const struct boot_mem *m)
{
    struct e820_entry e = { m->start, m->end - m->start, m->type };

    return copy_to_guest_va(buffer + i * sizeof(e), &e, sizeof(e));
}

/* Copies as many of @entries as there is room for, and tells how many. */
static long put_map(XEN_GUEST_HANDLE(void) arg, struct xen_memory_map *x,
                    const struct boot_mem *entries, unsigned int nr)
{
    unsigned int n = min(nr, x->nr_entries);

    for (unsigned int i = 0; i < n; i++) {
        if (put_entry((vaddr_t)x->buffer.p, i, &entries[i]))
            return -EFAULT;
    }
    x->nr_entries = n;
    return guest_write(guest_handle_cast(arg, xen_memory_map_t), x);
}

static long memory_map(XEN_GUEST_HANDLE(void) arg)
{
    struct domain *d = current->domain;
    struct boot_mem entry;
    struct xen_memory_map x;
    unsigned int nr;
    long rc = 0;

    if (guest_read(&x, guest_handle_cast(arg, xen_memory_map_t)))
        return -EFAULT;
    spin_lock(&d->lock); /* against set_memory_map */
    nr = d->arch->nr_e820;
    spin_unlock(&d->lock);
    if (!nr)
        return -ENOSYS;
    x.nr_entries = min(x.nr_entries, nr);
    for (unsigned int i = 0; i < x.nr_entries && !rc; i++) {
        spin_lock(&d->lock);
        entry = i < d->arch->nr_e820 ? d->arch->e820[i] : (struct boot_mem){ 0 };
        spin_unlock(&d->lock);
        rc = put_entry((vaddr_t)x.buffer.p, i, &entry);
    }
    return rc ? rc : guest_write(guest_handle_cast(arg, xen_memory_map_t), &x);
}

static long machine_memory_map(XEN_GUEST_HANDLE(void) arg)
{
    struct xen_memory_map x;

    if (permission_host())
        return -EPERM;
    if (guest_read(&x, guest_handle_cast(arg, xen_memory_map_t)))
        return -EFAULT;
    if (!guest_handle_is_null(x.buffer))
        return put_map(arg, &x, boot_info.mem, boot_info.nr_mem);
    x.nr_entries = boot_info.nr_mem;
    return guest_write(guest_handle_cast(arg, xen_memory_map_t), &x);
}

/* The new map, checked: entries that don't wrap around. */
static int read_map(const struct xen_memory_map *map, struct boot_mem *to)
{
    struct e820_entry e;

    for (unsigned int i = 0; i < map->nr_entries; i++) {
        if (copy_from_guest_va(&e, (vaddr_t)map->buffer.p + i * sizeof(e), sizeof(e)))
            return -EFAULT;
        if (e.start + e.size < e.start)
            return -EINVAL;
        to[i] = (struct boot_mem){ e.start, e.start + e.size, e.type };
    }
    return 0;
}

static int replace_map(struct domain *d, const struct xen_memory_map *map)
{
    struct boot_mem *entries = hv_alloc(map->nr_entries * sizeof(*entries)), *old;
    int rc = entries ? read_map(map, entries) : -ENOMEM;

    if (rc) {
        hv_free(entries);
        return rc;
    }
    spin_lock(&d->lock);
    old = d->arch->e820;
    d->arch->e820 = entries;
    d->arch->nr_e820 = map->nr_entries;
    spin_unlock(&d->lock);
    hv_free(old);
    return 0;
}

static long set_memory_map(XEN_GUEST_HANDLE(void) arg)
{
    struct xen_foreign_memory_map x;
    struct domain *d;
    long rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_foreign_memory_map_t)))
        return -EFAULT;
    if (x.map.nr_entries > MAX_E820)
        return -EINVAL;
    d = domain_get_or_self(x.domid);
    if (!d)
        return -ESRCH;
    rc = d == current->domain ? 0 : permission_control(d);
    if (!rc)
        rc = atomic_read_acquire(&d->arch) ? replace_map(d, &x.map) : -ESRCH;
    domain_put(d);
    return rc;
}

long arch_memory_op(unsigned long cmd, XEN_GUEST_HANDLE(void) arg)
{
    switch (cmd) {
    case XENMEM_memory_map:
        return memory_map(arg);
    case XENMEM_machine_memory_map:
        return machine_memory_map(arg);
    case XENMEM_set_memory_map:
        return set_memory_map(arg);
    default:
        return -ENOSYS;
    }
}
