/* SPDX-License-Identifier: MIT */
/*
 * The attach client in a process of its own, on a pseudo-terminal or on pipes, against consoled in
 * this one.
 */
#include "test.h"
#include "attach.h"
#include "daemon.h"
#include "fake_store.h"
#include "fake_xen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The child's exit code is this plus what console_attach() has returned. */
#define RESULT 100

/* Time after which something is taken not to happen any more. */
#define LIMIT_S 20

static struct {
    pid_t pid;
    int in, out; /* to its input, from its output */
    int tty;     /* the terminal's other end, kept open to look at its modes */
    struct termios cooked;
    int status; /* of waitpid(), when done */
    bool done;
    size_t length;
    char text[1 << 20];
} child;

static int setup(void **state)
{
    daemon_setup(state);
    memset(&child, 0, sizeof(child));
    child.tty = child.in = child.out = -1;
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    return 0;
}

static int teardown(void **state)
{
    if (child.pid && !child.done) {
        kill(child.pid, SIGKILL);
        waitpid(child.pid, NULL, 0);
    }
    if (child.out != child.in && child.out >= 0) {
        close(child.out);
    }
    if (child.in >= 0) {
        close(child.in);
    }
    if (child.tty >= 0) {
        close(child.tty);
    }
    return daemon_teardown(state);
}

/* --- the child ------------------------------------------------------------------------- */

static void call_exit(int signal)
{
    exit(RESULT - 1);
}

static void run_client(const struct console_attach_options *options)
{
    struct console_attach_options with_socket = *options;

    with_socket.socket = socket_path;
    setenv("TERM", "xterm", 1);
    signal(SIGUSR1, call_exit);
    /* A shell starts what runs in its background with these ignored, which is left as it is. */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    for (int fd = 3; fd < 100; fd++) {
        close(fd);
    }
    _exit(RESULT + console_attach("demo", &with_socket));
}

static void start_on_terminal(const struct console_attach_options *options)
{
    struct winsize size = { .ws_row = 25, .ws_col = 90 };
    int master, slave;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(slave, &child.cooked), 0);
    child.pid = fork();
    if (child.pid == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        dup2(slave, 0);
        dup2(slave, 1);
        dup2(slave, 2);
        run_client(options);
    }
    child.tty = slave;
    child.in = child.out = master;
    fcntl(master, F_SETFL, O_NONBLOCK);
}

static void start_on_pipes(const struct console_attach_options *options)
{
    int in[2], out[2];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    child.pid = fork();
    if (child.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        run_client(options);
    }
    close(in[0]);
    close(out[1]);
    child.in = in[1];
    child.out = out[0];
    fcntl(child.out, F_SETFL, O_NONBLOCK);
}

/* --- what happens ------------------------------------------------------------------------ */

/* Lets daemon and child go on for a little, and takes what the child has written. */
static void pump(void)
{
    struct timespec pause = { .tv_nsec = 300000 };
    ssize_t n;

    consoled_turn(&the_daemon, 0, NULL);
    n = read(child.out, child.text + child.length, sizeof(child.text) - 1 - child.length);
    if (n > 0) {
        child.length += (size_t)n;
        return;
    }
    if (!child.done && waitpid(child.pid, &child.status, WNOHANG | WUNTRACED) == child.pid) {
        child.done = !WIFSTOPPED(child.status);
    }
    nanosleep(&pause, NULL);
}

