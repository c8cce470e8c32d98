/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "path.h"

static size_t allocated;
static uint64_t last_generation;

size_t tree_bytes(void)
{
    return allocated;
}

void tree_set_generation(uint64_t generation)
{
    last_generation = generation;
}

struct blob *blob_new(const void *data, size_t length)
{
    struct blob *blob = xmalloc(sizeof(*blob) + length + 1);

    blob->refs = 1;
    blob->length = (uint32_t)length;
    if (length) {
        memcpy(blob->data, data, length);
    }
    blob->data[length] = '\0';
    allocated += length;
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    blob->refs++;
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (blob && --blob->refs == 0) {
        allocated -= blob->length;
        free(blob);
    }
}

/* With its slot in its parent. */
static size_t node_own_cost(const struct node *node)
{
    return sizeof(*node) + sizeof(struct blob) + strlen(node->name) + sizeof(node);
}

size_t node_cost(const struct node *node)
{
    return node_own_cost(node) + node->value->length;
}

/* Takes over the references to @value and @perms. */
static struct node *node_new(const char *name, size_t length, struct blob *value,
                             struct perms *perms)
{
    struct node *node = xcalloc(1, sizeof(*node) + length + 1);

    node->refs = 1;
    node->value = value;
    node->perms = perms;
    node->generation = node->children_generation = ++last_generation;
    memcpy(node->name, name, length);
    allocated += node_own_cost(node);
    return node;
}

struct node *tree_new(struct perms *perms)
{
    return node_new("", 0, blob_new("", 0), perms_ref(perms));
}

struct node *node_ref(struct node *node)
{
    node->refs++;
    return node;
}

void node_unref(struct node *node)
{
    if (!node || --node->refs) {
        return;
    }
    for (uint32_t i = 0; i < node->children; i++) {
        node_unref(node->child[i]);
    }
    allocated -= node_own_cost(node);
    blob_unref(node->value);
    perms_unref(node->perms);
    free(node->child);
    free(node);
}

static struct node *node_copy(const struct node *node)
{
    struct node *copy =
        node_new(node->name, strlen(node->name), blob_ref(node->value), perms_ref(node->perms));

    copy->generation = node->generation;
    copy->children_generation = node->children_generation;
    copy->child = xgrow(NULL, &copy->room, node->children, sizeof(*copy->child));
    copy->children = node->children;
    for (uint32_t i = 0; i < node->children; i++) {
        copy->child[i] = node_ref(node->child[i]);
    }
    return copy;
}

/* Makes sure that nobody else sees changes of the node in *slot. */
static struct node *node_unshare(struct node **slot)
{
    if ((*slot)->refs > 1) {
        struct node *copy = node_copy(*slot);

        node_unref(*slot);
        *slot = copy;
    }
    return *slot;
}

static int name_compare(const char *name, size_t length, const char *other)
{
    int order = strncmp(name, other, length);

    return order ? order : (other[length] ? -1 : 0);
}

/* Index of the child called so, or where it would be. */
static uint32_t child_find(const struct node *node, const char *name, size_t length, bool *found)
{
    uint32_t low = 0, high = node->children;

    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = name_compare(name, length, node->child[middle]->name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void child_insert(struct node *node, uint32_t index, struct node *child)
{
    node->child = xgrow(node->child, &node->room, node->children + 1, sizeof(*node->child));
    memmove(node->child + index + 1, node->child + index,
            (node->children - index) * sizeof(*node->child));
    node->child[index] = child;
    node->children++;
    node->children_generation = ++last_generation;
}

/* Takes the next name off *path: false at its end. */
static bool path_step(const char **path, const char **name, size_t *length)
{
    while (**path == '/') {
        (*path)++;
    }
    *name = *path;
    *length = strcspn(*path, "/");
    *path += *length;
    return *length > 0;
}

struct node *tree_nearest(struct node *root, const char *path, size_t *length)
{
    const char *rest = path, *name;
    struct node *node = root;
    size_t name_length;
    bool found;

    *length = 1;
    while (path_step(&rest, &name, &name_length)) {
        uint32_t index = child_find(node, name, name_length, &found);

        if (!found) {
            break;
        }
        node = node->child[index];
        *length = (size_t)(rest - path);
    }
    return node;
}

struct node *tree_lookup(struct node *root, const char *path)
{
    size_t length;
    struct node *node = tree_nearest(root, path, &length);

    return path[length] ? NULL : node;
}

struct node *tree_edit(struct node **root, const char *path)
{
    struct node **slot = root;
    const char *name;
    size_t length;
    bool found;

    if (!tree_lookup(*root, path)) {
        return NULL;
    }
    while (path_step(&path, &name, &length)) {
        struct node *node = node_unshare(slot);

        slot = &node->child[child_find(node, name, length, &found)];
    }
    return node_unshare(slot);
}

struct node *tree_create(struct node **root, const char *path, struct perms *perms,
                         uint32_t *created)
{
    struct node *node = node_unshare(root);
    const char *name;
    size_t length;
    bool found;

    *created = 0;
    while (path_step(&path, &name, &length)) {
        uint32_t index = child_find(node, name, length, &found);

        if (!found) {
            child_insert(node, index, node_new(name, length, blob_new("", 0), perms_ref(perms)));
            ++*created;
        }
        node = node_unshare(&node->child[index]);
    }
    return node;
}

struct node *tree_remove(struct node **root, const char *path)
{
    char parent_path[PATH_SIZE];
    struct node *parent, *node;
    size_t length = path_parent_length(path);
    const char *name = path + (length > 1 ? length + 1 : 1);
    uint32_t index;
    bool found;

    if (!length || !tree_lookup(*root, path)) {
        return NULL;
    }
    memcpy(parent_path, path, length);
    parent_path[length] = '\0';
    parent = tree_edit(root, parent_path);
    index = child_find(parent, name, strlen(name), &found);
    node = parent->child[index];
    parent->children--;
    memmove(parent->child + index, parent->child + index + 1,
            (parent->children - index) * sizeof(*parent->child));
    parent->children_generation = ++last_generation;
    return node;
}

void node_set_value(struct node *node, struct blob *value)
{
    blob_ref(value);
    blob_unref(node->value);
    node->value = value;
    node->generation = ++last_generation;
}

void node_set_perms(struct node *node, struct perms *perms)
{
    perms_ref(perms);
    perms_unref(node->perms);
    node->perms = perms;
    node->generation = ++last_generation;
}

static void walk(char path[PATH_SIZE], size_t length, struct node *node, node_visit *visit,
                 void *context)
{
    visit(length ? path : "/", node, context);
    for (uint32_t i = 0; i < node->children; i++) {
        size_t name = strlen(node->child[i]->name);

        path[length] = '/';
        memcpy(path + length + 1, node->child[i]->name, name + 1);
        walk(path, length + 1 + name, node->child[i], visit, context);
        path[length] = '\0';
    }
}

void tree_walk(const char *path, struct node *node, node_visit *visit, void *context)
{
    char buffer[PATH_SIZE] = "";
    size_t length = path[1] ? strlen(path) : 0;

    memcpy(buffer, path, length);
    buffer[length] = '\0';
    walk(buffer, length, node, visit, context);
}
