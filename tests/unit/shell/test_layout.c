/* SPDX-License-Identifier: MIT */
/* Tabs and panes: where they are at every size, where keys and the mouse lead, what is kept. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "shell/layout_file.h"
#include "shell/layout_inside.h"
#include "shell/pane_console.h"
#include "shell/screen.h"
#include "shell/shell.h"
#include "shell/ui.h"

/* --- arithmetic --- */

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1103515245 + 12345;
    return (random_state >> 8) % n;
}

static struct pane dummies[64];

static struct tree *random_leaf(struct tree *root)
{
    struct tree *leaf = tree_first(root);

    for (size_t n = below((uint32_t)tree_count(root)); n; n--) {
        leaf = tree_next(leaf);
    }
    return leaf;
}

static struct tree *random_tree(size_t leaves)
{
    struct tree *root = tree_leaf(&dummies[0]);

    for (size_t i = 1; i < leaves; i++) {
        tree_split(&root, random_leaf(root), below(2) ? TREE_BESIDE : TREE_BELOW,
                   tree_leaf(&dummies[i]));
    }
    return root;
}

/* No leaf reaches out of the area, none lies over another, and all but the lines is given away. */
static void check_places(struct tree *root, const struct rect *area)
{
    static uint8_t map[70][210];
    int given = 0, lines = 0;

    memset(map, 0, sizeof(map));
    for (struct tree *leaf = tree_first(root); leaf; leaf = tree_next(leaf)) {
        const struct rect *rect = &leaf->rect;

        assert_true(rect->width >= 0 && rect->height >= 0);
        for (int y = rect->y; y < rect->y + rect->height; y++) {
            for (int x = rect->x; x < rect->x + rect->width; x++) {
                assert_true(rect_contains(area, x, y));
                assert_int_equal(map[y][x], 0);
                map[y][x] = 1;
                given++;
            }
        }
    }
    for (int y = area->y; y < area->y + area->height; y++) {
        for (int x = area->x; x < area->x + area->width; x++) {
            lines += !map[y][x];
        }
    }
    assert_int_equal(given + lines, area->width * area->height);
    assert_true(lines <= area->height * (int)tree_count(root));
}

static void test_every_size(void **state)
{
    for (size_t leaves = 1; leaves <= 24; leaves++) {
        struct tree *root = random_tree(leaves);

        for (int width = 0; width <= 200; width += leaves > 3 ? 13 : 1) {
            for (int height = 0; height <= 60; height += leaves > 3 ? 5 : 2) {
                struct rect area = { 3, 2, width, height };

                tree_place(root, &area);
                check_places(root, &area);
            }
        }
        tree_free(root);
    }
}

static void test_room_for_each(void **state)
{
    struct rect area = { 0, 0, 80, 24 };

    for (int round = 0; round < 200; round++) {
        struct tree *root = tree_leaf(&dummies[0]);

        /* As many as there is room for, whatever the shares. */
        for (size_t i = 1; i < 6; i++) {
            struct tree *leaf = random_leaf(root);
            enum tree_split split = below(2) ? TREE_BESIDE : TREE_BELOW;

            tree_place(root, &area);
            if (split == TREE_BESIDE ? leaf->rect.width > 2 * TREE_WIDTH_LEAST
                                     : leaf->rect.height >= 2 * TREE_HEIGHT_LEAST) {
                tree_split(&root, leaf, split, tree_leaf(&dummies[i]));
                leaf->parent->share = (int)below(TREE_SHARE_ALL + 1);
            }
        }
        tree_place(root, &area);
        for (struct tree *leaf = tree_first(root); leaf; leaf = tree_next(leaf)) {
            assert_true(leaf->rect.width >= TREE_WIDTH_LEAST);
            assert_true(leaf->rect.height >= TREE_HEIGHT_LEAST);
        }
        tree_free(root);
    }
}

static void test_remove(void **state)
{
    struct rect area = { 0, 0, 120, 40 };

    for (int round = 0; round < 50; round++) {
        struct tree *root = random_tree(12), *next;

        for (size_t left = 12; root; left--) {
            assert_int_equal(tree_count(root), left);
            tree_place(root, &area);
            check_places(root, &area);
            next = tree_remove(&root, random_leaf(root));
            assert_true(!next == !root);
            assert_true(!next || tree_find(root, next->pane) == next);
        }
    }
}