/* Goes on until the condition holds. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        time_t limit = time(NULL) + LIMIT_S;                                                       \
        while (!(condition)) {                                                                     \
            if (time(NULL) > limit) {                                                              \
                fail_msg("never: %s; the client wrote: %s", #condition, child.text);               \
            }                                                                                      \
            pump();                                                                                \
        }                                                                                          \
    } while (0)

static bool shows(const char *text)
{
    return memmem(child.text, child.length, text, strlen(text)) != NULL;
}

static bool is_raw(void)
{
    struct termios now;

    assert_int_equal(tcgetattr(child.tty, &now), 0);
    return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

static bool is_restored(void)
{
    struct termios now;

    assert_int_equal(tcgetattr(child.tty, &now), 0);
    return now.c_lflag == child.cooked.c_lflag && now.c_iflag == child.cooked.c_iflag &&
           now.c_oflag == child.cooked.c_oflag && now.c_cflag == child.cooked.c_cflag &&
           !memcmp(now.c_cc, child.cooked.c_cc, sizeof(now.c_cc));
}

static void child_input(const char *text)
{
    assert_int_equal(write(child.in, text, strlen(text)), strlen(text));
}

/* What has come for the guest so far, added up. */
static bool guest_got(const char *text)
{
    static char got[10000];
    static size_t length;
    size_t n = fake_guest_read(1, got + length, sizeof(got) - 1 - length);

    length += n;
    got[length] = '\0';
    if (strcmp(got, text)) {
        return false;
    }
    length = 0;
    return true;
}

static int exit_code(void)
{
    UNTIL(child.done);
    assert_true(WIFEXITED(child.status));
    return WEXITSTATUS(child.status);
}

/* --- on a terminal -------------------------------------------------------------------------- */

static const struct console_attach_options normal = { .escape = CONSOLE_ESCAPE_DEFAULT };

static void session_on_a_terminal(void **state)
{
    fake_guest_say(1, "scrollback\r\n");
    daemon_settle();
    start_on_terminal(&normal);
    UNTIL(shows("scrollback\r\n"));
    assert_true(shows("[pando: console of demo; Ctrl-] detaches]"));
    assert_true(is_raw());
    /* All keys go to the guest as they are, and nothing is echoed but by the guest. */
    child_input("ls\r\003\032\034\177\004");
    UNTIL(guest_got("ls\r\003\032\034\177\004"));
    fake_guest_say(1, "a\nb\r\n");
    UNTIL(shows("a\nb\r\n"));
    child_input("x\035not sent");
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
    assert_true(is_restored());
    UNTIL(guest_got("x"));
    UNTIL(shows("[pando: detached from demo]"));
    assert_true(shows("\033[?25h")); /* the cursor, should the guest have hidden it */
}

static void another_escape_key(void **state)
{
    struct console_attach_options options = { .escape = 0x01 };

    start_on_terminal(&options);
    UNTIL(shows("Ctrl-A detaches]"));
    child_input("\035");
    UNTIL(guest_got("\035"));
    child_input("\001");
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
}

/* A signal restores the terminal, and then does to the process what it always does. */
static void signals_restore_the_terminal(void **state)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS };

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        child.done = false;
        start_on_terminal(&normal);
        UNTIL(is_raw());
        kill(child.pid, signals[i]);
        UNTIL(child.done);
        assert_true(WIFSIGNALED(child.status));
        assert_int_equal(WTERMSIG(child.status), signals[i]);
        assert_true(is_restored());
        close(child.in);
        close(child.tty);
        child.in = child.out = child.tty = -1;
    }
    daemon_settle();
    assert_int_equal(the_daemon.client_count, 0);
}

static void exit_restores_the_terminal(void **state)
{
    start_on_terminal(&normal);
    UNTIL(is_raw());
    kill(child.pid, SIGUSR1);
    assert_int_equal(exit_code(), RESULT - 1);
    assert_true(is_restored());
}

static void stop_and_continue(void **state)
{
    start_on_terminal(&normal);
    UNTIL(is_raw());
    kill(child.pid, SIGTSTP);
    UNTIL(WIFSTOPPED(child.status));
    assert_true(is_restored());
    kill(child.pid, SIGCONT);
    UNTIL(is_raw());
    child_input("\035");
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
    assert_true(is_restored());
}

