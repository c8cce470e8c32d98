/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/cpu_policy.h"
#include "x86/hvm/hvm.h"

#define NO_SUB         XEN_CPUID_NO_SUBLEAF
#define EXTENDED       0x80000000u
#define MAX_BASIC      0xdu
#define MAX_EXTENDED   0x80000021u
#define MAX_LEAVES     128u /* more than a list has */
#define NR_FEATURESETS 19

enum reg { A, B, C, D, NR_REGS };

/* How a register of a leaf relates to what guests get here. */
enum how {
    SAME, /* nothing else is possible */
    BITS, /* features: any of ours */
    LESS, /* a limit: ours at the most */
    OURS, /* not what the tool says, whatever that is */
};

struct rule {
    uint32_t leaf;
    uint32_t sub; /* or every one: NO_SUB */
    enum how how[NR_REGS];
    uint32_t ours[NR_REGS]; /* bits that are the hypervisor's, as with OURS */
};

/* Where the highest leaves are told. */
enum { RULE_BASIC, RULE_EXTENDED };

/* Registers of leaves without a rule are as ours. Table E-1 of APM 3, appendix E. */
static const struct rule rules[] = {
    [RULE_BASIC] = { 0, NO_SUB, { LESS, SAME, SAME, SAME }, { 0 } },
    [RULE_EXTENDED] = { EXTENDED, NO_SUB, { LESS, SAME, SAME, SAME }, { 0 } },
    /* APIC id and count of threads; OSXSAVE, hypervisor; APIC, HTT */
    { 1, NO_SUB, { SAME, SAME, BITS, BITS }, { 0, 0xffff0000, 0x88000000, 0x10000200 } },
    { 4, NO_SUB, { SAME, SAME, SAME, SAME }, { 0xffffc000, 0, 0, 0 } }, /* who shares it */
    { 7, 0, { LESS, BITS, BITS, BITS }, { 0 } },
    { 0xb, NO_SUB, { OURS, OURS, OURS, OURS }, { 0 } },
    { 0xd, 1, { BITS, OURS, OURS, OURS }, { 0 } },
    { 0xd, NO_SUB, { OURS, OURS, OURS, OURS }, { 0 } },
    { EXTENDED + 1, NO_SUB, { SAME, SAME, BITS, BITS }, { 0, 0, 2 /* CmpLegacy */, 0 } },
    { EXTENDED + 7, NO_SUB, { SAME, SAME, SAME, BITS }, { 0 } },
    { EXTENDED + 8, NO_SUB, { SAME, BITS, OURS, SAME }, { 0 } },
    { EXTENDED + 0x21, NO_SUB, { BITS, SAME, BITS, SAME }, { 0 } },
};

/* For each rule and register: with BITS what remains, with LESS what it is at the most. */
struct cpu_policy {
    uint32_t reg[ARRAY_SIZE(rules)][NR_REGS];
};

/* <xen/arch-x86/cpufeatureset.h>: the words of a featureset; those without a leaf are 0. */
static const struct {
    uint32_t leaf, sub;
    enum reg reg;
} featureset_words[NR_FEATURESETS] = {
    { 1, 0, D },
    { 1, 0, C },
    { EXTENDED + 1, 0, D },
    { EXTENDED + 1, 0, C },
    { 0xd, 1, A },
    { 7, 0, B },
    { 7, 0, C },
    { EXTENDED + 7, 0, D },
    { EXTENDED + 8, 0, B },
    { 7, 0, D },
    { 7, 1, A },
    { EXTENDED + 0x21, 0, A },
    { 7, 1, B },
    { 7, 2, D },
    { 7, 1, C },
    { 7, 1, D },
    { 0 }, /* an MSR that guests don't have */
    { 0 },
    { EXTENDED + 0x21, 0, C },
};

static uint32_t *reg_of(struct cpuid_regs *r, enum reg reg)
{
    return reg == A ? &r->a : reg == B ? &r->b : reg == C ? &r->c : &r->d;
}

/* -1: none. */
static int rule_of(uint32_t leaf, uint32_t sub)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
        if (rules[i].leaf == leaf && (rules[i].sub == NO_SUB || rules[i].sub == sub))
            return (int)i;
    }
    return -1;
}

void cpu_policy_apply(const struct cpu_policy *p, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
    int n = rule_of(leaf, sub);

    if (leaf > p->reg[leaf & EXTENDED ? RULE_EXTENDED : RULE_BASIC][A]) {
        *r = (struct cpuid_regs){ 0 };
        return;
    }
    for (enum reg i = A; n >= 0 && i < NR_REGS; i++) {
        uint32_t *reg = reg_of(r, i);

        if (rules[n].how[i] == BITS)
            *reg &= p->reg[n][i] | rules[n].ours[i];
        else if (rules[n].how[i] == LESS)
            *reg = min(*reg, p->reg[n][i]);
    }
}

