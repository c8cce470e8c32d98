/* SPDX-License-Identifier: MIT */
/*
 * A change of the tree as data: applied to the live tree or a transaction's, kept by a transaction
 * until its commit, written to the journal and read back from it. It has been checked and allowed.
 */
#ifndef STORED_OP_H
#define STORED_OP_H

#include "quota.h"
#include "tree.h"

enum op_kind {
    OP_WRITE,     /* sets the value; makes the node and those above it, with perms, if missing */
    OP_MKDIR,     /* makes the node and those above it, with perms, if missing */
    OP_RM,        /* removes the node and all below it, if it is there */
    OP_SET_PERMS, /* of an existing node */
};

struct op {
    enum op_kind kind;
    char *path;
    struct blob *value;  /* OP_WRITE */
    struct perms *perms; /* OP_SET_PERMS; of made nodes: NULL if none is to be made */
};

/* What it did. */
struct change {
    bool changed;
    uint32_t created;
    struct node *removed; /* to be given back by node_unref() */
};

/* Applies @op and charges @account (may be NULL). */
struct change op_apply(struct node **root, const struct op *op, struct account *account);

/* A copy of @op, and what gives it back. */
struct op op_copy(const struct op *op);
void op_release(struct op *op);

/* Bytes that a copy keeps allocated. */
size_t op_bytes(const struct op *op);

#endif
