/* SPDX-License-Identifier: MIT */
/* The hypercall ABI: numbers, registers, multicall, who may call. */
#include "lib.h"

static void test_numbers(void)
{
    long v = hcall2(xen_version, XENVER_version, NULL);

    CHECK_EQUAL(v, 4 << 16 | 17, "xen_version is 4.17");
    CHECK_EQUAL(hypercall(63, 0, 0, 0, 0, 0), -E_ENOSYS, "number 63 is -ENOSYS");
    CHECK_EQUAL(hypercall(127, 0, 0, 0, 0, 0), -E_ENOSYS, "number 127 is -ENOSYS");
    CHECK_EQUAL(hypercall(0x80000000, 0, 0, 0, 0, 0), -E_ENOSYS, "number 2^31 is -ENOSYS");
    CHECK_EQUAL(hypercall(-1UL, 0, 0, 0, 0, 0), -E_ENOSYS, "number -1 is -ENOSYS");
    CHECK_EQUAL(hcall2(set_trap_table, 0, 0), -E_ENOSYS, "set_trap_table is -ENOSYS for PVH");
    CHECK_EQUAL(hcall2(mmu_update, 0, 0), -E_ENOSYS, "mmu_update is -ENOSYS for PVH");
    CHECK_EQUAL(hcall2(xen_version, 999, NULL), -E_ENOSYS, "xen_version 999 is -ENOSYS");
}

/* Each number with each of a few bad arguments: an error or not, but back. */
static void test_survival(void)
{
    static const uint64_t bad[] = {
        0, 1, 0x7fff, ~0UL, 1UL << 63, 0xfffffffffffff000UL, 1UL << 47
    };
    static const uint64_t sub[] = { 0, 1, 2, 3, 5, 7, 10, 17, 33, 100, 0x80000000, ~0UL };
    unsigned int calls = 0;

    for (unsigned long nr = 0; nr < 64; nr++) {
        /* These do with bad arguments what they are for: ending or stopping. */
        if (nr == __HYPERVISOR_sched_op || nr == __HYPERVISOR_iret)
            continue;
        for (unsigned int i = 0; i < ARRAY_SIZE(sub); i++) {
            for (unsigned int k = 0; k < ARRAY_SIZE(bad); k++) {
                if (nr == __HYPERVISOR_console_io && sub[i] == CONSOLEIO_write && k < 3)
                    continue;
                if (nr == __HYPERVISOR_vcpu_op && sub[i] == VCPUOP_down)
                    continue;
                hypercall(nr, sub[i], bad[k], bad[k], bad[k], bad[k]);
                hypercall(nr, bad[k], bad[(k + 1) % ARRAY_SIZE(bad)], 1, 1, 1);
                calls += 2;
            }
        }
    }
    hcall1(set_timer_op, 0);
    CHECK(calls > 5000, "%u calls with bad arguments", calls);
}

static bool regs_kept(const struct hcall_regs *a, const struct hcall_regs *b)
{
    return !memcmp(&a->rbx, &b->rbx, sizeof(*a) - offsetof(struct hcall_regs, rbx));
}

static void test_registers(void)
{
    static char buf[PAGE_SIZE];
    struct hcall_regs r, before;

    for (unsigned int i = 0; i < sizeof(r) / 8; i++)
        ((uint64_t *)&r)[i] = 0x1111111111111111UL * i;
    r.rax = 99;
    before = r;
    hypercall_regs(&r, hypercall_page + 5);
    CHECK_EQUAL(r.rax, -E_ENOSYS, "unknown number by registers");
    CHECK(regs_kept(&r, &before), "an unknown hypercall changes %%rax alone");
    r = before;
    r.rax = __HYPERVISOR_xen_version;
    r.rdi = XENVER_capabilities;
    r.rsi = (uint64_t)buf;
    before = r;
    hypercall_regs(&r, hypercall_page + 5);
    CHECK_EQUAL(r.rax, 0, "capabilities");
    CHECK(regs_kept(&r, &before), "a known one changes %%rax alone");
    CHECK(!memcmp(buf, "xen-3.0-x86_64", 14) || !memcmp(buf, "hvm-3.0", 7), "capabilities: %s",
          buf);
}

static void test_page(void)
{
    register uint64_t rsi __asm__("rsi") = 0;
    uint64_t rdi = XENVER_version;
    long rc;
    static const uint8_t ud2[] = { 0x0f, 0x0b };

    __asm__ __volatile__("call *%[entry]"
                         : "=a"(rc), "+D"(rdi), "+r"(rsi)
                         : [entry] "r"(hypercall_page + 32 * __HYPERVISOR_xen_version)
                         : "memory", "cc");
    CHECK_EQUAL(rc, 4 << 16 | 17, "an entry of the page loads its number");
    CHECK(!memcmp(hypercall_page + 32 * __HYPERVISOR_iret, ud2, 2), "iret's entry is UD2");
    CHECK(!wrmsr_safe(0x40000000, 1UL << 50), "a hypercall page outside of memory: #GP");
}

static void test_multicall(void)
{
    struct multicall_entry e[4] = {
        { .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
        { .op = 99 },
        { .op = __HYPERVISOR_multicall },
        { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } },
    };
    static struct multicall_entry many[200];

    CHECK_EQUAL(hcall2(multicall, e, 4), 0, "multicall");
    CHECK_EQUAL(e[0].result, 4 << 16 | 17, "first entry");
    CHECK_EQUAL(e[1].result, -E_ENOSYS, "unknown entry");
    CHECK((int64_t)e[2].result < 0, "a multicall within is refused");
    CHECK_EQUAL(e[3].result, PAGE_SIZE, "entry after errors");
    CHECK_EQUAL(hcall2(multicall, NON_CANONICAL, 1), -E_EFAULT, "entries at a bad address");
    CHECK_EQUAL(hcall2(multicall, NULL, 0), 0, "no entries");
    for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .result = 7 };
    CHECK_EQUAL(hcall2(multicall, many, ARRAY_SIZE(many)), 0, "200 entries");
    for (unsigned int i = 0; i < ARRAY_SIZE(many); i++) {
        if (many[i].result != (4 << 16 | 17)) {
            CHECK_EQUAL(many[i].result, 4 << 16 | 17, "entry %u of 200", i);
            break;
        }
    }
}

static uint64_t user_result;

static void user_calls(void)
{
    uint64_t rc = __HYPERVISOR_xen_version;
    uint64_t rdi = 0, rsi = 0;

    __asm__ __volatile__("call hypercall_page + 5" : "+a"(rc), "+D"(rdi), "+S"(rsi) : : "memory");
    user_result = rc;
    __asm__ __volatile__("int $0x80");
}

static void test_user(void)
{
    CHECK_EQUAL(user_call(user_calls), 0x80, "a hypercall in user mode returns");
    CHECK_EQUAL(user_result, -E_EPERM, "and is refused");
}

static void test_yield(void)
{
    CHECK_EQUAL(sched_op(SCHEDOP_yield, NULL), 0, "yield");
    CHECK_EQUAL(sched_op(99, NULL), -E_ENOSYS, "sched_op 99");
    CHECK_EQUAL(sched_op(SCHEDOP_shutdown, NON_CANONICAL), -E_EFAULT,
                "shutdown from a bad address");
    CHECK_EQUAL(sched_op(SCHEDOP_poll, NON_CANONICAL), -E_EFAULT, "poll from a bad address");
}

void test_main(void)
{
    test_numbers();
    test_registers();
    test_page();
    test_multicall();
    test_user();
    test_yield();
    test_survival();
}
