/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a guest: a plain struct, and how it is read, checked and printed.
 *
 * The file format is JSON; the keys, their types, ranges, defaults and help come from the one table
 * in config_schema.c and are described in pando.cfg(5). Names are those of xl.cfg(5).
 */
#ifndef PANDO_CONFIG_H
#define PANDO_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pando.h"

enum pando_type {
    PANDO_TYPE_PVH,
};

/* What happens when the guest has ended by itself. */
enum pando_action {
    PANDO_ACTION_DESTROY,
    PANDO_ACTION_RESTART,
    PANDO_ACTION_PRESERVE,       /* keep it, for a look at what is left of it */
    PANDO_ACTION_RENAME_RESTART, /* keep it under another name, and restart it */
};

enum pando_disk_format {
    PANDO_DISK_RAW,
};

enum pando_disk_access {
    PANDO_DISK_READ_WRITE,
    PANDO_DISK_READ_ONLY,
};

struct pando_disk_config {
    char *vdev;   /* "xvda", never NULL; see pando_vdev_number() */
    char *target; /* absolute path of the image or block device, never NULL */
    enum pando_disk_format format;
    enum pando_disk_access access;
};

struct pando_vif_config {
    char mac[18];  /* "00:16:3e:01:02:03", lower case; "": choose one */
    char *bridge;  /* never NULL */
    char *vifname; /* name of the interface in dom0; NULL: vifDOMID.N */
};

/* A virtual node of the guest: a part of its memory, and the vCPUs that are near to it. */
struct pando_vnode_config {
    uint32_t pnode; /* the host's node that it is on; PANDO_PNODE_ANY: whichever has room */
    uint64_t size_mib;
    bool vcpus_all; /* vcpus is then all ones */
    uint64_t vcpus[PANDO_CPU_WORDS];
    uint32_t *distances;   /* to each virtual node, itself too; 10 is near */
    size_t distance_count; /* 0: 10 to itself, 20 to others; else the number of virtual nodes */
};

enum {
    PANDO_DISKS_MAX = 64,
    PANDO_VIFS_MAX = 16,
    PANDO_VNODES_MAX = 32,
    PANDO_VCPUS_MAX = 128,    /* HVM_MAX_VCPUS of <xen/hvm/hvm_info_table.h> */
    PANDO_CMDLINE_MAX = 2047, /* bytes, COMMAND_LINE_SIZE of Linux on x86 less the NUL */
};

/* All strings and arrays belong to the struct: pando_config_free() gives them back. */
struct pando_config {
    char *name;    /* never NULL in a checked configuration */
    char uuid[37]; /* lower case; "": make a random one */
    enum pando_type type;
    char *kernel;  /* absolute path, never NULL in a checked configuration */
    char *ramdisk; /* absolute path or NULL */
    char *cmdline; /* or NULL */
    uint64_t memory_mib;
    uint64_t maxmem_mib;            /* at least memory_mib */
    uint32_t vcpus;                 /* online at start, at least 1 */
    uint32_t maxvcpus;              /* at least vcpus */
    bool cpus_all;                  /* no affinity was asked for; cpus[] is then all ones */
    uint64_t cpus[PANDO_CPU_WORDS]; /* hard affinity of all vCPUs: bit n%64 of word n/64 is CPU n */
    struct pando_disk_config *disks;
    size_t disk_count;
    struct pando_vif_config *vifs;
    size_t vif_count;
    struct pando_vnode_config *vnodes; /* all of its memory and vCPUs, or none */
    size_t vnode_count;
    enum pando_action on_poweroff, on_reboot, on_crash;
    char *kept; /* JSON text of an object, or NULL: what an import had no key for; not acted on */
};

#define PANDO_PNODE_ANY UINT32_MAX

/* How far virtual node @b is from @a, in a checked configuration. */
uint32_t pando_vnode_distance(const struct pando_config *config, size_t a, size_t b);

/* One thing that is wrong with a configuration. */
struct pando_problem {
    char *where;   /* the file, or "command line" */
    unsigned line; /* from 1; 0: no particular line */
    char *key;     /* "memory", "disk[0].target"; "" if about no particular key */
    char *text;    /* what was found and what was expected */
};

/* All that is wrong, in the order of the lines. Start with a zeroed one. */
struct pando_problems {
    struct pando_problem *list;
    size_t count;
    size_t left_out; /* not kept because the list had become too long */
};

