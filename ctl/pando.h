/* SPDX-License-Identifier: MIT */
/*
 * libpando: the control library of the Pando hypervisor.
 *
 * A handle (pando_t) reaches the hypervisor through /dev/xen/privcmd and the store through its
 * socket. Handles are thread-safe: any number of threads may call with the same handle at once.
 * Operations that change one guest are serialised by a lock per guest that all processes share.
 *
 * Every function that can fail returns PANDO_OK (0) or an error code; a code, a sentence and the
 * key at fault of the calling thread's last failed call stay retrievable until its next call fails.
 *
 * Sizes are in KiB where a name ends in _kib, times in the unit that the name ends in. Whatever is
 * handed out in a pointer to a pointer belongs to the caller, who gives it back with free().
 */
#ifndef PANDO_H
#define PANDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pando pando_t;
struct pando_config; /* ctl/config.h */

/* --- errors ----------------------------------------------------------------- */

enum pando_code {
    PANDO_OK = 0,
    PANDO_E_NO_HOST,     /* not in dom0 of a Pando host, or no permission to control it */
    PANDO_E_INVALID,     /* a value is wrong; the key says which */
    PANDO_E_NOT_FOUND,   /* no such guest, file or device */
    PANDO_E_EXISTS,      /* name or UUID already in use */
    PANDO_E_BUSY,        /* another tool works on the guest and did not finish in time */
    PANDO_E_NO_MEMORY,   /* the host has not enough free memory */
    PANDO_E_TIMEOUT,     /* the guest or a back-end did not answer in time */
    PANDO_E_STATE,       /* the guest is in a state that does not allow it */
    PANDO_E_UNSUPPORTED, /* not implemented here or by the hypervisor */
    PANDO_E_FILE,        /* a file cannot be read or is malformed */
    PANDO_E_DEVICE,      /* a disk or network could not be set up */
    PANDO_E_STORE,       /* the store daemon failed or is not running */
    PANDO_E_HYPERVISOR,  /* a hypercall failed */
    PANDO_E_SYSTEM,      /* a system call failed */
    PANDO_E_CANCELLED,   /* the caller has asked to give it up */
    PANDO_E_REFUSED,     /* a plugin does not let it happen */
};

/*
 * The calling thread's last error. @pando may be NULL (after a failed pando_open()). The strings
 * live until the thread's next failing call; the sentence is never NULL, the key is "" if the error
 * is about no particular key. Keys are those of the configuration, e.g. "memory" or
 * "disk[0].target".
 */
enum pando_code pando_error_code(const pando_t *pando);
const char *pando_error_text(const pando_t *pando);
const char *pando_error_key(const pando_t *pando);

/* A short word for an error code, e.g. "not-found", for logs and JSON. Never NULL. */
const char *pando_code_name(enum pando_code code);

/* --- handle ------------------------------------------------------------------ */

/*
 * Opens a handle. The store is connected at the first call that needs it, so that information
 * about the host can be had without a store daemon. NULL on failure: see pando_error_text(NULL).
 */
pando_t *pando_open(void);

/* Closes a handle (NULL is allowed). No other thread may use it any more. */
void pando_close(pando_t *pando);

/* --- host -------------------------------------------------------------------- */

struct pando_host {
    char hypervisor[64];    /* "4.17.0-pando" as the hypervisor names its version */
    char capabilities[256]; /* guest types: "xen-3.0-x86_64 hvm-3.0-x86_64 ..." */
    char compiler[64];
    char build_date[64];
    char command_line[256];
    uint32_t version_major, version_minor;
    uint32_t cpus, cores_per_socket, threads_per_core, nodes;
    uint32_t cpu_khz;
    uint32_t max_cpu_id, max_node_id;
    uint64_t memory_kib, free_kib, scrub_kib; /* scrub_kib: being cleaned, free soon */
    uint64_t outstanding_kib;                 /* claimed by guests that are being built */
    bool hvm, pv, hap, iommu;
};

enum pando_code pando_host_info(pando_t *pando, struct pando_host *host);

enum {
    PANDO_LOG_CLEAR = 1, /* empty the log after reading */
};

/*
 * Reads the hypervisor's log. With @cursor NULL: all of it. Otherwise what came after *cursor
 * (0: all there is) and *cursor is advanced: call again later to follow the log. *text is a string
 * of *length bytes (0 when there is nothing new) that the caller frees.
 */
enum pando_code pando_log_read(pando_t *pando, unsigned int flags, uint32_t *cursor, char **text,
                               size_t *length);

