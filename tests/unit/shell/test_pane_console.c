/* SPDX-License-Identifier: MIT */
/* A guest's console in a pane: what is drawn, what is typed, looking back, copying. */
#include "fake_consoled.h"
#include "test_vt.h"

#include <unistd.h>

#include "shell/layout.h"
#include "shell/pane_console.h"
#include "shell/pane_console_inside.h"
#include "shell/screen.h"
#include "shell/shell.h"
#include "shell/term.h"

enum { TURNS = 2000 };

static struct ui ui;
static struct canvas canvas;
static char notice[300], path[100];
static char given[200]; /* to the terminal's clipboard */
static ui_field_fn *field;
static void *field_arg;

/* --- what panes call --- */

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
    layout_focus(of->layout, focus == FOCUS_MAIN);
}

void ui_screen(struct ui *of, const char *name, const char *guest)
{
}

void ui_field(struct ui *of, const char *label, const char *text, ui_field_fn *fn, void *arg)
{
    field = fn;
    field_arg = arg;
}

void ui_field_forget(struct ui *of, void *arg)
{
    if (field_arg == arg) {
        field = NULL;
    }
}

const struct screen *screen_find(const char *name)
{
    return NULL;
}

struct pane *screen_open(struct ui *of, const struct screen *screen, const char *guest)
{
    return NULL;
}

void term_copy(struct term *term, const char *text, size_t length)
{
    snprintf(given, sizeof(given), "%.*s", (int)length, text);
}

/* --- looking --- */

static const char *dump(void)
{
    static char *text;
    size_t size;
    FILE *out;

    free(text);
    out = open_memstream(&text, &size);
    layout_draw(ui.layout, &canvas, false);
    canvas_dump(&canvas, out);
    fclose(out);
    return text;
}

static void see(const char *text)
{
    for (int i = 0; i < TURNS && !strstr(dump(), text); i++) {
        loop_step(ui.loop, 5);
    }
    if (!strstr(dump(), text)) {
        fail_msg("'%s' is not there:\n%s", text, dump());
    }
}

static void press(const char *name)
{
    struct key key;

    assert_true(key_parse(name, &key));
    layout_key(ui.layout, &key);
}

static void type(const char *text)
{
    for (; *text; text++) {
        layout_key(ui.layout, &(struct key){ (uint32_t)*text, 0 });
    }
}

static void gets_typed(const char *text)
{
    size_t length = strlen(text);

    for (int i = 0; i < TURNS && fake_consoled.typed_length < length; i++) {
        loop_step(ui.loop, 5);
    }
    assert_int_equal(fake_consoled.typed_length, length);
    assert_memory_equal(fake_consoled.typed, text, length);
    fake_consoled.typed_length = 0;
}

/* Nothing can be on the canvas that would do something to a terminal. */
static void check_canvas(void)
{
    for (int i = 0; i < canvas.width * canvas.height; i++) {
        const struct cell *cell = &canvas.cells[i];

        assert_in_range(cell->width, 0, 2);
        for (int j = 0; j < CELL_CHARACTERS && cell->text[j]; j++) {
            assert_false(filter_is_control(cell->text[j]));
        }
    }
}

static int set_up(void **state)
{
    *notice = *given = 0;
    field = NULL;
    snprintf(path, sizeof(path), "/tmp/pando-pane-%d.sock", getpid());
    unlink(path);
    fake_consoled = (struct fake_consoled){ .guest = "demo", .domid = 1 };
    fake_consoled_start(path);
    console_set_socket(path);
    memset(&ui, 0, sizeof(ui));
    ui.loop = loop_new();
    ui.preferences.leave = (struct key){ ']', MODIFIER_CTRL };
    ui.preferences.scrollback = 500;
    theme_init(&ui.theme, 256);
    canvas_init(&canvas, 90, 30);
    ui.layout = layout_new(&ui);
    layout_place(ui.layout, &(struct rect){ 0, 0, 90, 30 });
    layout_focus(ui.layout, true);
    return 0;
}

static int tear_down(void **state)
{
    layout_free(ui.layout);
    loop_step(ui.loop, 0);
    loop_free(ui.loop);
    canvas_free(&canvas);
    fake_consoled_stop();
    unlink(path);
    return 0;
}

static struct console_pane *open_demo(void)
{
    struct pane *pane = console_pane_open(&ui, "demo", false, true, true);

    for (int i = 0; i < TURNS && console_of(pane)->link.state != PANE_LINK_ATTACHED; i++) {
        loop_step(ui.loop, 5);
    }
    return console_of(pane);
}