enum {
    /* Do not look whether the kernel, the ramdisk and the disks exist: for a live configuration. */
    PANDO_CONFIG_NO_FILES = 1,
};

/* Fills in the defaults, so that pando_config_free() may be called. */
void pando_config_init(struct pando_config *config);

/* Frees what the configuration holds (not the struct) and leaves it as pando_config_init() does. */
void pando_config_free(struct pando_config *config);

/*
 * Reads and checks the configuration in the file @path, or, of the second, in @json, which came
 * from
 * @where. Paths in it are relative to the folder of the file, or to the working directory.
 *
 * @overrides are "key=value", @override_count of them, each in the place of what the file has for
 * that key. A list is given as JSON: "disk=[{...}]". Paths are relative to the working directory.
 *
 * PANDO_OK: @config is complete and consistent. PANDO_E_INVALID or PANDO_E_FILE: @problems has all
 * that is wrong, @config is as after pando_config_init(). PANDO_E_SYSTEM: out of memory, likewise.
 * @config need not be initialised.
 */
enum pando_code pando_config_load(struct pando_config *config, const char *path,
                                  const char *const *overrides, size_t override_count,
                                  unsigned int flags, struct pando_problems *problems);
enum pando_code pando_config_parse(struct pando_config *config, const char *json, size_t length,
                                   const char *where, const char *const *overrides,
                                   size_t override_count, unsigned int flags,
                                   struct pando_problems *problems);

/* The complete configuration as JSON text with a newline at its end, to be freed. Parsing it gives
 * an equal configuration. NULL when out of memory. */
char *pando_config_print(const struct pando_config *config);

/*
 * The line of the file that has the key ("disk[0].target"), or what the key would be in; 0: none.
 * For errors that come up later, of a configuration that was read from there.
 */
unsigned pando_config_line(const char *path, const char *key);

/* A deep copy. PANDO_E_SYSTEM when out of memory; @copy is then as after pando_config_init(). */
enum pando_code pando_config_copy(struct pando_config *copy, const struct pando_config *config);

/* "FILE:LINE: KEY: what", a line for each problem; to be freed. NULL when out of memory. */
char *pando_problems_text(const struct pando_problems *problems);
void pando_problems_free(struct pando_problems *problems);

/* Help for one key ("memory", "disk", "disk.vdev") or, with NULL, a list of all. To be freed; NULL:
 * no such key, or out of memory. */
char *pando_config_help(const char *key);

/* The manual page pando.cfg(5) in man(7) format, to be freed. NULL when out of memory. */
char *pando_config_manual(void);

/* The name of the @n-th top-level key, NULL after the last: for completion. */
const char *pando_config_key(size_t n);

/* The same for the keys of what is in a list, "disk" or "vif". */
const char *pando_config_element_key(const char *list, size_t n);

/* "destroy", "restart", ... Never NULL. */
const char *pando_action_name(enum pando_action action);

/*
 * The number of a virtual disk by its name, as xen-vbd-interface(7) has it: xvda, sda, hda, with or
 * without a partition's number, or d0p1. False if it is none of these.
 */
bool pando_vdev_number(const char *vdev, uint32_t *number);

/* A size of memory: MiB, or with K, M, G or T (or small letters) behind it; as KiB. *kib is
set with true only. */
bool pando_memory_parse(const char *text, uint64_t *kib);

/* Whether it may be a guest's name: 1 to 63 of A-Z a-z 0-9 . _ + - and not digits only. */
bool pando_name_valid(const char *name);

/*
 * Sets of CPUs as text: "0-3,^2,8" (^: without) or "all". Parsing fails on anything else, on a CPU
 * that does not fit, and on an empty set. The printed text is to be freed ("" for the empty set).
 */
bool pando_cpus_parse(const char *text, uint64_t cpus[PANDO_CPU_WORDS]);
char *pando_cpus_print(const uint64_t cpus[PANDO_CPU_WORDS]);

/*
 * For "did you mean": the one of @words that @word is likely to be meant for, or NULL. The words
 * are pointers @stride bytes apart, so that they may be first members of structs; NULL ends them.
 */
const char *pando_nearest_word(const char *word, const char *const *words, size_t stride);

#endif
