/* SPDX-License-Identifier: MIT */
#include "handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hcall.h"
#include "store.h"

pando_t *pando_open(void)
{
    pando_t *pando = calloc(1, sizeof(*pando));
    const char *why;
    int err;

    if (!pando) {
        pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
        return NULL;
    }
    err = hcall_open(&pando->hcall, &why);
    if (err) {
        pando_fail(PANDO_E_NO_HOST, NULL, "%s", why);
        free(pando);
        return NULL;
    }
    pthread_mutex_init(&pando->lock, NULL);
    return pando;
}

void pando_close(pando_t *pando)
{
    if (!pando) {
        return;
    }
    store_close(pando->store);
    for (size_t i = 0; i < pando->old_count; i++) {
        store_close(pando->old[i]);
    }
    free(pando->old);
    hcall_close(pando->hcall);
    pthread_mutex_destroy(&pando->lock);
    free(pando);
}

/* Puts a failed connection away, which other threads may be about to find failed. */
static void put_away(pando_t *pando)
{
    struct store **bigger = reallocarray(pando->old, pando->old_count + 1, sizeof(*bigger));

    if (bigger) {
        pando->old = bigger;
        pando->old[pando->old_count++] = pando->store;
        pando->store = NULL;
    }
}

enum pando_code pando_store(pando_t *pando, struct store **store)
{
    enum pando_code code = PANDO_OK;

    pthread_mutex_lock(&pando->lock);
    if (pando->store && store_failure(pando->store)) {
        put_away(pando);
    }
    if (!pando->store) {
        int err = store_open(&pando->store, NULL);

        if (err == -ENOENT || err == -ECONNREFUSED) {
            code = pando_fail(PANDO_E_STORE, NULL,
                              "the store daemon is not running (nothing listens on %s): start "
                              "stored and try again",
                              STORE_SOCKET);
        } else if (err) {
            code = pando_fail(PANDO_E_STORE, NULL, "%s cannot be connected: %s", STORE_SOCKET,
                              strerror(-err));
        }
    }
    *store = pando->store;
    pthread_mutex_unlock(&pando->lock);
    return code;
}
