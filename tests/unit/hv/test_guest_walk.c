/* SPDX-License-Identifier: MIT */
/* Guests' own page tables in all modes, and copies through them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>

#include "fake_mem.h"
#include "x86/hvm/vendor.h"
#include "x86/mm/guest_walk.h"
#include "x86/mm/p2m_x86.h"

#define GUEST_FRAMES 64u /* at gfn 0; gfn 40 read-only, gfn 41 a hole, gfn 42 a device */

#define P            1ULL
#define W            2ULL
#define U            4ULL
#define A            0x20ULL
#define PS           0x80ULL
#define NX           (1ULL << 63)

#define LONG_MODE                                                                                  \
    {                                                                                              \
        .cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP, .cr3 = 0x1000, .cr4 = X86_CR4_PAE,            \
        .efer = X86_EFER_LMA | X86_EFER_LME | X86_EFER_NXE                                         \
    }

static struct domain *d;
static struct arch_vcpu arch;
static struct vcpu vcpu = { .arch = &arch };
static struct x86_paging paging;

static void get_paging(struct vcpu *v, struct x86_paging *p)
{
    *p = paging;
}

struct vendor_ops vendor[1] = { { .name = "fake", .get_paging = get_paging } };

void arch_p2m_flush(struct domain *dom)
{
}

bool hypercall_preempt_check(void)
{
    return false;
}

static char *guest(uint64_t gpa)
{
    return (char *)mfn_to_virt(p2m_lookup(d, gfn(gpa >> PAGE_SHIFT), NULL, NULL)) + gpa % PAGE_SIZE;
}

static void put64(uint64_t gpa, uint64_t v)
{
    memcpy(guest(gpa), &v, 8);
}

static void put32(uint64_t gpa, uint32_t v)
{
    memcpy(guest(gpa), &v, 4);
}

static int set_up(void **state)
{
    fake_mem_setup();
    fake_mem_settle();
    d = fake_domain_new(1);
    p2m_init(d);
    for (unsigned int i = 0; i < GUEST_FRAMES; i++) {
        struct page_info *pg = domain_page_alloc(d, 0, 0);

        if (i == 41) {
            page_free_guest(pg);
            continue;
        }
        assert_int_equal(p2m_set(d, gfn(i), page_to_mfn(pg), 0, i == 40 ? p2m_ram_ro : p2m_ram_rw),
                         0);
    }
    page_free_guest(mfn_to_page(p2m_lookup(d, gfn(42), NULL, NULL)));
    p2m_set(d, gfn(42), mfn(0xfee00), 0, p2m_mmio_direct);
    vcpu.domain = d;
    p2m_view_init(&arch.view, d);
    fake_cpu.curr = &vcpu;
    return 0;
}

static int tear_down(void **state)
{
    fake_cpu.curr = NULL;
    assert_int_equal(p2m_teardown(d), 0);
    p2m_free(d);
    fake_domain_delete(d);
    fake_mem_settle();
    return 0;
}

static int walk(struct x86_paging p, uint64_t va, unsigned int access, uint64_t *gpa, uint32_t *err)
{
    struct p2m_view w;

    *gpa = *err = 0xbad;
    p2m_view_init(&w, d);
    return guest_walk(&w, &p, va, access, gpa, err);
}

static void expect_ok(struct x86_paging p, uint64_t va, unsigned int access, uint64_t want)
{
    uint64_t gpa;
    uint32_t err;

    assert_int_equal(walk(p, va, access, &gpa, &err), 0);
    assert_int_equal(gpa, want);
}

static void expect_fault(struct x86_paging p, uint64_t va, unsigned int access, uint32_t want)
{
    uint64_t gpa;
    uint32_t err;

    assert_int_equal(walk(p, va, access, &gpa, &err), -EFAULT);
    assert_int_equal(err, want);
}

static void expect_not_canonical(struct x86_paging p, uint64_t va)
{
    uint64_t gpa;
    uint32_t err;

    assert_int_equal(walk(p, va, 0, &gpa, &err), -EINVAL);
}