static void test_borders(void **state)
{
    struct rect area = { 0, 0, 81, 24 };
    struct tree *root = tree_leaf(&dummies[0]), *right = tree_leaf(&dummies[1]);

    assert_false(tree_move_border(root, TREE_RIGHT, 4));
    tree_split(&root, root, TREE_BESIDE, right);
    tree_place(root, &area);
    assert_int_equal(root->first->rect.width, 40);
    for (int width = 41; width <= 70; width++) {
        assert_true(tree_move_border(right, TREE_RIGHT, 1));
        tree_place(root, &area);
        assert_int_equal(root->first->rect.width, width);
    }
    assert_false(tree_move_border(right, TREE_RIGHT, 1));
    assert_true(tree_move_border(right, TREE_LEFT, 1000));
    tree_place(root, &area);
    assert_int_equal(root->first->rect.width, TREE_WIDTH_LEAST);
    assert_false(tree_move_border(right, TREE_UP, 1));
    tree_free(root);
}

static void test_grid(void **state)
{
    struct pane *panes[20];
    struct rect area = { 0, 0, 200, 60 };

    for (size_t i = 0; i < 20; i++) {
        panes[i] = &dummies[i];
    }
    for (size_t count = 1; count <= 20; count++) {
        struct tree *root = tree_grid(panes, count, area.width, area.height), *leaf;
        size_t i = 0;
        int least = 1000;

        tree_place(root, &area);
        check_places(root, &area);
        for (leaf = tree_first(root); leaf; leaf = tree_next(leaf)) {
            assert_ptr_equal(leaf->pane, panes[i++]);
            least = leaf->rect.height < least ? leaf->rect.height : least;
        }
        assert_int_equal(i, count);
        assert_true(least >= 60 / (int)count && least >= 10);
        tree_free(root);
    }
}

/* --- a layout of panes --- */

struct fake {
    struct pane pane; /* first */
    char name[32];
    int draws, resizes, keys;
    struct key key;
    struct mouse mouse;
};

static int opened, closed;
static struct ui ui;
static char notice[200];
static const struct pane_ops fake_ops, greedy_ops;

static void fake_draw(struct pane *pane, struct canvas *canvas)
{
    struct fake *fake = (struct fake *)pane;

    fake->draws++;
    canvas_text(canvas, &pane->rect, 0, 0, style_default, fake->name);
}

static bool fake_key(struct pane *pane, const struct key *key)
{
    struct fake *fake = (struct fake *)pane;

    fake->keys++;
    fake->key = *key;
    return pane->ops->takes_all_keys || key->code == 'k';
}

static bool fake_mouse(struct pane *pane, const struct mouse *mouse)
{
    ((struct fake *)pane)->mouse = *mouse;
    return true;
}

static void fake_resize(struct pane *pane)
{
    ((struct fake *)pane)->resizes++;
}

static void fake_title(struct pane *pane, char *buffer, size_t size)
{
    snprintf(buffer, size, "title of %s", ((struct fake *)pane)->name);
}

static void fake_describe(struct pane *pane, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s", ((struct fake *)pane)->name);
}

static void fake_close(struct pane *pane)
{
    closed++;
    free(pane);
}

static const struct pane_ops fake_ops = { .kind = "screen",
                                          .draw = fake_draw,
                                          .key = fake_key,
                                          .mouse = fake_mouse,
                                          .resize = fake_resize,
                                          .title = fake_title,
                                          .describe = fake_describe,
                                          .close = fake_close };
static const struct pane_ops greedy_ops = { .kind = "console",
                                            .draw = fake_draw,
                                            .key = fake_key,
                                            .title = fake_title,
                                            .describe = fake_describe,
                                            .close = fake_close,
                                            .takes_all_keys = true };

static struct pane *make(const char *name, const struct pane_ops *ops)
{
    struct fake *fake = calloc(1, sizeof(*fake));

    opened++;
    fake->pane = (struct pane){ .ops = ops, .ui = &ui };
    snprintf(fake->name, sizeof(fake->name), "%s", name);
    return &fake->pane;
}

/* What the layout calls. */

void ui_changed(struct ui *of)
{
}

void ui_notice(struct ui *of, enum role role, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(notice, sizeof(notice), format, args);
    va_end(args);
}

void ui_set_focus(struct ui *of, enum ui_focus focus)
{
}

void ui_screen(struct ui *of, const char *name, const char *guest)
{
    layout_open(of->layout, make(name, &fake_ops), LAYOUT_HERE);
}

static const struct screen vcpus;

