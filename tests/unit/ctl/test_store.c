/* SPDX-License-Identifier: MIT */
/* The store client against a scripted daemon at the other end of a socket pair. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store_conn.h"
#include "store_nodes.h"

/* One thing that the daemon does: waits for a request (unless type is XS_INVALID), then answers. */
struct step {
    uint32_t type; /* of the request */
    uint32_t tx;
    const char *request; /* its payload */
    size_t request_size;
    uint32_t answer; /* type of the answer */
    const char *payload;
    size_t payload_size;
    const char *event; /* sent before the answer */
    size_t event_size;
};

#define S(text) text, sizeof(text) - 1

struct daemon {
    int fd;
    const struct step *steps;
    size_t count;
    bool hang_up; /* after the last step */
    pthread_t thread;
};

static struct store *store;
static struct daemon server;

static bool read_all(int fd, void *to, size_t size)
{
    char *p = to;

    while (size) {
        ssize_t n = read(fd, p, size);

        if (n <= 0) {
            return false;
        }
        p += n;
        size -= (size_t)n;
    }
    return true;
}

/*
 * Byte by byte, so that the client has to put messages together. It may hang up on
 * nonsense before all of it is sent.
 */
static void send_message(int fd, uint32_t type, uint32_t id, const char *payload, size_t size)
{
    struct xsd_sockmsg header = { .type = type, .req_id = id, .len = (uint32_t)size };
    const char *p = (const char *)&header;

    for (size_t i = 0; i < sizeof(header); i++) {
        if (send(fd, p + i, 1, MSG_NOSIGNAL) != 1) {
            return;
        }
    }
    if (size) {
        (void)!send(fd, payload, size, MSG_NOSIGNAL);
    }
}

static void *serve(void *arg)
{
    struct daemon *d = arg;
    char payload[XENSTORE_PAYLOAD_MAX + 1];

    for (size_t i = 0; i < d->count; i++) {
        const struct step *step = &d->steps[i];
        struct xsd_sockmsg header = { 0 };

        if (step->type != XS_INVALID) {
            /* Asserts do not work in threads: a wrong request is answered by EINVAL. */
            if (!read_all(d->fd, &header, sizeof(header)) || header.len > XENSTORE_PAYLOAD_MAX ||
                !read_all(d->fd, payload, header.len)) {
                break;
            }
            if (header.type != step->type || header.tx_id != step->tx ||
                header.len != step->request_size ||
                memcmp(payload, step->request, header.len) != 0) {
                fprintf(stderr, "step %zu: unexpected request %u\n", i, header.type);
                send_message(d->fd, XS_ERROR, header.req_id, S("EINVAL\0"));
                continue;
            }
        }
        if (step->event) {
            send_message(d->fd, XS_WATCH_EVENT, 0, step->event, step->event_size);
        }
        if (step->type != XS_INVALID) {
            send_message(d->fd, step->answer, header.req_id, step->payload, step->payload_size);
        }
    }
    if (d->hang_up) {
        close(d->fd);
        d->fd = -1;
    }
    return NULL;
}

static void start(const struct step *steps, size_t count, bool hang_up)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    store = store_open_fd(fds[0]);
    assert_non_null(store);
    server = (struct daemon){ .fd = fds[1], .steps = steps, .count = count, .hang_up = hang_up };
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
}

#define START(steps, hang_up) start(steps, sizeof(steps) / sizeof(steps[0]), hang_up)

static void finish(void)
{
    store_close(store);
    pthread_join(server.thread, NULL);
    if (server.fd >= 0) {
        close(server.fd);
    }
}