/* --- tests --- */

static void test_shows_and_types(void **state)
{
    struct console_pane *console;

    fake_consoled_say("from before\033[6n\r\n"); /* an old question: not to be answered */
    console = open_demo();
    see("from before");
    see("console of demo  Ctrl-] leaves");
    type("ls");
    press("Enter");
    press("Ctrl-c");
    press("Alt-x");
    press("F3");
    gets_typed("ls\r\003\033x\033OR");
    console_send(&console->pane, &(struct key){ ']', MODIFIER_CTRL });
    gets_typed("\035");
    fake_consoled_say("\033[2;3H\033[6n");
    gets_typed("\033[2;3R");
    layout_paste(ui.layout, "a\nb", 3);
    gets_typed("a\rb");
    assert_ptr_equal(console_pane_open(&ui, "demo", false, true, true), &console->pane);
    layout_focus(ui.layout, false);
    see("console of demo");
    assert_null(strstr(dump(), "leaves"));
}

static void test_part_of_the_terminal(void **state)
{
    open_demo();
    layout_place(ui.layout, &(struct rect){ 0, 0, 60, 6 });
    fake_consoled_say("\033[H\033[2Jleft\033[1;70Hright\033[24;1Hbottom");
    see("bottom");
    assert_null(strstr(dump(), "left"));
    fake_consoled_say("\033[1;75H");
    see("right");
    see("80x24, a part");
    fake_consoled_say("\033[H");
    see("left");
    /* The guest that asks gets the pane's size. */
    fake_consoled_say("\033[999;999H\033[6n");
    gets_typed("\033[5;60R");
    see("60x5");
}

static void test_only_changed_rows(void **state)
{
    struct console_pane *console = open_demo();

    fake_consoled_say("one\r\ntwo\r\n");
    see("two");
    canvas_at(&canvas, 0, 1)->text[0] = '#'; /* stays, since nothing draws it */
    fake_consoled_say("three");
    see("three");
    assert_int_equal(canvas_at(&canvas, 0, 1)->text[0], '#');
    assert_true(console->pane.visible);
}

static void test_broadcast(void **state)
{
    struct pane *other;

    open_demo();
    other = console_pane_restore(&ui, "demo");
    layout_open(ui.layout, other, LAYOUT_RIGHT);
    for (int i = 0; i < TURNS && console_of(other)->link.state != PANE_LINK_ATTACHED; i++) {
        loop_step(ui.loop, 5);
    }
    console_broadcast(ui.layout);
    assert_non_null(strstr(notice, "goes to all of them"));
    see("TYPING TO 2 GUESTS");
    assert_true(other->warned);
    type("x");
    gets_typed("xx");
    layout_paste(ui.layout, "y", 1);
    gets_typed("yy");
    console_broadcast(ui.layout);
    assert_false(other->warned);
    type("z");
    gets_typed("z");
}

static void test_read_only(void **state)
{
    struct pane *pane = console_pane_open(&ui, "demo", true, true, true);

    see("console of demo, read-only");
    fake_consoled_say("shown\033[6n");
    see("shown");
    type("x");
    assert_non_null(strstr(notice, "read-only: demo"));
    assert_int_equal(fake_consoled.typed_length, 0);
    assert_ptr_not_equal(console_pane_open(&ui, "demo", false, true, true), pane);
    assert_ptr_equal(console_pane_open(&ui, "demo", true, true, true), pane);
}

static void say_lines(int count)
{
    char line[60];

    for (int i = 0; i < count; i++) {
        snprintf(line, sizeof(line), "line %d of it\r\n", i);
        fake_consoled_say(line);
        if (i % 50 == 0) {
            loop_step(ui.loop, LINK_SLICE_MS); /* the daemon waits for us */
        }
    }
}

static void test_look_back(void **state)
{
    struct console_pane *console = open_demo();
    size_t length;

    say_lines(100);
    see("line 99 of it");
    press("Shift-PageUp");
    see("LOOKING BACK");
    type("g");
    see("line 0 of it");
    press("PageDown");
    press("Ctrl-d");
    type("jjkkhlw$0b");
    press("Ctrl-u");
    type("HMLG");
    see("line 99 of it");
    type("?");
    assert_non_null(field);
    field(field_arg, UI_FIELD_CHANGED, "LINE 4");
    field(field_arg, UI_FIELD_CHANGED, "line 42");
    see("line 42 of it");
    field(field_arg, UI_FIELD_ENTERED, "line 42");
    assert_int_equal(console->look.match_cells, 7);
    type("V");
    type("j");
    type("y");
    assert_string_equal(look_copied(&length), "line 42 of it\nline 43 of it\n");
    assert_string_equal(given, ""); /* nobody has turned that on */
    assert_false(console->look.on);
    see("line 99 of it");
    console_insert(&console->pane);
    gets_typed("line 42 of it\rline 43 of it\r");

    ui.preferences.clipboard = true;
    console_look_back(&console->pane);
    type("/");
    field(field_arg, UI_FIELD_CHANGED, "nowhere");
    field(field_arg, UI_FIELD_ENTERED, "nowhere");
    assert_non_null(strstr(notice, "there is no 'nowhere'"));
    type("k0vly");
    assert_string_equal(given, "li");
    assert_int_equal(fake_consoled.typed_length, 0);
}

