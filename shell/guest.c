/* SPDX-License-Identifier: MIT */
#include "guest.h"
#include "output.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long Ctrl-C may go unnoticed at the prompt. Elsewhere it ends the program. */
enum { WAIT_SLICE_MS = 250 };

int guest_find(struct shell *shell, const char *which, uint32_t *domid)
{
    pando_t *pando = shell_pando(shell);
    if (!pando)
        return SHELL_FAILED;
    enum pando_code code = pando_domain_find(pando, which, domid);
    return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, NULL, code);
}

int guest_find_other(struct shell *shell, const char *which, const char *verb, uint32_t *domid)
{
    int status = guest_find(shell, which, domid);
    if (status == SHELL_OK && *domid == 0) {
        shell_error(shell, "%s is the host's own domain and cannot be %s", which, verb);
        return SHELL_FAILED;
    }
    return status;
}

int guest_each(struct shell *shell, const struct arguments *arguments, const char *verb,
               guest_act_fn *act)
{
    int first = SHELL_OK;
    for (size_t i = 0; i < arguments->count; i++) {
        uint32_t domid;
        int status = guest_find_other(shell, arguments->words[i], verb, &domid);
        if (status == SHELL_OK)
            status = act(shell, arguments->words[i], domid);
        if (first == SHELL_OK)
            first = status;
    }
    return first;
}

int guest_select(struct shell *shell, const struct arguments *arguments, struct pando_domain **list,
                 size_t *count)
{
    pando_t *pando = shell_pando(shell);
    if (!pando)
        return SHELL_FAILED;
    if (!arguments->count) {
        enum pando_code code = pando_domain_list(pando, list, count);
        return code == PANDO_OK ? SHELL_OK : shell_library_error(shell, NULL, code);
    }
    *count = arguments->count;
    *list = shell_need(calloc(*count, sizeof(**list)));
    for (size_t i = 0; i < *count; i++) {
        uint32_t domid;
        int status = guest_find(shell, arguments->words[i], &domid);
        if (status == SHELL_OK) {
            enum pando_code code = pando_domain_info(pando, domid, &(*list)[i]);
            if (code != PANDO_OK)
                status = shell_library_error(shell, arguments->words[i], code);
        }
        if (status != SHELL_OK) {
            free(*list);
            *list = NULL;
            return status;
        }
    }
    return SHELL_OK;
}

int64_t shell_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for_event(struct shell *shell, const char *which, uint32_t domid,
                          enum pando_event event, int64_t deadline, enum pando_reason *reason)
{
    for (;;) {
        int64_t left = deadline < 0 ? INT_MAX : deadline - shell_clock_ms();
        int64_t slice = shell->interactive && left > WAIT_SLICE_MS ? WAIT_SLICE_MS : left;
        enum pando_code code =
            pando_domain_wait(shell->pando, domid, event, slice > 0 ? (int)slice : 0, reason);
        if (code == PANDO_OK)
            return SHELL_OK;
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
        if (code != PANDO_E_TIMEOUT) {
            output_progress_end(shell);
            return shell_library_error(shell, which, code);
        }
        if (deadline >= 0 && shell_clock_ms() >= deadline) {
            output_progress_end(shell);
            shell_error(shell,
                        "%s has not %s in time: it may not have been listening yet, or it hangs; "
                        "try again, or end it by `destroy`",
                        which, event == PANDO_EVENT_GONE ? "been removed" : "ended");
            return SHELL_TIMEOUT;
        }
    }
}

int guest_wait(struct shell *shell, const char *which, uint32_t domid, enum pando_event event,
               int64_t deadline, enum pando_reason *reason)
{
    char step[64];

    snprintf(step, sizeof(step), "waiting for the end of %.36s", which);
    output_progress(shell, step, 0, 0);
    int status = wait_for_event(shell, which, domid, event, deadline, reason);
    output_progress_end(shell);
    return status;
}

static int compare_times(const void *a, const void *b)
{
    const struct pando_vcpu_times *one = a, *two = b;
    if (one->domid != two->domid)
        return one->domid < two->domid ? -1 : 1;
    return one->vcpu < two->vcpu ? -1 : one->vcpu > two->vcpu;
}

const struct pando_vcpu_times *guest_vcpu_times(const struct pando_vcpu_times *list, size_t count,
                                                uint32_t domid, uint32_t vcpu)
{
    const struct pando_vcpu_times wanted = { .domid = domid, .vcpu = vcpu };
    return count ? bsearch(&wanted, list, count, sizeof(*list), compare_times) : NULL;
}

void guest_scheduler_text(const struct pando_scheduler *scheduler, char *buffer, size_t size)
{
    int length = snprintf(buffer, size, "%s", scheduler->name);
    if (scheduler->weighted)
        length += snprintf(buffer + length, size - (size_t)length, ", weight %u, %s",
                           scheduler->weight, scheduler->cap ? "cap " : "no cap");
    if (scheduler->weighted && scheduler->cap)
        length +=
            snprintf(buffer + length, size - (size_t)length, "%u %% of a CPU", scheduler->cap);
    if (scheduler->reserved)
        length += snprintf(buffer + length, size - (size_t)length, ", %u us of each %u us",
                           scheduler->budget_us, scheduler->period_us);
    if (scheduler->timeslice_us)
        length += snprintf(buffer + length, size - (size_t)length, ", turns of up to %u us",
                           scheduler->timeslice_us);
    if (scheduler->ratelimit_us)
        snprintf(buffer + length, size - (size_t)length, ", %s %u us",
                 scheduler->timeslice_us ? "at least" : "turns of at least",
                 scheduler->ratelimit_us);
}

const char *guest_state(const struct pando_domain *domain)
{
    if (domain->state == PANDO_DOMAIN_SHUTDOWN)
        return pando_reason_name(domain->reason);
    return pando_state_name(domain->state);
}

void guest_write_json(struct json_writer *writer, const struct pando_domain *domain)
{
    json_write_key(writer, "id");
    json_write_uint(writer, domain->id);
    json_write_key(writer, "name");
    json_write_string(writer, domain->name);
    json_write_key(writer, "uuid");
    json_write_string(writer, domain->uuid);
    json_write_key(writer, "type");
    json_write_string(writer, domain->type);
    json_write_key(writer, "state");
    json_write_string(writer, pando_state_name(domain->state));
    if (domain->state == PANDO_DOMAIN_SHUTDOWN) {
        json_write_key(writer, "reason");
        json_write_string(writer, pando_reason_name(domain->reason));
    }
    json_write_key(writer, "vcpus");
    json_write_uint(writer, domain->vcpus_online);
    json_write_key(writer, "max_vcpus");
    json_write_uint(writer, domain->max_vcpus);
    json_write_key(writer, "cpu_time_ns");
    json_write_uint(writer, domain->cpu_time_ns);
    json_write_key(writer, "memory_kib");
    json_write_uint(writer, domain->memory_kib);
    json_write_key(writer, "maxmem_kib");
    json_write_uint(writer, domain->maxmem_kib);
    json_write_key(writer, "target_kib");
    json_write_uint(writer, domain->target_kib);
    json_write_key(writer, "cpupool");
    json_write_uint(writer, domain->cpupool);
}

struct json_writer *output_json_begin(void)
{
    return shell_need(json_writer_new());
}

void output_json_end(struct shell *shell, struct json_writer *writer)
{
    char *text = shell_need(json_writer_finish(writer));
    fputs(text, shell->out);
    free(text);
}
