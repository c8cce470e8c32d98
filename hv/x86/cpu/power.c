/* SPDX-License-Identifier: MIT */
/* The end of the machine: off (ACPI S5), or again. */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/log.h>

#include "x86/cpu/cpu.h"

/* ACPI 6.4, 16.1.1: SLP_TYP and SLP_EN in PM1 control. */
static void enter_s5(void)
{
    const struct acpi_host *h = &acpi_host;

    if (!h->has_s5 || h->pm1a_control.space != ACPI_SPACE_IO)
        return;
    outw((uint16_t)h->pm1a_control.address,
         ACPI_PM1_SLP_TYP(h->s5_type_a) | ACPI_PM1_SLP_EN | ACPI_PM1_SCI_EN);
    if (h->pm1b_control.address)
        outw((uint16_t)h->pm1b_control.address,
             ACPI_PM1_SLP_TYP(h->s5_type_b) | ACPI_PM1_SLP_EN | ACPI_PM1_SCI_EN);
    delay_us(1000000);
}

void arch_machine_poweroff(void)
{
    cpus_stop_others();
    delay_us(1000);
    enter_s5();
    log_error("The machine can be switched off now: ACPI gives no way to do it.\n");
    for (;;)
        __asm__ __volatile__("cli; hlt");
}

void arch_machine_restart(void)
{
    const struct acpi_host *h = &acpi_host;
    struct {
        uint16_t limit;
        uint64_t base;
    } __packed no_idt = { 0, 0 };

    cpus_stop_others();
    delay_us(1000);
    if (h->has_reset && h->reset.space == ACPI_SPACE_IO) {
        outb((uint16_t)h->reset.address, h->reset_value);
        delay_us(100000);
    }
    outb(0xcf9, 0x02); /* the chipset's reset control */
    outb(0xcf9, 0x06);
    delay_us(100000);
    outb(0x64, 0xfe); /* the keyboard controller's */
    delay_us(100000);
    __asm__ __volatile__("lidt %0; int3" : : "m"(no_idt));
    for (;;)
        ;
}
