/* SPDX-License-Identifier: MIT */
/* The terminal: what programs write comes out as cells; what a guest must not do, it can't. */
#include "test_vt.h"
#include "shell/vt_history.h"

#include <vterm.h>

struct heard {
    char reply[4096];
    size_t length;
    unsigned int bells, titles, measures;
    struct vt *vt;
    int columns, rows; /* that measure() gives it */
};

static struct heard heard;

static void on_reply(void *arg, const char *bytes, size_t length)
{
    assert_true(heard.length + length < sizeof(heard.reply));
    memcpy(heard.reply + heard.length, bytes, length);
    heard.length += length;
    heard.reply[heard.length] = 0;
}

static void on_bell(void *arg)
{
    heard.bells++;
}

static void on_title(void *arg)
{
    heard.titles++;
}

static void on_measure(void *arg)
{
    heard.measures++;
    if (heard.columns) {
        vt_resize(heard.vt, heard.columns, heard.rows);
    }
}

static const struct vt_events events = { on_reply, on_bell, on_title, on_measure };

static struct vt *make(int columns, int rows)
{
    memset(&heard, 0, sizeof(heard));
    heard.vt = vt_new(columns, rows, 100, &events, NULL);
    return heard.vt;
}

static const struct session *session(const char *name)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        if (!strcmp(sessions[i].name, name)) {
            return &sessions[i];
        }
    }
    fail();
    return NULL;
}

/* --- programs --- */

static void test_editor(void **state)
{
    const struct session *vi = session("vi");
    struct vt *vt = make(80, 24);
    size_t quit = (size_t)(strstr(vi->bytes, ":q") - vi->bytes);

    take_text(vt, "before\r\n");
    vt_input(vt, vi->bytes, quit, SIZE_MAX);
    assert_true(vt_alternate(vt));
    assert_string_equal(row_text(vt, 0), "AB");
    assert_string_equal(row_text(vt, 1), "second line");
    assert_string_equal(row_text(vt, 4), "~");
    assert_string_equal(row_text(vt, 23), "");
    assert_int_equal(cell_at(vt, 4, 0)->style.foreground, 12);
    assert_int_equal(vt_top(vt), vt_first(vt)); /* it has no history */
    vt_input(vt, vi->bytes + quit, vi->length - quit, SIZE_MAX);
    assert_false(vt_alternate(vt));
    assert_string_equal(row_text(vt, 0), "before");
    assert_string_equal(row_text(vt, 1), "");
    vt_free(vt);
}

static void test_table(void **state)
{
    struct vt *vt = make(80, 24);
    int column, row;

    take_text(vt, "left over\r\nleft over\r\nleft over\r\n");
    take_text(vt, session("top")->bytes);
    assert_string_equal(row_text(vt, 0), "top - 10:00:00 up 1 day,  1 user");
    assert_string_equal(row_text(vt, 2), "");
    assert_string_equal(row_text(vt, 5), "   17 root      20   0     512 top");
    assert_int_equal(cell_at(vt, 3, 2)->style.attributes, ATTRIBUTE_REVERSE);
    assert_int_equal(cell_at(vt, 5, 4)->style.attributes, ATTRIBUTE_BOLD);
    assert_true(vt_cursor(vt, &column, &row));
    assert_int_equal(column + row, 0);
    vt_free(vt);
}

static void test_dialog(void **state)
{
    struct vt *vt = make(80, 24);
    int column, row;

    take_text(vt, session("dialog")->bytes);
    assert_int_equal(cell_at(vt, 4, 19)->text[0], 0x250c);
    assert_int_equal(cell_at(vt, 4, 20)->text[0], 0x2500);
    assert_int_equal(cell_at(vt, 5, 19)->text[0], 0x2502);
    assert_string_equal(row_text(vt, 5), "                   \u2502 <Yes>ed? \u2502");
    assert_int_equal(cell_at(vt, 0, 79)->style.background, 4); /* erased in its colour */
    assert_int_equal(cell_at(vt, 5, 22)->style.background, 1);
    assert_int_equal(cell_at(vt, 5, 22)->style.foreground, 3);
    assert_false(vt_cursor(vt, &column, &row));
    vt_free(vt);
}

