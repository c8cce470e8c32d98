/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest at the terminal of a pane: random bytes, sequences made to hurt, and pieces of
 * real sessions, mutated, with the size changed in between. After each piece the screen must be one
 * that can be drawn: printable characters only, no half of a wide one, the cursor inside, memory
 * and cost bounded, answers harmless. The sanitizers see to the rest.
 */
#include "fuzz.h"
#include "tests/unit/shell/test_vt.h"

enum {
    ROUNDS = 250,
    COLUMNS = 80,
    ROWS = 24,
    HISTORY = 200,
    PIECE = 4096,
    BUDGET = 20000,
    SLACK = 4 * VT_COLUMNS_MAX * 100,
    MEMORY_MAX = 4 << 20,
};

static uint32_t draw(void)
{
    return fuzz_below(UINT32_MAX);
}

static uint32_t below(uint32_t n)
{
    return fuzz_below(n);
}

/* --- what a guest says --- */

struct piece {
    size_t length;
    char bytes[PIECE];
};

static void say(struct piece *piece, const char *bytes, size_t length)
{
    if (piece->length + length <= sizeof(piece->bytes)) {
        memcpy(piece->bytes + piece->length, bytes, length);
        piece->length += length;
    }
}

static void say_text(struct piece *piece, const char *text)
{
    say(piece, text, strlen(text));
}

static void say_number(struct piece *piece)
{
    static const char *const numbers[] = { "0",   "1",         "2",
                                           "24",  "80",        "255",
                                           "999", "9999",      "65536",
                                           "",    "999999999", "99999999999999999999999",
                                           "-1",  "2147483648" };
    char text[16];

    if (below(2)) {
        say_text(piece, numbers[below(sizeof(numbers) / sizeof(numbers[0]))]);
    } else {
        snprintf(text, sizeof(text), "%u", below(120));
        say_text(piece, text);
    }
}

