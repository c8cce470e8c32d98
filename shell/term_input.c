/* SPDX-License-Identifier: MIT */
#include "term_input.h"

#include <string.h>

enum { ESC = 0x1b, DEL = 0x7f, PARAMETERS = 4 };

static const char paste_end[] = "\033[201~";

struct sequence {
    unsigned parameters[PARAMETERS];
    size_t count;
    char marker; /* one of <=>? in front, or 0 */
    char final;
};

char *input_space(struct term_input *input, size_t *space)
{
    if (input->first) {
        memmove(input->bytes, input->bytes + input->first, input->end - input->first);
        input->end -= input->first;
        input->first = 0;
    }
    *space = sizeof(input->bytes) - input->end;
    return input->bytes + input->end;
}

void input_add(struct term_input *input, size_t length)
{
    input->end += length;
}

static enum input_result give_key(struct term_event *event, uint32_t code, unsigned modifiers)
{
    *event = (struct term_event){ .type = TERM_KEY, .key = { code, (uint8_t)modifiers } };
    return INPUT_EVENT;
}

/* --- control sequences: CSI --------------------------------------------------------- */

/* How many bytes the sequence at @bytes has, behind "ESC [". 0: it isn't complete. */
static size_t parse_sequence(const char *bytes, size_t length, struct sequence *sequence)
{
    size_t i = 0;
    *sequence = (struct sequence){ 0 };
    if (i < length && bytes[i] >= '<' && bytes[i] <= '?')
        sequence->marker = bytes[i++];
    for (; i < length; i++) {
        unsigned *last =
            &sequence->parameters[sequence->count < PARAMETERS ? sequence->count : PARAMETERS - 1];
        if (bytes[i] >= '0' && bytes[i] <= '9') {
            if (*last < 10000)
                *last = *last * 10 + (unsigned)(bytes[i] - '0');
        } else if (bytes[i] == ';' || bytes[i] == ':') {
            sequence->count++;
        } else if (bytes[i] == '[' && i == 0) {
            /* The Linux console's function keys: ESC [ [ A. */
            if (length < 2)
                return 0;
            sequence->marker = '[';
            sequence->final = bytes[1];
            return 2;
        } else if ((unsigned char)bytes[i] >= 0x40) {
            sequence->count = sequence->count + 1 < PARAMETERS ? sequence->count + 1 : PARAMETERS;
            sequence->final = bytes[i];
            return i + 1;
        } else if ((unsigned char)bytes[i] < 0x20) {
            /* Not one after all: what there is of it is dropped. */
            sequence->final = 0;
            return i ? i : 1;
        }
    }
    return 0;
}

/* xterm's parameter: 1 and a bit each for Shift, Alt, Ctrl. */
static unsigned modifiers_of(unsigned parameter)
{
    return parameter > 1 ? (parameter - 1) & 7 : 0;
}

static uint32_t code_of_letter(char letter)
{
    static const struct {
        char letter;
        uint32_t code;
    } letters[] = {
        { 'A', K_UP },     { 'B', K_DOWN },   { 'C', K_RIGHT }, { 'D', K_LEFT },
        { 'H', K_HOME },   { 'F', K_END },    { 'P', K_F1 },    { 'Q', K_F1 + 1 },
        { 'R', K_F1 + 2 }, { 'S', K_F1 + 3 }, { 'M', K_ENTER },
    };
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (letters[i].letter == letter)
            return letters[i].code;
    return K_NONE;
}

/* The number before '~': VT220's, with xterm's and rxvt's additions. */
static uint32_t code_of_number(unsigned number)
{
    static const uint32_t codes[] = {
        [1] = K_HOME,      [2] = K_INSERT,  [3] = K_DELETE,  [4] = K_END,      [5] = K_PAGE_UP,
        [6] = K_PAGE_DOWN, [7] = K_HOME,    [8] = K_END,     [11] = K_F1,      [12] = K_F1 + 1,
        [13] = K_F1 + 2,   [14] = K_F1 + 3, [15] = K_F1 + 4, [17] = K_F1 + 5,  [18] = K_F1 + 6,
        [19] = K_F1 + 7,   [20] = K_F1 + 8, [21] = K_F1 + 9, [23] = K_F1 + 10, [24] = K_F1 + 11,
    };
    return number < sizeof(codes) / sizeof(codes[0]) ? codes[number] : K_NONE;
}

