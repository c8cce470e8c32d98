/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paths.h"

#define STATE_PATH_MAX (sizeof(PANDO_BUILDING_DIR) + 32)

static const char *const folders[] = {
    [DOMAIN_STATE_LIVE] = PANDO_DOMAIN_DIR,
    [DOMAIN_STATE_RESTART] = PANDO_RESTART_DIR,
    [DOMAIN_STATE_BUILDING] = PANDO_BUILDING_DIR,
};

static void state_path(enum domain_state kind, uint32_t domid, const char *suffix,
                       char path[STATE_PATH_MAX])
{
    snprintf(path, STATE_PATH_MAX, "%s/%u.json%s", folders[kind], domid, suffix);
}

static int write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return 0;
}

enum pando_code domain_state_save(enum domain_state kind, uint32_t domid,
                                  const struct pando_config *config)
{
    char path[STATE_PATH_MAX], temporary[STATE_PATH_MAX], *json;
    enum pando_code code = PANDO_OK;
    int fd;

    if (make_dir(folders[kind]) < 0) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "%s: %s", folders[kind], strerror(errno));
    }
    json = pando_config_print(config);
    if (!json) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    state_path(kind, domid, "", path);
    state_path(kind, domid, ".new", temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    /* Complete or not at all: the lifecycle daemon may read it at any time. */
    if (fd < 0 || write_all(fd, json) < 0 || rename(temporary, path) < 0) {
        code = pando_fail(PANDO_E_SYSTEM, NULL, "%s cannot be written: %s", path, strerror(errno));
        unlink(temporary);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(json);
    return code;
}

enum pando_code domain_state_load(enum domain_state kind, uint32_t domid,
                                  struct pando_config *config)
{
    struct pando_problems problems = { 0 };
    char path[STATE_PATH_MAX];
    enum pando_code code;

    state_path(kind, domid, "", path);
    if (access(path, R_OK) < 0) {
        pando_config_init(config);
        return pando_fail(PANDO_E_NOT_FOUND, NULL,
                          "guest %u has no saved configuration (%s): it was not created by pando",
                          domid, path);
    }
    code = pando_config_load(config, path, NULL, 0, PANDO_CONFIG_NO_FILES, &problems);
    if (code) {
        char *text = pando_problems_text(&problems);

        pando_fail(code, NULL, "%s", text ? text : "out of memory");
        free(text);
    }
    pando_problems_free(&problems);
    return code;
}

void domain_state_remove(enum domain_state kind, uint32_t domid)
{
    char path[STATE_PATH_MAX];

    state_path(kind, domid, "", path);
    unlink(path);
}

enum pando_code domain_state_list(enum domain_state kind, uint32_t **ids, size_t *count)
{
    DIR *dir = opendir(folders[kind]);
    struct dirent *entry;
    uint32_t *list = NULL;
    size_t n = 0;

    *ids = NULL;
    *count = 0;
    while (dir && (entry = readdir(dir))) {
        uint32_t *bigger, id;
        int end = 0;

        if (sscanf(entry->d_name, "%u.json%n", &id, &end) != 1 || !end || entry->d_name[end]) {
            continue;
        }
        bigger = reallocarray(list, n + 1, sizeof(*list));
        if (!bigger) {
            free(list);
            closedir(dir);
            return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
        }
        list = bigger;
        list[n++] = id;
    }
    if (dir) {
        closedir(dir);
    }
    *ids = list;
    *count = n;
    return PANDO_OK;
}

enum pando_code pando_domain_config(pando_t *pando, uint32_t domid, char **json)
{
    struct pando_domain info;
    struct pando_config config;
    enum pando_code code = pando_domain_info(pando, domid, &info);

    if (!code) {
        code = domain_state_load(DOMAIN_STATE_LIVE, domid, &config);
    }
    if (code) {
        return code;
    }
    *json = pando_config_print(&config);
    pando_config_free(&config);
    return *json ? PANDO_OK : pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
}