static void test_boot(void **state)
{
    struct vt *vt = make(60, 24);
    bool wrapped;

    take_text(vt, session("boot")->bytes);
    assert_string_equal(row_text(vt, 0),
                        "[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@l");
    assert_string_equal(row_text(vt, 1), "ists.debian.org)");
    vt_line(vt, 0, (struct cell[60]){ { { 0 } } }, 60, &wrapped);
    assert_true(wrapped);
    vt_line(vt, 1, (struct cell[60]){ { { 0 } } }, 60, &wrapped);
    assert_false(wrapped);
    assert_string_equal(row_text(vt, 4), "[  OK  ] Started Getty.");
    assert_int_equal(cell_at(vt, 4, 3)->style.foreground, 2);
    assert_string_equal(row_text(vt, 10), "root@demo:~# l");
    assert_string_equal(vt_title(vt), "root@demo: ~");
    assert_int_equal(heard.bells, 1);
    assert_int_equal(heard.titles, 1);
    vt_free(vt);
}

static void test_colours(void **state)
{
    struct vt *vt = make(80, 24);

    take_text(vt, session("colours")->bytes);
    assert_int_equal(cell_at(vt, 0, 0)->style.foreground, 1);
    assert_int_equal(cell_at(vt, 0, 3)->style.foreground, 208);
    assert_int_equal(cell_at(vt, 0, 9)->style.foreground, 196);
    assert_int_equal(cell_at(vt, 0, 13)->style.background, 21);
    assert_int_equal(cell_at(vt, 0, 17)->style.foreground, 46);
    assert_int_equal(cell_at(vt, 0, 22)->style.attributes, ATTRIBUTE_UNDERLINE);
    assert_int_equal(cell_at(vt, 0, 27)->style.attributes,
                     ATTRIBUTE_BOLD | ATTRIBUTE_ITALIC | ATTRIBUTE_BLINK | ATTRIBUTE_REVERSE);
    assert_int_equal(cell_at(vt, 0, 30)->style.attributes, 0);
    assert_int_equal(cell_at(vt, 0, 30)->style.foreground, 15);
    assert_int_equal(cell_at(vt, 0, 30)->style.background, 9);
    assert_int_equal(filter_colour(0, 0, 0), 16);
    assert_int_equal(filter_colour(128, 128, 128), 244);
    assert_int_equal(filter_colour(255, 255, 255), 231);
    assert_int_equal(filter_colour(9999, -1, 300), 201);
    vt_free(vt);
}

/* --- characters --- */

static void test_wide_and_combining(void **state)
{
    struct vt *vt = make(80, 24);
    const struct cell *cell;

    take_text(vt, session("wide")->bytes);
    assert_int_equal(cell_at(vt, 0, 0)->text[0], 0x4e2d);
    assert_int_equal(cell_at(vt, 0, 0)->width, 2);
    assert_int_equal(cell_at(vt, 0, 1)->width, 0);
    cell = cell_at(vt, 0, 5);
    assert_int_equal(cell->text[0], 'e');
    assert_int_equal(cell->text[1], 0x301);
    assert_int_equal(cell->text[2], 0);
    assert_int_equal(cell_at(vt, 0, 7)->width, 2);
    cell = cell_at(vt, 0, 9);
    assert_int_equal(cell->text[3], 0x303); /* as many as there is room for */
    /* Half of a wide one can't stay. */
    take_text(vt, "\033[1;2Hx\033[1;8Hy");
    assert_int_equal(cell_at(vt, 0, 0)->text[0], 0);
    assert_int_equal(cell_at(vt, 0, 0)->width, 1);
    assert_int_equal(cell_at(vt, 0, 8)->width, 1);
    check_line(vt, vt_top(vt), 80);
    vt_free(vt);
}