static void values_are_read(void **state)
{
    static const struct step steps[] = {
        { XS_READ, 0, S("/a\0"), XS_READ, S("hello") },
        { XS_READ, 7, S("/b\0"), XS_READ, S("") },
        { XS_READ, 0, S("/c\0"), XS_ERROR, S("ENOENT\0") },
        { XS_READ, 0, S("/d\0"), XS_READ, S("12345") },
        { XS_READ, 0, S("/d\0"), XS_READ, S("12x") },
        { XS_READ, 0, S("/d\0"), XS_READ, S("-1") },
        { XS_READ, 0, S("/e\0"), XS_READ, S("toolong") },
        { XS_READ, 0, S("/e\0"), XS_ERROR, S("EWHATEVER\0") },
    };
    char *value, buf[7];
    uint64_t number;
    size_t length;

    START(steps, false);
    assert_int_equal(store_read(store, 0, "/a", &value, &length), 0);
    assert_string_equal(value, "hello");
    assert_int_equal(length, 5);
    free(value);
    assert_int_equal(store_read(store, 7, "/b", &value, &length), 0);
    assert_int_equal(length, 0);
    free(value);
    assert_int_equal(store_read(store, 0, "/c", &value, &length), -ENOENT);
    assert_int_equal(store_read_u64(store, 0, "/d", &number), 0);
    assert_int_equal(number, 12345);
    assert_int_equal(store_read_u64(store, 0, "/d", &number), -EINVAL);
    assert_int_equal(store_read_u64(store, 0, "/d", &number), -EINVAL);
    assert_int_equal(store_read_buf(store, 0, "/e", buf, sizeof(buf)), -ENOSPC);
    assert_int_equal(store_read_buf(store, 0, "/e", buf, sizeof(buf)), -EIO);
    finish();
}

