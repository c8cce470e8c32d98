/* SPDX-License-Identifier: MIT */
/*
 * The firmware's ACPI tables (ACPI 6.4), parsed once at boot. Firmware is not
 * trusted to be right: every length is checked before anything is read.
 */
#ifndef HV_ACPI_H
#define HV_ACPI_H

#include <hv/percpu.h>
#include <hv/types.h>

/* 5.2.3.2: Generic Address Structure. */
struct acpi_gas {
    uint8_t space; /* ACPI_SPACE_* */
    uint8_t bit_width, bit_offset, access_size;
    uint64_t address;
} __packed;

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO     1
#define ACPI_SPACE_PCI    2

/* 5.2.6: System Description Table Header. */
struct acpi_header {
    char signature[4];
    uint32_t length; /* bytes, header included */
    uint8_t revision, checksum;
    char oem_id[6], oem_table_id[8];
    uint32_t oem_revision, creator_id, creator_revision;
} __packed;

/* 5.2.5.3: Root System Description Pointer; revision 0 ends before length. */
struct acpi_rsdp {
    char signature[8];
    uint8_t checksum;
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
} __packed;

/* A table that the XSDT or RSDT lists. */
struct acpi_table {
    paddr_t paddr;
    const struct acpi_header *header; /* all header->length bytes are mapped */
    uint32_t length;                  /* as checked; the header's may change behind our back */
};

struct acpi_cpu {
    uint32_t apic_id, acpi_uid;
    bool enabled;
    bool online_capable; /* not enabled, but may be later */
    uint8_t node;
};

struct acpi_ioapic {
    uint8_t id;
    paddr_t paddr;
    uint32_t gsi_base;
};

/* The ISA interrupt @source comes in at @gsi. As in the MADT's flags (5.2.12.5): */
#define ACPI_POLARITY_CONFORMS 0
#define ACPI_POLARITY_HIGH     1
#define ACPI_POLARITY_LOW      3
#define ACPI_TRIGGER_CONFORMS  0
#define ACPI_TRIGGER_EDGE      1
#define ACPI_TRIGGER_LEVEL     3
struct acpi_irq_override {
    uint8_t source;
    uint32_t gsi;
    uint8_t polarity, trigger;
};

/* The local APIC's LINT pin @lint gets NMIs; acpi_uid ~0: of every CPU. */
struct acpi_lapic_nmi {
    uint32_t acpi_uid;
    uint8_t lint, polarity, trigger;
};

/* Configuration space of one PCI segment: ECAM at @paddr is that of bus 0. */
struct acpi_ecam {
    paddr_t paddr;
    uint16_t segment;
    uint8_t bus_first, bus_last;
};

struct acpi_node_mem {
    paddr_t start, end;
    uint8_t node;
};

#define ACPI_MAX_TABLES    64
#define ACPI_MAX_IOAPICS   32
#define ACPI_MAX_OVERRIDES 32
#define ACPI_MAX_NMIS      16
#define ACPI_MAX_ECAMS     16
#define ACPI_MAX_NODE_MEMS 128

struct acpi_host {
    paddr_t rsdp_paddr;
    struct acpi_rsdp rsdp;
    unsigned int nr_tables;
    struct acpi_table table[ACPI_MAX_TABLES];

    /* MADT. CPUs that can't be used (neither enabled nor online capable) are left out. */
    bool has_madt, has_8259;
    paddr_t lapic_paddr;
    unsigned int nr_cpus, nr_ioapics, nr_overrides, nr_nmis;
    struct acpi_cpu cpu[MAX_CPUS];
    struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
    struct acpi_irq_override override[ACPI_MAX_OVERRIDES];
    struct acpi_lapic_nmi nmi[ACPI_MAX_NMIS];

    /* FADT; ports are 0 where there is none. */
    bool has_fadt, hardware_reduced;
    uint16_t sci_irq;
    uint32_t smi_port; /* acpi_enable is written there to leave legacy mode; 0: none */
    uint8_t acpi_enable;
    struct acpi_gas pm_timer; /* address 0: none; counts at 3.579545 MHz */
    bool pm_timer_32bit;      /* 24 bits otherwise */
    struct acpi_gas pm1a_event, pm1b_event, pm1a_control, pm1b_control;
    struct acpi_gas sleep_control; /* hardware reduced machines */
    bool has_s5;
    uint8_t s5_type_a, s5_type_b; /* SLP_TYP values of S5, unshifted */
    bool has_reset;
    struct acpi_gas reset;
    uint8_t reset_value;

    paddr_t hpet_paddr; /* 0: none */

    /* MCFG */
    unsigned int nr_ecams;
    struct acpi_ecam ecam[ACPI_MAX_ECAMS];

    /* SRAT and SLIT. Nodes are numbered 0.. in order of appearance; 1 when there is no SRAT. */
    unsigned int nr_nodes;
    unsigned int nr_node_mems;
    struct acpi_node_mem node_mem[ACPI_MAX_NODE_MEMS];
    uint8_t distance[MAX_NODES][MAX_NODES]; /* 10: local */
};

extern struct acpi_host acpi_host;

/* PM1 control register (4.8.3.2.1): power off is SLP_TYP | SLP_EN. */
#define ACPI_PM1_SCI_EN     0x0001
#define ACPI_PM1_SLP_TYP(t) ((uint16_t)((t)&7) << 10)
#define ACPI_PM1_SLP_EN     0x2000

/*
 * The architecture's: physical memory [@pa, @pa + @len) as the hypervisor can
 * read it, for the whole of boot. NULL if it can't be mapped.
 */
void *acpi_map(paddr_t pa, size_t len);

/*
 * Finds the tables (boot_info.rsdp, else the BIOS areas) and fills in acpi_host.
 * 0, or -ENODEV with a log line when the machine has no usable ACPI. A broken
 * table is logged and left out; acpi_host then lacks what it would have told.
 */
int acpi_init(void);

/* The @n-th table (from 0) of this signature; NULL if there is none. Boot only. */
const struct acpi_header *acpi_find_table(const char *signature, unsigned int n);

/* NUMA node of a memory address; 0 if the SRAT says nothing. */
unsigned int acpi_node_of(paddr_t pa);

uint8_t acpi_sum(const void *p, size_t len);

/* The parsers of single tables; of acpi_init (and tests). */
void acpi_parse_madt(const struct acpi_header *h, uint32_t length);
void acpi_parse_fadt(const struct acpi_header *h, uint32_t length);
void acpi_parse_hpet(const struct acpi_header *h, uint32_t length);
void acpi_parse_mcfg(const struct acpi_header *h, uint32_t length);
void acpi_parse_srat(const struct acpi_header *h, uint32_t length);
void acpi_parse_slit(const struct acpi_header *h, uint32_t length);

#endif
