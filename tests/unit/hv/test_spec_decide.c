/* SPDX-License-Identifier: MIT */
/* What is decided against leaks by speculation, for the words of many CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "x86/cpu/speculation.h"

/* CPUID 7/0 EDX of Intel's microcode since 2018, and since 2019 (MD_CLEAR). */
#define I2018 (LEAF7_D_IBRS | LEAF7_D_STIBP | LEAF7_D_SSBD | LEAF7_D_L1D_FLUSH)
#define I2019 (I2018 | LEAF7_D_MD_CLEAR)
#define ICAPS (I2019 | LEAF7_D_ARCH_CAPS)
/* Processors that stay on the second line of names: eIBRS, no Meltdown, no MDS. */
#define CAPS_NEW (CAPS_RDCL_NO | CAPS_IBRS_ALL | CAPS_SKIP_L1D | CAPS_MDS_NO)
#define MMIO_NO  (CAPS_SBDR_SSDP_NO | CAPS_FBSDP_NO | CAPS_PSDP_NO)
#define AMD_2018 (EXT8_B_IBPB | EXT8_B_IBRS | EXT8_B_STIBP | EXT8_B_SSBD)

static const struct {
    const char *name;
    struct spec_cpu cpu;
    const char *done; /* by default: see flags_of() */
    uint32_t spec_ctrl, gaps;
} cases[] = {
    { "Westmere, no microcode",
      { SPEC_INTEL, 6, 0x2c },
      "pr",
      0,
      SPEC_GAP_OLD_MICROCODE | SPEC_GAP_BUFFERS | SPEC_GAP_L1D },
    { "Skylake, no microcode",
      { SPEC_INTEL, 6, 0x5e },
      "pr",
      0,
      SPEC_GAP_OLD_MICROCODE | SPEC_GAP_BRANCHES | SPEC_GAP_BUFFERS | SPEC_GAP_L1D },
    { "Sandy Bridge", { SPEC_INTEL, 6, 0x2a, .leaf7_d = I2019 }, "rtvls", SPEC_CTRL_IBRS, 0 },
    { "Haswell server, threads",
      { SPEC_INTEL, 6, 0x3f, .smt = true, .leaf7_d = I2019 },
      "rtvls",
      SPEC_CTRL_IBRS,
      SPEC_GAP_SIBLINGS },
    { "Skylake, microcode of 2018",
      { SPEC_INTEL, 6, 0x5e, .leaf7_d = I2018 },
      "rtls",
      SPEC_CTRL_IBRS,
      SPEC_GAP_BUFFERS },
    { "Skylake server",
      { SPEC_INTEL, 6, 0x55, 4, .leaf7_b = LEAF7_B_RTM, .leaf7_d = ICAPS, .arch_caps = CAPS_RSBA },
      "rtvls",
      SPEC_CTRL_IBRS,
      0 },
    { "Coffee Lake R, no RDCL",
      { SPEC_INTEL, 6, 0x9e, 13, .leaf7_d = ICAPS,
        .arch_caps = CAPS_RDCL_NO | CAPS_SKIP_L1D | CAPS_FB_CLEAR },
      "rtvs",
      SPEC_CTRL_IBRS,
      0 },
    { "Cascade Lake, TSX",
      { SPEC_INTEL, 6, 0x55, 7, .leaf7_b = LEAF7_B_RTM, .leaf7_d = ICAPS,
        .arch_caps = CAPS_NEW | CAPS_TSX_CTRL | CAPS_FB_CLEAR },
      "chvsx",
      SPEC_CTRL_IBRS,
      0 },
    { "Cascade Lake, TSX, threads",
      { SPEC_INTEL, 6, 0x55, 7, .smt = true, .leaf7_d = ICAPS,
        .arch_caps = CAPS_NEW | CAPS_TSX_CTRL | CAPS_FB_CLEAR },
      "chvsx",
      SPEC_CTRL_IBRS,
      SPEC_GAP_SIBLINGS },
    { "TAA, no TSX_CTRL",
      { SPEC_INTEL, 6, 0x66, .leaf7_b = LEAF7_B_RTM, .leaf7_d = ICAPS, .arch_caps = CAPS_NEW },
      "chvs",
      SPEC_CTRL_IBRS,
      0 },
    { "Ice Lake server",
      { SPEC_INTEL, 6, 0x6a, 6, .leaf7_d = ICAPS, .leaf72_d = LEAF72_D_BHI_CTRL,
        .arch_caps = CAPS_NEW | CAPS_TAA_NO | CAPS_FB_CLEAR | CAPS_PBRSB_NO },
      "vs",
      SPEC_CTRL_IBRS | SPEC_CTRL_BHI_DIS_S,
      0 },
    { "Ice Lake, not cleared",
      { SPEC_INTEL, 6, 0x7e, .leaf7_d = ICAPS & ~LEAF7_D_MD_CLEAR,
        .arch_caps = CAPS_NEW | CAPS_TAA_NO },
      "chs",
      SPEC_CTRL_IBRS,
      SPEC_GAP_BUFFERS },
    { "Tiger Lake",
      { SPEC_INTEL, 6, 0x8c, .leaf7_d = ICAPS, .arch_caps = CAPS_NEW | CAPS_TAA_NO },
      "chs",
      SPEC_CTRL_IBRS,
      0 },
    { "Alder Lake",
      { SPEC_INTEL, 6, 0x97, .leaf7_d = ICAPS, .leaf72_d = LEAF72_D_BHI_CTRL,
        .arch_caps = CAPS_NEW | CAPS_TAA_NO | MMIO_NO | CAPS_RFDS_CLEAR },
      "cvs",
      SPEC_CTRL_IBRS | SPEC_CTRL_BHI_DIS_S,
      0 },
    { "Alder Lake, old microcode",
      { SPEC_INTEL, 6, 0x97, .leaf7_d = ICAPS & ~LEAF7_D_MD_CLEAR, .leaf72_d = LEAF72_D_BHI_CTRL,
        .arch_caps = CAPS_NEW | CAPS_TAA_NO | MMIO_NO },
      "cs",
      SPEC_CTRL_IBRS | SPEC_CTRL_BHI_DIS_S,
      SPEC_GAP_BUFFERS },
    { "Sapphire Rapids",
      { SPEC_INTEL, 6, 0x8f, .smt = true, .leaf7_d = ICAPS, .leaf72_d = LEAF72_D_BHI_CTRL,
        .arch_caps = CAPS_NEW | CAPS_TAA_NO | MMIO_NO | CAPS_PBRSB_NO },
      "s",
      SPEC_CTRL_IBRS | SPEC_CTRL_BHI_DIS_S,
      0 },
    { "all repaired",
      { SPEC_INTEL, 6, 0xcf, .leaf7_d = ICAPS,
        .arch_caps =
            CAPS_NEW | CAPS_TAA_NO | MMIO_NO | CAPS_PBRSB_NO | CAPS_BHI_NO | CAPS_RFDS_NO },
      "s",
      SPEC_CTRL_IBRS,
      0 },
    { "Silvermont", { SPEC_INTEL, 6, 0x4d, .leaf7_d = I2019 }, "rtvs", SPEC_CTRL_IBRS, 0 },
    { "Goldmont",
      { SPEC_INTEL, 6, 0x5f, .leaf7_d = ICAPS, .arch_caps = CAPS_RDCL_NO },
      "rtvs",
      SPEC_CTRL_IBRS,
      0 },
    { "Goldmont, repaired",
      { SPEC_INTEL, 6, 0x5f, .leaf7_d = ICAPS, .arch_caps = CAPS_RDCL_NO | CAPS_RFDS_NO },
      "rts",
      SPEC_CTRL_IBRS,
      0 },
    { "model 0x5f of another family",
      { SPEC_INTEL, 15, 0x5f, .leaf7_d = I2019 },
      "rtvls",
      SPEC_CTRL_IBRS,
      0 },

    { "Zen, as it was sold",
      { SPEC_AMD, 0x17, 1 },
      "dpqr",
      0,
      SPEC_GAP_OLD_MICROCODE | SPEC_GAP_RETURNS },
    { "Zen", { SPEC_AMD, 0x17, 1, .ext8_b = EXT8_B_IBPB }, "dirq", 0, 0 },
    { "Bulldozer, IBPB", { SPEC_AMD, 0x15, 2, .ext8_b = EXT8_B_IBPB }, "irq", 0, 0 },
    { "Zen 2, threads",
      { SPEC_AMD, 0x17, 0x31, .microcode = 0x0830107b, .smt = true, .ext8_b = AMD_2018 },
      "irq",
      SPEC_CTRL_STIBP,
      0 },
    { "Zen 2, one thread",
      { SPEC_AMD, 0x17, 0x31, .microcode = 0x0830107b, .ext8_b = AMD_2018 },
      "irq",
      0,
      0 },
    { "Zen 2, Zenbleed",
      { SPEC_AMD, 0x17, 0x71, .microcode = 0x08701021, .ext8_b = AMD_2018 },
      "irqz",
      0,
      0 },
    { "Dhyana", { SPEC_AMD, 0x18, 0, .ext8_b = EXT8_B_IBPB }, "dirq", 0, 0 },
    { "Zen 3, old microcode",
      { SPEC_AMD, 0x19, 1, .smt = true, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE },
      "ir",
      SPEC_CTRL_STIBP,
      SPEC_GAP_RETURNS | SPEC_GAP_BUFFERS },
    { "Zen 3",
      { SPEC_AMD, 0x19, 1, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE | EXT21_A_IBPB_BRTYPE | EXT21_A_VERW_CLEAR },
      "irv",
      0,
      0 },
    { "Zen 3, no SRSO",
      { SPEC_AMD, 0x19, 1, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE | EXT21_A_SRSO_NO,
        .ext21_c = EXT21_C_TSA_SQ_NO | EXT21_C_TSA_L1_NO },
      "rts",
      SPEC_CTRL_IBRS,
      0 },
    { "without IBRS and SRSO",
      { SPEC_AMD, 0x19, 1, .ext8_b = EXT8_B_IBPB | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE | EXT21_A_SRSO_NO,
        .ext21_c = EXT21_C_TSA_SQ_NO | EXT21_C_TSA_L1_NO },
      "prs",
      0,
      0 },
    { "Zen 4",
      { SPEC_AMD, 0x19, 0x11, .smt = true, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE | EXT21_A_AUTO_IBRS | EXT21_A_IBPB_BRTYPE | EXT21_A_VERW_CLEAR },
      "irva",
      0,
      0 },
    { "Zen 4, half of TSA",
      { SPEC_AMD, 0x19, 0x11, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE | EXT21_A_AUTO_IBRS | EXT21_A_IBPB_BRTYPE | EXT21_A_VERW_CLEAR,
        .ext21_c = EXT21_C_TSA_SQ_NO },
      "irva",
      0,
      0 },
    { "Zen 5",
      { SPEC_AMD, 0x1a, 2, .smt = true, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a =
            EXT21_A_LFENCE | EXT21_A_AUTO_IBRS | EXT21_A_IBPB_BRTYPE | EXT21_A_BP_SPEC_REDUCE },
      "rsab",
      0,
      0 },
    { "Zen 5, all repaired",
      { SPEC_AMD, 0x1a, 2, .ext8_b = AMD_2018 | EXT8_B_BTC_NO,
        .ext21_a = EXT21_A_LFENCE | EXT21_A_AUTO_IBRS | EXT21_A_SRSO_NO },
      "rsa",
      0,
      0 },
    { "another maker's",
      { SPEC_OTHER, 6, 0x5e, .leaf7_d = I2019 },
      "pr",
      0,
      SPEC_GAP_OLD_MICROCODE },
};