static void requests_are_as_the_protocol_has_them(void **state)
{
    static const struct step steps[] = {
        { XS_WRITE, 0, S("/a\0value"), XS_WRITE, S("OK\0") },
        { XS_WRITE, 0, S("/a\0n=5"), XS_WRITE, S("OK\0") },
        { XS_MKDIR, 3, S("/m\0"), XS_MKDIR, S("OK\0") },
        { XS_RM, 0, S("/m\0"), XS_RM, S("OK\0") },
        { XS_SET_PERMS, 0, S("/m\0n0\0r5\0"), XS_SET_PERMS, S("OK\0") },
        { XS_GET_PERMS, 0, S("/m\0"), XS_GET_PERMS, S("n0\0b12\0") },
        { XS_GET_PERMS, 0, S("/m\0"), XS_GET_PERMS, S("nonsense\0") },
        { XS_INTRODUCE, 0,
          S("4\0"
            "1044479\0"
            "1\0"),
          XS_INTRODUCE, S("OK\0") },
        { XS_RELEASE, 0, S("4\0"), XS_RELEASE, S("OK\0") },
        { XS_IS_DOMAIN_INTRODUCED, 0, S("4\0"), XS_IS_DOMAIN_INTRODUCED, S("F\0") },
        { XS_GET_DOMAIN_PATH, 0, S("4\0"), XS_GET_DOMAIN_PATH, S("/local/domain/4\0") },
    };
    const struct store_perm perms[] = { { 'n', 0 }, { 'r', 5 } };
    struct store_perm *got;
    bool introduced = true;
    size_t count;
    char *path;

    START(steps, false);
    assert_int_equal(store_write_str(store, 0, "/a", "value"), 0);
    assert_int_equal(store_write_fmt(store, 0, "/a", "n=%d", 5), 0);
    assert_int_equal(store_mkdir(store, 3, "/m"), 0);
    assert_int_equal(store_rm(store, 0, "/m"), 0);
    assert_int_equal(store_set_perms(store, 0, "/m", perms, 2), 0);
    assert_int_equal(store_get_perms(store, 0, "/m", &got, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(got[1].access, 'b');
    assert_int_equal(got[1].domid, 12);
    free(got);
    assert_int_equal(store_get_perms(store, 0, "/m", &got, &count), -EPROTO);
    assert_int_equal(store_introduce(store, 4, 1044479, 1), 0);
    assert_int_equal(store_release(store, 4), 0);
    assert_int_equal(store_is_introduced(store, 4, &introduced), 0);
    assert_false(introduced);
    assert_int_equal(store_domain_path(store, 4, &path), 0);
    assert_string_equal(path, "/local/domain/4");
    free(path);
    finish();
}

static void directories_are_split(void **state)
{
    static const struct step steps[] = {
        { XS_DIRECTORY, 0, S("/d\0"), XS_DIRECTORY, S("one\0two\0three\0") },
        { XS_DIRECTORY, 0, S("/d\0"), XS_DIRECTORY, S("") },
        /* Too long for one answer, and it changes while it is read. */
        { XS_DIRECTORY, 0, S("/d\0"), XS_ERROR, S("E2BIG\0") },
        { XS_DIRECTORY_PART, 0,
          S("/d\0"
            "0\0"),
          XS_DIRECTORY_PART, S("7\0aa\0") },
        { XS_DIRECTORY_PART, 0,
          S("/d\0"
            "3\0"),
          XS_DIRECTORY_PART, S("8\0bb\0") },
        { XS_DIRECTORY_PART, 0,
          S("/d\0"
            "0\0"),
          XS_DIRECTORY_PART, S("8\0aa\0bb\0") },
        { XS_DIRECTORY_PART, 0,
          S("/d\0"
            "6\0"),
          XS_DIRECTORY_PART, S("8\0cc\0\0") },
    };
    char **names;
    size_t count;

    START(steps, false);
    assert_int_equal(store_directory(store, 0, "/d", &names, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(names[2], "three");
    free(names);
    assert_int_equal(store_directory(store, 0, "/d", &names, &count), 0);
    assert_int_equal(count, 0);
    free(names);
    assert_int_equal(store_directory(store, 0, "/d", &names, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "aa");
    assert_string_equal(names[2], "cc");
    free(names);
    finish();
}

static void events_are_kept_while_an_answer_is_awaited(void **state)
{
    static const struct step steps[] = {
        { XS_WATCH, 0, S("/w\0tok\0"), XS_WATCH, S("OK\0"), S("/w\0tok\0") },
        { XS_READ, 0, S("/a\0"), XS_READ, S("1"), S("/w/x\0tok\0") },
        { .type = XS_INVALID, .event = "@releaseDomain\0r", .event_size = 17 },
        { XS_UNWATCH, 0, S("/w\0tok\0"), XS_UNWATCH, S("OK\0") },
    };
    static const char *const paths[] = { "/w", "/w/x", "@releaseDomain" };
    struct store_event event;
    char *value;

    START(steps, false);
    assert_int_equal(store_watch(store, "/w", "tok"), 0);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), 0);
    free(value);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_watch_next(store, -1, &event), 0);
        assert_string_equal(event.path, paths[i]);
        assert_string_equal(event.token, i < 2 ? "tok" : "r");
        store_event_free(&event);
    }
    assert_int_equal(store_watch_next(store, 1, &event), -ETIMEDOUT);
    assert_int_equal(store_watch_next(store, 0, &event), -ETIMEDOUT);
    assert_int_equal(store_unwatch(store, "/w", "tok"), 0);
    finish();
}

static void *wait_for_event(void *arg)
{
    struct store_event event;

    if (store_watch_next(store, -1, &event)) {
        return NULL;
    }
    return event.path;
}

/* One thread waits for an event, which another one takes from the socket on its way. */
static void a_waiting_thread_gets_its_event(void **state)
{
    static const struct step steps[] = {
        { XS_READ, 0, S("/a\0"), XS_READ, S("1"), S("/w\0tok\0") },
    };
    pthread_t thread;
    char *value;
    void *path;

    START(steps, false);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_event, NULL), 0);
    usleep(1000);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), 0);
    free(value);
    assert_int_equal(pthread_join(thread, &path), 0);
    assert_non_null(path);
    assert_string_equal(path, "/w");
    free(path);
    finish();
}

struct put {
    int calls;
};

static void put_fn(struct store_nodes *n, void *arg)
{
    struct put *put = arg;

    put->calls++;
    nodes_base(n, "/b/%d", 4);
    nodes_put(n, "x", "%s", "1");
    nodes_remove(n, "gone");
}