const struct screen *screen_find(const char *name)
{
    return strcmp(name, "vcpus") ? NULL : &vcpus;
}

struct pane *screen_open(struct ui *of, const struct screen *screen, const char *guest)
{
    char name[64];

    snprintf(name, sizeof(name), "vcpus%s%s", guest ? " " : "", guest ? guest : "");
    return make(name, &fake_ops);
}

struct pane *console_pane_restore(struct ui *of, const char *description)
{
    return make(description, &greedy_ops);
}

void console_broadcast(struct layout *layout)
{
}

bool console_look_back(struct pane *pane)
{
    return false;
}

bool console_fit(struct pane *pane)
{
    return false;
}

bool console_insert(struct pane *pane)
{
    return false;
}

void shell_out_of_memory(void)
{
    abort();
}

void *shell_need(void *pointer)
{
    if (!pointer) {
        abort();
    }
    return pointer;
}

static struct canvas canvas;

static int set_up(void **state)
{
    opened = closed = 0;
    *notice = 0;
    ui = (struct ui){ 0 };
    theme_init(&ui.theme, 256);
    ui.layout = layout_new(&ui);
    layout_place(ui.layout, &(struct rect){ 20, 0, 60, 21 });
    layout_focus(ui.layout, true);
    canvas_init(&canvas, 80, 24);
    return 0;
}

static int tear_down(void **state)
{
    layout_free(ui.layout);
    canvas_free(&canvas);
    return opened == closed ? 0 : -1;
}

static void press(const char *name)
{
    struct key key;

    assert_true(key_parse(name, &key));
    layout_own_key(ui.layout, &key);
}

static const char *focused(void)
{
    struct pane *pane = layout_focused(ui.layout);

    return pane ? ((struct fake *)pane)->name : "none";
}

static const char *shown(int y)
{
    static char text[100];
    char *dump = NULL, *line;
    size_t size;
    FILE *out = open_memstream(&dump, &size);

    layout_draw(ui.layout, &canvas, true);
    canvas_dump(&canvas, out);
    fclose(out);
    line = dump;
    while (y--) {
        line = strchr(line, '\n') + 1;
    }
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
    free(dump);
    return text + strspn(text, " ");
}

static void test_here_and_tabs(void **state)
{
    layout_open(ui.layout, make("a", &fake_ops), LAYOUT_HERE);
    assert_string_equal(shown(0), "title of a");
    layout_open(ui.layout, make("b", &fake_ops), LAYOUT_HERE);
    assert_int_equal(closed, 1);
    layout_open(ui.layout, make("c", &greedy_ops), LAYOUT_TAB);
    layout_open(ui.layout, make("d", &fake_ops), LAYOUT_HERE); /* a console isn't closed */
    assert_int_equal(closed, 1);
    assert_string_equal(shown(0), "1 title of b  2 title of c  3 title of d");
    assert_string_equal(shown(1), "title of d");
    press("Alt-1");
    assert_string_equal(focused(), "b");
    press("Alt-n");
    press("Alt-n");
    press("Alt-n");
    assert_string_equal(focused(), "b");
    press("Alt-p");
    assert_string_equal(focused(), "d");
    press("Alt-x");
    assert_string_equal(focused(), "c");
    layout_close(ui.layout, layout_focused(ui.layout));
    layout_close(ui.layout, layout_focused(ui.layout));
    assert_string_equal(focused(), "guests"); /* never empty */
}

static void test_split_and_focus(void **state)
{
    layout_open(ui.layout, make("a", &fake_ops), LAYOUT_HERE);
    press("Alt-v");
    assert_true(*notice);
    layout_open(ui.layout, make("b", &fake_ops), LAYOUT_TAB);
    layout_open(ui.layout, make("c", &fake_ops), LAYOUT_BELOW);
    assert_int_equal(ui.layout->count, 1);
    press("Alt-Left");
    assert_string_equal(focused(), "a");
    press("Alt-Left");
    assert_string_equal(focused(), "a");
    press("Alt-Right");
    press("Alt-Up");
    assert_string_equal(focused(), "b");
    press("Alt-Down");
    assert_string_equal(focused(), "c");
    press("Alt-z");
    assert_true(layout_focused(ui.layout)->rect.width == 60);
    assert_non_null(strstr(shown(0), "alone, of 3"));
    press("Alt-z");
    assert_true(layout_focused(ui.layout)->rect.width < 60);
    press("Alt-o");
    assert_int_equal(ui.layout->count, 2);
    assert_string_equal(focused(), "c");
    /* What is gone to is moved, too. */
    press("Alt-1");
    press("Alt-s");
    layout_show(ui.layout, ui.layout->tabs[1]->focused);
    assert_int_equal(ui.layout->count, 1);
    assert_int_equal(closed, 0);
}