/* --- lists of leaves --- */

/* Where a list comes from. */
struct source {
    bool raw;                        /* the CPU itself; else what guests are told */
    const struct cpu_policy *policy; /* with what was taken away here, or NULL */
};

static struct cpuid_regs leaf_from(const struct source *s, uint32_t leaf, uint32_t sub)
{
    struct cpuid_regs r;

    if (s->raw)
        return cpuid_count(leaf, sub);
    hvm_cpuid_common(leaf, sub, &r);
    if (s->policy)
        cpu_policy_apply(s->policy, leaf, sub, &r);
    return r;
}

struct list {
    struct source source;
    XEN_GUEST_HANDLE(xen_cpuid_leaf_t) to;
    uint32_t nr, room;
};

static int put(struct list *l, const xen_cpuid_leaf_t *e)
{
    return l->nr < l->room ? guest_write_at(l->to, l->nr++, e) : -ENOBUFS;
}

/* The leaf goes to the end of the list; @as: how its subleaf is called there. */
static int put_leaf(struct list *l, uint32_t leaf, uint32_t sub, uint32_t as)
{
    struct cpuid_regs r = leaf_from(&l->source, leaf, sub);
    xen_cpuid_leaf_t e = { leaf, as, r.a, r.b, r.c, r.d };

    return put(l, &e);
}

/* How many subleaves a leaf has at the most; 0: it has none. */
static uint32_t nr_subleaves(uint32_t leaf)
{
    switch (leaf) {
    case 4:
        return 6;
    case 7:
        return 3;
    case 0xb:
        return 2;
    case 0xd:
        return 63;
    default:
        return 0;
    }
}

static int put_subleaves(struct list *l, uint32_t leaf, uint32_t n)
{
    uint32_t last = leaf == 7 ? min(leaf_from(&l->source, 7, 0).a, n - 1) : n - 1;
    int rc = 0;

    while (leaf == 0xd && last > 1 && !leaf_from(&l->source, leaf, last).a)
        last--; /* up to the last state that there is */
    for (uint32_t sub = 0; sub <= last && !rc; sub++)
        rc = put_leaf(l, leaf, sub, sub);
    return rc;
}

/*
 * Tools that write a list back have room for as many leaves as they read: with those of
 * hypervisors, and all subleaves of caches.
 */
static int put_leaves(struct list *l)
{
    static const xen_cpuid_leaf_t hypervisor[] = {
        { .leaf = HVM_CPUID_BASE, .subleaf = NO_SUB, .a = HVM_CPUID_BASE + 4 },
        { .leaf = HVM_CPUID_BASE + 0x100, .subleaf = NO_SUB },
    };
    uint32_t basic = min(leaf_from(&l->source, 0, 0).a, MAX_BASIC);
    uint32_t extended = min(leaf_from(&l->source, EXTENDED, 0).a, MAX_EXTENDED);
    int rc = 0;

    for (uint32_t leaf = 0; leaf <= basic && !rc; leaf++) {
        uint32_t n = nr_subleaves(leaf);

        rc = n ? put_subleaves(l, leaf, n) : put_leaf(l, leaf, 0, NO_SUB);
    }
    for (uint32_t i = 0; i < ARRAY_SIZE(hypervisor) && !rc; i++)
        rc = put(l, &hypervisor[i]);
    for (uint32_t leaf = EXTENDED; leaf <= extended && !rc; leaf++)
        rc = put_leaf(l, leaf, 0, NO_SUB);
    return rc;
}

int cpu_policy_get(struct domain *d, struct xen_domctl_cpu_policy *op)
{
    struct list l = { .to.p = op->leaves.p, .room = op->nr_leaves };
    int rc;

    spin_lock(&d->lock);
    l.source.policy = d->arch->cpu_policy;
    rc = put_leaves(&l);
    spin_unlock(&d->lock);
    op->nr_leaves = l.nr;
    op->nr_msrs = 0;
    return rc;
}

