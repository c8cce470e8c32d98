/* SPDX-License-Identifier: MIT */
/*
 * What the files of the grant tables share.
 *
 * A domain's grant table has two sides. As a granter: the entries in frames that it
 * shares with the hypervisor, and what the hypervisor notes of each entry in use
 * (struct grant_active), under @lock. As a grantee: the mappings that it made of
 * other domains' pages (struct grant_mapping), under @maptrack_lock. The two locks
 * are never held together, nor are those of two domains.
 */
#ifndef CORE_GRANT_INTERNAL_H
#define CORE_GRANT_INTERNAL_H

#include <hv/grant.h>

#define GRANT_DEFAULT_FRAMES   64
#define GRANT_DEFAULT_MAPTRACK 1024
#define GRANT_MAX_FRAMES       512

#define V1_PER_FRAME           (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define V2_PER_FRAME           (PAGE_SIZE / sizeof(union grant_entry_v2))
#define STATUS_PER_FRAME       (PAGE_SIZE / sizeof(grant_status_t))
#define V2_FRAMES_PER_STATUS   (STATUS_PER_FRAME / V2_PER_FRAME)
#define MAX_STATUS_FRAMES      (GRANT_MAX_FRAMES / V2_FRAMES_PER_STATUS)

/* An entry in use. While there are pins, a reference to the frame is held. */
struct grant_active {
    uint32_t mfn;
    uint16_t pins, writers;
    domid_t grantee;
    uint16_t start, length; /* the part of the page that is granted, bytes */
    uint16_t has_page;      /* 0: a transitive grant, whose page is elsewhere */
};

#define ACTIVE_PER_CHUNK (PAGE_SIZE / sizeof(struct grant_active))
#define CHUNKS_PER_FRAME (V1_PER_FRAME / ACTIVE_PER_CHUNK)

struct grant_frame {
    void *shared;                                  /* the entries */
    struct grant_active *active[CHUNKS_PER_FRAME]; /* NULL: none of these was ever used */
};

/* A mapping of another domain's page. */
struct grant_mapping {
    struct domain *granter; /* referenced; NULL: the handle is free */
    gfn_t gfn;              /* where it stands in the grantee's p2m */
    uint32_t mfn;
    grant_ref_t ref;
    grant_handle_t next_free;
    bool readonly;
    bool busy; /* being unmapped */
};

#define MAPPINGS_PER_LEAF (PAGE_SIZE / sizeof(struct grant_mapping))
#define LEAVES_PER_NODE   128
#define MAPTRACK_NODES    32
/* Handles that one frame of the tools' maptrack limit stands for. */
#define HANDLES_PER_MAPTRACK_FRAME 256
#define NO_HANDLE                  (~0u)

struct grant_maptrack_node {
    struct grant_mapping *leaf[LEAVES_PER_NODE];
};

struct grant_table {
    spinlock_t lock;
    uint8_t version, max_version;
    unsigned int nr_frames, max_frames, nr_status;
    struct grant_frame *frame; /* [max_frames] */
    grant_status_t *status[MAX_STATUS_FRAMES];

    spinlock_t maptrack_lock;
    grant_handle_t free_handle; /* list of free ones; NO_HANDLE: none */
    unsigned int nr_handles;    /* handed out so far, at least once */
    unsigned int max_handles;
    grant_handle_t release_cursor;
    struct grant_maptrack_node *node[MAPTRACK_NODES];
};

/* --- grant_entry.c: entries, and their use --- */

/* Entries that the table has now. */
static inline unsigned int grant_nr_entries(const struct grant_table *gt)
{
    return gt->nr_frames * (unsigned int)(gt->version == 1 ? V1_PER_FRAME : V2_PER_FRAME);
}

/* Under the lock, of refs below grant_nr_entries. */
static inline struct grant_entry_v1 *grant_entry_v1(const struct grant_table *gt, grant_ref_t ref)
{
    return (struct grant_entry_v1 *)gt->frame[ref / V1_PER_FRAME].shared + ref % V1_PER_FRAME;
}

static inline union grant_entry_v2 *grant_entry_v2(const struct grant_table *gt, grant_ref_t ref)
{
    return (union grant_entry_v2 *)gt->frame[ref / V2_PER_FRAME].shared + ref % V2_PER_FRAME;
}

static inline grant_status_t *grant_entry_status(const struct grant_table *gt, grant_ref_t ref)
{
    return &gt->status[ref / STATUS_PER_FRAME][ref % STATUS_PER_FRAME];
}

/* Under the lock. NULL: not in use, and never was. */
static inline struct grant_active *grant_active(const struct grant_table *gt, grant_ref_t ref)
{
    struct grant_active *chunk;

    chunk = gt->frame[ref / V1_PER_FRAME].active[ref / ACTIVE_PER_CHUNK % CHUNKS_PER_FRAME];
    return chunk ? &chunk[ref % ACTIVE_PER_CHUNK] : NULL;
}

/* The use of a grant: the entry says "reading" or "writing", and the page stays. */
struct grant_pin {
    struct domain *granter; /* whose page it is; not referenced by the pin */
    grant_ref_t ref;
    bool readonly;
    struct page_info *page; /* valid as long as the pin */
    uint16_t start, length; /* of the page, bytes */
    /* A transitive grant's: the entry that led here; else NULL. @granter is referenced then. */
    struct domain *via;
    grant_ref_t via_ref;
};

/* Which grants will do. */
enum grant_kind {
    GRANT_WHOLE, /* of whole pages: for mappings */
    GRANT_PART,  /* and of parts of pages */
    GRANT_ANY,   /* and transitive ones: for copies */
};

/* Uses entry @ref of @granter on behalf of domain @grantee. GNTST_*. */
int grant_pin(struct domain *granter, grant_ref_t ref, domid_t grantee, bool readonly,
              enum grant_kind kind, struct grant_pin *pin);
void grant_unpin(const struct grant_pin *pin);

/* --- one operation of a batch each; the status goes into @op --- */
void grant_map(struct domain *d, void *op);
void grant_unmap(struct domain *d, void *op);
void grant_copy(struct domain *d, void *op);

#endif
