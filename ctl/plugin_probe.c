/* SPDX-License-Identifier: MIT */
/* Loads a plugin, in a child process first: there it may crash or hang. */
#include "plugin_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a sentence of a plugin's may hold on its way to a terminal. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

/* dlerror() without the path, which everybody names already. */
static void loader_reason(const char *path, char *reason, size_t size)
{
    const char *text = dlerror();
    size_t length = strlen(path);
    if (!text)
        text = "unknown error";
    if (!strncmp(text, path, length) && !strncmp(text + length, ": ", 2))
        text += length + 2;
    snprintf(reason, size, "it cannot be loaded: %s", text);
}

const struct pando_plugin *plugin_open(const char *path, bool trial, void **handle, char *reason,
                                       size_t size)
{
    const struct pando_plugin_host host = {
        .size = sizeof(host),
        .abi = PANDO_PLUGIN_ABI,
        .version = PANDO_VERSION,
        .trial = trial,
    };
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!*handle) {
        loader_reason(path, reason, size);
        return NULL;
    }
    const struct pando_plugin *plugin = dlsym(*handle, "pando_plugin");
    if (!plugin) {
        snprintf(reason, size, "it has no symbol pando_plugin: see pando-plugin(7)");
    } else if (plugin_check(plugin, reason, size)) {
        *reason = 0;
        if (!plugin->init || plugin->init(&host, reason, size))
            return plugin;
        reason[size - 1] = 0;
        make_plain(reason);
        if (!*reason)
            snprintf(reason, size, "its init() failed without saying why");
    }
    dlclose(*handle);
    *handle = NULL;
    return NULL;
}

/* In the child: the answer is an empty sentence if all went well. */
static void child(const char *path, int out) __attribute__((noreturn));

static void child(const char *path, int out)
{
    const struct rlimit none = { 0, 0 };
    char reason[PANDO_PLUGIN_REASON_MAX] = "";
    void *handle;

    setrlimit(RLIMIT_CORE, &none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    /* What the plugin leaves behind must not outlive the trial. */
    setpgid(0, 0);
    if (plugin_open(path, true, &handle, reason, sizeof(reason)))
        *reason = 0;
    size_t length = strlen(reason) + 1;
    _exit(write(out, reason, length) == (ssize_t)length ? 0 : 1);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads the answer with its NUL. False: none came in time, or it ended without one (@closed). */
static bool read_answer(int fd, int limit_ms, char *reason, size_t size, bool *closed)
{
    int64_t deadline = now_ms() + limit_ms;
    size_t used = 0;
    *closed = false;
    while (used < size) {
        struct pollfd poller = { .fd = fd, .events = POLLIN };
        int64_t left = deadline - now_ms();
        int ready = poll(&poller, 1, left > 0 ? (int)left : 0);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t got = read(fd, reason + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            *closed = true;
            return false;
        }
        used += (size_t)got;
        if (!reason[used - 1])
            return true;
    }
    return false;
}

static void describe_end(int status, char *reason, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(reason, size, "it crashed while it was loaded: %s", strsignal(WTERMSIG(status)));
    else
        snprintf(reason, size, "it ended the program while it was loaded");
}

static void wait_for(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
}

bool plugin_probe(const char *path, int limit_ms, char *reason, size_t size)
{
    int fds[2], status = 0;
    bool closed;

    if (pipe2(fds, O_CLOEXEC)) {
        snprintf(reason, size, "it cannot be tried out: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        child(path, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        snprintf(reason, size, "it cannot be tried out: %s", strerror(errno));
        close(fds[0]);
        return false;
    }
    setpgid(pid, pid);
    bool answered = read_answer(fds[0], limit_ms, reason, size, &closed);
    close(fds[0]);
    if (!answered && closed) {
        wait_for(pid, &status);
        describe_end(status, reason, size);
        return false;
    }
    kill(-pid, SIGKILL);
    wait_for(pid, &status);
    if (answered)
        return !*reason;
    snprintf(reason, size, "loading it was not done within %d ms, and was given up", limit_ms);
    return false;
}