static void test_no_paging(void **state)
{
    struct x86_paging p = { .cr0 = X86_CR0_PE };

    expect_ok(p, 0x12345678, ACCESS_WRITE, 0x12345678);
    expect_not_canonical(p, 1ULL << 32);
}

static void test_32bit(void **state)
{
    struct x86_paging p = { .cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_WP, .cr3 = 0x1000 };

    put32(0x1000 + 4 * 3, 0x2000 | P | W | U);
    put32(0x2000 + 4 * 5, 0x7000 | P | U);
    put32(0x1000 + 4 * 4, (uint32_t)(0x00c00000 | 5 << 13 | PS | P | W));
    expect_ok(p, 0x00c05123, 0, 0x7123);
    expect_fault(p, 0x00c05123, ACCESS_WRITE, PF_PRESENT | PF_WRITE);
    expect_fault(p, 0x00c06000, ACCESS_USER, PF_USER);
    expect_fault(p, 0x00800000, ACCESS_FETCH, 0); /* no NX: no fetch bit */
    p.cr0 &= ~X86_CR0_WP;
    expect_ok(p, 0x00c05123, ACCESS_WRITE, 0x7123);
    expect_fault(p, 0x00c05123, ACCESS_WRITE | ACCESS_USER, PF_PRESENT | PF_WRITE | PF_USER);
    p.cr4 = X86_CR4_PSE; /* 4 MiB, with the upper address bits of PSE-36 */
    expect_ok(p, 0x01012345, ACCESS_WRITE, 0x500c12345);
    expect_not_canonical(p, 0x100c05123);
}

static void test_pae(void **state)
{
    struct x86_paging p = { .cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_WP,
                            .cr3 = 0x1020,
                            .cr4 = X86_CR4_PAE,
                            .efer = X86_EFER_NXE };

    put64(0x1020 + 8 * 2, 0x2000 | P | A); /* as TCG leaves it */
    put64(0x2000 + 8 * 1, 0x3000 | P | W | U);
    put64(0x3000 + 8 * 511, 0x9000 | P | W | NX);
    put64(0x2000 + 8 * 2, 0x40000000 | P | W | PS);
    expect_ok(p, 0x803ff000, ACCESS_WRITE, 0x9000);
    expect_fault(p, 0x803ff000, ACCESS_FETCH, PF_PRESENT | PF_FETCH);
    expect_fault(p, 0x803ff000, ACCESS_USER, PF_PRESENT | PF_USER);
    expect_ok(p, 0x80400010 + 0x1ffff, 0, 0x40000010 + 0x1ffff);
    expect_fault(p, 0xc0000000, 0, 0);
    put64(0x2000 + 8 * 2, 0x40002000 | P | W | PS); /* a reserved address bit */
    expect_fault(p, 0x80400000, 0, PF_PRESENT | PF_RESERVED);
}

static void test_long_mode_leaves(void **state)
{
    struct x86_paging p = LONG_MODE;
    uint64_t va = 0xffff888000000000ULL | 3ULL << 30 | 7ULL << 21 | 9ULL << 12;

    put64(0x1000 + 8 * (va >> 39 & 511), 0x2000 | P | W);
    put64(0x2000 + 8 * 3, 0x3000 | P | W);
    put64(0x3000 + 8 * 7, 0x4000 | P | W);
    put64(0x4000 + 8 * 9, 0x5000 | P | W);
    expect_ok(p, va | 0xabc, ACCESS_WRITE, 0x5abc);
    put64(0x3000 + 8 * 7, 0x600000 | 1 << 12 | PS | P | W); /* bit 12: PAT */
    expect_ok(p, va | 0xabc, ACCESS_WRITE, 0x600000 + 0x9abc);
    put64(0x2000 + 8 * 3, 0x40000000 | PS | P | W);
    expect_ok(p, va | 0xabc, ACCESS_WRITE, 0x40000000 + (7 << 21) + 0x9abc);
    put64(0x2000 + 8 * 3, 0x40000000 | 1 << 20 | PS | P | W);
    expect_fault(p, va, 0, PF_PRESENT | PF_RESERVED);
    put64(0x1000 + 8 * (va >> 39 & 511), 0x2000 | P | W | PS);
    expect_fault(p, va, 0, PF_PRESENT | PF_RESERVED);
    put64(0x1000 + 8 * (va >> 39 & 511),
          P | W | 0x000fffffff000000ULL); /* beyond the CPU's width */
    expect_fault(p, va, 0, PF_PRESENT | PF_RESERVED);
    put64(0x1000 + 8 * (va >> 39 & 511), 0x29000 | P | W); /* a table where nothing is */
    expect_fault(p, va, 0, 0);
    p.efer &= ~X86_EFER_NXE;
    put64(0x1000 + 8 * (va >> 39 & 511), 0x2000 | P | W | NX);
    expect_fault(p, va, 0, PF_PRESENT | PF_RESERVED);
    expect_not_canonical(p, 0x0000800000000000ULL);
    expect_not_canonical(p, 0xffff7fffffffffffULL);
    p.cr4 |= 0x1000; /* five levels */
    expect_not_canonical(p, 0);
}

