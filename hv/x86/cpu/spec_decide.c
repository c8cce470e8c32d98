/* SPDX-License-Identifier: MIT */
/*
 * The decision, and nothing of a machine: unit tests feed it the words of many CPUs. Sources: the
 * vendors' pages on each of these names (Intel: "Affected Processors"; AMD: security bulletins).
 */
#include <hv/string.h>

#include "x86/cpu/speculation.h"

/* Models of family 6 and what they leak without saying so. */
#define NO_L1TF 1u /* never did, although RDCL_NO is not said */
#define NO_MDS  2u
#define MMIO    4u  /* stale data after MMIO (SBDR, FBSDP, PSDP) */
#define RFDS    8u  /* of the register file */
#define RSBA    16u /* returns are predicted like other branches where their stack is empty */

static const struct {
    uint8_t model;
    uint8_t what;
} intel_models[] = {
    { 0x37, NO_L1TF },
    { 0x4a, NO_L1TF },
    { 0x4c, NO_L1TF }, /* Silvermont on */
    { 0x4d, NO_L1TF },
    { 0x5a, NO_L1TF },
    { 0x5d, NO_L1TF },
    { 0x57, NO_L1TF },
    { 0x85, NO_L1TF },                 /* Knights */
    { 0x5c, NO_L1TF | NO_MDS | RFDS }, /* Goldmont */
    { 0x5f, NO_L1TF | NO_MDS | RFDS },
    { 0x7a, NO_L1TF | NO_MDS | RFDS },
    { 0x86, NO_L1TF | NO_MDS | MMIO | RFDS }, /* Tremont */
    { 0x96, NO_L1TF | NO_MDS | MMIO | RFDS },
    { 0x9c, NO_L1TF | NO_MDS | MMIO | RFDS },
    { 0x8a, NO_L1TF | NO_MDS | MMIO | RFDS }, /* Lakefield */
    { 0x3f, MMIO },
    { 0x4f, MMIO },
    { 0x56, MMIO }, /* Haswell, Broadwell */
    { 0x4e, MMIO | RSBA },
    { 0x5e, MMIO | RSBA },
    { 0x55, MMIO | RSBA }, /* Skylake, Cascade Lake */
    { 0x8e, MMIO | RSBA },
    { 0x9e, MMIO | RSBA }, /* Kaby, Coffee Lake */
    { 0x66, RSBA },        /* Cannon Lake */
    { 0xa5, MMIO | RSBA },
    { 0xa6, MMIO | RSBA },
    { 0xa7, MMIO }, /* Comet, Rocket Lake */
    { 0x6a, MMIO },
    { 0x6c, MMIO },
    { 0x7e, MMIO }, /* Ice Lake */
    { 0x97, RFDS },
    { 0x9a, RFDS },
    { 0xbe, RFDS }, /* Alder Lake */
    { 0xb7, RFDS },
    { 0xba, RFDS },
    { 0xbf, RFDS }, /* Raptor Lake */
};

static unsigned int intel_model(const struct spec_cpu *c)
{
    for (unsigned int i = 0; c->family == 6 && i < ARRAY_SIZE(intel_models); i++) {
        if (intel_models[i].model == c->model)
            return intel_models[i].what;
    }
    return 0;
}

/* Without microcode's help; for other domains' sake nothing can be done. */
static void bare_branches(struct spec_decision *d)
{
    d->retpoline = true;
    d->refill_return_stack = true;
    d->gaps |= SPEC_GAP_OLD_MICROCODE;
}

/* IBRS: enhanced, which stays on; or the first, which is to be set anew after each exit. */
static void intel_branches(const struct spec_cpu *c, struct spec_decision *d)
{
    if (!(c->leaf7_d & LEAF7_D_IBRS)) {
        bare_branches(d);
        if (intel_model(c) & RSBA)
            d->gaps |= SPEC_GAP_BRANCHES;
        return;
    }
    d->ibpb_switch = true;
    d->spec_ctrl = SPEC_CTRL_IBRS;
    if (!(c->arch_caps & CAPS_IBRS_ALL)) {
        d->ibrs_exit = true;
        d->refill_return_stack = true;
        return;
    }
    d->call_once = !(c->arch_caps & CAPS_PBRSB_NO);
    if (c->arch_caps & CAPS_BHI_NO)
        return;
    if (c->leaf72_d & LEAF72_D_BHI_CTRL)
        d->spec_ctrl |= SPEC_CTRL_BHI_DIS_S;
    else
        d->forget_history = true;
}

#define MMIO_ALL_NO (CAPS_SBDR_SSDP_NO | CAPS_FBSDP_NO | CAPS_PSDP_NO)

