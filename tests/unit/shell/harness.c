/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "shell/command.h"
#include "shell/variables.h"

#include <ftw.h>

struct shell harness_shell;

static char *out_text, *err_text, folder[40];
static size_t out_size, err_size;

static void open_streams(void)
{
    harness_shell.out = open_memstream(&out_text, &out_size);
    harness_shell.err = open_memstream(&err_text, &err_size);
}

static void close_streams(void)
{
    fclose(harness_shell.out);
    fclose(harness_shell.err);
    free(out_text);
    free(err_text);
}

int harness_setup(void **state)
{
    strcpy(folder, "/tmp/pando-shell-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    fake_reset();
    fake_console = (struct fake_console){ 0 };
    shell_interrupted = 0;
    shell_init(&harness_shell);
    open_streams();
    harness_shell.log_folder = folder;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    return remove(path);
}

int harness_teardown(void **state)
{
    shell_close(&harness_shell);
    close_streams();
    fake_reset();
    variables_clear();
    for (size_t i = 0; i < sizeof(fake.configs) / sizeof(fake.configs[0]); i++)
        assert_null(fake.configs[i]);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *harness_out(void)
{
    fflush(harness_shell.out);
    return out_text;
}

const char *harness_err(void)
{
    fflush(harness_shell.err);
    return err_text;
}

void harness_clear(void)
{
    close_streams();
    open_streams();
}

int harness_run(const char *line)
{
    harness_clear();
    return command_run_line(&harness_shell, line);
}

void harness_expect(const char *line, int status, const char *out, const char *err)
{
    int found = harness_run(line);
    if (found != status || !strstr(harness_out(), out) || !strstr(harness_err(), err) ||
        (!*err && *harness_err()))
        fail_msg("%s: exit code %d\n%s%s", line, found, harness_out(), harness_err());
}

const char *harness_file(const char *name, const char *text)
{
    static char path[100];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

struct json *harness_json(const char *line)
{
    struct json_error error;
    assert_int_equal(harness_run(line), SHELL_OK);
    struct json *root = json_parse(harness_out(), strlen(harness_out()), &error);
    if (!root)
        fail_msg("%s: %u: %s\n%s", line, error.line, error.text, harness_out());
    return root;
}