/* All combinations of rights at four levels, kinds of access and control bits. */
static void test_rights(void **state)
{
    static const uint64_t va = 0x123456789000ULL;
    unsigned int checked = 0;

    for (unsigned int i = 0; i < 1u << 12; i++) {
        uint64_t at[4], w = W, u = U, nx = 0;

        for (unsigned int l = 0; l < 4; l++) {
            uint64_t bits =
                (i >> 3 * l & 1 ? W : 0) | (i >> 3 * l & 2 ? U : 0) | (i >> 3 * l & 4 ? NX : 0);

            at[l] = (uint64_t)(0x2000 + 0x1000 * l) | P | bits;
            w &= bits;
            u &= bits;
            nx |= bits & NX;
            put64(0x1000 + 0x1000 * l + 8 * (va >> (39 - 9 * l) & 511), at[l]);
        }
        for (unsigned int k = 0; k < 64; k++) {
            struct x86_paging p = LONG_MODE;
            unsigned int access =
                (unsigned int[]){ 0, ACCESS_WRITE, ACCESS_FETCH, ACCESS_NO_SMAP }[k & 3];
            bool user = k & 4, wp = k & 8, smep = k & 16, smap = k & 32, ok;
            uint64_t gpa;
            uint32_t err;

            access |= user ? ACCESS_USER : 0;
            p.cr0 = X86_CR0_PG | X86_CR0_PE | (wp ? X86_CR0_WP : 0);
            p.cr4 |= (smep ? X86_CR4_SMEP : 0) | (smap ? X86_CR4_SMAP : 0);
            ok = (!user || u) && !(access & ACCESS_WRITE && !w && (user || wp)) &&
                 !(access & ACCESS_FETCH && (nx || (!user && u && smep))) &&
                 !(smap && !user && u && !(access & (ACCESS_FETCH | ACCESS_NO_SMAP)));
            assert_int_equal(walk(p, va, access, &gpa, &err), ok ? 0 : -EFAULT);
            assert_true(!ok || gpa == 0x5000);
            assert_true(ok || err & PF_PRESENT);
            checked++;
        }
    }
    assert_int_equal(checked, 4096 * 64);
    /* EFLAGS.AC lifts SMAP, but not for CPL 3's implicit supervisor accesses. */
    struct x86_paging p = LONG_MODE;

    p.cr4 |= X86_CR4_SMAP;
    p.rflags = X86_RFLAGS_AC;
    expect_ok(p, 0x123456789000ULL & ~0xfffULL, 0, 0x5000);
    p.cpl = 3;
    expect_fault(p, va, 0, PF_PRESENT);
}

/* Virtual pages 0..63 onto guest pages in reverse order, so that crossings show. */
static void reverse_map(void)
{
    paging = (struct x86_paging)LONG_MODE;
    for (unsigned int i = 0; i < 512; i++)
        put64(0x4000 + 8 * i, i < GUEST_FRAMES ? (GUEST_FRAMES - 1 - i) * PAGE_SIZE | P | W : 0);
    put64(0x1000, 0x2000 | P | W);
    put64(0x2000, 0x3000 | P | W);
    put64(0x3000, 0x4000 | P | W);
}

