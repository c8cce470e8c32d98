/* SPDX-License-Identifier: MIT */
/* The loader of plugins: good ones work, bad ones are refused with a sentence and harm nothing. */
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/handle.h"
#include "ctl/plugin_host.h"

enum { LIMIT_MS = 1500 };

/* --- what the loader needs of the library ------------------------------------------------------
 */

enum pando_code pando_domain_info(pando_t *pando, uint32_t domid, struct pando_domain *info)
{
    *info = (struct pando_domain){ .id = domid };
    snprintf(info->name, sizeof(info->name), "guest%u", domid);
    return PANDO_OK;
}

static enum plugin_name name_use(const char *name)
{
    if (!strcmp(name, "list") || !strcmp(name, "config show"))
        return PLUGIN_NAME_TAKEN;
    return !strcmp(name, "config check") ? PLUGIN_NAME_FALLBACK : PLUGIN_NAME_FREE;
}

static void load(void)
{
    static struct plugin_rules rules = { .limit_ms = LIMIT_MS, .name_use = name_use };
    rules.folders = build_folder();
    plugins_unload();
    plugins_want(&rules);
    plugins_load();
}

static const struct plugin *find(const char *file)
{
    const struct plugin *plugin;
    for (size_t i = 0; (plugin = plugin_at(i)); i++)
        if (!strncmp(plugin->file, file, strlen(file)) &&
            !strcmp(plugin->file + strlen(file), ".so"))
            return plugin;
    fail_msg("%s was not found", file);
    return NULL;
}

static void expect_refused(const char *file, const char *reason)
{
    const struct plugin *plugin = find(file);
    assert_null(plugin->plugin);
    assert_non_null(plugin->reason);
    if (!strstr(plugin->reason, reason))
        fail_msg("%s: \"%s\", expected \"%s\"", file, plugin->reason, reason);
}

static void expect_loaded(const char *file)
{
    const struct plugin *plugin = find(file);
    if (plugin->reason)
        fail_msg("%s: %s", file, plugin->reason);
    assert_non_null(plugin->plugin);
}

static int teardown(void **state)
{
    plugins_unload();
    return build_teardown(state);
}

/* A command called @name. */
#define COMMAND(name)                                                                              \
    "static int run(const struct pando_plugin_call *call) { return 0; }"                           \
    "static const struct pando_plugin_command commands[] = {"                                      \
    "    { .name = \"" name "\", .summary = \"test\", .run = run }, { 0 } };"

/* --- loading --------------------------------------------------------------------------------- */

static void good_ones_are_loaded(void **state)
{
    build_plain("one", COMMAND("one"), ".commands = commands");
    build_plain("two", COMMAND("config two"), ".commands = commands");
    build_plain("empty", "", "");
    load();
    expect_loaded("one");
    expect_loaded("two");
    expect_loaded("empty");
    assert_string_equal(find("one")->version, "1.0");
    assert_string_equal(find("one")->folder, build_folder());
    assert_string_equal(plugin_command_at(0)->name, "one");
    assert_string_equal(plugin_command_at(1)->name, "config two");
    assert_null(plugin_command_at(2));
}

static void init_is_tried_and_then_done(void **state)
{
    char text[20] = "";
    char code[400];
    snprintf(code, sizeof(code),
             "static bool init(const struct pando_plugin_host *host, char *reason, size_t size)"
             "{ FILE *f = fopen(\"%s\", \"a\"); fputs(host->trial ? \"trial \" : \"real \", f);"
             "  fclose(f); return host->abi == PANDO_PLUGIN_ABI; }",
             build_path("log"));
    build_plain("init", code, ".init = init");
    load();
    expect_loaded("init");
    FILE *file = fopen(build_path("log"), "r");
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "trial real ");
}