static bool mouse_event(const struct sequence *sequence, struct term_event *event)
{
    unsigned what = sequence->parameters[0];
    struct mouse *mouse = &event->mouse;

    *event = (struct term_event){ .type = TERM_MOUSE };
    mouse->x = (int)sequence->parameters[1] - 1;
    mouse->y = (int)sequence->parameters[2] - 1;
    mouse->button = (int)(what & 3) + 1;
    mouse->modifiers = (uint8_t)((what & 4 ? MODIFIER_SHIFT : 0) | (what & 8 ? MODIFIER_ALT : 0) |
                                 (what & 16 ? MODIFIER_CTRL : 0));
    if (what & 64)
        mouse->action = what & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
    else if (what & 32)
        mouse->action = MOUSE_DRAG;
    else
        mouse->action = sequence->final == 'M' ? MOUSE_PRESS : MOUSE_RELEASE;
    /* Wheels to the side, and movement without a button, are nobody's. */
    return !(what & 64 && what & 2) && mouse->button < 4 && mouse->x >= 0 && mouse->y >= 0;
}

static enum input_result sequence_event(struct term_input *input, const struct sequence *sequence,
                                        struct term_event *event)
{
    unsigned first = sequence->parameters[0];
    unsigned modifiers = sequence->count > 1 ? modifiers_of(sequence->parameters[1]) : 0;
    uint32_t code = K_NONE;

    if (sequence->marker == '<' && (sequence->final == 'M' || sequence->final == 'm'))
        return mouse_event(sequence, event) ? INPUT_EVENT : INPUT_NOTHING;
    if (sequence->marker == '[' && sequence->final >= 'A' && sequence->final <= 'E')
        return give_key(event, K_F1 + (uint32_t)(sequence->final - 'A'), 0);
    if (sequence->marker)
        return INPUT_NOTHING;
    if (sequence->final == 'R' && sequence->count == 2 && input->asked) {
        input->asked = false;
        input->answer_y = (int)first;
        input->answer_x = (int)sequence->parameters[1];
        return INPUT_ANSWER;
    }
    if (sequence->final == 'Z')
        return give_key(event, K_TAB, MODIFIER_SHIFT);
    if (sequence->final == '~' && first == 200) {
        input->pasting = true;
        return INPUT_NOTHING;
    }
    if (sequence->final == '~')
        code = code_of_number(first);
    else if (sequence->final != 'M')
        code = code_of_letter(sequence->final);
    return code == K_NONE ? INPUT_NOTHING : give_key(event, code, modifiers);
}

/* --- keys ----------------------------------------------------------------------------- */

static enum input_result character_event(uint32_t character, unsigned modifiers,
                                         struct term_event *event)
{
    if (character == '\r')
        return give_key(event, K_ENTER, modifiers);
    if (character == '\t')
        return give_key(event, K_TAB, modifiers);
    if (character == DEL || character == '\b')
        return give_key(event, K_BACKSPACE, modifiers);
    if (character == ESC)
        return give_key(event, K_ESCAPE, modifiers);
    if (character == 0)
        return give_key(event, ' ', modifiers | MODIFIER_CTRL);
    if (character < 0x1b)
        return give_key(event, character + 'a' - 1, modifiers | MODIFIER_CTRL);
    if (character < 0x20)
        return give_key(event, character + '@', modifiers | MODIFIER_CTRL);
    return give_key(event, character, modifiers);
}