/* Panes that nobody could read are not made. */
static void test_no_room(void **state)
{
    layout_open(ui.layout, make("a", &fake_ops), LAYOUT_HERE);
    for (int i = 0; i < 20; i++) {
        press(i & 1 ? "Alt-s" : "Alt-v");
        layout_open(ui.layout, make("b", &fake_ops), LAYOUT_HERE);
    }
    for (struct tree *leaf = tree_first(ui.layout->tabs[0]->tree); leaf; leaf = tree_next(leaf)) {
        assert_true(leaf->rect.width >= TREE_WIDTH_USEFUL);
        assert_true(leaf->rect.height >= TREE_HEIGHT_USEFUL);
    }
    assert_non_null(strstr(notice, "too small to be split"));
    assert_int_equal(ui.layout->count, 1);
}

static void test_marks(void **state)
{
    struct pane *a = make("a", &fake_ops), *b = make("b", &fake_ops);

    layout_open(ui.layout, a, LAYOUT_TAB);
    layout_open(ui.layout, b, LAYOUT_TAB);
    pane_changed(a);
    assert_string_equal(shown(0), "1 title of a +  2 title of b");
    a->bell = true;
    pane_changed(a);
    assert_string_equal(shown(0), "1 title of a !  2 title of b");
    layout_show(ui.layout, a);
    assert_string_equal(shown(0), "1 title of a  2 title of b");
    pane_changed(a);
    assert_false(a->activity);
}

static void test_only_what_is_dirty(void **state)
{
    struct pane *a = make("a", &fake_ops), *b = make("b", &fake_ops);

    layout_open(ui.layout, a, LAYOUT_TAB);
    layout_open(ui.layout, b, LAYOUT_RIGHT);
    layout_draw(ui.layout, &canvas, false);
    layout_draw(ui.layout, &canvas, false);
    assert_int_equal(((struct fake *)a)->draws, 1);
    pane_changed(b);
    layout_draw(ui.layout, &canvas, false);
    assert_int_equal(((struct fake *)a)->draws, 1);
    assert_int_equal(((struct fake *)b)->draws, 2);
}

static void test_keys_and_mouse(void **state)
{
    struct fake *a = (struct fake *)make("a", &greedy_ops),
                *b = (struct fake *)make("b", &fake_ops);
    struct mouse mouse = { MOUSE_PRESS, 1, 79, 5, 0 };
    struct key key = { 'x', 0 };

    layout_open(ui.layout, &a->pane, LAYOUT_TAB);
    layout_key(ui.layout, &(struct key){ 'v', MODIFIER_ALT }); /* a console gets that one */
    assert_false(ui.layout->has_next);
    layout_open(ui.layout, &b->pane, LAYOUT_RIGHT);
    assert_false(layout_key(ui.layout, &key));
    assert_int_equal(b->keys, 1);
    layout_set_focused(ui.layout, &a->pane);
    assert_true(a->pane.focused && !b->pane.focused);
    layout_mouse(ui.layout, &mouse);
    assert_true(b->pane.focused);
    assert_int_equal(b->mouse.x, b->pane.rect.width - 1);
    assert_int_equal(b->mouse.y, 4);
    layout_focus(ui.layout, false);
    assert_false(b->pane.focused);
}

static void test_too_small(void **state)
{
    struct rect sizes[] = { { 0, 0, 80, 24 }, { 0, 0, 40, 8 }, { 0, 0, 10, 3 },
                            { 0, 0, 3, 2 },   { 0, 0, 1, 1 },  { 0, 0, 0, 0 } };

    for (int i = 0; i < 9; i++) {
        layout_open(ui.layout, make("pane", i % 2 ? &fake_ops : &greedy_ops),
                    (enum layout_where)(LAYOUT_TAB + i % 3));
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        layout_place(ui.layout, &sizes[i]);
        for (const struct key_binding *key = layout_keys; key->keys; key++) {
            if (key->run && !strstr(key->help, "close")) {
                key->run(ui.layout);
                layout_draw(ui.layout, &canvas, false);
            }
        }
    }
}

/* --- in a file --- */

static char path[64];

static int set_up_file(void **state)
{
    char folder[] = "/tmp/pando-layout-XXXXXX";

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/new/layouts.json", folder);
    return set_up(state);
}

