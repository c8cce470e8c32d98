/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "grant_domains.h"

struct domain *d0, *d1, *d2;

int op(struct domain *d, unsigned int cmd, void *arg, unsigned int count)
{
    fake_set_current(d, 0);
    current->hcall.restart = false;
    return do_grant_table_op(cmd, FAKE_ARG(arg), count);
}

int set_up(void **state)
{
    fake_machine_reset();
    d0 = fake_domain(0, 1, 16);
    d0->is_privileged = true;
    dom0 = d0;
    d1 = fake_domain(1, 1, 16);
    d2 = fake_domain(2, 1, 16);
    assert_int_equal(grant_domain_init(d0, -1, -1, 2), 0);
    assert_int_equal(grant_domain_init(d1, 64, 4, 2), 0);
    assert_int_equal(grant_domain_init(d2, 4, 1, 2), 0);
    return 0;
}

/* The order in which a domain's destruction calls. */
void end_domain(struct domain *d)
{
    d->dying = DOMAIN_DYING;
    fake_preempt_after = -1;
    assert_int_equal(grant_domain_release_mappings(d), 0);
    grant_domain_release_frames(d);
}

int tear_down(void **state)
{
    struct domain *all[] = { d0, d1, d2 };

    for (int i = 0; i < 3; i++)
        end_domain(all[i]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fake_domain_refs(all[i]), 0);
        for (unsigned int g = 0; g < FAKE_GFNS; g++)
            assert_false(p2m_holds_ref(all[i]->p2m->entry[g].type));
        assert_int_equal(all[i]->shared_pages, 0);
        grant_domain_free(all[i]);
        fake_domain_discard(all[i]);
    }
    assert_int_equal(fake_live_allocs, 0);
    assert_int_equal(fake_frames_used(), 0);
    return 0;
}

struct grant_entry_v1 *v1(struct domain *d, grant_ref_t ref)
{
    return grant_entry_v1(d->grant, ref);
}

union grant_entry_v2 *v2(struct domain *d, grant_ref_t ref)
{
    return grant_entry_v2(d->grant, ref);
}

/* What a guest writes to grant its @gfn_nr to @to, in the version that its table has. */
void grant(struct domain *d, grant_ref_t ref, domid_t to, uint64_t gfn_nr, uint16_t flags)
{
    if (d->grant->version == 1) {
        v1(d, ref)->domid = to;
        v1(d, ref)->frame = (uint32_t)gfn_nr;
        v1(d, ref)->flags = GTF_permit_access | flags;
    } else {
        v2(d, ref)->hdr.domid = to;
        v2(d, ref)->full_page.frame = gfn_nr;
        v2(d, ref)->hdr.flags = GTF_permit_access | flags;
    }
}

void set_version(struct domain *d, uint32_t version, int expect)
{
    struct gnttab_set_version v = { .version = version };

    assert_int_equal(op(d, GNTTABOP_set_version, &v, 1), expect);
    assert_int_equal(v.version, d->grant->version);
}

int map(struct domain *d, domid_t granter, grant_ref_t ref, uint64_t gfn_nr, uint32_t flags,
        grant_handle_t *handle)
{
    struct gnttab_map_grant_ref m = {
        .host_addr = gfn_nr << 12, .flags = flags, .ref = ref, .dom = granter
    };

    assert_int_equal(op(d, GNTTABOP_map_grant_ref, &m, 1), 0);
    if (handle)
        *handle = m.handle;
    return m.status;
}

int unmap(struct domain *d, grant_handle_t handle, uint64_t gfn_nr)
{
    struct gnttab_unmap_grant_ref u = { .host_addr = gfn_nr << 12, .handle = handle };

    assert_int_equal(op(d, GNTTABOP_unmap_grant_ref, &u, 1), 0);
    return u.status;
}

struct gnttab_copy copy_op(domid_t from, uint64_t from_at, domid_t to, uint64_t to_at,
                           uint16_t flags)
{
    struct gnttab_copy c = { .source.domid = from, .dest.domid = to, .len = 4096, .flags = flags };

    if (flags & GNTCOPY_source_gref)
        c.source.u.ref = (grant_ref_t)from_at;
    else
        c.source.u.gmfn = from_at;
    if (flags & GNTCOPY_dest_gref)
        c.dest.u.ref = (grant_ref_t)to_at;
    else
        c.dest.u.gmfn = to_at;
    return c;
}

int do_copy(struct domain *d, struct gnttab_copy c)
{
    assert_int_equal(op(d, GNTTABOP_copy, &c, 1), 0);
    return c.status;
}

void fill(struct domain *d, uint64_t gfn_nr, int seed)
{
    unsigned char *p = fake_gfn_ptr(d, gfn_nr);

    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        p[i] = (unsigned char)(i * 7 + seed);
}

grant_status_t status_of(struct domain *d, grant_ref_t ref)
{
    return *grant_entry_status(d->grant, ref);
}
