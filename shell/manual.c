/* SPDX-License-Identifier: MIT */
#include "manual.h"
#include "command.h"

#include <ctype.h>
#include <string.h>

enum { COLUMNS = 78 };

void manual_wrap(FILE *out, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (column && column + 1 + length > COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        if (column)
            column += fprintf(out, " %.*s", length, text);
        else
            column = fprintf(out, "%*s%.*s", indent, "", length, text);
        text += length;
        if (!strncmp(text, "\n\n", 2)) {
            fputs("\n\n", out);
            column = 0;
        }
        text += strspn(text, " \n");
    }
    if (column)
        fputc('\n', out);
}

static void roff_char(FILE *out, char c)
{
    if (c == '\\')
        fputs("\\e", out);
    else if (c == '-')
        fputs("\\-", out);
    else
        fputc(c, out);
}

/* Text that does not start a request by accident; `command` becomes bold. */
static void roff(FILE *out, const char *text)
{
    bool bold = false;
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '`') {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", out);
        } else if (!strncmp(text, "\n\n", 2)) {
            fputs("\n.IP\n", out);
            text++;
        } else {
            roff_char(out, *text);
        }
    }
}

/* Words in capitals stand for something; the others are typed as they are. */
static void roff_arguments(FILE *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, " ");
        fputc(' ', out);
        for (size_t i = 0; i < length; i++) {
            bool capital = text[i] >= 'A' && text[i] <= 'Z';
            bool small = text[i] >= 'a' && text[i] <= 'z';
            fputs(capital ? "\\fI" : small ? "\\fB" : "\\fR", out);
            roff_char(out, text[i]);
        }
        fputs("\\fR", out);
        text += length;
        text += strspn(text, " ");
    }
}

static void roff_command(FILE *out, const struct command *command)
{
    fputs(".TP\n\\fB", out);
    roff(out, command->name);
    fputs("\\fR", out);
    if (command->options)
        fputs(" [\\fIOPTIONS\\fR]", out);
    roff_arguments(out, command->arguments);
    fputc('\n', out);
    fputc(toupper((unsigned char)command->summary[0]), out);
    roff(out, command->summary + 1);
    fputs(".\n", out);
    if (command->help) {
        roff(out, command->help);
        fputc('\n', out);
    }
    if (!command->options)
        return;
    fputs(".RS\n", out);
    for (const struct option_info *option = command->options; option->name; option++) {
        fputs(".TP\n\\fB\\-\\-", out);
        roff(out, option->name);
        fputs("\\fR", out);
        if (option->value)
            fprintf(out, " \\fI%s\\fR", option->value);
        fputc('\n', out);
        roff(out, option->summary);
        fputs(".\n", out);
    }
    fputs(".RE\n", out);
}

void manual_print_commands(FILE *out)
{
    for (size_t i = 0; commands[i]; i++)
        roff_command(out, commands[i]);
}

static void roff_output(FILE *out, const struct command *command,
                        const struct command_output *output)
{
    fprintf(out, ".TP\n\\fB");
    roff(out, command->name);
    fputs("\\fR", out);
    roff_arguments(out, output->form);
    fprintf(out, "\n%s \\fI%s\\fR object%s\n", output->list ? "an array of" : "one",
            output->schema->name, output->list ? "s" : "");
}

static void roff_schema(FILE *out, const struct schema *schema)
{
    fprintf(out, ".SS %s\n", schema->name);
    if (!schema->members) {
        fputs("The configuration of a guest, as\n.BR pando.cfg (5)\ndescribes it.\n", out);
        return;
    }
    for (const struct schema_member *member = schema->members; member->name; member++) {
        fprintf(out, ".TP\n.BR %s \" (%s%s%s)\"\n", member->name,
                member->type == SCHEMA_OBJECTS ? "array of " : schema_type_name(member->type),
                member->type == SCHEMA_OBJECTS ? member->of->name : "",
                member->optional ? ", not always there" : "");
        roff(out, member->summary);
        fputs(".\n", out);
    }
}

void manual_print_json(FILE *out)
{
    for (size_t i = 0; commands[i]; i++)
        for (const struct command_output *output = commands[i]->output; output && output->schema;
             output++)
            roff_output(out, commands[i], output);
    for (size_t i = 0; schemas[i]; i++)
        roff_schema(out, schemas[i]);
}