static bool has(const char *done, char flag)
{
    return strchr(done, flag);
}

/* One letter a flag, in no order. */
static void check(const char *name, const struct spec_decision *d, const char *done)
{
    const struct {
        char flag;
        bool is;
        const char *what;
    } flags[] = {
        { 'p', d->retpoline, "retpolines" },
        { 'i', d->ibpb_exit, "IBPB after exits" },
        { 't', d->ibrs_exit, "IBRS after exits" },
        { 'r', d->refill_return_stack, "return stack" },
        { 'c', d->call_once, "PBRSB" },
        { 'h', d->forget_history, "branch history" },
        { 'v', d->verw, "VERW" },
        { 'l', d->l1d_flush, "L1D" },
        { 's', d->ibpb_switch, "IBPB at switches" },
        { 'a', d->auto_ibrs, "automatic IBRS" },
        { 'b', d->bp_spec_reduce, "BP_SPEC_REDUCE" },
        { 'x', d->tsx_off, "TSX off" },
        { 'd', d->clear_divider, "divider" },
        { 'q', d->lfence_serializes, "LFENCE" },
        { 'z', d->zenbleed, "Zenbleed" },
    };

    for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (flags[i].is != has(done, flags[i].flag))
            fail_msg("%s: %s is %s", name, flags[i].what, flags[i].is ? "on" : "off");
    }
}

