/* SPDX-License-Identifier: MIT */
/*
 * Fixed ACPI Description Table (ACPI 6.4, 5.2.9): the registers to tell time by,
 * to switch the machine off and to restart it; and the HPET's table.
 */
#include <hv/acpi.h>
#include <hv/log.h>
#include <hv/string.h>

struct fadt {
    struct acpi_header header;
    uint32_t facs, dsdt;
    uint8_t reserved0, profile;
    uint16_t sci_int;
    uint32_t smi_cmd;
    uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
    uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_tmr, gpe0, gpe1;
    uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
    uint8_t gpe0_len, gpe1_len, gpe1_base, cst_cnt;
    uint16_t lat2, lat3, flush_size, flush_stride;
    uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
    uint16_t boot_arch;
    uint8_t reserved1;
    uint32_t flags;
    struct acpi_gas reset;
    uint8_t reset_value;
    uint16_t arm_boot_arch;
    uint8_t minor;
    uint64_t x_facs, x_dsdt;
    struct acpi_gas x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt, x_pm2_cnt, x_pm_tmr, x_gpe0,
        x_gpe1, sleep_control, sleep_status;
} __packed;

_Static_assert(offsetof(struct fadt, flags) == 112, "FADT layout");
_Static_assert(offsetof(struct fadt, x_pm_tmr) == 208, "FADT layout");

#define FADT_TMR_VAL_EXT   (1u << 8)
#define FADT_RESET_REG_SUP (1u << 10)
#define FADT_HW_REDUCED    (1u << 20)

#define AML_ZERO           0x00
#define AML_ONE            0x01
#define AML_NAME           0x08
#define AML_BYTE           0x0a
#define AML_WORD           0x0b
#define AML_DWORD          0x0c
#define AML_PACKAGE        0x12
#define AML_ROOT           0x5c

#define DSDT_MAX           (16u << 20)

/* The extended register if it is there, else the port of the original field. */
static struct acpi_gas __init register_of(const struct acpi_gas *x, uint32_t port, uint8_t len)
{
    if (x->address)
        return *x;
    return (struct acpi_gas){ .space = ACPI_SPACE_IO, .bit_width = len * 8, .address = port };
}

/* Reads the integer at *@p; false if it isn't a plain constant. */
static bool __init aml_integer(const uint8_t **p, const uint8_t *end, uint32_t *value)
{
    unsigned int size;
    uint8_t op;

    if (*p >= end)
        return false;
    op = *(*p)++;
    switch (op) {
    case AML_ZERO:
    case AML_ONE:
        *value = op;
        return true;
    case AML_BYTE:
        size = 1;
        break;
    case AML_WORD:
        size = 2;
        break;
    case AML_DWORD:
        size = 4;
        break;
    default:
        return false;
    }
    if ((size_t)(end - *p) < size)
        return false;
    *value = 0;
    memcpy(value, *p, size);
    *p += size;
    return true;
}

/* @p: behind the name _S5_. A package of at least two constants (7.4.2) follows. */
static bool __init parse_s5_package(const uint8_t *p, const uint8_t *end)
{
    uint32_t a, b;

    if (end - p < 3 || p[0] != AML_PACKAGE)
        return false;
    p++;
    p += 1 + (p[0] >> 6);     /* PkgLength: 20.2.4 */
    if (p >= end || *p++ < 2) /* NumElements */
        return false;
    if (!aml_integer(&p, end, &a) || !aml_integer(&p, end, &b))
        return false;
    acpi_host.s5_type_a = a & 7;
    acpi_host.s5_type_b = b & 7;
    acpi_host.has_s5 = true;
    return true;
}

/*
 * \_S5_ in a table of AML: a name with a constant package, found by its bytes.
 * The interpreter is dom0's; all that we want is to switch the machine off.
 */
static bool __init search_s5(const struct acpi_header *h, uint32_t length)
{
    const uint8_t *start = (const uint8_t *)(h + 1), *end = (const uint8_t *)h + length;

    for (const uint8_t *p = start + 1; end - p >= 4; p++) {
        if (memcmp(p, "_S5_", 4))
            continue;
        if (p[-1] != AML_NAME && !(p[-1] == AML_ROOT && p - start >= 2 && p[-2] == AML_NAME))
            continue;
        if (parse_s5_package(p + 4, end))
            return true;
    }
    return false;
}

static void __init find_s5(paddr_t dsdt)
{
    const struct acpi_header *h = dsdt ? acpi_map(dsdt, sizeof(*h)) : NULL;
    uint32_t length = h ? h->length : 0;

    if (length >= sizeof(*h) && length <= DSDT_MAX) {
        h = acpi_map(dsdt, length);
        if (h && search_s5(h, length))
            return;
    }
    for (unsigned int i = 0; i < acpi_host.nr_tables; i++) {
        const struct acpi_table *t = &acpi_host.table[i];

        if (!memcmp(t->header->signature, "SSDT", 4) && search_s5(t->header, t->length))
            return;
    }
    log_warning("acpi: no usable \\_S5_, the machine can't be switched off\n");
}

void __init acpi_parse_fadt(const struct acpi_header *h, uint32_t length)
{
    struct fadt f;

    /* Earlier revisions are shorter: what they lack is zero. */
    memset(&f, 0, sizeof(f));
    memcpy(&f, h, min((size_t)length, sizeof(f)));
    acpi_host.has_fadt = true;
    acpi_host.hardware_reduced = f.flags & FADT_HW_REDUCED;
    acpi_host.sci_irq = f.sci_int;
    acpi_host.smi_port = f.smi_cmd;
    acpi_host.acpi_enable = f.acpi_enable;
    if (!acpi_host.hardware_reduced) {
        acpi_host.pm_timer = register_of(&f.x_pm_tmr, f.pm_tmr, f.pm_tmr_len);
        acpi_host.pm_timer_32bit = f.flags & FADT_TMR_VAL_EXT;
        acpi_host.pm1a_event = register_of(&f.x_pm1a_evt, f.pm1a_evt, f.pm1_evt_len);
        acpi_host.pm1b_event = register_of(&f.x_pm1b_evt, f.pm1b_evt, f.pm1_evt_len);
        acpi_host.pm1a_control = register_of(&f.x_pm1a_cnt, f.pm1a_cnt, f.pm1_cnt_len);
        acpi_host.pm1b_control = register_of(&f.x_pm1b_cnt, f.pm1b_cnt, f.pm1_cnt_len);
    }
    acpi_host.sleep_control = f.sleep_control;
    if ((f.flags & FADT_RESET_REG_SUP) && f.reset.address) {
        acpi_host.has_reset = true;
        acpi_host.reset = f.reset;
        acpi_host.reset_value = f.reset_value;
    }
    find_s5(f.x_dsdt ? f.x_dsdt : f.dsdt);
}

/* IA-PC HPET specification 1.0a, 3.2.4: the address stands behind the header and a block id. */
void __init acpi_parse_hpet(const struct acpi_header *h, uint32_t length)
{
    struct acpi_gas gas;

    if (length < sizeof(*h) + 4 + sizeof(gas))
        return;
    memcpy(&gas, (const uint8_t *)h + sizeof(*h) + 4, sizeof(gas));
    if (gas.space == ACPI_SPACE_MEMORY)
        acpi_host.hpet_paddr = gas.address;
}
