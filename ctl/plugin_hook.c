/* SPDX-License-Identifier: MIT */
/* Asks plugins before a step of a guest's life, and tells them after it. */
#include "handle.h"
#include "plugin_host.h"

#include <string.h>

static bool wants(const struct pando_plugin_hook *hook, const struct plugin_step *step)
{
    return hook->steps & PANDO_STEP_BIT(step->event.step);
}

/* The @n-th hook of all plugins, and whose it is. */
static const struct pando_plugin_hook *hook_at(size_t n, const struct plugin **owner)
{
    for (size_t i = 0; (*owner = plugin_at(i)); i++) {
        const struct pando_plugin_hook *hook = (*owner)->plugin ? (*owner)->plugin->hooks : NULL;
        for (; hook && hook->steps; hook++)
            if (n-- == 0)
                return hook;
    }
    return NULL;
}

static void find_name(struct plugin_step *step)
{
    struct pando_domain info;
    if (step->event.name)
        return;
    if (pando_domain_info(step->event.pando, step->event.domid, &info) == PANDO_OK)
        memcpy(step->name, info.name, sizeof(step->name));
    step->event.name = step->name;
}

enum pando_code plugin_step_begin(struct plugin_step *step)
{
    const struct pando_plugin_hook *hook;
    const struct plugin *owner;

    plugins_load();
    if (!hook_at(0, &owner))
        return PANDO_OK;
    find_name(step);
    step->event.size = sizeof(step->event);
    for (step->asked = 0; (hook = hook_at(step->asked, &owner)); step->asked++) {
        char reason[PANDO_PLUGIN_REASON_MAX] = "";
        if (!wants(hook, step) || !hook->before ||
            hook->before(&step->event, reason, sizeof(reason)))
            continue;
        reason[sizeof(reason) - 1] = 0;
        for (char *c = reason; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = ' ';
        enum pando_code code = pando_fail(PANDO_E_REFUSED, NULL, "the plugin %s refuses it: %s",
                                          owner->name, *reason ? reason : "it does not say why");
        return plugin_step_end(step, code);
    }
    return PANDO_OK;
}

enum pando_code plugin_step_end(struct plugin_step *step, enum pando_code code)
{
    const struct plugin *owner;
    struct pando_error error;

    pando_error_save(&error);
    step->event.result = code;
    while (step->asked) {
        const struct pando_plugin_hook *hook = hook_at(--step->asked, &owner);
        if (hook && wants(hook, step) && hook->after)
            hook->after(&step->event);
    }
    pando_error_restore(&error);
    return code;
}
