/* SPDX-License-Identifier: MIT */
/* The balanced tree against a plain array, and how high it gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/tree.h>

#define MANY 10000u

struct item {
    struct tree_node node;
    unsigned int weight, sum; /* of it and all below */
    bool in;
};

static struct item items[MANY];
static unsigned long updates;

static struct item *item(struct tree_node *n)
{
    return n ? container_of(n, struct item, node) : NULL;
}

static void update(struct tree_node *n)
{
    struct item *i = item(n);

    updates++;
    i->sum = i->weight;
    for (int side = 0; side < 2; side++)
        i->sum += n->child[side] ? item(n->child[side])->sum : 0;
}

static int set_up(void **state)
{
    memset(items, 0, sizeof(items));
    return 0;
}

/* Its height; that it is balanced, linked, and summed up. */
static int check_node(struct tree_node *n, struct tree_node *parent)
{
    int h[2], high;
    unsigned int sum;

    if (!n)
        return 0;
    assert_ptr_equal(n->parent, parent);
    sum = item(n)->weight;
    for (int side = 0; side < 2; side++) {
        h[side] = check_node(n->child[side], n);
        sum += n->child[side] ? item(n->child[side])->sum : 0;
    }
    high = max(h[0], h[1]);
    assert_in_range(h[0] - h[1] + 1, 0, 2);
    assert_int_equal(n->height, high + 1);
    assert_int_equal(item(n)->sum, sum);
    return high + 1;
}

static unsigned int check(struct tree *t)
{
    unsigned int count = 0;
    uint64_t last = 0;

    check_node(t->root, NULL);
    for (struct tree_node *n = tree_first(t); n; n = tree_next(n), count++) {
        assert_true(item(n)->in);
        assert_true(!count || !tree_before(n->key, last));
        last = n->key;
    }
    return count;
}

static void toggle(struct tree *t, struct item *i, uint64_t key)
{
    if (i->in) {
        tree_remove(t, &i->node);
    } else {
        i->node.key = key;
        tree_insert(t, &i->node);
    }
    i->in = !i->in;
}

static void as_an_array(void **state)
{
    struct tree t = { .update = update };
    unsigned int in = 0;

    srand(1);
    for (unsigned int round = 0; round < 4000; round++) {
        struct item *i = &items[(unsigned int)rand() % 100];

        i->weight = i->in ? i->weight : (unsigned int)rand() % 7;
        toggle(&t, i, (uint64_t)rand() % 50 - 25); /* below zero: it wraps */
        in += i->in ? 1 : -1u;
        assert_int_equal(check(&t), in);
    }
}

static void equal_keys_keep_their_order(void **state)
{
    struct tree t = { .update = update };
    unsigned int i = 0;

    for (; i < 100; i++)
        toggle(&t, &items[i], 7);
    i = 0;
    for (struct tree_node *n = tree_first(&t); n; n = tree_next(n))
        assert_ptr_equal(n, &items[i++].node);
    assert_int_equal(i, 100);
}

static void a_change_is_summed_up(void **state)
{
    struct tree t = { .update = update };

    for (unsigned int i = 0; i < 100; i++)
        toggle(&t, &items[i], i);
    items[33].weight = 5;
    tree_changed(&t, &items[33].node);
    assert_int_equal(item(t.root)->sum, 5);
    check(&t);
}

/* In an order that is the worst for a tree that isn't balanced. */
static void cost_is_logarithmic(void **state)
{
    struct tree t = { .update = update };

    for (unsigned int i = 0; i < MANY; i++) {
        updates = 0;
        toggle(&t, &items[i], i);
        assert_in_range(updates, 0, 24);
    }
    assert_in_range(t.root->height, 13, 20);
    for (unsigned int i = 0; i < MANY; i++) {
        updates = 0;
        toggle(&t, item(tree_first(&t)), 0);
        assert_in_range(updates, 0, 40);
    }
    assert_null(t.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_an_array, set_up),
        cmocka_unit_test_setup(equal_keys_keep_their_order, set_up),
        cmocka_unit_test_setup(a_change_is_summed_up, set_up),
        cmocka_unit_test_setup(cost_is_logarithmic, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
