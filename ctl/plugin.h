/* SPDX-License-Identifier: MIT */
/*
 * The plugin ABI of Pando: what a site adds to `pando` without changing it.
 *
 * A plugin is a shared object, NAME.so, in /usr/lib/pando/plugins or /usr/local/lib/pando/plugins
 * (those of the system) or in /etc/pando/plugins (those of the site). It exports one symbol, a
 * const struct pando_plugin called pando_plugin, and includes no other header of Pando's than this
 * one and those that this one includes. It may call every function of pando.h and config.h: they
 * are in the program that loads it. It is not linked with libpando.
 *
 *     #include <pando/plugin.h>
 *
 *     static int run(const struct pando_plugin_call *call)
 *     {
 *         fprintf(call->out, "hello, %s\n", call->words[0]);
 *         return PANDO_EXIT_OK;
 *     }
 *
 *     static const struct pando_plugin_command commands[] = {
 *         { .name = "hello", .arguments = "NAME", .summary = "greet somebody",
 *           .least = 1, .most = 1, .run = run },
 *         { 0 },
 *     };
 *
 *     PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
 *         PANDO_PLUGIN_HEAD, .name = "hello", .version = "1.0", .commands = commands,
 *     };
 *
 * Built by: cc -shared -fPIC -o hello.so hello.c. pando-plugin(7) walks through a larger one.
 *
 * Loading. Folders are read in the order above, the files of each in the order of their names.
 * A folder or file that others than root (or the user who runs the program) can write to is not
 * used. Each plugin is first loaded, looked through and initialised in a child process that then
 * ends; only if that went well within PANDO_PLUGIN_INIT_SECONDS is it loaded here. So init() runs
 * twice, and must change nothing outside its process. A plugin that is refused changes nothing for
 * the others: `pando plugins` says why.
 *
 * Once loaded, a plugin is part of the program: what it does to the program's memory, or a crash in
 * one of its functions, is not held against by anything.
 *
 * Versions. PANDO_PLUGIN_ABI changes when a plugin has to be built anew. While it stays, structs
 * that have a size member may grow at their end, the others do not change, and enumerations get
 * new values at their end: look at size before using a member that came later.
 *
 * Text that a plugin hands out is UTF-8 without control characters but newlines where it says so.
 */
#ifndef PANDO_PLUGIN_H
#define PANDO_PLUGIN_H

#include <stdio.h>

#include "config.h"
#include "pando.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of what this header describes. */
#define PANDO_PLUGIN_ABI 1

enum {
    PANDO_PLUGIN_INIT_SECONDS = 5, /* how long loading and init() may take */
    PANDO_PLUGIN_COMMANDS_MAX = 64,
    PANDO_PLUGIN_OPTIONS_MAX = 8, /* of one command */
    PANDO_PLUGIN_HOOKS_MAX = 16,
    PANDO_PLUGIN_PANELS_MAX = 16,
    PANDO_PLUGIN_REASON_MAX = 400, /* bytes of a sentence with its NUL */
};

/* --- commands ---------------------------------------------------------------------- */

/* What a command returns, the exit code of the program: see pando(1). */
enum pando_exit {
    PANDO_EXIT_OK = 0,
    PANDO_EXIT_FAILED = 1,        /* it could not be done; the message says why */
    PANDO_EXIT_USAGE = 2,         /* the command line is wrong: nothing was done */
    PANDO_EXIT_NO_GUEST = 3,      /* there is no such guest */
    PANDO_EXIT_TIMEOUT = 4,       /* it did not happen in time */
    PANDO_EXIT_INTERRUPTED = 130, /* given up on request */
};

/* What completion (the Tab key) offers for an argument. */
enum pando_completion {
    PANDO_COMPLETE_NOTHING,
    PANDO_COMPLETE_GUEST,    /* names of guests */
    PANDO_COMPLETE_FILE,     /* names of files */
    PANDO_COMPLETE_COMMAND,  /* names of commands */
    PANDO_COMPLETE_WORD,     /* one of complete_words */
    PANDO_COMPLETE_KEY,      /* a key of a configuration */
    PANDO_COMPLETE_OVERRIDE, /* KEY= */
};

/* An option --NAME, --NAME=VALUE or --NAME VALUE. */
struct pando_plugin_option {
    const char *name;    /* without the dashes: a-z 0-9 -; NULL ends a list */
    const char *value;   /* what stands for its value in the help: "FILE"; NULL: it has none */
    const char *summary; /* half a sentence */
};

/*
 * A command that is being run, from its program to the plugin. Valid until run() returns, in the
 * thread that run() was called in; several may run at once in as many threads.
 */