static void test_by_cpu(void **state)
{
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct spec_decision d = spec_decide(&cases[i].cpu, SPEC_BY_CPU);

        check(cases[i].name, &d, cases[i].done);
        if (d.spec_ctrl != cases[i].spec_ctrl || d.gaps != cases[i].gaps)
            fail_msg("%s: SPEC_CTRL %#x, gaps %#x", cases[i].name, d.spec_ctrl, d.gaps);
    }
}

/* Off is nothing, but for what guests count on, and is told as such. */
static void test_off(void **state)
{
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct spec_decision d = spec_decide(&cases[i].cpu, SPEC_NONE);
        char kept[3] = "", words[256];

        if (has(cases[i].done, 'q'))
            strcat(kept, "q");
        if (has(cases[i].done, 'z'))
            strcat(kept, "z");
        check(cases[i].name, &d, kept);
        assert_int_equal(d.spec_ctrl, 0);
        assert_int_equal(d.gaps, 0);
        spec_describe(&d, words, sizeof(words));
        assert_string_equal(words, has(kept, 'z') ? "Zenbleed kept off" : "nothing is done");
    }
}

/* On is what the CPU has the instructions for: an MSR that it lacks would be a #GP. */
static void test_on(void **state)
{
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct spec_cpu *c = &cases[i].cpu;
        struct spec_decision d = spec_decide(c, SPEC_ALL);

        assert_true(d.retpoline && d.refill_return_stack && d.forget_history && d.verw &&
                    d.clear_divider);
        assert_int_equal(d.ibpb_exit, c->ext8_b & EXT8_B_IBPB || c->leaf7_d & LEAF7_D_IBRS);
        assert_int_equal(d.l1d_flush, !!(c->leaf7_d & LEAF7_D_L1D_FLUSH));
        assert_int_equal(d.spec_ctrl, cases[i].spec_ctrl);
    }
}