static void size_is_sent_and_sent_again(void **state)
{
    struct winsize size = { .ws_row = 40, .ws_col = 100 };

    start_on_terminal(&normal);
    UNTIL(the_daemon.client_count && the_daemon.clients[0]->columns == 90);
    assert_int_equal(the_daemon.clients[0]->rows, 25);
    ioctl(child.tty, TIOCSWINSZ, &size);
    kill(child.pid, SIGWINCH);
    UNTIL(the_daemon.clients[0]->columns == 100 && the_daemon.clients[0]->rows == 40);
}

static void read_only_says_so(void **state)
{
    struct console_attach_options options = { .escape = CONSOLE_ESCAPE_DEFAULT, .read_only = true };

    start_on_terminal(&options);
    UNTIL(shows("[pando: console of demo, read-only; Ctrl-] detaches]"));
    child_input("rm\r");
    UNTIL(shows("[pando: read-only: what you type is not sent to the guest]"));
    child_input("\035");
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
    assert_int_equal(fake_guest_read(1, (char[8]){ 0 }, 8), 0);
}

/* The terminal is not asked by old output, only by new. */
static void replay_asks_nothing(void **state)
{
    fake_guest_say(1, "old\033[6nold\r\n");
    daemon_settle();
    start_on_terminal(&normal);
    UNTIL(shows("oldold"));
    UNTIL(the_daemon.client_count && !the_daemon.clients[0]->replaying);
    fake_guest_say(1, "new\033[6nnew");
    UNTIL(shows("new\033[6nnew"));
}

static void end_of_the_guest(void **state)
{
    struct console_attach_options options = { .escape = CONSOLE_ESCAPE_DEFAULT,
                                              .follow = CONSOLE_FOLLOW_NEVER };

    start_on_terminal(&options);
    UNTIL(shows("detaches]"));
    fake_guest_say(1, "Power down");
    fake_store_remove_guest(1);
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_ENDED);
    assert_true(is_restored());
    UNTIL(shows("[pando: guest demo has ended]"));
    assert_true(shows("Power down"));
}

static void follow_over_a_reboot(void **state)
{
    start_on_terminal(&normal);
    UNTIL(shows("detaches]"));
    fake_store_remove_guest(1);
    UNTIL(shows("[pando: guest demo has ended; stay for its next start, or detach]"));
    fake_xen_new_domain(1);
    fake_store_add_guest(1, "demo", UUID_A);
    fake_guest_say(1, "Linux again");
    UNTIL(shows("Linux again"));
    child_input("hi");
    UNTIL(guest_got("hi"));
    child_input("\035");
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
}

static void end_of_consoled(void **state)
{
    start_on_terminal(&normal);
    UNTIL(is_raw() && the_daemon.client_count);
    daemon_restart();
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_FAILED);
    assert_true(is_restored());
    UNTIL(shows("the console daemon has gone; attach again when it is back"));
}

/* Whoever floods the screen doesn't keep the user from leaving. */
static void detach_from_a_flood(void **state)
{
    char junk[2048];

    memset(junk, 'j', sizeof(junk));
    start_on_terminal(&normal);
    UNTIL(shows("detaches]"));
    for (int i = 0; i < 200; i++) {
        fake_guest_write(1, junk, sizeof(junk));
        consoled_turn(&the_daemon, 100000, NULL);
    }
    child_input("\035");
    for (int i = 0; i < 2000 && !child.done; i++) {
        fake_guest_write(1, junk, sizeof(junk));
        child.length = 0;
        pump();
    }
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
    assert_true(is_restored());
}

/* --- on pipes ------------------------------------------------------------------------------- */

static void pipes_until_the_guest_ends(void **state)
{
    struct console_attach_options options = { .escape = CONSOLE_ESCAPE_DEFAULT, .no_replay = true };

    start_on_pipes(&options);
    child_input("uname -a\n");
    close(child.in);
    child.in = -1;
    UNTIL(guest_got("uname -a\n"));
    fake_guest_say(1, "Linux\n\033[6n");
    UNTIL(shows("Linux\n\033[6n"));
    assert_false(child.done);
    fake_store_remove_guest(1);
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_ENDED);
    UNTIL(shows("pando: guest demo has ended\n"));
}

