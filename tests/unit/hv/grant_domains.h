/* SPDX-License-Identifier: MIT */
/*
 * Three domains with grant tables, for their unit tests: dom0 and two guests, of 16 pages
 * each; and what guests call and write, in short.
 */
#ifndef UNIT_GRANT_DOMAINS_H
#define UNIT_GRANT_DOMAINS_H

#include "core/grant_internal.h"
#include "fake_machine.h"

#define HOLE 100 /* gfns from here on are empty */
#define RW   GNTMAP_host_map
#define RO   (GNTMAP_host_map | GNTMAP_readonly)

extern struct domain *d0, *d1, *d2;

/* At a test's begin and end; the latter finds what was left. */
int set_up(void **state);
int tear_down(void **state);
/* The order in which a domain's destruction calls. */
void end_domain(struct domain *d);
/* grant_table_op by @d. */
int op(struct domain *d, unsigned int cmd, void *arg, unsigned int count);
/* Entries of its table. */
struct grant_entry_v1 *v1(struct domain *d, grant_ref_t ref);
union grant_entry_v2 *v2(struct domain *d, grant_ref_t ref);
grant_status_t status_of(struct domain *d, grant_ref_t ref);
/* What a guest writes to grant its @gfn_nr to @to, in the version that its table has. */
void grant(struct domain *d, grant_ref_t ref, domid_t to, uint64_t gfn_nr, uint16_t flags);
/* Changes the version of its table; @expect: the result. */
void set_version(struct domain *d, uint32_t version, int expect);
/* Operations, each of which returns its status. */
int map(struct domain *d, domid_t granter, grant_ref_t ref, uint64_t gfn_nr, uint32_t flags,
        grant_handle_t *handle);
int unmap(struct domain *d, grant_handle_t handle, uint64_t gfn_nr);
/* A copy of a whole page; @flags say which numbers are grants. */
struct gnttab_copy copy_op(domid_t from, uint64_t from_at, domid_t to, uint64_t to_at,
                           uint16_t flags);
int do_copy(struct domain *d, struct gnttab_copy c);
/* Gives a page contents of its own. */
void fill(struct domain *d, uint64_t gfn_nr, int seed);

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