static void transactions_are_repeated(void **state)
{
    static const struct step steps[] = {
        { XS_TRANSACTION_START, 0, S("\0"), XS_TRANSACTION_START, S("11\0") },
        { XS_WRITE, 11,
          S("/b/4/x\0"
            "1"),
          XS_WRITE, S("OK\0") },
        { XS_RM, 11, S("/b/4/gone\0"), XS_ERROR, S("ENOENT\0") },
        { XS_TRANSACTION_END, 11, S("T\0"), XS_ERROR, S("EAGAIN\0") },
        { XS_TRANSACTION_START, 0, S("\0"), XS_TRANSACTION_START, S("12\0") },
        { XS_WRITE, 12,
          S("/b/4/x\0"
            "1"),
          XS_WRITE, S("OK\0") },
        { XS_RM, 12, S("/b/4/gone\0"), XS_RM, S("OK\0") },
        { XS_TRANSACTION_END, 12, S("T\0"), XS_TRANSACTION_END, S("OK\0") },
        { XS_TRANSACTION_START, 0, S("\0"), XS_TRANSACTION_START, S("13\0") },
        { XS_WRITE, 13,
          S("/b/4/x\0"
            "1"),
          XS_ERROR, S("EACCES\0") },
        { XS_TRANSACTION_END, 13, S("F\0"), XS_TRANSACTION_END, S("OK\0") },
    };
    struct put put = { 0 };

    START(steps, false);
    assert_int_equal(nodes_transaction(store, put_fn, &put), 0);
    assert_int_equal(put.calls, 2);
    assert_int_equal(nodes_transaction(store, put_fn, &put), -EACCES);
    finish();
}

static void a_daemon_that_goes_is_noticed(void **state)
{
    static const struct step steps[] = { { XS_READ, 0, S("/a\0"), XS_READ, S("1") } };
    struct store_event event;
    char *value;

    START(steps, true);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), 0);
    free(value);
    assert_false(store_failure(store));
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), -EPIPE);
    assert_true(store_failure(store));
    assert_int_equal(store_watch_next(store, -1, &event), -EPIPE);
    finish();
}

/* A socket that somebody listens on, but nobody accepts from. */
static void a_daemon_that_hangs_is_given_up(void **state)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), err;
    struct store *more[8];
    size_t count = 0;
    char *value;

    snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/pando-hangs-%d", (int)getpid());
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(store_open_within(&store, addr.sun_path, 20), 0);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), -ETIMEDOUT);
    assert_int_equal(store_failure(store), -ETIMEDOUT);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), -ETIMEDOUT);
    do {
        err = store_open_within(&more[count], addr.sun_path, 20);
        count += !err;
    } while (!err && count < 8);
    assert_int_equal(err, -ETIMEDOUT);
    while (count) {
        store_close(more[--count]);
    }
    store_close(store);
    close(fd);
    unlink(addr.sun_path);
}

static void nonsense_ends_the_connection(void **state)
{
    static const struct step wrong_type[] = { { XS_READ, 0, S("/a\0"), XS_WRITE, S("1") } };
    static const struct step bad_event[] = { { XS_READ, 0, S("/a\0"), XS_READ, S("1"),
                                               S("/w\0") } };
    char *value;

    START(wrong_type, false);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), -EPROTO);
    assert_true(store_failure(store));
    finish();
    START(bad_event, false);
    assert_int_equal(store_read(store, 0, "/a", &value, NULL), -EPROTO);
    finish();
}

static void too_long_a_request_is_not_sent(void **state)
{
    static char large[XENSTORE_PAYLOAD_MAX];

    start(NULL, 0, false);
    assert_int_equal(store_write(store, 0, "/a", large, sizeof(large)), -E2BIG);
    assert_false(store_failure(store));
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(requests_are_as_the_protocol_has_them),
        cmocka_unit_test(directories_are_split),
        cmocka_unit_test(events_are_kept_while_an_answer_is_awaited),
        cmocka_unit_test(a_waiting_thread_gets_its_event),
        cmocka_unit_test(transactions_are_repeated),
        cmocka_unit_test(a_daemon_that_goes_is_noticed),
        cmocka_unit_test(a_daemon_that_hangs_is_given_up),
        cmocka_unit_test(nonsense_ends_the_connection),
        cmocka_unit_test(too_long_a_request_is_not_sent),
    };

    return cmocka_run_group_tests_name("ctl-store", tests, NULL, NULL);
}