enum {
    PANDO_CPU_WORDS = 16 /* 64-bit words of a set of CPUs: bit n%64 of word n/64 is CPU n */
};

enum {
    PANDO_NODES_MAX = 64 /* NUMA nodes have ids below this */
};

/* A NUMA node: its memory, and the CPUs that are near to it (none if that is not known). */
struct pando_node {
    uint32_t id;
    uint64_t memory_kib, free_kib;
    uint64_t cpus[PANDO_CPU_WORDS];
    uint8_t distance[PANDO_NODES_MAX]; /* to the node of each id; 10: near; 0: not known */
};

/* The nodes that have memory, in the order of their ids. *list is to be freed. */
enum pando_code pando_node_list(pando_t *pando, struct pando_node **list, size_t *count);

/*
 * Whether the host measures which guest uses how much of the caches and of the memory's bandwidth:
 * PANDO_OK, or PANDO_E_UNSUPPORTED with a sentence why it doesn't.
 */
enum pando_code pando_cache_check(pando_t *pando);

/* --- guests: information --------------------------------------------------------- */

enum {
    PANDO_NAME_MAX = 64 /* longest name of a guest, with its NUL */
};

enum pando_domain_state {
    PANDO_DOMAIN_RUNNING,  /* a vCPU runs right now */
    PANDO_DOMAIN_BLOCKED,  /* alive, all vCPUs wait */
    PANDO_DOMAIN_PAUSED,   /* paused by a tool */
    PANDO_DOMAIN_SHUTDOWN, /* has ended by itself, see reason; not yet destroyed */
    PANDO_DOMAIN_DYING,    /* is being destroyed */
};

enum pando_reason { /* SHUTDOWN_* of <xen/sched.h> */
                    PANDO_REASON_POWEROFF = 0,
                    PANDO_REASON_REBOOT = 1,
                    PANDO_REASON_SUSPEND = 2,
                    PANDO_REASON_CRASH = 3,
                    PANDO_REASON_WATCHDOG = 4,
                    PANDO_REASON_SOFT_RESET = 5,
};

struct pando_domain {
    uint32_t id;
    char name[PANDO_NAME_MAX]; /* "" while it is being created by another tool */
    char uuid[37];             /* as text, lower case */
    char type[4];              /* "pvh" (also for HVM without knowledge) or "pv" */
    enum pando_domain_state state;
    enum pando_reason reason; /* valid in PANDO_DOMAIN_SHUTDOWN */
    uint64_t memory_kib;      /* what it has now */
    uint64_t maxmem_kib;      /* what it may have at the most */
    uint64_t target_kib;      /* balloon target; dom0's is memory_kib if none was set; 0: unknown */
    uint64_t cpu_time_ns;     /* of all vCPUs since creation */
    uint32_t vcpus_online, max_vcpus;
    uint32_t cpupool;
};

struct pando_vcpu {
    uint32_t id;
    bool online, blocked, running;
    uint32_t cpu; /* where it runs or ran last */
    uint64_t cpu_time_ns;
    uint64_t hard[PANDO_CPU_WORDS]; /* may run on */
    uint64_t soft[PANDO_CPU_WORDS]; /* prefers to run on */
};

/* All domains, dom0 ("Domain-0") included, in the order of their ids. *list is to be freed. */
enum pando_code pando_domain_list(pando_t *pando, struct pando_domain **list, size_t *count);

/* One domain. PANDO_E_NOT_FOUND if there is none with that id. */
enum pando_code pando_domain_info(pando_t *pando, uint32_t domid, struct pando_domain *info);

/* When a guest was created, in seconds since 1970, by dom0's clock. PANDO_E_STORE: that is not
 * known, as of dom0 itself. */
enum pando_code pando_domain_started(pando_t *pando, uint32_t domid, int64_t *seconds);

/* Finds a domain by its name, its decimal id or its UUID (in this order). */
enum pando_code pando_domain_find(pando_t *pando, const char *which, uint32_t *domid);

/* The vCPUs of a domain, also those that are offline. *list is to be freed. */
enum pando_code pando_vcpu_list(pando_t *pando, uint32_t domid, struct pando_vcpu **list,
                                size_t *count);

/*
 * For how long a vCPU has been in each state since it was made, up to the moment when_ns of the
 * hypervisor's clock. Between two readings the times grow by what has passed, altogether.
 */
