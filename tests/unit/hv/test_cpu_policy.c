/* SPDX-License-Identifier: MIT */
/* CPUID policies of domains, on whatever CPU this test runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "fake_machine.h"
#include "x86/cpu/cpu.h"
#include "x86/hvm/cpu_policy.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic.h"

#define MAX 128

static struct domain *d;
static struct arch_domain arch;
static struct arch_vcpu arch_vcpu;
static xen_cpuid_leaf_t leaf[MAX];
static uint32_t nr;

/* --- what cpuid.c asks ---------------------------------------------------------------- */

uint64_t tsc_khz = 1000000, tsc_origin;
uint32_t tsc_to_ns_mul;
int8_t tsc_to_ns_shift;

uint64_t vlapic_base(const struct vcpu *v)
{
    return 0x800;
}

uint64_t hvm_xcr0_mask(void)
{
    return 3;
}

/* --- the tool's calls ---------------------------------------------------------------------- */

static int set_up(void **state)
{
    fake_machine_reset();
    d = fake_domain(1, 2, 0);
    memset(&arch, 0, sizeof(arch));
    d->arch = &arch;
    d->vcpu[1]->arch = &arch_vcpu;
    nr = 0;
    return 0;
}

static int tear_down(void **state)
{
    hv_free(arch.cpu_policy);
    assert_int_equal(fake_live_allocs, 0);
    fake_domain_discard(d);
    return 0;
}

static int of_host(uint32_t index)
{
    struct xen_sysctl_cpu_policy op = { .index = index, .nr_leaves = MAX };
    int rc;

    op.leaves.p = leaf;
    rc = cpu_policy_of_host(&op);
    nr = op.nr_leaves;
    return rc;
}

static int get(void)
{
    struct xen_domctl_cpu_policy op = { .nr_leaves = MAX };
    int rc;

    op.leaves.p = leaf;
    rc = cpu_policy_get(d, &op);
    nr = op.nr_leaves;
    return rc;
}

static int set(uint32_t *err_leaf)
{
    struct xen_domctl_cpu_policy op = { .nr_leaves = nr };
    int rc;

    op.leaves.p = leaf;
    rc = cpu_policy_set(d, &op);
    if (err_leaf)
        *err_leaf = op.err_leaf;
    return rc;
}

static xen_cpuid_leaf_t *find(uint32_t number)
{
    for (uint32_t i = 0; i < nr; i++)
        if (leaf[i].leaf == number)
            return &leaf[i];
    fail_msg("leaf %#x is not in the list", number);
    return NULL;
}

static struct cpuid_regs guest_sees(uint32_t number, uint32_t sub)
{
    struct cpuid_regs r;

    hvm_cpuid(d->vcpu[1], number, sub, &r);
    return r;
}

/* --- the tests ----------------------------------------------------------------------------------
 */

static void lists_are_well_formed(void **state)
{
    struct xen_sysctl_cpu_policy op = { .index = XEN_SYSCTL_cpu_policy_hvm_max };
    uint64_t last = 0;

    assert_int_equal(cpu_policy_of_host(&op), 0);
    assert_int_equal(op.nr_leaves, MAX);
    assert_int_equal(of_host(XEN_SYSCTL_cpu_policy_raw), 0);
    assert_in_range(nr, 10, MAX);
    assert_int_equal(of_host(XEN_SYSCTL_cpu_policy_hvm_default), 0);
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t key = (uint64_t)leaf[i].leaf << 32 | (leaf[i].subleaf + 1);

        assert_true(i == 0 || key > last); /* in order, each once */
        last = key;
    }
    assert_true(find(1)->c >> 31);         /* hypervisor */
    assert_false(find(1)->c >> 27 & 1);    /* OSXSAVE is CR4's */
    assert_int_equal(find(1)->b >> 16, 0); /* as if vCPU 0 */
    assert_int_equal(of_host(XEN_SYSCTL_cpu_policy_pv_max), -EOPNOTSUPP);
    assert_int_equal(of_host(9), -EINVAL);
    op.nr_leaves = 3;
    op.leaves.p = leaf;
    assert_int_equal(cpu_policy_of_host(&op), -ENOBUFS);
}

static void the_default_can_be_set(void **state)
{
    struct cpuid_regs before = guest_sees(1, 0), after;

    assert_int_equal(before.b >> 24, 2);
    assert_int_equal(of_host(XEN_SYSCTL_cpu_policy_hvm_default), 0);
    /* What the tools make of it: topology of their own. */
    find(1)->d |= 1u << 28;
    find(1)->b |= 16u << 16;
    find(0x80000008)->c = 0x500f;
    assert_int_equal(set(NULL), 0);
    after = guest_sees(1, 0);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(guest_sees(0x80000008, 0).c, 0);
    /* And a second time. */
    assert_int_equal(set(NULL), 0);
}

