/* SPDX-License-Identifier: MIT */
/* What commands print with --json, against what the manual says that they do. */
#include "plugin_host.h"
#include "fake_consoled.h"
#include "shell/layout_file.h"
#include "harness.h"
#include "shell/command.h"
#include "shell/listen.h"
#include "test_json.h"

static void check_object(const struct schema *schema, const struct json *object);

static void check_member(const struct schema_member *member, const struct json *value)
{
    static const enum json_type types[] = {
        [SCHEMA_STRING] = JSON_STRING, [SCHEMA_NUMBER] = JSON_NUMBER, [SCHEMA_FLAG] = JSON_BOOL,
        [SCHEMA_STRINGS] = JSON_ARRAY, [SCHEMA_OBJECTS] = JSON_ARRAY, [SCHEMA_SIGNED] = JSON_NUMBER,
    };
    uint64_t number;
    if (value->type != types[member->type])
        fail_msg("%s is %s", member->name, json_type_name(value->type));
    if (member->type == SCHEMA_NUMBER)
        assert_true(json_uint(value, &number));
    for (const struct json *item = value->first; item; item = item->next) {
        if (member->type == SCHEMA_STRINGS)
            assert_int_equal(item->type, JSON_STRING);
        else
            check_object(member->of, item);
    }
}

/* All members that there must be, none twice, and no others. */
static void check_object(const struct schema *schema, const struct json *object)
{
    size_t found = 0, count = 0;
    assert_int_equal(object->type, JSON_OBJECT);
    if (!schema->members)
        return;
    for (const struct json *value = object->first; value; value = value->next)
        count++;
    for (const struct schema_member *member = schema->members; member->name; member++) {
        const struct json *value = json_member(object, member->name);
        if (!value && !member->optional)
            fail_msg("a %s without %s", schema->name, member->name);
        if (value) {
            check_member(member, value);
            found++;
        }
    }
    if (found != count)
        fail_msg("a %s with members that are not documented", schema->name);
}

static void check_output(const struct command_output *output, const char *line)
{
    struct json *root = harness_json(line);
    if (output->list) {
        assert_int_equal(root->type, JSON_ARRAY);
        for (const struct json *item = root->first; item; item = item->next)
            check_object(output->schema, item);
        if (!root->first)
            fail_msg("%s: nothing to check", line);
    } else {
        check_object(output->schema, root);
    }
    json_free(root);
}

static const char *config_file(void)
{
    harness_file("kernel", "");
    return harness_file("vm.json", "{\"name\": \"vm\", \"memory\": 64, \"kernel\": \"kernel\"}");
}

/* A line for each form of a command, with --json behind it. */
static const struct {
    const char *command, *form, *line;
} lines[] = {
    { "config", "show GUEST", "config show vm" },
    { "config", "check FILE", "config check %s" },
    { "config", "help", "config help" },
    { "config", "help KEY", "config help disk.vdev" },
    { "create", "", "create --if-absent %s" },
    { "dmesg", "", "dmesg" },
    { "expect", "", "expect web 'b+'" },
    { "help", "", "help" },
    { "help", "COMMAND", "help create" },
    { "info", "", "info" },
    { "info", "GUEST", "info old" },
    { "list", "", "list" },
    { "layout", "", "layout" },
    { "log", "", "log" },
    { "log", "NAME", "log web" },
    { "plugins", "", "plugins" },
    { "set", "", "set" },
    { "vcpu-list", "", "vcpu-list" },
    { "version", "", "version" },
};

static void run_form(const struct command *command, const struct command_output *output)
{
    char format[100], line[300];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!strcmp(lines[i].command, command->name) && !strcmp(lines[i].form, output->form)) {
            snprintf(format, sizeof(format), "%s --json", lines[i].line);
            snprintf(line, sizeof(line), strstr(format, "%s") ? format : "%s",
                     strstr(format, "%s") ? config_file() : format);
            check_output(output, line);
            return;
        }
    fail_msg("%s %s: the test has no line for it", command->name, output->form);
}

