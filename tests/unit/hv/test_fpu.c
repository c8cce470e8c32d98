/* SPDX-License-Identifier: MIT */
/* The FXSAVE image of a vCPU whose registers XSAVEOPT has saved in part only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/page_alloc.h>
#include "x86/hvm/fpu.h"

#define OLD   0xa5
#define MXCSR 24

/* What else fpu.c is for takes a CPU. */
void *hv_alloc_pages(unsigned int order, unsigned int flags)
{
    return NULL;
}

void hv_free_pages(void *p, unsigned int order)
{
}

static uint8_t area[512], image[512];

static void take(uint64_t there)
{
    memset(area, OLD, sizeof(area));
    memset(image, 0xee, sizeof(image));
    fpu_legacy_image(area, there, image);
}

static void assert_bytes(unsigned int from, unsigned int to, uint8_t value)
{
    for (; from < to; from++)
        assert_int_equal(image[from], value);
}

static void test_all(void **state)
{
    take(3);
    assert_memory_equal(image, area, sizeof(area));
}

/* FCW is that of FNINIT; the rest of x87 is zero, MXCSR and SSE as they were. */
static void test_no_x87(void **state)
{
    take(2);
    assert_int_equal(image[0] | image[1] << 8, 0x37f);
    assert_bytes(2, MXCSR, 0);
    assert_bytes(MXCSR, 32, OLD);
    assert_bytes(32, 160, 0);
    assert_bytes(160, 512, OLD);
}

static void test_no_sse(void **state)
{
    take(1);
    assert_bytes(0, 160, OLD);
    assert_bytes(160, 416, 0);
    assert_bytes(416, 512, OLD);
}

/* A vCPU that has used neither: what FXRSTOR takes for a CPU after reset. */
static void test_neither(void **state)
{
    take(0);
    assert_int_equal(image[0] | image[1] << 8, 0x37f);
    assert_bytes(2, MXCSR, 0);
    assert_bytes(MXCSR, 32, OLD);
    assert_bytes(32, 416, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_no_x87),
        cmocka_unit_test(test_no_sse),
        cmocka_unit_test(test_neither),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