/* Whether the bytes may be the start of a longer character of UTF-8. */
static bool is_cut(const char *bytes, size_t length)
{
    unsigned char first = (unsigned char)*bytes;
    size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    for (size_t i = 1; i < length && i < need; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
    return length < need;
}

static enum input_result plain_event(const char *bytes, size_t length, bool complete,
                                     unsigned modifiers, size_t *used, struct term_event *event)
{
    if (!complete && is_cut(bytes, length))
        return INPUT_MORE;
    uint32_t character = utf8_next(bytes, length, used);
    return character_event(character, modifiers, event);
}

/* What starts with ESC. Sets *used, but with INPUT_MORE. */
static enum input_result escape_event(struct term_input *input, const char *bytes, size_t length,
                                      bool complete, size_t *used, struct term_event *event)
{
    struct sequence sequence;

    if (length == 1) {
        *used = 1;
        return complete ? give_key(event, K_ESCAPE, 0) : INPUT_MORE;
    }
    if (bytes[1] == ESC) {
        /* ESC itself, and something else that starts with it. */
        *used = 1;
        return give_key(event, K_ESCAPE, 0);
    }
    if (bytes[1] == 'O' && length > 2) {
        uint32_t code = code_of_letter(bytes[2]);
        *used = 3;
        return code == K_NONE ? INPUT_NOTHING : give_key(event, code, 0);
    }
    if (bytes[1] == '[') {
        size_t behind = parse_sequence(bytes + 2, length - 2, &sequence);
        if (behind) {
            *used = behind + 2;
            return sequence.final ? sequence_event(input, &sequence, event) : INPUT_NOTHING;
        }
        if (!complete && length < INPUT_SEQUENCE_MAX)
            return INPUT_MORE;
        *used = length < 3 ? 2 : length;
        return length < 3 ? give_key(event, '[', MODIFIER_ALT) : INPUT_NOTHING;
    }
    if (bytes[1] == 'O' && !complete)
        return INPUT_MORE;
    enum input_result result =
        plain_event(bytes + 1, length - 1, complete, MODIFIER_ALT, used, event);
    *used += 1;
    return result;
}

/* Pasted text up to its end, or as much as there is. */
static enum input_result paste_event(struct term_input *input, bool complete,
                                     struct term_event *event)
{
    const char *bytes = input->bytes + input->first;
    size_t length = input->end - input->first, mark = strlen(paste_end);
    const char *end = memmem(bytes, length, paste_end, mark);
    size_t text = end ? (size_t)(end - bytes) : length;

    /* The start of the mark may be at the end of what is there. */
    for (size_t keep = mark - 1; !end && !complete && keep > 0; keep--)
        if (length >= keep && !memcmp(bytes + length - keep, paste_end, keep)) {
            text = length - keep;
            break;
        }
    if (text > TERM_PASTE_MAX)
        text = TERM_PASTE_MAX;
    else if (end)
        input->pasting = false;
    else if (!text)
        return INPUT_MORE;
    memcpy(input->paste, bytes, text);
    input->first += text + (input->pasting ? 0 : mark);
    if (!text)
        return INPUT_NOTHING;
    *event = (struct term_event){ .type = TERM_PASTE, .paste = input->paste };
    event->paste_length = text;
    return INPUT_EVENT;
}

enum input_result input_next(struct term_input *input, bool complete, struct term_event *event)
{
    while (input->first < input->end) {
        const char *bytes = input->bytes + input->first;
        size_t length = input->end - input->first, used = 1;
        enum input_result result;

        if (input->pasting) {
            result = paste_event(input, complete, event);
            used = 0;
        } else if (*bytes == ESC) {
            result = escape_event(input, bytes, length, complete, &used, event);
        } else {
            result = plain_event(bytes, length, complete, 0, &used, event);
        }
        if (result == INPUT_MORE)
            return result;
        input->first += used;
        if (result != INPUT_NOTHING)
            return result;
    }
    return INPUT_NOTHING;
}
