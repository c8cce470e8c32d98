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

#define KEY_MAX        40 /* a domain's id or a UUID */
#define STATE_PATH_MAX (sizeof(PANDO_ANNOUNCED_DIR) + KEY_MAX + 16)

static const char *const folders[] = {
    [DOMAIN_STATE_LIVE] = PANDO_DOMAIN_DIR,
    [DOMAIN_STATE_RESTART] = PANDO_RESTART_DIR,
    [DOMAIN_STATE_BUILDING] = PANDO_BUILDING_DIR,
    [DOMAIN_STATE_STARTING] = PANDO_STARTING_DIR,
};

static void state_path(const char *folder, const char *key, const char *suffix,
                       char path[STATE_PATH_MAX])
{
    snprintf(path, STATE_PATH_MAX, "%s/%s.json%s", folder, key, suffix);
}

static const char *id_key(uint32_t domid, char key[KEY_MAX])
{
    snprintf(key, KEY_MAX, "%u", domid);
    return key;
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

static enum pando_code save(const char *folder, const char *key, const struct pando_config *config)
{
    char path[STATE_PATH_MAX], temporary[STATE_PATH_MAX], *json;
    enum pando_code code = PANDO_OK;
    int fd;

    if (make_dir(folder) < 0) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "%s: %s", folder, strerror(errno));
    }
    json = pando_config_print(config);
    if (!json) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    state_path(folder, key, "", path);
    state_path(folder, key, ".new", temporary);
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

static enum pando_code load(const char *folder, const char *key, struct pando_config *config)
{
    struct pando_problems problems = { 0 };
    char path[STATE_PATH_MAX];
    enum pando_code code;

    state_path(folder, key, "", path);
    if (access(path, R_OK) < 0) {
        pando_config_init(config);
        return pando_fail(PANDO_E_NOT_FOUND, NULL,
                          "guest %s has no saved configuration (%s): it was not created by pando",
                          key, path);
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

static void remove_file(const char *folder, const char *key)
{
    char path[STATE_PATH_MAX];

    state_path(folder, key, "", path);
    unlink(path);
}

enum pando_code domain_state_save(enum domain_state kind, uint32_t domid,
                                  const struct pando_config *config)
{
    char key[KEY_MAX];

    return save(folders[kind], id_key(domid, key), config);
}

enum pando_code domain_state_load(enum domain_state kind, uint32_t domid,
                                  struct pando_config *config)
{
    char key[KEY_MAX];

    return load(folders[kind], id_key(domid, key), config);
}

void domain_state_remove(enum domain_state kind, uint32_t domid)
{
    char key[KEY_MAX];

    remove_file(folders[kind], id_key(domid, key));
}

enum pando_code domain_state_move(enum domain_state from, enum domain_state to, uint32_t domid)
{
    char key[KEY_MAX], old[STATE_PATH_MAX], new[STATE_PATH_MAX];

    state_path(folders[from], id_key(domid, key), "", old);
    state_path(folders[to], key, "", new);
    if (make_dir(folders[to]) < 0 || rename(old, new) < 0) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "%s: %s", new, strerror(errno));
    }
    return PANDO_OK;
}

enum pando_code domain_state_save_uuid(const struct pando_config *config)
{
    return save(PANDO_ANNOUNCED_DIR, config->uuid, config);
}

enum pando_code domain_state_load_uuid(const char *uuid, struct pando_config *config)
{
    return load(PANDO_ANNOUNCED_DIR, uuid, config);
}

void domain_state_remove_uuid(const char *uuid)
{
    remove_file(PANDO_ANNOUNCED_DIR, uuid);
}

/* What makes an element of a list of a key; false if it isn't one. */
typedef bool key_fn(const char *key, void *element);

/* The keys in a folder as an array of elements of @size bytes. */
static enum pando_code list_keys(const char *folder, key_fn *convert, size_t size, void **list,
                                 size_t *count)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char *all = NULL;
    size_t n = 0;

    while (dir && (entry = readdir(dir))) {
        size_t length = strlen(entry->d_name);
        char key[KEY_MAX], *bigger;

        if (length < 5 || length - 5 >= sizeof(key) ||
            strcmp(entry->d_name + length - 5, ".json")) {
            continue;
        }
        snprintf(key, sizeof(key), "%.*s", (int)(length - 5), entry->d_name);
        bigger = reallocarray(all, n + 1, size);
        if (!bigger) {
            free(all);
            closedir(dir);
            return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
        }
        all = bigger;
        n += convert(key, all + n * size);
    }
    if (dir) {
        closedir(dir);
    }
    *list = all;
    *count = n;
    return PANDO_OK;
}

static bool to_id(const char *key, void *element)
{
    int end = 0;

    return sscanf(key, "%u%n", (uint32_t *)element, &end) == 1 && !key[end];
}

static bool to_uuid(const char *key, void *element)
{
    bool fits = strlen(key) == 36;

    if (fits) {
        memcpy(element, key, 37);
    }
    return fits;
}

enum pando_code domain_state_list(enum domain_state kind, uint32_t **ids, size_t *count)
{
    void *list = NULL;
    enum pando_code code = list_keys(folders[kind], to_id, sizeof(**ids), &list, count);

    *ids = list;
    return code;
}

enum pando_code domain_state_list_uuids(char (**uuids)[37], size_t *count)
{
    void *list = NULL;
    enum pando_code code = list_keys(PANDO_ANNOUNCED_DIR, to_uuid, sizeof(**uuids), &list, count);

    *uuids = list;
    return code;
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