static int tear_down_file(void **state)
{
    char folder[sizeof(path)];

    unlink(path);
    for (int i = 0; i < 2; i++) {
        snprintf(folder, sizeof(folder), "%s", path);
        *strrchr(folder, '/') = 0;
        rmdir(folder);
        strcpy(path, folder);
    }
    return tear_down(state);
}

static void test_save_and_load(void **state)
{
    char error[300] = "";
    struct json *root;
    struct pane *kept;

    layout_open(ui.layout, make("vcpus demo", &fake_ops), LAYOUT_TAB);
    layout_open(ui.layout, make("demo read-only", &greedy_ops), LAYOUT_RIGHT);
    layout_open(ui.layout, make("other", &greedy_ops), LAYOUT_BELOW);
    press("Alt-Up");
    layout_open(ui.layout, kept = make("kept", &greedy_ops), LAYOUT_TAB);
    layout_select_tab(ui.layout, 0);
    assert_true(layout_save(ui.layout, path, "two tabs", error, sizeof(error)));
    assert_true(layout_save(ui.layout, path, "two tabs", error, sizeof(error)));
    assert_true(layout_save(ui.layout, path, "same", error, sizeof(error)));
    assert_true(layout_file_read(path, &root, error, sizeof(error)));
    assert_string_equal(root->first->key, "two tabs");
    assert_string_equal(root->last->key, "same");
    json_free(root);
    while (ui.layout->count > 1) {
        layout_close(ui.layout, ui.layout->tabs[0]->focused);
    }
    opened = 0;
    closed = 0;
    assert_true(layout_load(ui.layout, path, "two tabs", error, sizeof(error)));
    assert_int_equal(opened, 3);
    assert_int_equal(closed, 0);
    assert_int_equal(ui.layout->count, 2);
    assert_ptr_equal(ui.layout->tabs[1]->focused, kept); /* not opened anew */
    assert_string_equal(focused(), "demo read-only");
    assert_int_equal(tree_count(ui.layout->tabs[0]->tree), 3);
    assert_true(layout_forget(path, "two tabs", error, sizeof(error)));
    assert_false(layout_load(ui.layout, path, "two tabs", error, sizeof(error)));
    assert_non_null(strstr(error, "no layout 'two tabs'"));
    closed = opened = 0;
    layout_free(ui.layout);
    assert_int_equal(closed, 4);
    ui.layout = layout_new(&ui);
    closed = opened;
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        { "{\n", ":2:" },
        { "[]", "an object" },
        { "{\"x\":\n7}", ":2: x: a list" },
        { "{\"x\":{\"tabs\":[]}}", "a list" },
        { "{\"x\":{\"tabs\":[3]}}", "tabs are expected" },
        { "{\"x\":{\"tabs\":[{}]}}", "panes is expected" },
        { "{\"x\":{\"tabs\":[{\"panes\":{\"kind\":1}}]}}", "\"kind\" and" },
        { "{\"x\":{\"tabs\":[{\"panes\":{\"split\":\"up\"}}]}}", "split: \"up\"" },
        { "{\"x\":{\"tabs\":[{\"panes\":{\"split\":\"below\"}}]}}", "panes is expected" },
        { "{\"x\":{\"tabs\":[{\"panes\":{\"kind\":\"screen\",\"pane\":\"gone\"}}]}}", "nothing" },
    };
    char error[300];

    layout_open(ui.layout, make("a", &fake_ops), LAYOUT_HERE);
    assert_true(layout_save(ui.layout, path, "x", error, sizeof(error)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILE *file = fopen(path, "w");

        fputs(cases[i].text, file);
        fclose(file);
        *error = 0;
        assert_false(layout_load(ui.layout, path, "x", error, sizeof(error)));
        assert_non_null(strstr(error, cases[i].error));
        assert_string_equal(focused(), "a"); /* as it was */
    }
    assert_false(layout_save(ui.layout, path, "", error, sizeof(error)));
    assert_false(layout_save(ui.layout, "/dev/null/x", "x", error, sizeof(error)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_room_for_each),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_grid),
        cmocka_unit_test_setup_teardown(test_here_and_tabs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_split_and_focus, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_what_is_dirty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_and_mouse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_save_and_load, set_up_file, tear_down_file),
        cmocka_unit_test_setup_teardown(test_bad_files, set_up_file, tear_down_file),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests_name("shell-layout", tests, NULL, NULL);
}
