/* SPDX-License-Identifier: MIT */
/* Inside of the library: the handle, and how errors are recorded. */
#ifndef PANDO_HANDLE_H
#define PANDO_HANDLE_H

#include <pthread.h>

#include "pando.h"

struct pando {
    struct hcall *hcall;
    pthread_mutex_t lock; /* of what is below */
    struct store *store;  /* NULL until it is needed */
    struct store **old;   /* failed ones, which other threads may still use: closed at the end */
    size_t old_count;
};

struct pando_error {
    enum pando_code code;
    char key[64];
    char text[1024];
};

/* Records the calling thread's error and returns @code. @key may be NULL. */
enum pando_code pando_fail(enum pando_code code, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Keeps the thread's error while a failed operation is undone, and puts it back. */
void pando_error_save(struct pando_error *error);
void pando_error_restore(const struct pando_error *error);

/* "what: reason" for a failed hypercall; -ESRCH becomes PANDO_E_NOT_FOUND, -ENOMEM NO_MEMORY. */
enum pando_code pando_fail_hcall(const char *what, int err);

/* "what: reason" for a failed request to the store. */
enum pando_code pando_fail_store(const char *what, int err);

/* "There is no guest with id N." */
enum pando_code pando_fail_no_domain(uint32_t domid);

/* The operation was given up on request. */
enum pando_code pando_fail_cancelled(void);

/* The handle's connection to the store, opened at need, or again after the daemon's restart. */
enum pando_code pando_store(pando_t *pando, struct store **store);

#endif