static void test_wide_at_the_border(void **state)
{
    struct vt *vt = make(5, 3);

    take_text(vt, "abcd\xe4\xb8\xad");
    assert_string_equal(row_text(vt, 0), "abcd");
    assert_string_equal(row_text(vt, 1), "\xe4\xb8\xad");
    take_text(vt, "\033[2;1H\033[@\033[2;4H\xe4\xb8\xad\033[2;1H\033[@");
    check_line(vt, vt_top(vt) + 1, 5);
    vt_free(vt);
}

static void test_invalid_utf8(void **state)
{
    static const struct {
        const char *bytes, *shown;
    } cases[] = {
        { "a\x80z", "a\ufffdz" },           /* out of place */
        { "a\xc3z", "a\ufffdz" },           /* not complete */
        { "a\xc0\xafz", "a\ufffd\ufffdz" }, /* longer than needed */
        { "a\xe0\x80\xafz", "a\ufffdz" },
        { "a\xed\xa0\x80z", "a\ufffdz" },     /* a surrogate */
        { "a\xf4\x90\x80\x80z", "a\ufffdz" }, /* beyond Unicode */
        { "a\xff\xfez", "a\ufffd\ufffdz" },   /* never */
        { "a\xe4\xb8\xe4\xb8\xadz", "a\ufffd\xe4\xb8\xadz" },
        { "a\xc2\x9b"
          "2Jz",
          "a2Jz" },                             /* CSI as a character is none */
        { "a\xe2\x80\xaez", "az" },             /* directions */
        { "a\xef\xbb\xbfz\xef\xb8\x8f", "az" }, /* byte order, variant */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vt *vt = make(40, 3);

        take_text(vt, cases[i].bytes);
        assert_string_equal(row_text(vt, 0), cases[i].shown);
        vt_free(vt);
    }
}

/* The same screen comes out wherever the stream is cut, also cut into single bytes, which don't
 * take the shortcut for plain text. */
static void test_cut_anywhere(void **state)
{
    static char whole[24][80 * CELL_TEXT + 1];

    for (size_t s = 0; s < SESSIONS; s++) {
        for (size_t cut = 0; cut <= sessions[s].length; cut++) {
            struct vt *vt = make(80, 24);

            if (cut == sessions[s].length) {
                for (size_t i = 0; i < cut; i++) {
                    vt_input(vt, sessions[s].bytes + i, 1, 1);
                }
            } else if (cut) {
                vt_input(vt, sessions[s].bytes, cut, SIZE_MAX);
                vt_input(vt, sessions[s].bytes + cut, sessions[s].length - cut, SIZE_MAX);
            } else {
                take_text(vt, sessions[s].bytes);
            }
            for (int row = 0; row < 24; row++) {
                if (!cut) {
                    strcpy(whole[row], row_text(vt, row));
                }
                assert_string_equal(row_text(vt, row), whole[row]);
                check_line(vt, vt_top(vt) + (uint64_t)row, 80);
            }
            vt_free(vt);
        }
    }
}

/* vt_marks.c says the same as libvterm. */
static unsigned int combined;

static int put_glyph(VTermGlyphInfo *info, VTermPos position, void *user)
{
    combined = info->chars[0] == 'a' && info->chars[1];
    return 1;
}

static void test_marks(void **state)
{
    static const VTermStateCallbacks callbacks = { .putglyph = put_glyph };
    VTerm *term = vterm_new(24, 80);
    VTermState *of = vterm_obtain_state(term);
    char bytes[6] = "\ra";

    vterm_set_utf8(term, 1);
    vterm_state_set_callbacks(of, &callbacks, NULL);
    vterm_state_reset(of, 1);
    for (uint32_t character = 0xa0; character < 0x110000; character++) {
        if ((character >> 11) != 0x1b && !filter_is_control(character)) {
            size_t length = 2 + utf8_put(bytes + 2, character);

            vterm_input_write(term, bytes, length);
            if (combined != filter_is_mark(character)) {
                fail_msg("U+%04X", character);
            }
        }
    }
    vterm_free(term);
}

/* --- hostile --- */

