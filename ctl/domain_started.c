/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <stdio.h>
#include <stdlib.h>

enum pando_code pando_domain_started(pando_t *pando, uint32_t domid, int64_t *seconds)
{
    char path[64], vm[128], node[160], text[32];
    struct store *store;
    enum pando_code code = pando_store(pando, &store);
    char *end;

    if (code) {
        return code;
    }
    snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
    int err = store_read_buf(store, STORE_TX_NONE, path, vm, sizeof(vm));
    if (!err) {
        snprintf(node, sizeof(node), "%s/start_time", vm);
        err = store_read_buf(store, STORE_TX_NONE, node, text, sizeof(text));
    }
    if (err) {
        return pando_fail_store("asking when a guest was started", err);
    }
    *seconds = strtoll(text, &end, 10);
    if (end == text || *seconds < 0) {
        return pando_fail(PANDO_E_STORE, NULL, "%s is \"%s\", not a time", node, text);
    }
    return PANDO_OK;
}
