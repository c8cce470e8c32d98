/* SPDX-License-Identifier: MIT */
/* A command: one descriptor, in one file cmd_NAME.c, listed in command.c. */
#ifndef SHELL_COMMAND_H
#define SHELL_COMMAND_H

#include "lexer.h"
#include "options.h"
#include "schema.h"

/* What completion offers for an argument. */
enum completion {
    COMPLETE_NOTHING,
    COMPLETE_GUEST,
    COMPLETE_FILE,
    COMPLETE_CONFIG, /* a file with a guest's configuration */
    COMPLETE_COMMAND,
    COMPLETE_WORD,     /* one of the command's complete_words */
    COMPLETE_KEY,      /* a key of a configuration */
    COMPLETE_OVERRIDE, /* KEY= */
    COMPLETE_VARIABLE,
    COMPLETE_LOG,        /* guests, and what else has a log */
    COMPLETE_DEVICE,     /* of the guest and the kind that the first two arguments name */
    COMPLETE_DEVICE_KEY, /* KEY=, of devices of the kind that the second argument names */
};

/* What is taken behind the first argument, for a command that does several things. */
struct command_form {
    const char *word;            /* the first argument; NULL ends a table */
    enum completion complete[2]; /* for the second argument, and for the others */
};

enum { ARGUMENTS_ANY = -1 };

struct command {
    const char *name;
    const char *arguments; /* synopsis without the options: "FILE [KEY=VALUE]..." */
    const char *summary;   /* half a sentence for the list */
    const char *help;      /* paragraphs, with an empty line between them; may be NULL */
    const struct option_info *options;
    int least, most;                /* number of arguments; ARGUMENTS_ANY: no limit */
    enum completion complete[2];    /* for the first argument, and for the others */
    enum completion complete_third; /* for the third and what follows, if it is another */
    const char *const *complete_words;
    const struct command_form *forms;    /* what follows some of these words; or NULL */
    const struct command_output *output; /* with --json; NULL: it prints nothing */

    /* Returns an enum shell_exit. */
    int (*run)(struct shell *shell, const struct arguments *arguments);
};

/* All commands in the order of the help; NULL ends them. */
extern const struct command *const commands[];

extern const struct command cmd_attach, cmd_config, cmd_console, cmd_create, cmd_destroy,
    cmd_detach, cmd_dmesg, cmd_expect, cmd_help, cmd_info, cmd_layout, cmd_list, cmd_log,
    cmd_mem_set, cmd_on_error, cmd_pause, cmd_plugins, cmd_quit, cmd_reboot, cmd_rename, cmd_screen,
    cmd_send, cmd_set, cmd_shutdown, cmd_unpause, cmd_vcpu_list, cmd_version, cmd_wait_for;

/* By its name, also a plugin's of one word; the own ones only. */
const struct command *command_find(const char *name);
const struct command *command_find_own(const char *name);

/* The @n-th of all, plugins' behind the own ones; NULL behind the last. */
const struct command *command_at(size_t n);

/* The command that words begin with (there is at least one), and how many of them are its name. */
const struct command *command_match(const char *const *words, size_t *used);

/* Runs a command with its words (the first is its name). Returns an enum shell_exit. */
int command_run(struct shell *shell, const char *const *words);

/* Splits a line, puts variables' values in, and runs it; nothing for a line without a word. */
int command_run_line(struct shell *shell, const char *line);

/* "usage: NAME [OPTIONS] ARGUMENTS" */
void command_print_usage(const struct command *command, FILE *out);

/* All that `help` has to say of it. */
void command_describe(const struct command *command, FILE *out);

/* Options that several commands have. */
#define OPTION_JSON                                                                                \
    {                                                                                              \
        "json", NULL, "print JSON instead of text"                                                 \
    }
#define OPTION_TIMEOUT                                                                             \
    {                                                                                              \
        "timeout", "SECONDS", "give up after that time (exit code 4)"                              \
    }

#endif