static void pipes_until_the_escape_byte(void **state)
{
    char *much = malloc(60001);

    for (int i = 0; i < 60000; i++) {
        much[i] = (char)('a' + i % 23);
    }
    much[60000] = '\0';
    fake_guest_say(1, "scrollback");
    daemon_settle();
    start_on_pipes(&normal);
    child_input(much);
    child_input("\035");
    for (int i = 0; i < 60000;) {
        char buf[1000];
        size_t n = fake_guest_read(1, buf, sizeof(buf));

        assert_memory_equal(buf, much + i, n);
        i += (int)n;
        pump();
        /* It may go when what is left has reached the daemon. */
        assert_false(child.done && i + GUEST_INPUT_MAX + RING_IN_SIZE < 60000);
    }
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_DETACHED);
    assert_true(shows("scrollback"));
    assert_false(shows("detached"));
    free(much);
}

/* A reader that is slow gets everything all the same, as long as the scrollback holds it. */
static void pipe_of_a_slow_reader(void **state)
{
    size_t total = 300000, sent = 0;
    char junk[1000];

    memset(junk, 'j', sizeof(junk));
    start_on_pipes(&normal);
    while (sent < total) {
        sent += fake_guest_write(1, junk, sizeof(junk));
        consoled_turn(&the_daemon, 100000, NULL);
    }
    while (fake_guest_pending(1)) {
        consoled_turn(&the_daemon, 100000, NULL);
    }
    fake_guest_say(1, "END");
    fake_store_remove_guest(1);
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_ENDED);
    UNTIL(shows("jEND"));
    assert_true(child.length > total);
}

static void no_such_guest_and_no_daemon(void **state)
{
    struct console_attach_options options = { .socket = socket_path };
    int err = dup(2), null = open("/dev/null", O_WRONLY);
    pid_t pid = fork();

    if (pid == 0) {
        dup2(null, 2);
        _exit(RESULT + console_attach("nobody", &options));
    }
    child.pid = pid;
    child.out = null;
    assert_int_equal(exit_code(), RESULT + CONSOLE_ATTACH_NO_GUEST);
    dup2(null, 2);
    options.socket = "/nonexistent/socket";
    assert_int_equal(console_attach("demo", &options), CONSOLE_ATTACH_FAILED);
    assert_int_equal(console_attach("", &options), CONSOLE_ATTACH_NO_GUEST);
    dup2(err, 2);
    close(err);
}

static int count_console(const struct console_info *info, void *context)
{
    assert_string_equal(info->name, "demo");
    assert_true(info->alive);
    (*(int *)context)++;
    return 0;
}

static void list_by_the_client(void **state)
{
    int count = 0;

    child.pid = fork();
    if (child.pid == 0) {
        _exit(console_list(socket_path, count_console, &count) ? 1 : RESULT + count);
    }
    child.out = open("/dev/null", O_RDONLY);
    assert_int_equal(exit_code(), RESULT + 1);
    assert_int_equal(console_list("/nonexistent/socket", count_console, &count), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(session_on_a_terminal),
        TEST(another_escape_key),
        TEST(signals_restore_the_terminal),
        TEST(exit_restores_the_terminal),
        TEST(stop_and_continue),
        TEST(size_is_sent_and_sent_again),
        TEST(read_only_says_so),
        TEST(replay_asks_nothing),
        TEST(end_of_the_guest),
        TEST(follow_over_a_reboot),
        TEST(end_of_consoled),
        TEST(detach_from_a_flood),
        TEST(pipes_until_the_guest_ends),
        TEST(pipes_until_the_escape_byte),
        TEST(pipe_of_a_slow_reader),
        TEST(no_such_guest_and_no_daemon),
        TEST(list_by_the_client),
    };

    return cmocka_run_group_tests_name("console attach client", tests, NULL, NULL);
}
