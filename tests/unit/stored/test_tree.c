/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>

static struct perms *perms;

static struct node *new_tree(void)
{
    static const struct perm entry = { .access = 0, .domid = 0 };

    perms = perms_new(&entry, 1);
    return tree_new(perms);
}

static void put(struct node **root, const char *path, const char *value)
{
    struct op op = { .kind = OP_WRITE, .path = (char *)path, .perms = perms };

    op.value = blob_new(value, strlen(value));
    assert_true(op_apply(root, &op, NULL).changed);
    blob_unref(op.value);
}

static void expect(struct node *root, const char *path, const char *value)
{
    struct node *node = tree_lookup(root, path);

    if (!value) {
        assert_null(node);
    } else {
        assert_non_null(node);
        assert_string_equal(node->value->data, value);
    }
}

static void test_lookup(void **state)
{
    struct node *root = new_tree();
    size_t length;

    put(&root, "/a/b/c", "1");
    put(&root, "/a/bb", "2");
    expect(root, "/", "");
    expect(root, "/a", "");
    expect(root, "/a/b/c", "1");
    expect(root, "/a/bb", "2");
    expect(root, "/a/b/c/d", NULL);
    expect(root, "/b", NULL);
    tree_nearest(root, "/a/b/x/y", &length);
    assert_int_equal(length, 4);
    tree_nearest(root, "/x", &length);
    assert_int_equal(length, 1);
    node_unref(root);
    perms_unref(perms);
}

static void test_children_are_sorted_and_found(void **state)
{
    struct node *root = new_tree();
    char path[16];

    for (unsigned int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "/n%u", i * 7919 % 300);
        put(&root, path, path);
    }
    assert_int_equal(root->children, 300);
    for (unsigned int i = 1; i < 300; i++) {
        assert_true(strcmp(root->child[i - 1]->name, root->child[i]->name) < 0);
    }
    for (unsigned int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "/n%u", i);
        expect(root, path, path);
        if (i % 2) {
            node_unref(tree_remove(&root, path));
            expect(root, path, NULL);
        }
    }
    assert_int_equal(root->children, 150);
    node_unref(root);
    perms_unref(perms);
}

/* Who has a version of the tree sees no change of another one. */
static void test_versions(void **state)
{
    struct node *root = new_tree(), *old;

    put(&root, "/a/b", "old");
    put(&root, "/a/c", "kept");
    put(&root, "/d/e", "kept");
    old = node_ref(root);
    put(&root, "/a/b", "new");
    put(&root, "/a/x/y", "new");
    node_unref(tree_remove(&root, "/d"));
    expect(old, "/a/b", "old");
    expect(old, "/a/x", NULL);
    expect(old, "/d/e", "kept");
    expect(root, "/a/b", "new");
    expect(root, "/a/c", "kept");
    expect(root, "/d/e", NULL);
    assert_ptr_equal(tree_lookup(old, "/a/c"), tree_lookup(root, "/a/c"));
    node_unref(root);
    expect(old, "/a/c", "kept");
    node_unref(old);
    perms_unref(perms);
}

static void test_generations(void **state)
{
    struct node *root = new_tree();
    uint64_t content, children;

    put(&root, "/a/b", "1");
    content = tree_lookup(root, "/a")->generation;
    children = tree_lookup(root, "/a")->children_generation;
    put(&root, "/a/b", "2");
    assert_int_equal(tree_lookup(root, "/a")->generation, content);
    assert_int_equal(tree_lookup(root, "/a")->children_generation, children);
    put(&root, "/a/c", "1");
    assert_int_equal(tree_lookup(root, "/a")->generation, content);
    assert_int_not_equal(tree_lookup(root, "/a")->children_generation, children);
    put(&root, "/a", "1");
    assert_int_not_equal(tree_lookup(root, "/a")->generation, content);
    node_unref(root);
    perms_unref(perms);
}

static void count(const char *path, struct node *node, void *context)
{
    unsigned int *nodes = context;

    if (*nodes == 0) {
        assert_string_equal(path, "/a");
    } else if (*nodes == 2) {
        assert_string_equal(path, "/a/b/c");
    }
    ++*nodes;
}

static void test_walk(void **state)
{
    struct node *root = new_tree();
    unsigned int nodes = 0;

    put(&root, "/a/b/c", "1");
    put(&root, "/a/d", "1");
    tree_walk("/a", tree_lookup(root, "/a"), count, &nodes);
    assert_int_equal(nodes, 4);
    node_unref(root);
    perms_unref(perms);
}

/* The deepest path there can be. */
static void test_depth(void **state)
{
    size_t before = tree_bytes();
    struct node *root = new_tree();
    char path[XENSTORE_ABS_PATH_MAX + 1] = "";

    for (size_t i = 0; i + 2 <= XENSTORE_ABS_PATH_MAX; i += 2) {
        memcpy(path + i, "/a", 3);
    }
    put(&root, path, "deep");
    expect(root, path, "deep");
    node_unref(tree_remove(&root, "/a"));
    node_unref(root);
    perms_unref(perms);
    assert_int_equal(tree_bytes(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),   cmocka_unit_test(test_children_are_sorted_and_found),
        cmocka_unit_test(test_versions), cmocka_unit_test(test_generations),
        cmocka_unit_test(test_walk),     cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests_name("stored tree", tests, NULL, NULL);
}