struct pando_vcpu_times {
    uint32_t domid, vcpu;
    uint64_t when_ns;
    uint64_t running_ns;
    uint64_t runnable_ns; /* ready to run, but others had the CPU: stolen from it */
    uint64_t blocked_ns;  /* it waited for an event */
    uint64_t offline_ns;  /* paused, not brought up, or its guest has ended */
    /* What the scheduler owes it, as against its share; negative: it has had more. With a budget
     * (rtds): what is left of that in this period; negative: it has had extra time. */
    bool has_credit; /* the scheduler has such a thing */
    int64_t credit_ns;
};

/*
 * That of all vCPUs of all domains, in the order of their ids, by one call: ten times a second is
 * not too often. PANDO_E_UNSUPPORTED: the hypervisor is not Pando. *list is to be freed.
 */
enum pando_code pando_vcpu_times(pando_t *pando, struct pando_vcpu_times **list, size_t *count);

/* How the scheduler of a domain's CPU pool works, and what it is told about the domain. Times are
 * in microseconds; what a scheduler does not have is 0. */
struct pando_scheduler {
    char name[16];         /* "credit", "credit2", "rtds", "null", "arinc653", or a number */
    uint32_t timeslice_us; /* the longest turn */
    uint32_t ratelimit_us; /* the shortest turn before a vCPU may be preempted */
    bool weighted;         /* it goes by: */
    uint32_t weight;       /* relative to others' */
    uint32_t cap;          /* % of one CPU that its vCPUs may use together; 0: no limit */
    bool reserved;         /* it goes by: */
    uint32_t period_us, budget_us; /* that each vCPU gets in each period, if not set otherwise */
};

enum pando_code pando_scheduler_info(pando_t *pando, uint32_t domid,
                                     struct pando_scheduler *scheduler);

enum pando_channel_kind { /* EVTCHNSTAT_* of <xen/event_channel.h> */
                          PANDO_CHANNEL_UNBOUND = 1,
                          PANDO_CHANNEL_INTERDOMAIN = 2,
                          PANDO_CHANNEL_PIRQ = 3,
                          PANDO_CHANNEL_VIRQ = 4,
                          PANDO_CHANNEL_IPI = 5,
};

/* An event channel: a port of a guest, and where its events come from. */
struct pando_channel {
    uint32_t port;
    enum pando_channel_kind kind;
    uint32_t vcpu;   /* is told of its events */
    uint32_t remote; /* UNBOUND: the domain that may bind to it; INTERDOMAIN: that it is bound to */
    uint32_t remote_port; /* INTERDOMAIN */
    uint32_t irq;         /* PIRQ, VIRQ: which */
};

/* The open event channels of a domain, in the order of their ports. *list is to be freed. */
enum pando_code pando_channel_list(pando_t *pando, uint32_t domid, struct pando_channel **list,
                                   size_t *count);

/* "unbound", "interdomain", ... Never NULL. */
const char *pando_channel_name(enum pando_channel_kind kind);

enum pando_grant_kind { /* GTF_* of <xen/grant_table.h> */
                        PANDO_GRANT_ACCESS = 1,
                        PANDO_GRANT_TRANSFER = 2,
                        PANDO_GRANT_TRANSITIVE = 3,
};

/* What a guest lets another domain do. It is what the guest has written: nobody has checked it. */
struct pando_grant {
    uint32_t ref;
    enum pando_grant_kind kind;
    uint32_t domid; /* to whom */
    uint64_t frame; /* ACCESS: the guest's own number of the page */
    bool read_only;
    bool in_use; /* somebody reads or writes it now */
};

struct pando_grant_table {
    uint32_t frames, max_frames; /* pages that the table has, and may have */
    uint32_t version;            /* of its entries: 1 or 2 */
    struct pando_grant *list;    /* what is granted, by ref; to be freed */
    size_t count;
};

enum pando_code pando_grant_table(pando_t *pando, uint32_t domid, struct pando_grant_table *table);

/* "access", "transfer", "transitive". Never NULL. */
const char *pando_grant_name(enum pando_grant_kind kind);

/*
 * How much of a domain's memory is in each node of the host, by id: *kib, to be freed, has *count
 * of them. PANDO_E_UNSUPPORTED: the hypervisor is not Pando.
 */
enum pando_code pando_domain_nodes(pando_t *pando, uint32_t domid, uint64_t **kib, size_t *count);

/* The live configuration, as pando_domain_create() was given it and later calls changed it, as
 * JSON text that is to be freed. */
enum pando_code pando_domain_config(pando_t *pando, uint32_t domid, char **json);