/* The history goes on losing lines while one looks at the oldest. */
static void test_look_at_what_goes(void **state)
{
    struct console_pane *console = open_demo();

    say_lines(600);
    see("line 599 of it");
    console_look_back(&console->pane);
    type("g");
    see("line 77 of it");
    fake_consoled_say("\r\n");
    say_lines(1200);
    for (int i = 0; i < TURNS && vt_top(console->vt) < 1778; i++) {
        loop_step(ui.loop, 5);
    }
    assert_non_null(strstr(dump(), "line "));
    type("kkjjgG");
    see("line 1199 of it");
    press("q");
    check_canvas();
}

static void test_mouse(void **state)
{
    struct console_pane *console = open_demo();
    struct mouse mouse = { MOUSE_WHEEL_UP, 0, 5, 5, 0 };
    size_t length;

    say_lines(100);
    see("line 99 of it");
    layout_mouse(ui.layout, &mouse);
    assert_true(console->look.on);
    mouse.action = MOUSE_WHEEL_DOWN;
    for (int i = 0; i < 5; i++) {
        layout_mouse(ui.layout, &mouse);
    }
    assert_false(console->look.on);
    /* Dragging selects. */
    fake_consoled_say("\033[2J\033[3;5Hselect this\r\nand that");
    see("and that");
    mouse = (struct mouse){ MOUSE_PRESS, 1, 11, 3, 0 };
    layout_mouse(ui.layout, &mouse);
    mouse = (struct mouse){ MOUSE_DRAG, 1, 2, 4, 0 };
    layout_mouse(ui.layout, &mouse);
    mouse.action = MOUSE_RELEASE;
    layout_mouse(ui.layout, &mouse);
    assert_true(console->look.on);
    type("y");
    assert_string_equal(look_copied(&length), "this\nand");
    fake_consoled_say("\033[?1000h\033[?1006hmouse");
    see("mouse");
    mouse = (struct mouse){ MOUSE_PRESS, 1, 5, 6, 0 };
    layout_mouse(ui.layout, &mouse);
    gets_typed("\033[<0;6;6M");
}

static void test_hostile(void **state)
{
    uint32_t random = 1;

    open_demo();
    layout_open(ui.layout, console_pane_restore(&ui, "demo"), LAYOUT_RIGHT);
    for (int round = 0; round < 60; round++) {
        char bytes[3000];

        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * 1103515245 + 12345;
            bytes[i] = (char)(random >> 20);
        }
        fake_consoled_say_bytes(bytes, sizeof(bytes));
        fake_consoled_say_bytes(sessions[round % SESSIONS].bytes,
                                sessions[round % SESSIONS].length);
        loop_step(ui.loop, 30);
        loop_step(ui.loop, 30);
        dump();
        check_canvas();
        layout_place(ui.layout, &(struct rect){ 0, 0, 1 + (int)(random >> 8) % 90,
                                                1 + (int)(random >> 16) % 30 });
    }
}

static void test_no_guest(void **state)
{
    struct pane *pane = console_pane_open(&ui, "nobody", false, true, true);

    assert_non_null(pane);
    for (int i = 0; i < TURNS && layout_focused(ui.layout); i++) {
        loop_step(ui.loop, 5);
    }
    assert_null(layout_focused(ui.layout));
    assert_non_null(strstr(notice, "no such guest"));
    assert_null(console_pane_open(&ui, "", false, true, true));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_shows_and_types),   TEST(test_part_of_the_terminal),
        TEST(test_only_changed_rows), TEST(test_broadcast),
        TEST(test_read_only),         TEST(test_look_back),
        TEST(test_look_at_what_goes), TEST(test_mouse),
        TEST(test_hostile),           TEST(test_no_guest),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests_name("shell-pane-console", tests, NULL, NULL);
}
