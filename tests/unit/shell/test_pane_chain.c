/* SPDX-License-Identifier: MIT */
/*
 * From the guests' rings through the real console daemon into the terminals of panes: guests that
 * write as fast as they may, terminals that take only what they have credit for, and not a byte is
 * lost or out of order.
 */
#include "tests/unit/console/test.h"
#include "tests/unit/console/daemon.h"
#include "tests/unit/console/fake_store.h"
#include "tests/unit/console/fake_xen.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "shell/pane_console_link.h"
#include "shell/shell.h"
#include "shell/vt.h"

enum { GUESTS = 6, LINES = 30000, HISTORY = 100, TURNS = 200000 };

struct chain {
    struct pane_link link;
    struct pane_link_events events;
    struct vt *vt;
    uint32_t domid;
    unsigned int attached, replayed, notices;
    unsigned int written; /* whole lines, */
    size_t part;          /* and bytes of the next one */
    unsigned int read;
    char line[80]; /* what has come of the next one */
    size_t have;
};

static struct chain chains[GUESTS];
static struct loop *loop;

void shell_out_of_memory(void)
{
    abort();
}

void *shell_need(void *pointer)
{
    assert_non_null(pointer);
    return pointer;
}

static int make_line(const struct chain *chain, unsigned int number, char *line, size_t size)
{
    return snprintf(line, size, "domain %u says \033[3%um%08u\033[m and goes on to say more\r\n",
                    chain->domid, number % 8, number);
}

/* Each byte is the next one that the guest has written. */
static void check(struct chain *chain, const uint8_t *bytes, size_t length)
{
    char expected[80];

    for (size_t i = 0; i < length; i++) {
        chain->line[chain->have++] = (char)bytes[i];
        assert_true(chain->have < sizeof(chain->line));
        if (bytes[i] == '\n') {
            size_t whole = (size_t)make_line(chain, chain->read, expected, sizeof(expected));

            assert_int_equal(chain->have, whole);
            assert_memory_equal(chain->line, expected, whole);
            chain->read++;
            chain->have = 0;
        }
    }
}

static void on_attached(void *arg, const struct console_attached *attached)
{
    ((struct chain *)arg)->attached++;
}

static size_t on_data(void *arg, const uint8_t *bytes, size_t length, size_t *credit)
{
    struct chain *chain = arg;
    size_t taken, cost;

    if (!*credit) {
        return 0;
    }
    taken = vt_input(chain->vt, bytes, length, *credit);
    cost = vt_cost(chain->vt);
    *credit -= cost < *credit ? cost : *credit;
    if (chain->replayed) {
        check(chain, bytes, taken);
    }
    return taken;
}

static void on_replayed(void *arg)
{
    ((struct chain *)arg)->replayed++;
}

static void on_notice(void *arg, const char *sentence)
{
    ((struct chain *)arg)->notices++;
}

static void on_changed(void *arg)
{
}

static void turn(void)
{
    consoled_turn(&the_daemon, 0, NULL);
    loop_step(loop, 0);
}

static void open_chain(struct chain *chain, uint32_t domid)
{
    static const struct vt_events none;
    struct console_attach attach = { .flags = CONSOLE_ATTACH_REPLAY | CONSOLE_ATTACH_FOLLOW };

    memset(chain, 0, sizeof(*chain));
    chain->domid = domid;
    chain->events = (struct pane_link_events){ chain,       on_attached, on_data,
                                               on_replayed, on_notice,   on_changed };
    chain->vt = vt_new(80, 24, HISTORY, &none, NULL);
    snprintf(attach.guest, sizeof(attach.guest), "%u", domid);
    pane_link_open(&chain->link, loop, socket_path, &attach, &chain->events);
    for (int i = 0; i < TURNS && !chain->replayed; i++) {
        turn();
    }
    assert_int_equal(chain->replayed, 1);
}

/* Writes what its ring takes. Returns whether there is more to write. */
static bool write_lines(struct chain *chain)
{
    char line[80];

    while (chain->written < LINES) {
        size_t length = (size_t)make_line(chain, chain->written, line, sizeof(line));
        size_t n = fake_guest_write(chain->domid, line + chain->part, length - chain->part);

        chain->part += n;
        if (chain->part < length) {
            return true;
        }
        chain->part = 0;
        chain->written++;
    }
    return chain->read < LINES;
}

static void test_floods(void **state)
{
    char name[20], last[80];
    bool more = true;

    loop = loop_new();
    for (uint32_t i = 0; i < GUESTS; i++) {
        snprintf(name, sizeof(name), "guest%u", i + 1);
        fake_store_add_guest(i + 1, name, NULL);
    }
    daemon_settle();
    for (uint32_t i = 0; i < GUESTS; i++) {
        open_chain(&chains[i], i + 1);
    }
    for (int n = 0; n < TURNS && more; n++) {
        more = false;
        for (size_t i = 0; i < GUESTS; i++) {
            more |= write_lines(&chains[i]);
        }
        consoled_turn(&the_daemon, 0, NULL);
        loop_step(loop, n % 64 == 0 ? 1 : 0);
    }
    for (size_t i = 0; i < GUESTS; i++) {
        struct cell cells[80];

        assert_int_equal(chains[i].read, LINES);
        assert_int_equal(chains[i].notices, 0);
        assert_int_equal(vt_top(chains[i].vt) - vt_first(chains[i].vt), HISTORY);
        make_line(&chains[i], LINES - 1, last, sizeof(last));
        vt_line(chains[i].vt, vt_end(chains[i].vt) - 2, cells, 80, NULL);
        assert_int_equal(cells[0].text[0], 'd');
        pane_link_close(&chains[i].link);
        vt_free(chains[i].vt);
    }
    loop_free(loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_floods, daemon_setup, daemon_teardown),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests_name("shell-pane-chain", tests, NULL, NULL);
}