/* MDS, TAA, MMIO stale data, RFDS: all are answered by VERW, if microcode makes it clear. */
static void intel_buffers(const struct spec_cpu *c, struct spec_decision *d)
{
    unsigned int model = intel_model(c);
    bool md_clear = c->leaf7_d & LEAF7_D_MD_CLEAR;
    bool mds = !(c->arch_caps & CAPS_MDS_NO) && !(model & NO_MDS);
    bool rtm = c->leaf7_b & LEAF7_B_RTM || c->arch_caps & CAPS_TSX_CTRL;
    bool taa = rtm && !(c->arch_caps & CAPS_TAA_NO);
    bool mmio = model & MMIO && (c->arch_caps & MMIO_ALL_NO) != MMIO_ALL_NO;
    bool rfds = model & RFDS && !(c->arch_caps & CAPS_RFDS_NO);
    bool clears = md_clear || c->arch_caps & (CAPS_FB_CLEAR | CAPS_RFDS_CLEAR);

    /* Guests are told of no TSX: where it can be switched off there is no TAA. */
    d->tsx_off = taa && c->arch_caps & CAPS_TSX_CTRL;
    if (d->tsx_off)
        taa = false;
    if (!mds && !taa && !mmio && !rfds)
        return;
    d->verw = clears;
    if (!clears)
        d->gaps |= SPEC_GAP_BUFFERS;
    if (c->smt)
        d->gaps |= SPEC_GAP_SIBLINGS;
}

static void intel_l1d(const struct spec_cpu *c, struct spec_decision *d)
{
    if (c->arch_caps & (CAPS_RDCL_NO | CAPS_SKIP_L1D) || intel_model(c) & NO_L1TF)
        return;
    d->l1d_flush = c->leaf7_d & LEAF7_D_L1D_FLUSH;
    if (!d->l1d_flush)
        d->gaps |= SPEC_GAP_L1D;
    if (c->smt)
        d->gaps |= SPEC_GAP_SIBLINGS;
}

/*
 * Zen 1 and 2 take other instructions for branches (BTC); Zen 1 to 4 can be made to mispredict
 * returns (SRSO), and between guests and the hypervisor Zen 5 too, unless it is told to
 * speculate less. An IBPB after each exit ends it all: guests don't share what it forgets.
 */
static void amd_branches(const struct spec_cpu *c, struct spec_decision *d)
{
    bool zen = c->family >= 0x17 && c->family <= 0x1a;
    bool btc = c->family <= 0x18 && !(c->ext8_b & EXT8_B_BTC_NO);
    bool srso = zen && !(c->ext21_a & EXT21_A_SRSO_NO);
    bool ibpb = c->ext8_b & EXT8_B_IBPB;

    if (!(c->ext8_b & (EXT8_B_IBPB | EXT8_B_IBRS)) && !(c->ext21_a & EXT21_A_AUTO_IBRS)) {
        bare_branches(d);
        if (btc || srso)
            d->gaps |= SPEC_GAP_RETURNS;
        return;
    }
    d->refill_return_stack = true;
    d->auto_ibrs = c->ext21_a & EXT21_A_AUTO_IBRS;
    if (srso && c->ext21_a & EXT21_A_BP_SPEC_REDUCE) {
        d->bp_spec_reduce = true;
        srso = false;
    }
    d->ibpb_exit = ibpb && (btc || srso);
    d->ibpb_switch = ibpb && !d->ibpb_exit;
    /* Zen 3 and 4: only a newer microcode's IBPB forgets returns. */
    if ((btc || srso) && (!ibpb || (c->family >= 0x19 && !(c->ext21_a & EXT21_A_IBPB_BRTYPE))))
        d->gaps |= SPEC_GAP_RETURNS;
    if (!d->auto_ibrs && !d->ibpb_exit) {
        d->ibrs_exit = c->ext8_b & EXT8_B_IBRS;
        d->spec_ctrl = d->ibrs_exit ? SPEC_CTRL_IBRS : 0;
        d->retpoline = !d->ibrs_exit;
    } else if (!d->auto_ibrs && c->smt && c->ext8_b & EXT8_B_STIBP) {
        d->spec_ctrl = SPEC_CTRL_STIBP; /* the other thread trains meanwhile */
    }
}

/* TSA: Zen 3 and 4. */
static void amd_buffers(const struct spec_cpu *c, struct spec_decision *d)
{
    const uint32_t none = EXT21_C_TSA_SQ_NO | EXT21_C_TSA_L1_NO;

    if (c->family != 0x19 || (c->ext21_c & none) == none)
        return;
    d->verw = c->ext21_a & EXT21_A_VERW_CLEAR;
    if (!d->verw)
        d->gaps |= SPEC_GAP_BUFFERS;
}

/* Zen 1 and what was made of it; the other models of family 17h are Zen 2. */
static bool is_zen1(const struct spec_cpu *c)
{
    return c->family == 0x18 ||
           (c->family == 0x17 && (c->model < 0x30 || (c->model >= 0x50 && c->model <= 0x5f)));
}