static void bad_ones_are_refused(void **state)
{
    static const char init[] =
        "static bool init(const struct pando_plugin_host *h, char *reason, size_t size) ";
    char code[600];

    build_plugin("a-version",
                 "const struct pando_plugin pando_plugin = { .abi = 999, .size = 1 };");
    build_plugin("a-size", "const struct pando_plugin pando_plugin = { .abi = PANDO_PLUGIN_ABI, "
                           ".size = 8 };");
    build_plugin("b-symbol", "int pando_other;");
    build_plugin("b-unresolved",
                 "int no_such_function(void); int use(void) { return no_such_function(); }"
                 "const struct pando_plugin pando_plugin = { PANDO_PLUGIN_HEAD };");
    snprintf(code, sizeof(code), "%s{ *(volatile int *)8 = 1; return true; }", init);
    build_plain("c-crash", code, ".init = init");
    snprintf(code, sizeof(code), "%s{ abort(); }", init);
    build_plain("c-abort", code, ".init = init");
    build_plain("c-constructor",
                "__attribute__((constructor)) static void f(void) { raise(SIGSEGV); }", "");
    snprintf(code, sizeof(code), "%s{ exit(0); }", init);
    build_plain("c-exit", code, ".init = init");
    snprintf(code, sizeof(code), "%s{ for (;;) pause(); }", init);
    build_plain("d-hang", code, ".init = init");
    snprintf(code, sizeof(code), "%s{ strcpy(reason, \"no\\nlicence\"); return false; }", init);
    build_plain("e-fails", code, ".init = init");
    build_plain("f-pointer", "", ".commands = (const void *)64");
    FILE *file = fopen(build_path("g-text.so"), "w");
    fputs("not a library\n", file);
    fclose(file);
    build_plain("z-good", COMMAND("good"), ".commands = commands");

    load();
    expect_refused("a-version", "built for version 999");
    expect_refused("a-size", "PANDO_PLUGIN_HEAD");
    expect_refused("b-symbol", "no symbol pando_plugin");
    expect_refused("b-unresolved", "no_such_function");
    expect_refused("c-crash", "crashed");
    expect_refused("c-abort", "crashed");
    expect_refused("c-constructor", "crashed");
    expect_refused("c-exit", "ended the program");
    expect_refused("d-hang", "given up");
    expect_refused("e-fails", "no licence");
    expect_refused("f-pointer", "crashed");
    expect_refused("g-text", "cannot be loaded");
    expect_loaded("z-good");
    assert_string_equal(plugin_command_at(0)->name, "good");
    assert_null(plugin_command_at(1));
}

static void names_are_one_of_a_kind(void **state)
{
    build_plain("a", COMMAND("mine"), ".commands = commands");
    build_plain("b", COMMAND("mine"), ".commands = commands");
    build_plain("c", COMMAND("list"), ".commands = commands");
    build_plain("d", COMMAND("config show"), ".commands = commands");
    build_plain("e", COMMAND("config check"), ".commands = commands");
    build_plain("f", COMMAND("Bad Name"), ".commands = commands");
    build_plain("g", "", ".summary = \"\\033[2J\"");
    build_plugin("h", "const struct pando_plugin pando_plugin = { PANDO_PLUGIN_HEAD, .name = \"a\","
                      " .version = \"2\" };");
    load();
    expect_loaded("a");
    expect_refused("b", "another plugin has the command \"mine\"");
    expect_refused("c", "one of Pando's own");
    expect_refused("d", "one of Pando's own");
    expect_refused("e", "one of Pando's own");
    expect_refused("f", "name of one of its commands");
    expect_refused("g", "plain text");
    expect_refused("h", "there is a plugin \"a\" already");
}

static void only_trusted_files_are_loaded(void **state)
{
    build_plain("a", "", "");
    build_plain("b", "", "");
    assert_int_equal(chmod(build_path("a.so"), 0666), 0);
    load();
    expect_refused("a", "others than root can write to it");
    expect_loaded("b");
    assert_int_equal(chmod(build_folder(), 0777), 0);
    load();
    expect_refused("b", "others than root can write to its folder");
}

static void an_empty_folder_is_fine(void **state)
{
    load();
    assert_null(plugin_at(0));
    assert_null(plugin_command_at(0));
    assert_null(plugin_panel_at(0, NULL));
}

/* --- hooks ---------------------------------------------------------------------------------- */

/* Writes what happens to a log; refuses to destroy guest 7. */
static void build_hook(const char *name, bool refuses)
{
    char code[1200];
    snprintf(code, sizeof(code),
             "static void say(const char *what, const struct pando_plugin_event *e)"
             "{ FILE *f = fopen(\"%s\", \"a\"); fprintf(f, \"%s %%s %%s %%d\\n\", what, e->name,"
             "  (int)e->result); fclose(f); }"
             "static bool before(const struct pando_plugin_event *e, char *reason, size_t size)"
             "{ say(\"before\", e); if (%d && e->domid == 7) { snprintf(reason, size,"
             "  \"it is \\033 needed\"); return false; } return true; }"
             "static void after(const struct pando_plugin_event *e) { say(\"after\", e); }"
             "static const struct pando_plugin_hook hooks[] = {"
             "  { PANDO_STEP_BIT(PANDO_STEP_DESTROY), before, after }, { 0 } };",
             build_path("log"), name, refuses);
    build_plain(name, code, ".hooks = hooks");
}

static enum pando_code destroy(uint32_t domid)
{
    struct plugin_step step = { .event = { .step = PANDO_STEP_DESTROY, .domid = domid } };
    enum pando_code code = plugin_step_begin(&step);
    return code ? code : plugin_step_end(&step, PANDO_OK);
}