static void say_csi(struct piece *piece)
{
    static const char leaders[] = "?>=<!", between[] = " !\"$'*#",
                      finals[] = "@ABCDEFGHIJKLMPSTXZ`abcdefghijklmnpqrstu{|}~";
    uint32_t count = below(8) ? below(4) : below(60);

    say_text(piece, "\033[");
    if (!below(3)) {
        say(piece, &leaders[below(sizeof(leaders) - 1)], 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        say_number(piece);
        say(piece, &";;;:"[below(4)], 1);
    }
    say_number(piece);
    if (!below(8)) {
        say(piece, &between[below(sizeof(between) - 1)], 1);
    }
    say(piece, &finals[below(sizeof(finals) - 1)], 1);
}

static void say_mode(struct piece *piece)
{
    static const int modes[] = { 1,    3,    4,    5,    6,    7,    12,   20,
                                 25,   47,   66,   69,   1000, 1002, 1003, 1004,
                                 1005, 1006, 1015, 1047, 1048, 1049, 2004 };
    char text[32];

    snprintf(text, sizeof(text), "\033[%s%d%c", below(8) ? "?" : "",
             modes[below(sizeof(modes) / sizeof(modes[0]))], below(3) ? 'h' : 'l');
    say_text(piece, text);
}

static void say_character(struct piece *piece)
{
    static const uint32_t odd[] = { 0x301,   0x300,  0x20dd, 0x4e2d, 0x1f600, 0xff21,   0x200d,
                                    0xfe0f,  0x202e, 0x85,   0x9b,   0xd800,  0x10ffff, 0x110000,
                                    0xe0041, 0x7f,   0x1160, 0x302e, 0x600,   0xfffd,   0xad };
    char bytes[4];
    uint32_t character = below(3) ? odd[below(sizeof(odd) / sizeof(odd[0]))] : below(0x30000);
    size_t length = utf8_put(bytes, character);

    for (uint32_t i = below(10) ? 1 : below(80); i; i--) {
        say(piece, bytes, below(20) ? length : length - 1);
    }
}

static void say_escape(struct piece *piece)
{
    static const char *const sequences[] = {
        "\033c",
        "\0337",
        "\0338",
        "\033D",
        "\033M",
        "\033E",
        "\033H",
        "\033#8",
        "\033#3",
        "\033#6",
        "\033(0",
        "\033)0",
        "\033*A",
        "\033%G",
        "\033N",
        "\033O",
        "\033n",
        "\033o",
        "\033~",
        "\033|",
        "\033}",
        "\033[!p",
        "\033Z",
        "\033P$qm",
        "\033\\",
        "\033]0;",
        "\033]52;c;",
        "\007",
        "\033[6n",
        "\033[c",
        "\033[>c",
        "\033[18t",
        "\033[?6n",
        "\033[?1$p",
        "\033[5n",
        "\033[999;999H",
        "\016",
        "\017",
        "\r",
        "\n",
        "\r\n",
        "\b",
        "\t",
        "\033[4h",
        "\033X",
        "\033^",
        "\033_",
        "\030",
        "\032",
        "\033[38;5;9m",
        "\033[48;2;1;2;3m",
        "\033[38:2::9:8:7m",
        "\033[7;44m",
        "\033[m",
    };

    say_text(piece, sequences[below(sizeof(sequences) / sizeof(sequences[0]))]);
}

static void say_something(struct piece *piece)
{
    char text[200];
    uint32_t n;

    switch (below(9)) {
    case 0:
        for (n = below(64); n; n--) {
            char byte = (char)draw();

            say(piece, &byte, 1);
        }
        break;
    case 1:
        memset(text, (int)(0x20 + below(0x5f)), sizeof(text));
        say(piece, text, below(sizeof(text)));
        break;
    case 2:
    case 3:
        say_csi(piece);
        break;
    case 4:
        say_mode(piece);
        break;
    case 5:
        say_character(piece);
        break;
    case 6:
        n = below(SESSIONS);
        say(piece, sessions[n].bytes, sessions[n].length);
        break;
    default:
        say_escape(piece);
    }
}

static void mutate(struct piece *piece)
{
    for (uint32_t n = below(4) ? 0 : below(20); n && piece->length; n--) {
        uint32_t at = below((uint32_t)piece->length);

        if (below(2)) {
            piece->bytes[at] = (char)draw();
        } else {
            size_t length = below((uint32_t)(piece->length - at) + 1);

            memmove(piece->bytes + below(at + 1), piece->bytes + at, length);
        }
    }
}

/* --- what must be true all the time --- */

static size_t answered;
static bool typing; /* what is sent is not an answer */

static void on_reply(void *arg, const char *bytes, size_t length)
{
    answered += length;
    assert_true(length <= 64);
    for (size_t i = 0; i < length && !typing; i++) {
        assert_true(bytes[i] == 0x1b || (bytes[i] >= 0x20 && bytes[i] < 0x7f));
    }
}

static void on_measure(void *arg)
{
    struct vt **vt = arg;

    if (!below(4)) {
        vt_resize(*vt, (int)below(200), (int)below(60));
    }
}

static const struct vt_events events = { .reply = on_reply, .measure = on_measure };

static void check_title(const struct vt *vt)
{
    const char *title = vt_title(vt);
    size_t length = strlen(title), used;

    assert_true(length <= VT_TITLE_MAX);
    for (size_t i = 0; i < length; i += used) {
        assert_false(filter_is_control(utf8_next(title + i, length - i, &used)));
    }
}

static void check_screen(struct vt *vt)
{
    int columns, rows, x, y;

    vt_size(vt, &columns, &rows);
    vt_cursor(vt, &x, &y);
    assert_true(x >= 0 && x < columns && y >= 0 && y < rows);
    assert_true(vt_memory(vt) < MEMORY_MAX);
    assert_true(vt_top(vt) - vt_first(vt) <= HISTORY);
    for (uint64_t line = vt_top(vt); line < vt_end(vt); line++) {
        check_line(vt, line, columns);
    }
    if (vt_top(vt) > vt_first(vt)) {
        check_line(vt, vt_first(vt) + below((uint32_t)(vt_top(vt) - vt_first(vt))), columns);
    }
    check_title(vt);
}

static void use(struct vt *vt)
{
    struct vt_place from = { vt_first(vt) + below(40), (int)below(100) },
                    to = { from.line + below(60), (int)below(100) };
    struct key key = { below(2) ? K_ENTER + below(26) : draw() % 0x120000, (uint8_t)below(8) };
    struct mouse mouse = { (enum mouse_action)below(5), (int)below(5), (int)below(100),
                           (int)below(40), 0 };
    int cells;
    size_t length;

    free(vt_text(vt, &from, &to, below(2), &length));
    vt_search(vt, below(2) ? "a" : "login", below(2), &from, &cells);
    typing = true;
    vt_key(vt, &key);
    vt_mouse(vt, &mouse);
    typing = false;
    if (!below(8)) {
        vt_resize(vt, (int)below(220), (int)below(80));
    }
}

static void take(struct vt *vt, const struct piece *piece)
{
    size_t done = 0, most = piece->length;

    while (done < most) {
        size_t part = 1 + below((uint32_t)(most - done)), taken, before = answered;

        taken = vt_input(vt, piece->bytes + done, part, BUDGET);
        assert_true(taken >= 1 && taken <= part);
        assert_true(vt_cost(vt) <= BUDGET + SLACK);
        assert_true(answered - before <= 16 * taken);
        done += taken;
    }
}

static void one_guest(void *unused)
{
    struct piece piece;
    struct vt *vt;

    vt = vt_new(COLUMNS, ROWS, HISTORY, &events, &vt);
    for (uint32_t n = 1 + below(6); n; n--) {
        piece.length = 0;
        for (uint32_t i = 1 + below(60); i; i--) {
            say_something(&piece);
        }
        mutate(&piece);
        take(vt, &piece);
        check_screen(vt);
        use(vt);
        check_screen(vt);
    }
    vt_free(vt);
}

static void hostile_guests(void **state)
{
    fuzz_run(ROUNDS, one_guest, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(hostile_guests) };

    setlocale(LC_ALL, "C.UTF-8");
    return fuzz_end(cmocka_run_group_tests_name("fuzz-vt", tests, NULL, NULL));
}
