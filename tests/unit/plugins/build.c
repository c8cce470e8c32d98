/* SPDX-License-Identifier: MIT */
#include "build.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[40];

int build_setup(void **state)
{
    strcpy(folder, "/tmp/pando-plugins-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    return remove(path);
}

int build_teardown(void **state)
{
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *build_folder(void)
{
    return folder;
}

const char *build_path(const char *file)
{
    static char path[120];
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    return path;
}

void build_plugin(const char *name, const char *code)
{
    char command[300], file[80];
    snprintf(file, sizeof(file), "%s.c", name);
    FILE *out = fopen(build_path(file), "w");
    assert_non_null(out);
    fprintf(out,
            "#include \"plugin.h\"\n#include <signal.h>\n#include <stdlib.h>\n"
            "#include <string.h>\n#include <unistd.h>\n%s\n",
            code);
    fclose(out);
    snprintf(command, sizeof(command),
             "gcc -shared -fPIC -w -D_GNU_SOURCE -Ictl -o %s/%s.so %s/%s.c", folder, name, folder,
             name);
    assert_int_equal(system(command), 0);
}

void build_plain(const char *name, const char *code, const char *members)
{
    char *text;
    assert_true(asprintf(&text,
                         "%s\nPANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = { "
                         "PANDO_PLUGIN_HEAD, .name = \"%s\", .version = \"1.0\", %s };",
                         code, name, members) > 0);
    build_plugin(name, text);
    free(text);
}