int cpu_policy_of_host(struct xen_sysctl_cpu_policy *op)
{
    struct list l = { .to.p = op->leaves.p, .room = op->nr_leaves };
    int rc;

    if (op->_rsvd)
        return -EINVAL;
    switch (op->index) {
    case XEN_SYSCTL_cpu_policy_raw:
    case XEN_SYSCTL_cpu_policy_host:
        l.source.raw = true;
        break;
    case XEN_SYSCTL_cpu_policy_hvm_max:
    case XEN_SYSCTL_cpu_policy_hvm_default:
        break;
    case XEN_SYSCTL_cpu_policy_pv_max:
    case XEN_SYSCTL_cpu_policy_pv_default:
        return -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
    op->nr_msrs = 0;
    if (!l.to.p) {
        op->nr_leaves = MAX_LEAVES;
        return 0;
    }
    rc = put_leaves(&l);
    op->nr_leaves = l.nr;
    return rc;
}

int cpu_featureset_of_host(struct xen_sysctl_cpu_featureset *op)
{
    struct source s = { .raw = op->index <= XEN_SYSCTL_cpu_featureset_host };
    uint32_t n = op->nr_features;

    if (op->index > XEN_SYSCTL_cpu_featureset_hvm_max)
        return -EINVAL;
    if (op->index == XEN_SYSCTL_cpu_featureset_pv || op->index == XEN_SYSCTL_cpu_featureset_pv_max)
        return -EOPNOTSUPP;
    op->nr_features = NR_FEATURESETS;
    if (!op->features.p)
        return 0;
    for (uint32_t i = 0; i < min(n, (uint32_t)NR_FEATURESETS); i++) {
        uint32_t leaf = featureset_words[i].leaf, word = 0;
        struct cpuid_regs r;

        if (leaf && leaf_from(&s, leaf & EXTENDED, 0).a >= leaf) {
            r = leaf_from(&s, leaf, featureset_words[i].sub);
            word = *reg_of(&r, featureset_words[i].reg);
        }
        if (copy_to_guest_va((vaddr_t)(op->features.p + i), &word, sizeof(word)))
            return -EFAULT;
    }
    return n < NR_FEATURESETS ? -ENOBUFS : 0;
}

/* --- setting --- */

/* False: the tool's @value is not possible where guests get @have. */
static bool check_reg(enum how how, uint32_t value, uint32_t have, uint32_t ours)
{
    switch (how) {
    case OURS:
        return true;
    case BITS:
        return !(value & ~(have | ours));
    case LESS:
        return value <= have;
    default:
        return !((value ^ have) & ~ours);
    }
}

static bool set_leaf(struct cpu_policy *p, const xen_cpuid_leaf_t *e)
{
    static const struct rule as_ours = { .how = { SAME } };
    uint32_t value[NR_REGS] = { e->a, e->b, e->c, e->d };
    int n = rule_of(e->leaf, e->subleaf);
    const struct rule *rule = n < 0 ? &as_ours : &rules[n];
    struct cpuid_regs r;

    if (e->leaf >> 16 == HVM_CPUID_BASE >> 16)
        return true; /* our own leaves */
    if ((e->subleaf == NO_SUB) != !nr_subleaves(e->leaf))
        return false;
    hvm_cpuid_common(e->leaf, e->subleaf == NO_SUB ? 0 : e->subleaf, &r);
    for (enum reg i = A; i < NR_REGS; i++) {
        if (!check_reg(rule->how[i], value[i], *reg_of(&r, i), rule->ours[i]))
            return false;
        if (n >= 0)
            p->reg[n][i] = value[i];
    }
    return true;
}

static int set_leaves(struct cpu_policy *p, struct xen_domctl_cpu_policy *op)
{
    xen_cpuid_leaf_t e;

    for (uint32_t i = 0; i < op->nr_leaves; i++) {
        if (guest_read_at(&e, op->leaves, i))
            return -EFAULT;
        if (!set_leaf(p, &e)) {
            op->err_leaf = e.leaf;
            op->err_subleaf = e.subleaf;
            return -EINVAL;
        }
    }
    return 0;
}

int cpu_policy_set(struct domain *d, struct xen_domctl_cpu_policy *op)
{
    struct cpu_policy *p, *old;
    xen_msr_entry_t msr;
    int rc;

    op->err_leaf = op->err_subleaf = op->err_msr = ~0u;
    if (d->created)
        return -EEXIST;
    if (op->nr_leaves > MAX_LEAVES)
        return -E2BIG;
    if (op->nr_msrs) { /* there is none that a policy could change */
        if (guest_read(&msr, op->msrs))
            return -EFAULT;
        op->err_msr = msr.idx;
        return -EINVAL;
    }
    p = hv_alloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    spin_lock(&d->lock);
    old = d->arch->cpu_policy;
    if (old) /* what the tool does not name stays */
        memcpy(p, old, sizeof(*p));
    else
        memset(p, 0xff, sizeof(*p));
    rc = set_leaves(p, op);
    if (!rc)
        d->arch->cpu_policy = p;
    spin_unlock(&d->lock);
    hv_free(rc ? p : old);
    return rc;
}
