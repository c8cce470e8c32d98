/* SPDX-License-Identifier: MIT */
#include "op.h"

#include <stdlib.h>
#include <string.h>

static void charge(struct account *account, const struct node *node, uint32_t nodes, int64_t bytes)
{
    if (account) {
        account_add(account, perms_owner(node->perms), nodes, bytes);
    }
}

/* The path's bytes spread over the created nodes: their names, without the slashes. */
static int64_t created_cost(const char *path, size_t existing, uint32_t created)
{
    size_t names = strlen(path + (existing > 1 ? existing : 0)) - created;

    return (int64_t)(names +
                     created * (sizeof(struct node) + sizeof(struct blob) + sizeof(void *)));
}

static struct node *make_node(struct node **root, const struct op *op, struct account *account,
                              struct change *change)
{
    struct node *node;
    size_t existing;

    if (!op->perms) {
        return NULL;
    }
    tree_nearest(*root, op->path, &existing);
    node = tree_create(root, op->path, op->perms, &change->created);
    charge(account, node, change->created, created_cost(op->path, existing, change->created));
    return node;
}

static void apply_write(struct node **root, const struct op *op, struct account *account,
                        struct change *change)
{
    struct node *node = tree_edit(root, op->path);

    if (!node) {
        node = make_node(root, op, account, change);
    }
    if (node) {
        charge(account, node, 0, (int64_t)op->value->length - node->value->length);
        node_set_value(node, op->value);
        change->changed = true;
    }
}

static void apply_set_perms(struct node **root, const struct op *op, struct account *account,
                            struct change *change)
{
    struct node *node = tree_edit(root, op->path);

    if (!node) {
        return;
    }
    charge(account, node, (uint32_t)-1, 0);
    node_set_perms(node, op->perms);
    charge(account, node, 1, 0);
    change->changed = true;
}

struct change op_apply(struct node **root, const struct op *op, struct account *account)
{
    struct change change = { 0 };

    switch (op->kind) {
    case OP_WRITE:
        apply_write(root, op, account, &change);
        break;
    case OP_MKDIR:
        change.changed = !tree_lookup(*root, op->path) && make_node(root, op, account, &change);
        break;
    case OP_RM:
        change.removed = tree_remove(root, op->path);
        change.changed = change.removed != NULL;
        if (change.removed && account) {
            account_remove_tree(account, change.removed);
        }
        break;
    case OP_SET_PERMS:
        apply_set_perms(root, op, account, &change);
        break;
    }
    return change;
}

struct op op_copy(const struct op *op)
{
    return (struct op){
        .kind = op->kind,
        .path = xstrdup(op->path),
        .value = op->value ? blob_ref(op->value) : NULL,
        .perms = op->perms ? perms_ref(op->perms) : NULL,
    };
}

void op_release(struct op *op)
{
    free(op->path);
    blob_unref(op->value);
    perms_unref(op->perms);
}

size_t op_bytes(const struct op *op)
{
    return sizeof(*op) + strlen(op->path) + 1 + (op->value ? op->value->length : 0);
}
