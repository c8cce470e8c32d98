/* SPDX-License-Identifier: MIT */
/*
 * Clients of the socket, good and careless.
 */
#include "harness.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/stored/socket.h"

static struct store *store;
static struct loop loop;
static char path[64];

static int setup(void **state)
{
    struct stat st;

    store = store_new();
    loop_init(&loop);
    snprintf(path, sizeof(path), "/tmp/stored-test-%d.sock", (int)getpid());
    assert_int_equal(socket_listen(&loop, store, path), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    return 0;
}

static int teardown(void **state)
{
    socket_close_all();
    close(loop.fd);
    store_free(store);
    unlink(path);
    return 0;
}

/* What the daemon does when it has nothing else to do. */
static void serve(void)
{
    for (unsigned int i = 0; i < 20; i++) {
        loop_run(&loop, 0);
        store_commit(store);
        socket_reap();
    }
}

static int client(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    strcpy(address.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void put(int fd, uint32_t type, const char *payload, size_t length)
{
    struct xsd_sockmsg header = { .type = type, .len = (uint32_t)length };

    assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
    assert_int_equal(write(fd, payload, length), (ssize_t)length);
}

static void get(int fd, uint32_t type)
{
    memset(&answer, 0, sizeof(answer));
    assert_int_equal(read(fd, &answer.header, sizeof(answer.header)), sizeof(answer.header));
    assert_int_equal(read(fd, answer.payload, answer.header.len), answer.header.len);
    assert_int_equal(answer.header.type, type);
}

static unsigned int conns(void)
{
    struct conn *conn;
    unsigned int count = 0;

    TAILQ_FOREACH(conn, &store->conns, link)
    {
        count++;
    }
    return count;
}

static void test_clients(void **state)
{
    int one = client(), two = client();

    put(one, XS_WATCH, "/a\0t", 5);
    serve();
    get(one, XS_WATCH);
    get(one, XS_WATCH_EVENT);
    put(two, XS_WRITE, "/a\0value", 8);
    put(two, XS_READ, "/a", 3);
    serve();
    get(two, XS_WRITE);
    get(two, XS_READ);
    assert_string_equal(answer.payload, "value");
    get(one, XS_WATCH_EVENT);
    /* A relative path is one of dom0's. */
    put(two, XS_WRITE,
        "x\0"
        "1",
        3);
    serve();
    check_value(store, "/local/domain/0/x", "1");
    close(one);
    serve();
    assert_int_equal(conns(), 1);
    assert_int_equal(store->watches.count, 0);
    close(two);
}

static void test_in_pieces(void **state)
{
    struct xsd_sockmsg header = { .type = XS_MKDIR, .len = 3 };
    char bytes[sizeof(header) + 3];
    int fd = client();

    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), "/a", 3);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        check_value(store, "/a", NULL);
        assert_int_equal(write(fd, bytes + i, 1), 1);
        serve();
    }
    get(fd, XS_MKDIR);
    check_value(store, "/a", "");
    close(fd);
}

static void test_too_long(void **state)
{
    struct xsd_sockmsg header = { .type = XS_WRITE, .len = XENSTORE_PAYLOAD_MAX + 1 };
    int fd = client();
    char c;

    assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
    serve();
    assert_int_equal(read(fd, &c, 1), 0);
    assert_int_equal(conns(), 0);
    close(fd);
}

/* One that goes with requests sent and replies not fetched. */
static void test_gone(void **state)
{
    int fd = client();

    put(fd, XS_MKDIR, "/a", 3);
    put(fd, XS_TRANSACTION_START, "", 1);
    close(fd);
    serve();
    check_value(store, "/a", "");
    assert_int_equal(conns(), 0);
    assert_true(TAILQ_EMPTY(&store->transactions));
}

static void test_does_not_fetch(void **state)
{
    char payload[4096] = "/a";
    int slow = client(), other = client();
    struct xsd_sockmsg header = { .type = XS_READ, .len = 3 };
    char request[sizeof(header) + 3];

    put(other, XS_WRITE, payload, sizeof(payload));
    serve();
    get(other, XS_WRITE);
    memcpy(request, &header, sizeof(header));
    memcpy(request + sizeof(header), "/a", 3);
    /* Requests: it is not served any more, and waits. */
    for (unsigned int i = 0; i < 100000; i++) {
        if (write(slow, request, sizeof(request)) < 0) {
            break;
        }
        serve();
    }
    assert_true(write(slow, request, sizeof(request)) < 0);
    put(other, XS_READ, "/a", 3);
    serve();
    get(other, XS_READ);
    assert_int_equal(conns(), 2);
    close(slow);
    serve();
    assert_int_equal(conns(), 1);
    close(other);
}

static void test_events_not_fetched(void **state)
{
    char token[4000], request[4096];
    int slow = client();
    struct conn *other = conn_new(store, 0);

    memset(token, 't', sizeof(token));
    token[sizeof(token) - 1] = '\0';
    memcpy(request, "/a", 3);
    memcpy(request + 3, token, sizeof(token));
    put(slow, XS_WATCH, request, 3 + sizeof(token));
    serve();
    assert_int_equal(conns(), 2);
    for (unsigned int i = 0; i < 2 * QUOTA_DOM0_OUTPUT / sizeof(token); i++) {
        ask_write(other, 0, "/a", "1");
    }
    serve();
    assert_int_equal(conns(), 1);
    close(slow);
}

/* A client that comes before the daemon waits, and the socket outlives it. */
static void test_given_socket(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one;

    socket_close_all();
    unlink(path);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    one = client();
    put(one, XS_WRITE, "/a\0value", 8);
    socket_serve(&loop, store, fd);
    serve();
    get(one, XS_WRITE);
    check_value(store, "/a", "value");
    close(one);
    socket_close_all();
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_clients),      TEST(test_in_pieces),      TEST(test_too_long),
        TEST(test_gone),         TEST(test_does_not_fetch), TEST(test_events_not_fetched),
        TEST(test_given_socket),
    };

    return cmocka_run_group_tests_name("stored socket", tests, NULL, NULL);
}