static uint64_t va_of(unsigned int g)
{
    return (GUEST_FRAMES - 1 - g) * PAGE_SIZE;
}

static void test_copies(void **state)
{
    static uint8_t in[3 * PAGE_SIZE], out[3 * PAGE_SIZE];

    reverse_map();
    for (unsigned int round = 0; round < 300; round++) {
        size_t len = fake_random() % (2 * PAGE_SIZE + 500);
        uint64_t va = va_of(20) + fake_random() % PAGE_SIZE;

        for (size_t i = 0; i < len; i++)
            in[i] = (uint8_t)fake_random();
        assert_int_equal(copy_to_guest_va(va, in, len), 0);
        assert_int_equal(copy_from_guest_va(out, va, len), 0);
        assert_memory_equal(in, out, len);
        for (size_t i = 0; i < len; i += 97) {
            uint64_t a = va + i;

            assert_int_equal(
                (uint8_t)*guest((GUEST_FRAMES - 1 - a / PAGE_SIZE) * PAGE_SIZE + a % PAGE_SIZE),
                in[i]);
        }
        assert_int_equal(clear_guest_va(va, len), 0);
        assert_int_equal(copy_from_guest_va(out, va, len), 0);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(out[i], 0);
    }
    assert_int_equal(copy_to_guest_va(va_of(10) + 3, "12345678", 8), 0);
    memset(out, 0, 16);
    assert_int_equal(copy_from_guest_va(out + 1, va_of(10) + 3, 8), 0);
    assert_int_equal(copy_from_guest_va(out + 9, va_of(10) + 3, 4), 0);
    assert_memory_equal(out + 1, "123456781234", 12);
    assert_int_equal(copy_from_guest_va(out, 0xdead000000000000ULL, 0), 0);
}

static void test_refused_copies(void **state)
{
    uint8_t buf[256];

    reverse_map();
    assert_int_equal(copy_from_guest_va(buf, va_of(40), 8), 0); /* read-only memory */
    assert_int_equal(copy_to_guest_va(va_of(40), buf, 8), -EFAULT);
    assert_int_equal(copy_from_guest_va(buf, va_of(41), 8), -EFAULT); /* hole */
    assert_int_equal(copy_to_guest_va(va_of(41), buf, 8), -EFAULT);
    assert_int_equal(copy_from_guest_va(buf, va_of(42), 8), -EFAULT); /* device */
    assert_int_equal(copy_to_guest_va(va_of(42), buf, 8), -EFAULT);
    assert_int_equal(copy_from_guest_va(buf, va_of(42) - 4, 8), -EFAULT); /* into it */
    assert_int_equal(copy_from_guest_va(buf, GUEST_FRAMES * PAGE_SIZE, 1), -EFAULT);
    assert_int_equal(copy_from_guest_va(buf, 0x8000000000000000ULL, 1), -EFAULT);
    assert_int_equal(copy_from_guest_va(buf, ~0ULL - 3, 8), -EFAULT);

    assert_int_equal(copy_to_guest_pa(d, 20 * PAGE_SIZE + 4090, "0123456789", 10), 0);
    assert_int_equal(copy_from_guest_pa(d, buf, 20 * PAGE_SIZE + 4090, 10), 0);
    assert_memory_equal(buf, "0123456789", 10);
    assert_int_equal(copy_to_guest_pa(d, 40 * PAGE_SIZE, buf, 1), -EFAULT);
    assert_int_equal(copy_from_guest_pa(d, buf, ~0ULL & ~7ULL, 16), -EFAULT);
    assert_int_equal(copy_to_guest_pa(d, ~0ULL & ~7ULL, buf, 16), -EFAULT);
    assert_int_equal(copy_from_guest_pa(d, buf, GUEST_FRAMES * PAGE_SIZE, 16), -EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_paging),
        cmocka_unit_test(test_32bit),
        cmocka_unit_test(test_pae),
        cmocka_unit_test(test_long_mode_leaves),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_refused_copies),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
