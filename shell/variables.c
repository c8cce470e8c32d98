/* SPDX-License-Identifier: MIT */
#include "variables.h"
#include "shell.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct variable {
    char *name, *value;
} list[VARIABLES_MAX]; /* sorted by name */
static size_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The place of a name, or where it belongs. */
static size_t find(const char *name, bool *found)
{
    size_t low = 0, high = count;
    *found = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, list[middle].name);
        if (!order) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool variable_set(const char *name, const char *value)
{
    bool found, room = true;
    char *copy = shell_need(strdup(value));

    pthread_mutex_lock(&lock);
    size_t at = find(name, &found);
    if (found) {
        free(list[at].value);
        list[at].value = copy;
    } else if (count < VARIABLES_MAX) {
        memmove(&list[at + 1], &list[at], (count - at) * sizeof(*list));
        list[at] = (struct variable){ shell_need(strdup(name)), copy };
        count++;
    } else {
        free(copy);
        room = false;
    }
    pthread_mutex_unlock(&lock);
    return room;
}

char *variable_value(void *arg, const char *name)
{
    bool found;
    pthread_mutex_lock(&lock);
    size_t at = find(name, &found);
    char *value = found ? shell_need(strdup(list[at].value)) : NULL;
    pthread_mutex_unlock(&lock);
    return value;
}

char *variable_name(size_t n)
{
    pthread_mutex_lock(&lock);
    char *name = n < count ? shell_need(strdup(list[n].name)) : NULL;
    pthread_mutex_unlock(&lock);
    return name;
}

void variables_clear(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        free(list[i].name);
        free(list[i].value);
    }
    count = 0;
    pthread_mutex_unlock(&lock);
}