struct pando_plugin_call {
    size_t size;              /* of this struct */
    FILE *out;                /* results; never the terminal itself in full-screen mode */
    FILE *err;                /* further lines of an error; its first is for error() */
    const char *const *words; /* the arguments without the options; NULL behind the last */
    size_t count;             /* of them: within the command's least and most */
    void *context;            /* the program's */

    /* The value of an option that the command has: "" if it takes none, NULL if not given. */
    const char *(*option)(const struct pando_plugin_call *call, const char *name);

    /* The handle for functions of pando.h, not to be closed. NULL after an error message: return
     * PANDO_EXIT_FAILED then. Needs a Pando host: call it where you need it, not before. */
    pando_t *(*pando)(const struct pando_plugin_call *call);

    /* The guest that the operator means by a name, an id or a UUID. PANDO_EXIT_OK, or what run()
     * shall return, after an error message. */
    int (*guest)(const struct pando_plugin_call *call, const char *which, uint32_t *domid);

    /* Writes an error message, one sentence: "pando: COMMAND: " is put before it, and a script's
     * name and line. */
    void (*error)(const struct pando_plugin_call *call, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

    /* Reports what a function of pando.h has failed with, about @what (may be NULL), and returns
     * what run() shall return. */
    int (*failed)(const struct pando_plugin_call *call, const char *what, enum pando_code code);

    /* @done of @total parts are done, @step is being done: a bar in full-screen mode, a line on a
     * terminal, nothing in scripts. Call it as often as you like. */
    void (*progress)(const struct pando_plugin_call *call, const char *step, unsigned done,
                     unsigned total);

    /* Whether the operator wants it to end: ask at least once a second in what takes long, undo
     * what is half done, and return PANDO_EXIT_INTERRUPTED. */
    bool (*cancelled)(const struct pando_plugin_call *call);
};

struct pando_plugin_command {
    /*
     * One word, "backup", or two, "backup now": a-z 0-9 - and a letter at first. The first of two
     * may be a command of Pando's that has sub-commands ("config"). NULL ends a list. A plugin with
     * a name that there is already is refused.
     */
    const char *name;
    const char *arguments; /* for the help: "GUEST [FILE]..."; NULL or "": it takes none */
    const char *summary;   /* half a sentence for the list of commands, lower case */
    const char *help;      /* paragraphs with an empty line between them; may be NULL */
    const struct pando_plugin_option *options; /* may be NULL */
    int least, most;                           /* number of arguments; most -1: no limit */
    enum pando_completion complete[2];         /* of the first argument, and of the others */
    const char *const *complete_words;         /* for PANDO_COMPLETE_WORD; NULL ends them */

    /*
     * Called where a command of Pando's with the same two words gets what it has no use for:
     * `config check` with a file that is not JSON. Of no other command may the name be taken.
     */
    bool fallback;

    /* Does it; returns an enum pando_exit. */
    int (*run)(const struct pando_plugin_call *call);
};

/* --- hooks ------------------------------------------------------------------------- */

/* Steps in a guest's life, as functions of pando.h make them. */
enum pando_step {
    PANDO_STEP_CREATE,     /* pando_domain_create(), all of it */
    PANDO_STEP_START,      /* in it: the guest is complete, and is about to run */
    PANDO_STEP_PAUSE,      /* pando_domain_pause() */
    PANDO_STEP_UNPAUSE,    /* pando_domain_unpause() */
    PANDO_STEP_SHUTDOWN,   /* pando_domain_shutdown(): the guest is asked to power off */
    PANDO_STEP_REBOOT,     /* pando_domain_reboot(): the guest is asked to reboot */
    PANDO_STEP_DESTROY,    /* pando_domain_destroy() */
    PANDO_STEP_RENAME,     /* pando_domain_rename() */
    PANDO_STEP_MEMORY_SET, /* pando_memory_set() */
    PANDO_STEP_ATTACH,     /* pando_device_attach(), once what is to be attached is understood */
    PANDO_STEP_DETACH,     /* pando_device_detach() */
};

#define PANDO_STEP_BIT(step) (1u << (step))
#define PANDO_STEP_ALL       0xffffffffu /* also those of later versions */

#define PANDO_NO_DOMID       0xffffffffu

/* What happens. Valid until the hook returns. */
struct pando_plugin_event {
    size_t size; /* of this struct */
    enum pando_step step;
    uint32_t domid;   /* PANDO_NO_DOMID before a creation, and after one that failed */
    const char *name; /* the guest's; "" if it cannot be found out */