static void test_bounded(void **state)
{
    struct vt *vt = make(80, 24);
    size_t before = vt_memory(vt);

    take_text(vt, "x\033[999999999b");
    for (int i = 0; i < 1000; i++) {
        take_text(vt, "\033[999999999L\033[999999999M\033[99999999999999999999@\033[2147483648C"
                      "\033[;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;m");
    }
    for (int i = 0; i < 10000; i++) {
        take_text(vt, "\xcc\x81\033[m\033P\033]2;");
    }
    assert_true(vt_memory(vt) < before + 100 * HISTORY_LINE + 100000);
    take_text(vt, "\033\\\r\nstill there");
    check_line(vt, vt_end(vt) - 1, 80);
    vt_free(vt);
}

static void test_budget(void **state)
{
    static char dear[3000];
    struct vt *vt = make(200, 100);
    size_t done = 0, calls = 0;

    for (size_t i = 0; i < sizeof(dear); i += 3) {
        memcpy(dear + i, "\033#8", 3); /* each fills the screen */
    }
    while (done < sizeof(dear)) {
        done += vt_input(vt, dear + done, sizeof(dear) - done, 50000);
        assert_true(vt_cost(vt) < 50000 + 2 * 200 * 100);
        calls++;
    }
    assert_true(calls > 300);
    vt_free(vt);
}

static void test_strings(void **state)
{
    struct vt *vt = make(80, 24);
    char giant[5000];

    memset(giant, 'A', sizeof(giant));
    take_text(vt, "\033]0;");
    vt_input(vt, giant, sizeof(giant), SIZE_MAX);
    take_text(vt, "\007");
    assert_true(strlen(vt_title(vt)) <= VT_TITLE_MAX);
    take_text(vt, "\033]2;\xe2\x80\xaegnp\033[31m");
    assert_string_equal(row_text(vt, 0), "");
    take_text(vt, "\033]2;a\xe2\x80\xae\x9b"
                  "b\xc2\x9b"
                  "c\033\\");
    assert_string_equal(vt_title(vt), "a\ufffdbc");
    /* One that never ends is over at the end of the line. */
    take_text(vt, "\033]52;c;QUJD\r\nshown\033P+q\r\n\033Xhidden\030shown, too");
    assert_string_equal(row_text(vt, 1), "shown");
    assert_string_equal(row_text(vt, 2), "shown, too");
    assert_int_equal(heard.length, 0);
    vt_free(vt);
}

/* --- questions, size, reset --- */

static void test_answers(void **state)
{
    struct vt *vt = make(80, 24);

    take_text(vt, "\033[3;7H\033[6n\033[5n\033[c\033[18t\033[?25$p\033[>c");
    assert_string_equal(heard.reply, "\033[3;7R\033[0n\033[?1;2c\033[8;24;80t\033[?25;1$y"
                                     "\033[>0;100;0c");
    heard.length = 0;
    vt_set_answers(vt, false); /* the questions were asked long ago */
    take_text(vt, "\033[6n\033[c\033[18t\033[999;999H");
    assert_int_equal(heard.length + heard.measures, 0);
    vt_key(vt, &(struct key){ 'a', 0 });
    assert_string_equal(heard.reply, "a");
    vt_free(vt);
}

static void test_measure(void **state)
{
    struct vt *vt = make(80, 24);

    heard.columns = 132;
    heard.rows = 50;
    take_text(vt, "\0337\033[r\033[999;999H\033[6n\0338");
    assert_string_equal(heard.reply, "\033[50;132R");
    vt_free(vt);
}

