/* SPDX-License-Identifier: MIT */
/* Inside of the library: what the files of the lifecycle share. */
#ifndef PANDO_DOMAIN_H
#define PANDO_DOMAIN_H

#include "cancel.h"
#include "config.h"
#include "handle.h"
#include "hcall.h"
#include "store.h"

/* --- domain_lock.c: one lock per guest, shared by all processes ---------------------------- */

struct domain_lock {
    int fd; /* -1: not held */
    char name[PANDO_NAME_MAX];
};

/* Takes the lock of the guest called @name; PANDO_E_BUSY if somebody else keeps it for too long. */
enum pando_code domain_lock(struct domain_lock *lock, const char *name);
/* The same, but given up when @cancel asks for that. */
enum pando_code domain_lock_unless(struct domain_lock *lock, const char *name,
                                   const struct cancel *cancel);
/* The same without waiting. */
enum pando_code domain_try_lock(struct domain_lock *lock, const char *name);
/* Takes the lock of guest @domid by the name it has, which may change until it is ours. */
enum pando_code domain_lock_id(pando_t *pando, struct domain_lock *lock, uint32_t domid);
/* Gives it back; one that is not held is fine. */
void domain_unlock(struct domain_lock *lock);

/* --- domain_state.c: saved configurations ------------------------------------------------- */

enum domain_state {
    DOMAIN_STATE_LIVE,    /* of a guest that there is: /run/pando/domains/DOMID.json */
    DOMAIN_STATE_RESTART, /* of one to be created in the place of DOMID: /run/pando/restart/ */
    /*
     * Of one that is being created: /run/pando/building/. If nobody holds the guest's lock, whoever
     * did it has died, and what there is of it is to be destroyed.
     */
    DOMAIN_STATE_BUILDING,
    /*
     * Of one that is complete but not yet started: /run/pando/starting/. If nobody holds the
     * guest's lock, it is to be started.
     */
    DOMAIN_STATE_STARTING,
};

enum pando_code domain_state_save(enum domain_state kind, uint32_t domid,
                                  const struct pando_config *config);
/* PANDO_E_NOT_FOUND if there is none: the guest was not made by Pando. */
enum pando_code domain_state_load(enum domain_state kind, uint32_t domid,
                                  struct pando_config *config);
void domain_state_remove(enum domain_state kind, uint32_t domid);
/* From one kind to the other, in one step. */
enum pando_code domain_state_move(enum domain_state from, enum domain_state to, uint32_t domid);
/* Ids that have a saved configuration; *ids is to be freed. */
enum pando_code domain_state_list(enum domain_state kind, uint32_t **ids, size_t *count);

/* The same of a domain that has no id yet, by the UUID that it is to have. */
enum pando_code domain_state_save_uuid(const struct pando_config *config);
enum pando_code domain_state_load_uuid(const char *uuid, struct pando_config *config);
void domain_state_remove_uuid(const char *uuid);
/* *uuids is to be freed. */
enum pando_code domain_state_list_uuids(char (**uuids)[37], size_t *count);

/* --- domain_announce.c: whom a domain belongs to before it has an id ----------------------- */

/*
 * Between the hypercall that makes a domain and the file that says so, its tool may be killed. So
 * the UUID is announced before: a domain that has it, and nothing else, is then to be destroyed.
 * The guest's lock is held meanwhile.
 */
enum pando_code domain_announce(const struct pando_config *config);
void domain_announce_end(const char *uuid);

/*
 * Clears up after tools that were killed behind domain_announce(): for the guest called @name,
 * whose lock the caller holds, or, with NULL, for all whose lock nobody holds. *cleared (may be
 * NULL) counts domains destroyed.
 */
enum pando_code domain_announce_clear(pando_t *pando, const char *name, unsigned int *cleared);

/* --- domain_store.c: a guest's nodes in the store ------------------------------------------ */

struct domain_ports {
    uint32_t store, console;
};

enum pando_code domain_store_create(struct store *store, uint32_t domid,
                                    const struct pando_config *config,
                                    const struct domain_ports *ports);
/* Removes all nodes of a domain, whatever there is. @uuid may be NULL. */
void domain_store_remove(struct store *store, uint32_t domid, const char *uuid);
/* Reads the domain's name; "" if it has none. */
void domain_store_name(struct store *store, uint32_t domid, char name[PANDO_NAME_MAX]);
enum pando_code domain_store_rename(struct store *store, uint32_t domid, const char *uuid,
                                    const char *name);

/* --- domain_place.c: on which of the host's nodes it is -------------------------------------- */

struct domain_place {
    bool prefers; /* its vCPUs are to prefer the CPUs below */
    uint32_t pnode[PANDO_VNODES_MAX];
    uint64_t cpus[PANDO_VNODES_MAX][PANDO_CPU_WORDS]; /* of each virtual node; of all: [0] */
};

/* Chooses for a guest that needs @kib. An error has the key of the virtual node at fault. */
enum pando_code domain_place(pando_t *pando, const struct pando_config *config, uint64_t kib,
                             struct domain_place *place);
/* Lets the vCPUs of the guest, which has none running yet, prefer what was chosen. */
enum pando_code domain_place_vcpus(pando_t *pando, uint32_t domid,
                                   const struct pando_config *config,
                                   const struct domain_place *place);

/* --- others ------------------------------------------------------------------------------- */

/* UUIDs as text and as the hypervisor has them. */
void uuid_to_handle(const char *text, xen_domain_handle_t handle);
void uuid_from_handle(const xen_domain_handle_t handle, char text[37]);
void uuid_generate_text(char text[37]);

/* Memory that the hypervisor counts but the configuration doesn't: rings and ACPI tables, in KiB.
 */
uint64_t domain_extra_kib(uint32_t max_vcpus);

/*
 * Destroys a domain whose lock the caller holds: devices, domain, store nodes, saved configuration.
 * Goes on as far as it can. The domain may be gone already, then what is left of it is removed.
 */
enum pando_code domain_destroy_locked(pando_t *pando, uint32_t domid);

/* Keeps an ended guest aside under a free name made of @name, and with a new UUID, so that another
 * may be created with its own. The caller holds the lock of @name. */
enum pando_code domain_set_aside(pando_t *pando, uint32_t domid, const char *name);

/* Creates as pando_domain_create() does, with the guest's lock held by the caller. */
enum pando_code domain_create_locked(pando_t *pando, const struct pando_config *config,
                                     const struct pando_create_options *options, uint32_t *domid);

/* pando_domain_rename() with the lock of the old name held. */
enum pando_code domain_rename_locked(pando_t *pando, uint32_t domid, const char *name);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_ms(void);

#endif