static void features_are_taken_away(void **state)
{
    struct cpuid_regs before = guest_sees(1, 0);

    assert_true(before.d & 1u << 26 && before.d & 1u << 25); /* SSE2, SSE: any 64-bit CPU's */
    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    find(1)->d &= ~(1u << 26);
    find(0)->a = 0xb;
    assert_int_equal(set(NULL), 0);
    assert_int_equal(guest_sees(1, 0).d, before.d & ~(1u << 26));
    assert_int_equal(guest_sees(1, 0).c, before.c);
    assert_int_equal(guest_sees(0, 0).a, 0xb);
    assert_int_equal(guest_sees(0xd, 0).b, 0);
    assert_int_equal(get(), 0);
    assert_false(find(1)->d & 1u << 26);
    assert_int_equal(leaf[nr - 1].leaf, find(0x80000000)->a);
    for (uint32_t i = 0; i < nr; i++)
        assert_int_not_equal(leaf[i].leaf, 0xd); /* beyond its last one */
    /* One leaf alone; the others stay as they were. */
    nr = 1;
    leaf[0] = (xen_cpuid_leaf_t){ 7, 0, 0, 0, 0, 0 };
    assert_int_equal(set(NULL), 0);
    assert_int_equal(guest_sees(7, 0).b, 0);
    assert_int_equal(guest_sees(1, 0).d, before.d & ~(1u << 26));
}

static void nothing_can_be_added(void **state)
{
    uint32_t err;

    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    find(1)->c |= 1u << 5; /* VMX */
    assert_int_equal(set(&err), -EINVAL);
    assert_int_equal(err, 1);
    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    find(0)->b ^= 1; /* another vendor */
    assert_int_equal(set(&err), -EINVAL);
    assert_int_equal(err, 0);
    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    find(0x80000000)->a++;
    assert_int_equal(set(&err), -EINVAL);
    assert_int_equal(err, 0x80000000);
    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    find(1)->subleaf = 0;
    assert_int_equal(set(&err), -EINVAL);
    assert_null(arch.cpu_policy);
    d->created = true;
    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    assert_int_equal(set(NULL), -EEXIST);
}

static void broken_calls_are_refused(void **state)
{
    struct xen_domctl_cpu_policy op = { .nr_leaves = MAX + 1 };
    xen_msr_entry_t msr = { .idx = 0xce };

    op.leaves.p = leaf;
    assert_int_equal(cpu_policy_set(d, &op), -E2BIG);
    op.nr_leaves = 0;
    op.nr_msrs = 1;
    op.msrs.p = &msr;
    assert_int_equal(cpu_policy_set(d, &op), -EINVAL);
    assert_int_equal(op.err_msr, 0xce);
    of_host(XEN_SYSCTL_cpu_policy_hvm_default);
    fake_allocs_left = 0;
    assert_int_equal(set(NULL), -ENOMEM);
    fake_allocs_left = -1;
    fake_copies_left = 5;
    assert_int_equal(set(NULL), -EFAULT);
    assert_null(arch.cpu_policy);
}

static void featuresets_are_the_leaves_words(void **state)
{
    uint32_t words[32];
    struct xen_sysctl_cpu_featureset op = { .index = XEN_SYSCTL_cpu_featureset_hvm };

    assert_int_equal(cpu_featureset_of_host(&op), 0);
    assert_int_equal(op.nr_features, 19);
    op.features.p = words;
    assert_int_equal(cpu_featureset_of_host(&op), 0);
    of_host(XEN_SYSCTL_cpu_policy_hvm_max);
    assert_int_equal(words[0], find(1)->d);
    assert_int_equal(words[1], find(1)->c);
    assert_int_equal(words[2], find(0x80000001)->d);
    assert_int_equal(words[3], find(0x80000001)->c);
    assert_int_equal(words[5], find(7)->b);
    op.index = XEN_SYSCTL_cpu_featureset_raw;
    op.nr_features = 2;
    assert_int_equal(cpu_featureset_of_host(&op), -ENOBUFS);
    op.index = XEN_SYSCTL_cpu_featureset_pv;
    assert_int_equal(cpu_featureset_of_host(&op), -EOPNOTSUPP);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_are_well_formed),    TEST(the_default_can_be_set),
        TEST(features_are_taken_away),  TEST(nothing_can_be_added),
        TEST(broken_calls_are_refused), TEST(featuresets_are_the_leaves_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
