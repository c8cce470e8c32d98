/* SPDX-License-Identifier: MIT */
/*
 * Domains that have been introduced, and their rings.
 */
#ifndef STORED_DOMAIN_H
#define STORED_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ring.h"
#include "xen.h"

struct store;
struct conn;

struct domain {
    TAILQ_ENTRY(domain) link;
    TAILQ_ENTRY(domain) ready_link;
    struct store *store;
    uint16_t domid;
    bool introduced; /* has a connection; not after XS_RELEASE, or once it is dying */
    bool shutdown;   /* @releaseDomain has told so */
    int32_t target;  /* XS_SET_TARGET, or -1 */
    uint64_t gfn;
    uint32_t remote_port;

    struct conn *conn; /* if introduced */
    struct ring ring;
    struct xen_ring mapping;
    uint32_t port;  /* our end of the event channel, if bound */
    bool connected; /* ring mapped, port bound */
    bool broken;    /* the ring made no sense: ignored until the guest asks to reconnect */
    bool ready;     /* in the list of those that may have requests */
    bool consumed;  /* something was taken from the ring: the guest is to be told */
};
TAILQ_HEAD(domain_list, domain);

struct domain *domain_find(struct store *store, uint16_t domid);

/* A record of @domid, without a connection; for the journal's replay. */
struct domain *domain_new(struct store *store, uint16_t domid);

/* Gives it a connection, without a ring for now; or takes it away. */
void domain_add_conn(struct domain *domain);
void domain_drop_conn(struct domain *domain);
void domain_free(struct domain *domain);
void domain_free_all(struct store *store);

/* Sets whom it acts for. */
void domain_set_target(struct domain *domain, int32_t target);

/* dom0's own ring, which its kernel has set up; at each start. Returns -errno. */
int domain_introduce_local(struct store *store);

/* XS_INTRODUCE, XS_RELEASE: 0 or a positive errno. */
int domain_introduce(struct store *store, uint16_t domid, uint64_t gfn, uint32_t port);
int domain_release(struct store *store, uint16_t domid);

/* Maps and binds again what the journal says was introduced. */
void domain_reconnect_all(struct store *store);

/* Asks the hypervisor how the domains are, and tells those who watch. */
void domain_check_all(struct store *store);

/* The event channel @port has fired: 0: all of them may have. */
void domain_event(struct store *store, uint32_t port);

/*
 * Serves requests of the rings that have some, a few of each. Rings that may have more are in
 * store->ready then, as are those that a later store_commit() finds to have got some.
 */
void domain_serve_ready(struct store *store);

#endif
