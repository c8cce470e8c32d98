/* SPDX-License-Identifier: MIT */
/*
 * What a daemon says to who started it, and the socket that it is given. Each runs in a process of
 * its own, since that is what the protocol is about.
 */
#include "test.h"

#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_PATH "socket"

static char folder[] = "/tmp/pando-service-XXXXXX";

static int enter_folder(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    return chdir(folder);
}

static int leave_folder(void **state)
{
    static const char *const files[] = { "notify", "pid", "other", SOCKET_PATH };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        unlink(files[i]);
    }
    return chdir("/") || rmdir(folder);
}

static int unix_socket(int type, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type, 0);

    strcpy(address.sun_path, path);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Runs it in a child; what it returns is the child's exit status. */
static int in_child(int (*run)(void))
{
    pid_t pid = fork();
    int status;

    if (!pid) {
        _exit(run());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* --- ready ---------------------------------------------------------------------------- */

static void test_manager_is_told(void **state)
{
    char message[32] = "";
    int fd = unix_socket(SOCK_DGRAM, "notify");

    setenv("NOTIFY_SOCKET", "notify", 1);
    service_ready();
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(recv(fd, message, sizeof(message), MSG_DONTWAIT), 7);
    assert_string_equal(message, "READY=1");
    close(fd);
}

static void test_manager_without_name(void **state)
{
    char path[64], message[32] = "";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                 (size_t)snprintf(path, sizeof(path), "@pando-test-%d", getpid()));

    strcpy(address.sun_path, path);
    address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    service_ready();
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(recv(fd, message, sizeof(message), MSG_DONTWAIT), 7);
    close(fd);
}

static int detach_and_be_ready(void)
{
    if (service_detach()) {
        return 2;
    }
    service_ready();
    return 3;
}

static int detach_and_fail(void)
{
    return service_detach() ? 2 : 3;
}

static void test_starter_waits(void **state)
{
    assert_int_equal(in_child(detach_and_be_ready), 0);
    assert_int_equal(in_child(detach_and_fail), 1);
}

static void test_pid_file(void **state)
{
    int pid = 0;
    FILE *file;

    assert_int_equal(service_write_pid("pid"), 0);
    file = fopen("pid", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    assert_int_equal(pid, getpid());
    assert_int_equal(service_write_pid("no-such-folder/pid"), -ENOENT);
}

/* --- the socket ----------------------------------------------------------------------------- */

/* As a service manager does: descriptor 3 is another socket, 4 the one asked for. */
static void give_sockets(void)
{
    int other = unix_socket(SOCK_DGRAM, "other"), fd = unix_socket(SOCK_STREAM, SOCKET_PATH);
    char pid[16];

    listen(fd, 1);
    dup2(fcntl(other, F_DUPFD, 10), 3);
    dup2(fcntl(fd, F_DUPFD, 10), 4);
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "2", 1);
}

static int find_socket(void)
{
    int fd;

    give_sockets();
    fd = service_socket(SOCKET_PATH);
    if (fd != 4 || !(fcntl(fd, F_GETFL) & O_NONBLOCK) || !(fcntl(fd, F_GETFD) & FD_CLOEXEC)) {
        return 1;
    }
    return service_socket("other") >= 0 || service_socket("elsewhere") >= 0 ? 2 : 0;
}

static int find_none_of_others(void)
{
    give_sockets();
    setenv("LISTEN_PID", "1", 1);
    return service_socket(SOCKET_PATH) >= 0;
}

static int find_none_in_nonsense(void)
{
    static const char *const counts[] = { "", "-1", "0", "two", "1", "99999999999999999999" };
    int found = 0;

    give_sockets();
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        setenv("LISTEN_FDS", counts[i], 1);
        found += service_socket("elsewhere") >= 0;
    }
    unsetenv("LISTEN_FDS");
    return found + (service_socket(SOCKET_PATH) >= 0);
}

static void test_socket_is_found(void **state)
{
    assert_int_equal(in_child(find_socket), 0);
}

static void test_socket_of_others(void **state)
{
    assert_int_equal(in_child(find_none_of_others), 0);
}

static void test_socket_nonsense(void **state)
{
    assert_int_equal(in_child(find_none_in_nonsense), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_manager_is_told, enter_folder, leave_folder),
        cmocka_unit_test(test_manager_without_name),
        cmocka_unit_test(test_starter_waits),
        cmocka_unit_test_setup_teardown(test_pid_file, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_socket_is_found, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_socket_of_others, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_socket_nonsense, enter_folder, leave_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