static void test_resize(void **state)
{
    struct vt *vt = make(80, 24);
    char text[16];
    int column, row;

    for (int i = 0; i < 30; i++) {
        snprintf(text, sizeof(text), "%sline %d", i ? "\r\n" : "", i);
        take_text(vt, text);
    }
    assert_string_equal(row_text(vt, 0), "line 6");
    vt_resize(vt, 80, 10);
    assert_string_equal(row_text(vt, 0), "line 20");
    assert_string_equal(row_text(vt, 9), "line 29");
    vt_cursor(vt, &column, &row);
    assert_int_equal(row, 9);
    /* The guest counts from the top: that stays. */
    vt_resize(vt, 80, 40);
    assert_string_equal(row_text(vt, 0), "line 20");
    assert_string_equal(row_text(vt, 10), "");
    vt_cursor(vt, &column, &row);
    assert_int_equal(row, 9);
    /* Blank rows below go first. */
    vt_resize(vt, 20, 30);
    assert_string_equal(row_text(vt, 0), "line 20");
    assert_string_equal(line_text(vt, 0), "line 0");
    /* What the guest had saved or set may lie outside now. */
    take_text(vt, "\033[20;30r\033[30;20H\0337");
    vt_resize(vt, 3, 2);
    take_text(vt, "\n\n\033[L\0338\n\033[?1049h\033[?1049lx\033[u\ty");
    check_line(vt, vt_top(vt), 3);
    vt_free(vt);
}

static void test_reset(void **state)
{
    struct vt *vt = make(80, 24);
    int column, row;

    take_text(vt, "old\r\n\033[?1049h\033[?25l\033[?1000h\033(0\016\033[4h\033[5;6r\033[41mqq\033c"
                  "new");
    assert_false(vt_alternate(vt));
    assert_false(vt_wants_mouse(vt));
    assert_true(vt_cursor(vt, &column, &row));
    assert_string_equal(row_text(vt, 0), "new");
    assert_int_equal(cell_at(vt, 0, 0)->style.background, COLOUR_DEFAULT);
    take_text(vt, "\r\n\033[4h\033[?25l\033(0\033[7m\033[!pa plain line");
    assert_string_equal(row_text(vt, 1), "a plain line");
    assert_int_equal(cell_at(vt, 1, 0)->style.attributes, 0);
    assert_true(vt_cursor(vt, &column, &row));
    vt_free(vt);
}

/* --- history, search, copy --- */

static void test_history(void **state)
{
    struct vt *vt = make(40, 5);
    char text[64];
    struct cell cells[40];

    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "line %d \033[1;3%dmx\xcc\x81\xe4\xb8\xad\033[m\r\n", i,
                 i % 8);
        take_text(vt, text);
    }
    assert_int_equal(vt_top(vt) - vt_first(vt), 100);
    assert_int_equal(vt_first(vt), 96);
    assert_string_equal(line_text(vt, 96), "line 96 x\xcc\x81\xe4\xb8\xad");
    assert_string_equal(line_text(vt, 199), "line 199 x\xcc\x81\xe4\xb8\xad");
    vt_line(vt, 101, cells, 40, NULL);
    assert_int_equal(cells[9].style.foreground, 101 % 8);
    assert_int_equal(cells[9].style.attributes, ATTRIBUTE_BOLD);
    assert_int_equal(cells[10].width, 2);
    assert_int_equal(cells[12].style.foreground, COLOUR_DEFAULT);
    check_line(vt, 101, 11); /* cut in the middle of the wide one */
    vt_free(vt);
}

static void test_search(void **state)
{
    struct vt *vt = make(20, 4);
    struct vt_place place = { 0, -1 };
    int cells;

    take_text(vt, "first needle here\r\n\xe4\xb8\xad Needle needle\r\n"
                  "a long line that hides a nee"
                  "dle over its end\r\nlast\r\nmore\r\n");
    assert_true(vt_search(vt, "needle", false, &place, &cells));
    assert_int_equal(place.line, 0);
    assert_int_equal(place.column, 6);
    assert_int_equal(cells, 6);
    assert_true(vt_search(vt, "needle", false, &place, &cells));
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 3); /* behind a wide one */
    assert_true(vt_search(vt, "needle", false, &place, &cells));
    assert_int_equal(place.column, 10);
    assert_true(vt_search(vt, "needle", false, &place, &cells));
    assert_int_equal(place.line, 3);
    assert_false(vt_search(vt, "needle", false, &place, &cells));
    assert_true(vt_search(vt, "Needle", true, &place, &cells));
    assert_int_equal(place.line, 1);
    assert_int_equal(place.column, 3);
    assert_true(vt_search(vt, "needle", true, &place, &cells));
    assert_int_equal(place.line, 0);
    assert_false(vt_search(vt, "needle", true, &place, &cells));
    place = (struct vt_place){ 0, -1 };
    assert_true(vt_search(vt, "line that hides a needle", false, &place, &cells));
    assert_int_equal(place.line, 2);
    vt_free(vt);
}

