/* SPDX-License-Identifier: MIT */
/*
 * An example of a plugin for Pando: a budget of memory that no guest of this site may exceed.
 *
 * It has one of each thing that a plugin can have: a command (`budget`), a hook that refuses what
 * is above the budget, and a panel. pando-plugin(7) walks through it.
 *
 * The budget is the number of MiB in /etc/pando/budget.
 */
#include <inttypes.h>
#include <stdlib.h>

#include <pando/plugin.h>

static const char file_name[] = "/etc/pando/budget";

/* The budget in MiB; false if the site has set none. */
static bool read_budget(uint64_t *mib)
{
    FILE *file = fopen(file_name, "re");
    bool found = file && fscanf(file, "%" SCNu64, mib) == 1;
    if (file)
        fclose(file);
    return found;
}

/* --- the command ------------------------------------------------------------------------ */

static void print_guest(const struct pando_plugin_call *call, const struct pando_domain *guest,
                        uint64_t budget)
{
    uint64_t mib = guest->maxmem_kib / 1024;
    if (call->option(call, "json"))
        fprintf(call->out, "{\"name\": \"%s\", \"maxmem_mib\": %" PRIu64 "}\n", guest->name, mib);
    else
        fprintf(call->out, "%-20s %" PRIu64 " of %" PRIu64 " MiB\n", guest->name, mib, budget);
}

static int print_guests(const struct pando_plugin_call *call, uint64_t budget)
{
    pando_t *pando = call->pando(call);
    if (!pando)
        return PANDO_EXIT_FAILED; /* it has been said why */
    for (size_t i = 0; i < call->count; i++) {
        struct pando_domain guest;
        uint32_t domid;
        if (call->cancelled(call))
            return PANDO_EXIT_INTERRUPTED;
        call->progress(call, call->words[i], (unsigned)i, (unsigned)call->count);
        int status = call->guest(call, call->words[i], &domid);
        if (status != PANDO_EXIT_OK)
            return status;
        enum pando_code code = pando_domain_info(pando, domid, &guest);
        if (code != PANDO_OK)
            return call->failed(call, call->words[i], code);
        print_guest(call, &guest, budget);
    }
    return PANDO_EXIT_OK;
}

static int run(const struct pando_plugin_call *call)
{
    uint64_t budget;
    if (!read_budget(&budget)) {
        call->error(call, "there is no budget: write a number of MiB into %s", file_name);
        return PANDO_EXIT_FAILED;
    }
    if (call->count)
        return print_guests(call, budget);
    fprintf(call->out, "%" PRIu64 " MiB\n", budget);
    return PANDO_EXIT_OK;
}

static const struct pando_plugin_option options[] = {
    { "json", NULL, "print JSON instead of text" },
    { 0 },
};

static const struct pando_plugin_command commands[] = {
    {
        .name = "budget",
        .arguments = "[GUEST]...",
        .summary = "show the budget of memory, and what guests may use of it",
        .help = "Without a guest, prints how much memory a guest of this site may have.",
        .options = options,
        .most = -1,
        .complete = { PANDO_COMPLETE_GUEST, PANDO_COMPLETE_GUEST },
        .run = run,
    },
    { 0 },
};

/* --- the hook --------------------------------------------------------------------------- */

static bool before(const struct pando_plugin_event *event, char *reason, size_t size)
{
    uint64_t budget, mib = event->memory_kib / 1024;
    if (event->step == PANDO_STEP_CREATE)
        mib = event->config->maxmem_mib;
    if (!read_budget(&budget) || mib <= budget)
        return true;
    snprintf(reason, size,
             "%s would have %" PRIu64 " MiB, and the budget is %" PRIu64 " MiB: give it less, or "
             "raise the budget in %s",
             event->name, mib, budget, file_name);
    return false;
}

static const struct pando_plugin_hook hooks[] = {
    {
        .steps = PANDO_STEP_BIT(PANDO_STEP_CREATE) | PANDO_STEP_BIT(PANDO_STEP_MEMORY_SET),
        .before = before,
    },
    { 0 },
};

/* --- the panel -------------------------------------------------------------------------- */

static bool fill(const struct pando_plugin_view *view, char *reason, size_t size)
{
    const char *const heading[] = { "GUEST", "MEM(MiB)", "OF THE BUDGET", NULL };
    struct pando_domain *guests;
    uint64_t budget;
    size_t count;
    if (!read_budget(&budget) || !budget) {
        snprintf(reason, size, "there is no budget: write a number of MiB into %s", file_name);
        return false;
    }
    if (!view->pando || pando_domain_list(view->pando, &guests, &count) != PANDO_OK) {
        snprintf(reason, size, "%s", pando_error_text(view->pando));
        return false;
    }
    view->row(view, heading);
    for (size_t i = 0; i < count; i++) {
        char mib[24], share[24];
        const char *const cells[] = { guests[i].name, mib, share, NULL };
        snprintf(mib, sizeof(mib), "%" PRIu64, guests[i].memory_kib / 1024);
        snprintf(share, sizeof(share), "%" PRIu64 " %%",
                 guests[i].memory_kib / 1024 * 100 / budget);
        view->row(view, cells);
    }
    free(guests);
    return true;
}

static const struct pando_plugin_panel panels[] = {
    { .name = "budget", .title = "Memory by the budget", .fill = fill },
    { 0 },
};

/* --- all of it ------------------------------------------------------------------------- */

PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
    PANDO_PLUGIN_HEAD,    .name = "budget",
    .version = "1.0",     .summary = "a budget of memory that no guest may exceed",
    .commands = commands, .hooks = hooks,
    .panels = panels,
};
