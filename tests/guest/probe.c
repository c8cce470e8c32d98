/* SPDX-License-Identifier: MIT */
/*
 * Linked into a hypervisor of its own, build/probe, which is Pando otherwise: the end of its boot
 * (boot_init_release) comes by here, while the records of alternative instructions are still
 * there. It says what the code has become, and then does what probe= asks for with a mapping that
 * Pando never has: a user's page, below its half of the address space. probe-first-ibrs makes the
 * CPU one of those that were there when IBRS came.
 */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include "x86/boot/boot_x86.h"
#include "x86/cpu/alternative.h"
#include "x86/cpu/speculation.h"
#include "x86/mm/paging.h"

#define USER_PAGE 0x40000000UL
#define RET       0xc3
#define MOST_TOLD 64u /* bytes of one place: a line of the log */

extern const struct alternative alternatives_start[], alternatives_end[];
void __real_boot_init_release(void);
void __wrap_boot_init_release(void);

void __real_spec_cpu_read(struct spec_cpu *c);
void __wrap_spec_cpu_read(struct spec_cpu *c);

void __wrap_spec_cpu_read(struct spec_cpu *c)
{
    __real_spec_cpu_read(c);
    if (cmdline_has("probe-first-ibrs"))
        c->arch_caps = 0;
}

static void tell_code(void)
{
    for (const struct alternative *a = alternatives_start; a < alternatives_end; a++) {
        const uint8_t *place = (const uint8_t *)&a->place + a->place;
        char hex[3 * MOST_TOLD + 1] = "";

        for (unsigned int i = 0; i < min((unsigned int)a->place_len, MOST_TOLD); i++)
            snprintf(hex + 3 * i, 4, " %02x", place[i]);
        log_info("probe: feature %#x %lx:%s\n", a->feature, (vaddr_t)place, hex);
    }
}

static volatile uint8_t *map_user_page(void)
{
    uint64_t *table = paddr_to_virt(hv_cr3);
    uint8_t *page = hv_alloc_pages(0, ALLOC_ANY);

    for (unsigned int shift = 39; shift > PAGE_SHIFT; shift -= 9) {
        uint64_t *entry = &table[USER_PAGE >> shift & 511];

        if (!*entry)
            *entry = virt_to_paddr(hv_alloc_pages(0, ALLOC_ANY)) | PTE_P | PTE_W | PTE_U;
        table = paddr_to_virt(*entry & PTE_ADDR);
    }
    table[USER_PAGE >> PAGE_SHIFT & 511] = virt_to_paddr(page) | PTE_P | PTE_W | PTE_U;
    memset(page, RET, PAGE_SIZE);
    return (volatile uint8_t *)USER_PAGE;
}

static __attribute__((noinline)) void touch(const char *how)
{
    volatile uint8_t *user = map_user_page();

    if (!strcmp(how, "window")) {
        __asm__ __volatile__(ALTERNATIVE("", "stac", FEATURE_SMAP) : : : "memory");
        *user = RET;
        __asm__ __volatile__(ALTERNATIVE("", "clac", FEATURE_SMAP) : : : "memory");
    } else if (!strcmp(how, "write")) {
        *user = RET;
    } else if (!strcmp(how, "read")) {
        (void)*user;
    } else if (!strcmp(how, "execute")) {
        ((void (*)(void))USER_PAGE)();
    }
    log_info("probe: %s: went through\n", how);
}

void __wrap_boot_init_release(void)
{
    char how[16];

    tell_code();
    if (cmdline_get("probe", how, sizeof(how)))
        touch(how);
    __real_boot_init_release();
}