/* Zen 2, and the microcode of each of its models that repairs it. */
static bool has_zenbleed(const struct spec_cpu *c)
{
    static const struct {
        uint8_t first, last;
        uint32_t repaired;
    } models[] = {
        { 0x30, 0x3f, 0x0830107b }, { 0x60, 0x67, 0x0860010c }, { 0x68, 0x6f, 0x08608107 },
        { 0x70, 0x7f, 0x08701033 }, { 0xa0, 0xaf, 0x08a00009 },
    };

    for (unsigned int i = 0; c->family == 0x17 && i < ARRAY_SIZE(models); i++) {
        if (c->model >= models[i].first && c->model <= models[i].last)
            return c->microcode < models[i].repaired;
    }
    return false;
}

/* All that this CPU can do, whether it is known to need it or not. */
static void everything(const struct spec_cpu *c, struct spec_decision *d)
{
    bool ibpb = c->ext8_b & EXT8_B_IBPB || c->leaf7_d & LEAF7_D_IBRS;

    d->ibpb_exit = ibpb;
    d->ibpb_switch = false;
    d->retpoline = true;
    d->refill_return_stack = true;
    d->call_once = false;
    d->forget_history = true;
    d->verw = true;
    d->clear_divider = true;
    d->l1d_flush = c->leaf7_d & LEAF7_D_L1D_FLUSH;
}

struct spec_decision spec_decide(const struct spec_cpu *c, enum spec_option option)
{
    struct spec_decision d = { 0 };

    if (c->maker == SPEC_INTEL) {
        intel_branches(c, &d);
        intel_buffers(c, &d);
        intel_l1d(c, &d);
    } else if (c->maker == SPEC_AMD) {
        amd_branches(c, &d);
        amd_buffers(c, &d);
        d.clear_divider = is_zen1(c);
    } else {
        bare_branches(&d);
    }
    if (option == SPEC_ALL)
        everything(c, &d);
    else if (option == SPEC_NONE)
        d = (struct spec_decision){ 0 };
    /* These are no choice: guests count on them. */
    d.lfence_serializes = c->maker == SPEC_AMD && !(c->ext21_a & EXT21_A_LFENCE);
    d.zenbleed = c->maker == SPEC_AMD && has_zenbleed(c);
    return d;
}

/* Adds a phrase to a list in @buf. */
static void add(char *buf, size_t size, bool there, const char *words)
{
    size_t len = strlen(buf);

    if (there)
        snprintf(buf + len, size - len, "%s%s", len ? ", " : "", words);
}

void spec_describe(const struct spec_decision *d, char *buf, size_t size)
{
    buf[0] = 0;
    add(buf, size, d->ibrs_exit, "IBRS after exits");
    add(buf, size, d->spec_ctrl & SPEC_CTRL_IBRS && !d->ibrs_exit, "enhanced IBRS");
    add(buf, size, d->auto_ibrs, "automatic IBRS");
    add(buf, size, d->spec_ctrl & SPEC_CTRL_STIBP, "STIBP");
    add(buf, size, d->spec_ctrl & SPEC_CTRL_BHI_DIS_S, "BHI_DIS_S");
    add(buf, size, d->bp_spec_reduce, "BP_SPEC_REDUCE");
    add(buf, size, d->retpoline, "retpolines");
    add(buf, size, d->ibpb_exit, "IBPB after exits");
    add(buf, size, d->ibpb_switch, "IBPB between domains");
    add(buf, size, d->refill_return_stack, "return stack refilled");
    add(buf, size, d->call_once, "return stack fenced");
    add(buf, size, d->forget_history, "branch history overwritten");
    add(buf, size, d->verw, "buffers cleared by VERW before entries");
    add(buf, size, d->l1d_flush, "L1D flushed before entries");
    add(buf, size, d->clear_divider, "divider cleared before entries");
    add(buf, size, d->tsx_off, "TSX off");
    add(buf, size, d->zenbleed, "Zenbleed kept off");
    if (!buf[0])
        snprintf(buf, size, "nothing is done");
}

const char *spec_gap_words(unsigned int bit)
{
    static const char *const words[NR_SPEC_GAPS] = {
        "this CPU's microcode has no control of branch predictors: guests can read each other",
        "guests can steer the hypervisor's branches where returns run out: the microcode lacks "
        "IBRS",
        "guests can steer the hypervisor's returns: newer microcode is needed",
        "buffers may show guests others' data: newer microcode is needed",
        "the L1 data cache may show guests others' data: newer microcode is needed",
        "guests on the threads of one core can read each other: switch off hyper-threading",
    };

    return bit < NR_SPEC_GAPS ? words[bit] : NULL;
}