static void expect_log(const char *expected)
{
    char text[500] = "";
    FILE *file = fopen(build_path("log"), "r");
    if (file) {
        text[fread(text, 1, sizeof(text) - 1, file)] = 0;
        fclose(file);
        remove(build_path("log"));
    }
    assert_string_equal(text, expected);
}

static void hooks_are_asked_and_told(void **state)
{
    struct plugin_step pause = { .event = { .step = PANDO_STEP_PAUSE, .domid = 7 } };
    build_hook("a", false);
    build_hook("b", true);
    build_hook("c", false);
    load();
    assert_int_equal(destroy(3), PANDO_OK);
    expect_log("a before guest3 0\nb before guest3 0\nc before guest3 0\n"
               "c after guest3 0\nb after guest3 0\na after guest3 0\n");

    assert_int_equal(destroy(7), PANDO_E_REFUSED);
    assert_string_equal(pando_error_text(NULL), "the plugin b refuses it: it is   needed");
    char expected[100];
    snprintf(expected, sizeof(expected),
             "a before guest7 0\nb before guest7 0\na after guest7 %d\n", PANDO_E_REFUSED);
    expect_log(expected);

    assert_int_equal(plugin_step_begin(&pause), PANDO_OK);
    assert_int_equal(plugin_step_end(&pause, PANDO_E_STATE), PANDO_E_STATE);
    expect_log("");
}

static void hooks_do_not_hide_errors(void **state)
{
    struct plugin_step step = { .event = { .step = PANDO_STEP_DESTROY, .domid = 1 } };
    build_hook("a", false);
    load();
    assert_int_equal(plugin_step_begin(&step), PANDO_OK);
    enum pando_code code = pando_fail(PANDO_E_STORE, "key", "the store is gone");
    assert_int_equal(plugin_step_end(&step, code), PANDO_E_STORE);
    assert_string_equal(pando_error_text(NULL), "the store is gone");
    assert_string_equal(pando_error_key(NULL), "key");
}

/* --- panels ------------------------------------------------------------------------------------
 */

static void panels_are_laid_out(void **state)
{
    const struct plugin *owner;
    build_plain(
        "a",
        "static bool fill(const struct pando_plugin_view *v, char *reason, size_t size) {"
        "  const char *head[] = { \"A\", \"LONG\", NULL }, *row[] = { \"\\303\\25122\", \"x\\ty\", "
        "NULL };"
        "  v->line(v, \"one\\ntwo\\033[m\"); v->row(v, head); v->row(v, row); v->line(v, \"end\");"
        "  snprintf(reason, size, \"tired\"); return v->guest != NULL; }"
        "static const struct pando_plugin_panel panels[] = {"
        "  { .name = \"host\", .title = \"Host\", .fill = fill },"
        "  { .name = \"guest\", .title = \"Guest\", .of_guest = true, .fill = fill }, { 0 } };",
        ".panels = panels");
    load();
    expect_loaded("a");
    const struct pando_plugin_panel *panel = plugin_panel_at(0, &owner);
    assert_string_equal(panel->name, "host");
    assert_string_equal(owner->name, "a");
    char *text = plugin_panel_text(panel, NULL, "ignored", 3);
    assert_string_equal(text, "one\ntwo?[m\nA    LONG\n\xc3\xa9"
                              "22  x?y\nend\ntired\n");
    free(text);
    text = plugin_panel_text(plugin_panel_at(1, NULL), NULL, "web", 3);
    assert_null(strstr(text, "tired"));
    free(text);
    assert_null(plugin_panel_at(2, NULL));
}

static void endless_panels_are_cut(void **state)
{
    build_plain("a",
                "static bool fill(const struct pando_plugin_view *v, char *reason, size_t size) {"
                "  for (int i = 0; i < 5000; i++) { const char *row[] = { \"x\", NULL };"
                "    v->line(v, \"line\"); v->row(v, row); } return true; }"
                "static const struct pando_plugin_panel panels[] = {"
                "  { .name = \"much\", .title = \"Much\", .fill = fill }, { 0 } };",
                ".panels = panels");
    load();
    char *text = plugin_panel_text(plugin_panel_at(0, NULL), NULL, NULL, PANDO_NO_DOMID);
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 1000);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_ones_are_loaded),          TEST(init_is_tried_and_then_done),
        TEST(bad_ones_are_refused),          TEST(names_are_one_of_a_kind),
        TEST(only_trusted_files_are_loaded), TEST(an_empty_folder_is_fine),
        TEST(hooks_are_asked_and_told),      TEST(hooks_do_not_hide_errors),
        TEST(panels_are_laid_out),           TEST(endless_panels_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