static void assert_text(struct vt *vt, uint64_t line, int column, uint64_t to, int end, bool whole,
                        const char *expected)
{
    size_t length;
    char *text = vt_text(vt, &(struct vt_place){ line, column }, &(struct vt_place){ to, end },
                         whole, &length);

    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
    free(text);
}

static void test_copy(void **state)
{
    struct vt *vt = make(10, 4);

    take_text(vt, "one   \r\n0123456789wrapped\r\n\xe4\xb8\xad x\r\nend");
    assert_text(vt, 0, 0, 0, 2, false, "one");
    assert_text(vt, 0, 1, 2, 3, false, "ne\n0123456789wrap");
    assert_text(vt, 1, 0, 2, 9, true, "0123456789wrapped\n");
    assert_text(vt, 3, 0, 3, 0, false, "\xe4\xb8\xad");
    assert_text(vt, 3, 0, 99, 0, false, "\xe4\xb8\xad x\nend\n");
    vt_free(vt);
}

/* --- typing --- */

static void assert_sent(struct vt *vt, const char *name, const char *bytes)
{
    struct key key;

    heard.length = 0;
    assert_true(key_parse(name, &key));
    assert_true(vt_key(vt, &key));
    assert_memory_equal(heard.reply, bytes, heard.length);
    assert_int_equal(heard.length, strlen(bytes));
}

static void test_keys(void **state)
{
    struct vt *vt = make(80, 24);

    assert_sent(vt, "a", "a");
    assert_sent(vt, "Alt-a", "\033a");
    assert_sent(vt, "Ctrl-c", "\003");
    assert_sent(vt, "Ctrl-]", "\035");
    assert_sent(vt, "Enter", "\r");
    assert_sent(vt, "Backspace", "\177");
    assert_sent(vt, "Up", "\033[A");
    assert_sent(vt, "Shift-Tab", "\033[Z");
    assert_sent(vt, "F1", "\033OP");
    assert_sent(vt, "F10", "\033[21~");
    assert_sent(vt, "PageUp", "\033[5~");
    take_text(vt, "\033[?1h");
    assert_sent(vt, "Up", "\033OA");
    heard.length = 0;
    vt_key(vt, &(struct key){ 'a' & 0x1f ? 0x20ac : 0, 0 });
    assert_string_equal(heard.reply, "\xe2\x82\xac");
    assert_false(vt_key(vt, &(struct key){ K_NONE, 0 }));
    vt_free(vt);
}

static void test_paste(void **state)
{
    struct vt *vt = make(80, 24);
    const char *text = "a\r\nb\nc\033[201~\003;\t\xe4\xb8\xad";

    vt_paste(vt, text, strlen(text));
    assert_string_equal(heard.reply, "a\rb\rc[201~;\t\xe4\xb8\xad");
    heard.length = 0;
    take_text(vt, "\033[?2004h");
    vt_paste(vt, text, strlen(text));
    assert_string_equal(heard.reply, "\033[200~a\rb\rc[201~;\t\xe4\xb8\xad\033[201~");
    vt_free(vt);
}

static void test_mouse(void **state)
{
    struct vt *vt = make(80, 24);
    struct mouse press = { MOUSE_PRESS, 1, 4, 2, 0 };

    assert_false(vt_mouse(vt, &press));
    take_text(vt, "\033[?1000;1006h");
    assert_true(vt_mouse(vt, &press));
    assert_string_equal(heard.reply, "\033[<0;5;3M");
    press.x = 80;
    assert_false(vt_mouse(vt, &press));
    vt_free(vt);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editor),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_dialog),
        cmocka_unit_test(test_boot),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_wide_and_combining),
        cmocka_unit_test(test_wide_at_the_border),
        cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_paste),
        cmocka_unit_test(test_mouse),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests_name("shell-vt", tests, NULL, NULL);
}
