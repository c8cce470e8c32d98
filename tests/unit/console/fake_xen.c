/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "fake_xen.h"
#include "xen.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <xen/io/console.h>
#include <xen/grant_table.h>

#define FIRST_PORT 40u

struct fake_guest {
    struct xencons_interface *page;
    bool mapped, bound, pending, masked;
    unsigned int notified;
};

struct xen {
    int event;
};

static struct fake_guest fakes[FAKE_GUESTS];
static struct xen the_xen = { -1 };
static int map_error;

static struct fake_guest *fake_of(uint32_t domid)
{
    assert_in_range(domid, 0, FAKE_GUESTS - 1);
    return &fakes[domid];
}

static struct fake_guest *fake_at(uint32_t port)
{
    struct fake_guest *fake = fake_of(port - FIRST_PORT);

    assert_true(fake->bound);
    return fake;
}

void fake_xen_new_domain(uint32_t domid)
{
    struct fake_guest *fake = fake_of(domid);

    assert_false(fake->mapped || fake->bound);
    free(fake->page);
    memset(fake, 0, sizeof(*fake));
    fake->page = calloc(1, sizeof(*fake->page));
}

void fake_xen_reset(void)
{
    map_error = 0;
    for (uint32_t i = 0; i < FAKE_GUESTS; i++) {
        fake_xen_new_domain(i);
    }
}

void fake_xen_fail_map(int err)
{
    map_error = err;
}

/* --- the guests' side ------------------------------------------------------------ */

size_t fake_guest_put(uint32_t domid, const char *buf, size_t length)
{
    struct xencons_interface *page = fake_of(domid)->page;
    size_t n = 0;

    while (n < length && page->out_prod - page->out_cons < sizeof(page->out)) {
        page->out[MASK_XENCONS_IDX(page->out_prod, page->out)] = buf[n++];
        page->out_prod++;
    }
    return n;
}

static void raise_event(struct fake_guest *fake)
{
    uint64_t one = 1;

    fake->pending = true;
    if (fake->bound && !fake->masked) {
        assert_int_equal(write(the_xen.event, &one, sizeof(one)), sizeof(one));
    }
}

void fake_guest_notify(uint32_t domid)
{
    raise_event(fake_of(domid));
}

size_t fake_guest_write(uint32_t domid, const char *buf, size_t length)
{
    size_t n = fake_guest_put(domid, buf, length);

    fake_guest_notify(domid);
    return n;
}

void fake_guest_say(uint32_t domid, const char *text)
{
    assert_int_equal(fake_guest_write(domid, text, strlen(text)), strlen(text));
}

size_t fake_guest_read(uint32_t domid, char *buf, size_t size)
{
    struct xencons_interface *page = fake_of(domid)->page;
    size_t n = 0;

    while (n < size && page->in_cons != page->in_prod) {
        buf[n++] = page->in[MASK_XENCONS_IDX(page->in_cons, page->in)];
        page->in_cons++;
    }
    if (n) {
        fake_guest_notify(domid);
    }
    return n;
}

void fake_guest_corrupt(uint32_t domid, uint32_t out_prod, uint32_t in_cons)
{
    fake_of(domid)->page->out_prod = out_prod;
    fake_of(domid)->page->in_cons = in_cons;
}

unsigned int fake_guest_notified(uint32_t domid)
{
    return fake_of(domid)->notified;
}

size_t fake_guest_pending(uint32_t domid)
{
    return fake_of(domid)->page->out_prod - fake_of(domid)->page->out_cons;
}

bool fake_is_mapped(uint32_t domid)
{
    return fake_of(domid)->mapped;
}

/* --- console/xen.h ------------------------------------------------------------------ */

int xen_open(struct xen **xen)
{
    assert_int_equal(the_xen.event, -1);
    the_xen.event = eventfd(0, EFD_NONBLOCK);
    *xen = &the_xen;
    return 0;
}

void xen_close(struct xen *xen)
{
    for (uint32_t i = 0; i < FAKE_GUESTS; i++) {
        assert_false(fakes[i].mapped);
        assert_false(fakes[i].bound);
    }
    close(xen->event);
    xen->event = -1;
}

int xen_map(struct xen *xen, uint32_t domid, uint32_t grant_ref, void **page)
{
    struct fake_guest *fake = fake_of(domid);

    assert_int_equal(grant_ref, GNTTAB_RESERVED_CONSOLE);
    assert_false(fake->mapped);
    if (map_error) {
        return map_error;
    }
    fake->mapped = true;
    *page = fake->page;
    return 0;
}

void xen_unmap(struct xen *xen, void *page)
{
    for (uint32_t i = 0; i < FAKE_GUESTS; i++) {
        if (fakes[i].page == page) {
            assert_true(fakes[i].mapped);
            fakes[i].mapped = false;
            return;
        }
    }
    fail_msg("unmaps a page that isn't mapped");
}

int xen_bind(struct xen *xen, uint32_t domid, uint32_t remote_port, uint32_t *port)
{
    struct fake_guest *fake = fake_of(domid);

    assert_false(fake->bound);
    fake->bound = true;
    fake->masked = false;
    *port = FIRST_PORT + domid;
    return 0;
}

void xen_unbind(struct xen *xen, uint32_t port)
{
    fake_at(port)->bound = false;
}

void xen_notify(struct xen *xen, uint32_t port)
{
    fake_at(port)->notified++;
}

int xen_event_fd(const struct xen *xen)
{
    return xen->event;
}

int xen_take_events(struct xen *xen, uint32_t *ports, size_t size)
{
    uint64_t count;
    int n = 0;

    assert_true(size >= FAKE_GUESTS);
    (void)!read(xen->event, &count, sizeof(count));
    for (uint32_t i = 0; i < FAKE_GUESTS; i++) {
        if (fakes[i].bound && fakes[i].pending && !fakes[i].masked) {
            fakes[i].pending = false;
            fakes[i].masked = true;
            ports[n++] = FIRST_PORT + i;
        }
    }
    return n;
}

void xen_unmask(struct xen *xen, uint32_t port)
{
    struct fake_guest *fake = fake_at(port);

    assert_true(fake->masked);
    fake->masked = false;
    if (fake->pending) {
        raise_event(fake);
    }
}