/* Words for JSON and tables: "running", "paused", ...; "poweroff", "reboot", ... Never NULL. */
const char *pando_state_name(enum pando_domain_state state);
const char *pando_reason_name(enum pando_reason reason);

/* --- guests: lifecycle ----------------------------------------------------------- */

/*
 * Called while a guest is created, always from the creating thread.
 * @step names what is being done ("unpack 43 %, 8.1 MiB/s", "memory", "disk xvda", ...), @done of
 * @total of the whole are complete.
 */
typedef void pando_progress_fn(void *arg, const char *step, unsigned int done, unsigned int total);

/* Called often by what takes long, from the calling thread: true gives it up. */
typedef bool pando_cancel_fn(void *arg);

struct pando_create_options {
    bool paused; /* leave it paused instead of starting it */
    pando_progress_fn *progress;
    void *progress_arg;
    pando_cancel_fn *cancel; /* NULL: it is not given up; then PANDO_E_CANCELLED */
    void *cancel_arg;
};

/*
 * Creates a guest from a checked configuration (not changed, not kept) and starts it. @options may
 * be NULL. On failure nothing is left behind: no domain, no store node, no device.
 */
enum pando_code pando_domain_create(pando_t *pando, const struct pando_config *config,
                                    const struct pando_create_options *options, uint32_t *domid);

enum pando_code pando_domain_pause(pando_t *pando, uint32_t domid);
enum pando_code pando_domain_unpause(pando_t *pando, uint32_t domid);

/*
 * Ask the guest's kernel to power off or to reboot (node control/shutdown). They return as soon as
 * the guest has taken the request, PANDO_E_TIMEOUT if it does not within @timeout_ms (0: do not
 * wait for that). Use pando_domain_wait() for the end.
 */
enum pando_code pando_domain_shutdown(pando_t *pando, uint32_t domid, unsigned int timeout_ms);
enum pando_code pando_domain_reboot(pando_t *pando, uint32_t domid, unsigned int timeout_ms);

/* Ends a guest at once and gives back all it had: memory, devices, store nodes. */
enum pando_code pando_domain_destroy(pando_t *pando, uint32_t domid);

/* PANDO_E_EXISTS if another guest has the name, PANDO_E_INVALID if it isn't a valid name. */
enum pando_code pando_domain_rename(pando_t *pando, uint32_t domid, const char *name);

enum pando_event {
    PANDO_EVENT_SHUTDOWN = 1, /* the guest has ended by itself, for any reason, or is gone */
    PANDO_EVENT_GONE = 2,     /* the domain and its devices are gone */
};

/*
 * Waits until the event has happened or @timeout_ms has passed (PANDO_E_TIMEOUT); -1 waits for
 * ever.
 * @reason (may be NULL) is set for PANDO_EVENT_SHUTDOWN if the domain still exists.
 */
enum pando_code pando_domain_wait(pando_t *pando, uint32_t domid, enum pando_event event,
                                  int timeout_ms, enum pando_reason *reason);

/* --- guests: devices ------------------------------------------------------------- */

enum pando_device { PANDO_DISK, PANDO_VIF };

/*
 * Gives a guest, which may be running, another disk or network. @json is an object as in the list
 * "disk" or "vif" of a configuration, see pando.cfg(5): {"vdev": "xvdb", "target": "/srv/b.img"}.
 * The guest notices by itself. The live configuration has it from then on, so a reboot keeps it.
 * PANDO_E_STATE if the guest has ended. On failure nothing has changed.
 */
enum pando_code pando_device_attach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *json);

/*
 * Takes one away: a disk by its vdev, a network by its MAC address or by its number, which the
 * lowest free one was when it was added (0 is Linux's eth0). The guest's kernel is asked, and
 * PANDO_E_TIMEOUT if it does not let go within @timeout_ms. With 0 it is not asked; what it has not
 * written yet is lost. A disk's file systems are to be unmounted before in either case: Linux does
 * not refuse to let go of a disk that is mounted.
 */
enum pando_code pando_device_detach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *which, unsigned int timeout_ms);

/* --- guests: memory -------------------------------------------------------------- */

/* Sets the balloon target. PANDO_E_INVALID if it is above the guest's maximum. */
enum pando_code pando_memory_set(pando_t *pando, uint32_t domid, uint64_t kib);

/* Sets the maximum that the guest may have. PANDO_E_INVALID if it is below the balloon target. */
enum pando_code pando_memory_max_set(pando_t *pando, uint32_t domid, uint64_t kib);

#ifdef __cplusplus
}
#endif
#endif
