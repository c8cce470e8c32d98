/* SPDX-License-Identifier: MIT */
/*
 * The tree of nodes. Versions of it share what is the same in them: a transaction holds a reference
 * to the root, and whoever changes a node that is shared copies it and the nodes above it first.
 *
 * No permissions are checked here and nobody is charged: see store.h.
 */
#ifndef STORED_TREE_H
#define STORED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perms.h"

/* A value; never changed once made. */
struct blob {
    uint32_t refs;
    uint32_t length;
    char data[]; /* a NUL behind it */
};

struct blob *blob_new(const void *data, size_t length);
struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob *blob);

struct node {
    uint32_t refs;
    uint32_t children;
    uint32_t room;
    struct node **child; /* by name */
    struct blob *value;
    struct perms *perms;
    uint64_t generation;          /* of value and permissions */
    uint64_t children_generation; /* of the set of children */
    char name[];
};

/* A tree that has a root only. */
struct node *tree_new(struct perms *perms);
struct node *node_ref(struct node *node);
void node_unref(struct node *node);

/* What a node costs in bytes, without its children and permissions. */
size_t node_cost(const struct node *node);

/* The same of all nodes and values that exist, in whatever version of the tree. */
size_t tree_bytes(void);

/* Generations are unique over the life of a daemon; the start of it decides where they begin. */
void tree_set_generation(uint64_t generation);

/* The node at @path, or NULL. */
struct node *tree_lookup(struct node *root, const char *path);

/* The node at @path or the nearest above it; *length is the length of its path. */
struct node *tree_nearest(struct node *root, const char *path, size_t *length);

/* The node at @path to be changed by node_set_*(), no longer shared; NULL if there is none. */
struct node *tree_edit(struct node **root, const char *path);

/*
 * Makes the node at @path, which must not exist, and those missing above it, with empty values and
 * @perms. *created receives how many that were.
 */
struct node *tree_create(struct node **root, const char *path, struct perms *perms,
                         uint32_t *created);

/* Takes the node at @path, not the root, out of the tree; the caller gets the reference. */
struct node *tree_remove(struct node **root, const char *path);

/* Change a node that tree_edit() or tree_create() has returned. */
void node_set_value(struct node *node, struct blob *value);
void node_set_perms(struct node *node, struct perms *perms);

/*
 * Calls @visit for @node, whose path is @path, and all below it, parents first. The tree must not
 * be changed meanwhile.
 */
typedef void node_visit(const char *path, struct node *node, void *context);
void tree_walk(const char *path, struct node *node, node_visit *visit, void *context);

#endif