void json_is_as_documented(void **state)
{
    char line[200], path[120];
    snprintf(path, sizeof(path), "%s/sock", harness_shell.log_folder);
    fake_consoled = (struct fake_consoled){ .guest = "web", .domid = 1 };
    fake_consoled_start(path);
    fake_consoled_say("abbbc");
    harness_shell.console_socket = path;
    harness_file("console-web.log", "one\ntwo\377\r\n\nthree");
    snprintf(line, sizeof(line), "create %s", config_file());
    assert_int_equal(harness_run(line), SHELL_OK);
    assert_int_equal(harness_run("set x y"), SHELL_OK);

    char layouts[200], error[100];
    setenv("XDG_CONFIG_HOME", harness_shell.log_folder, 1);
    layout_path(layouts, sizeof(layouts));
    assert_true(layout_file_write(layouts, strdup("{\"walls\": {}}"), error, sizeof(error)));

    const struct plugin_rules rules = { .folders = harness_shell.log_folder };
    harness_file("broken.so", "");
    plugins_want(&rules);

    for (size_t i = 0; commands[i]; i++) {
        const struct command_output *output = commands[i]->output;
        bool json = false;
        for (const struct option_info *option = commands[i]->options; option && option->name;
             option++)
            json = json || !strcmp(option->name, "json");
        assert_int_equal(json, output != NULL);
        for (; output && output->schema; output++)
            run_form(commands[i], output);
    }
    plugins_unload();
    listen_clear();
    fake_consoled_stop();
    unlink(layouts);
    *strrchr(layouts, '/') = 0;
    rmdir(layouts);
    unsetenv("XDG_CONFIG_HOME");
}

/* Commands that succeed print nothing, or what they print can be had as JSON. */
void silence_of_the_others(void **state)
{
    static const char *const silent[] = {
        "pause web",
        "unpause web",
        "rename web www",
        "mem-set www 100",
        "wait-for db paused",
        "set a b",
        "on-error continue",
        "shutdown www --if-present",
        "destroy old",
        "destroy old --if-present",
        "quit",
        NULL,
    };
    fake.obedient = true;
    for (size_t i = 0; silent[i]; i++) {
        assert_int_equal(harness_run(silent[i]), SHELL_OK);
        if (*harness_out() || *harness_err())
            fail_msg("%s: %s%s", silent[i], harness_out(), harness_err());
    }
}

void json_of_what_is_empty(void **state)
{
    fake.log = "";
    harness_expect("dmesg --json", SHELL_OK, "\"lines\": []", "");
    harness_expect("set --json", SHELL_OK, "[", "");
    harness_expect("log --json", SHELL_OK, "[", "");
    harness_file("console-web.log", "one\ntwo\377\r\n\nthree");
    harness_expect("log web --json --lines 3", SHELL_OK, "\"two\357\277\275\",", "");
    harness_expect("log web --json --lines 0", SHELL_OK, "[]", "");
    harness_expect("log web --json --follow", SHELL_USAGE, "", "--follow");
    harness_expect("dmesg --json --follow", SHELL_USAGE, "", "--follow");
}

void json_is_documented(void **state)
{
    assert_int_equal(harness_run("help --print json"), SHELL_OK);
    char *manual = strdup(harness_out());
    for (size_t i = 0; schemas[i]; i++) {
        char title[60];
        snprintf(title, sizeof(title), "\n.SS %s\n", schemas[i]->name);
        assert_non_null(strstr(manual, title));
    }
    for (size_t i = 0; commands[i]; i++)
        for (const struct command_output *output = commands[i]->output; output && output->schema;
             output++) {
            size_t n = 0;
            while (schemas[n] && schemas[n] != output->schema)
                n++;
            assert_non_null(schemas[n]);
        }
    free(manual);
    harness_expect("help --print frob", SHELL_USAGE, "", "expected commands, json, bash");
}