/* What entry.inc takes for granted, and what can't be done is not decided on. */
static void test_possible(void **state)
{
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned int option = SPEC_BY_CPU; option <= SPEC_NONE; option++) {
            const struct spec_cpu *c = &cases[i].cpu;
            struct spec_decision d = spec_decide(c, option);
            char words[256];

            if (d.ibrs_exit)
                assert_int_equal(d.spec_ctrl, SPEC_CTRL_IBRS);
            if (d.spec_ctrl)
                assert_true(c->leaf7_d & LEAF7_D_IBRS || c->ext8_b & (EXT8_B_IBRS | EXT8_B_STIBP));
            if (d.ibpb_exit || d.ibpb_switch)
                assert_true(c->leaf7_d & LEAF7_D_IBRS || c->ext8_b & EXT8_B_IBPB);
            assert_false(d.ibpb_exit && d.ibpb_switch);
            assert_false(d.refill_return_stack && d.call_once);
            spec_describe(&d, words, sizeof(words));
            assert_true(words[0] && strlen(words) < sizeof(words) - 1);
        }
    }
}

static void test_words(void **state)
{
    struct spec_decision d = { .ibrs_exit = true, .spec_ctrl = SPEC_CTRL_IBRS, .verw = true };
    char words[256], few[10];

    spec_describe(&d, words, sizeof(words));
    assert_string_equal(words, "IBRS after exits, buffers cleared by VERW before entries");
    d.ibrs_exit = false;
    spec_describe(&d, words, sizeof(words));
    assert_string_equal(words, "enhanced IBRS, buffers cleared by VERW before entries");
    spec_describe(&d, few, sizeof(few));
    assert_string_equal(few, "enhanced ");
    for (unsigned int i = 0; i < NR_SPEC_GAPS; i++)
        assert_non_null(spec_gap_words(i));
    assert_null(spec_gap_words(NR_SPEC_GAPS));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_cpu),   cmocka_unit_test(test_off),   cmocka_unit_test(test_on),
        cmocka_unit_test(test_possible), cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