    /* PANDO_STEP_CREATE and START; ATTACH, with the new disk or vif alone, while what else is in it
     * means nothing; else NULL */
    const struct pando_config *config;
    const char *new_name; /* PANDO_STEP_RENAME; else NULL */
    uint64_t memory_kib;  /* PANDO_STEP_MEMORY_SET; else 0 */

    enum pando_code result; /* after it: PANDO_OK, or why it failed */

    /* To find out more by functions of pando.h that change nothing. A hook must not begin another
     * step with the same guest, whose lock is held. */
    pando_t *pando;

    enum pando_device device; /* PANDO_STEP_ATTACH and DETACH only */
    const char *which;        /* PANDO_STEP_DETACH: as pando_device_detach() has it; else NULL */
};

/*
 * Hooks are called in the process and thread that makes the step, and hold it up: keep them short.
 *
 * A guest that ends, reboots or crashes by itself is removed and restarted by monitord, which loads
 * no plugins: it must go on when one of them hangs or crashes, and what it does has happened to the
 * guest already, so that nobody could refuse it. It does call pando_domain_create() for the next
 * domain, and no hook hears of that one. A plugin that has to know compares what
 * pando_domain_list() says; the guest's UUID stays.
 */
struct pando_plugin_hook {
    unsigned int steps; /* PANDO_STEP_BIT()s; 0 ends a list */

    /*
     * Before the step: true lets it happen. False refuses it, with a sentence in @reason (of @size
     * bytes): nothing is done, and the operator reads it behind the plugin's name. May be NULL.
     */
    bool (*before)(const struct pando_plugin_event *event, char *reason, size_t size);

    /*
     * After the step, also if it failed or another plugin refused it; not if this one did. Plugins
     * are called in the reverse order. May be NULL.
     */
    void (*after)(const struct pando_plugin_event *event);
};

/* --- panels ------------------------------------------------------------------------ */

/* Where a panel's text goes; it is shown by the screen `plugins` and by `plugins --panel`. */
struct pando_plugin_view {
    size_t size;       /* of this struct */
    pando_t *pando;    /* NULL if there is no Pando host */
    const char *guest; /* whom it is about; NULL if the panel is not of a guest */
    uint32_t domid;    /* of that; else PANDO_NO_DOMID */
    void *context;     /* the program's */

    /* Adds a line; a newline begins another. */
    void (*line)(const struct pando_plugin_view *view, const char *text);

    /* Adds a row of a table, cells up to a NULL. Rows that follow one another are a table whose
     * columns are aligned, and the first is its heading. */
    void (*row)(const struct pando_plugin_view *view, const char *const *cells);
};

struct pando_plugin_panel {
    const char *name;  /* as a command's name, one word; NULL ends a list */
    const char *title; /* its heading */
    bool of_guest;     /* about one guest, not about the host */

    /*
     * Writes what it has to say now. Called again and again while it is shown, at most once a
     * second, in a thread beside the screen. False: could not, with a sentence in @reason.
     */
    bool (*fill)(const struct pando_plugin_view *view, char *reason, size_t size);
};

/* --- the plugin -------------------------------------------------------------------- */

/* Who loads it, for init(). */
struct pando_plugin_host {
    size_t size;         /* of this struct */
    unsigned int abi;    /* PANDO_PLUGIN_ABI of the program */
    const char *version; /* of the program: "0.1.0" */
    bool trial;          /* in the child process that ends behind init() */
};

struct pando_plugin {
    unsigned int abi; /* PANDO_PLUGIN_ABI; stays the first member for ever */
    size_t size;      /* of this struct, as the plugin knows it */

    const char *name;    /* as a command's name, one word; no two plugins have the same */
    const char *version; /* the plugin's own */
    const char *summary; /* half a sentence; may be NULL */

    /* Called once before anything else. False: it cannot work here, with a sentence in @reason. May
     * be NULL. */
    bool (*init)(const struct pando_plugin_host *host, char *reason, size_t size);

    /* Called at the program's end if init() had succeeded. May be NULL. */
    void (*end)(void);

    /* Lists; each may be NULL. They and all they point to stay as they are for good. */
    const struct pando_plugin_command *commands; /* up to one whose name is NULL */
    const struct pando_plugin_hook *hooks;       /* up to one whose steps are 0 */
    const struct pando_plugin_panel *panels;     /* up to one whose name is NULL */
};

/* The first members of each plugin, and what makes it visible. */
#define PANDO_PLUGIN_HEAD   .abi = PANDO_PLUGIN_ABI, .size = sizeof(struct pando_plugin)
#define PANDO_PLUGIN_EXPORT __attribute__((visibility("default")))

/* What the loader looks for. */
extern const struct pando_plugin pando_plugin;

#ifdef __cplusplus
}
#endif
#endif
