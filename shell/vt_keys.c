/* SPDX-License-Identifier: MIT */
/* Keys, pasted text and the mouse, as the guest wants them: xterm's and VT220's sequences. */
#include "vt_grid.h"

#include <string.h>

static VTermModifier modifiers_of(uint8_t modifiers)
{
    return (modifiers & MODIFIER_SHIFT ? VTERM_MOD_SHIFT : 0) |
           (modifiers & MODIFIER_ALT ? VTERM_MOD_ALT : 0) |
           (modifiers & MODIFIER_CTRL ? VTERM_MOD_CTRL : 0);
}

static VTermKey key_of(uint32_t code)
{
    static const VTermKey keys[] = {
        [K_ENTER - K_ENTER] = VTERM_KEY_ENTER,
        [K_TAB - K_ENTER] = VTERM_KEY_TAB,
        [K_BACKSPACE - K_ENTER] = VTERM_KEY_BACKSPACE,
        [K_ESCAPE - K_ENTER] = VTERM_KEY_ESCAPE,
        [K_UP - K_ENTER] = VTERM_KEY_UP,
        [K_DOWN - K_ENTER] = VTERM_KEY_DOWN,
        [K_LEFT - K_ENTER] = VTERM_KEY_LEFT,
        [K_RIGHT - K_ENTER] = VTERM_KEY_RIGHT,
        [K_HOME - K_ENTER] = VTERM_KEY_HOME,
        [K_END - K_ENTER] = VTERM_KEY_END,
        [K_PAGE_UP - K_ENTER] = VTERM_KEY_PAGEUP,
        [K_PAGE_DOWN - K_ENTER] = VTERM_KEY_PAGEDOWN,
        [K_INSERT - K_ENTER] = VTERM_KEY_INS,
        [K_DELETE - K_ENTER] = VTERM_KEY_DEL,
    };

    if (code >= K_F1 && code <= K_F12) {
        return VTERM_KEY_FUNCTION((int)(code - K_F1 + 1));
    }
    return code >= K_ENTER && code <= K_DELETE ? keys[code - K_ENTER] : VTERM_KEY_NONE;
}

/* The control character of Ctrl and @code, or -1. */
static int control_of(uint32_t code)
{
    if ((code >= 'a' && code <= 'z') || (code >= '@' && code <= '_')) {
        return (int)(code & 0x1f);
    }
    return code == ' ' ? 0 : code == '?' ? 0x7f : code == '/' ? 0x1f : -1;
}

static bool send_character(struct vt *vt, const struct key *key)
{
    char bytes[5] = { 0x1b };
    size_t length = 1;
    int control = control_of(key->code);

    if (key->code == K_NONE || key->code >= 0x110000) {
        return false;
    }
    if (!(key->modifiers & MODIFIER_CTRL)) {
        length += utf8_put(bytes + length, key->code);
    } else if (control >= 0) {
        bytes[length++] = (char)control;
    } else {
        return false;
    }
    if (vt->events->reply) {
        bool alt = key->modifiers & MODIFIER_ALT;

        vt->events->reply(vt->arg, bytes + !alt, length - !alt);
    }
    return true;
}

bool vt_key(struct vt *vt, const struct key *key)
{
    VTermKey special = key_of(key->code);
    VTermModifier modifiers = modifiers_of(key->modifiers);

    if (special == VTERM_KEY_NONE) {
        return send_character(vt, key);
    }
    /* No guest has a use for Ctrl-Enter in the form that it would get. */
    if (key->code == K_ENTER || key->code == K_BACKSPACE || key->code == K_ESCAPE) {
        modifiers &= VTERM_MOD_ALT;
    }
    vterm_keyboard_key(vt->term, special, modifiers);
    return true;
}

void vt_paste(struct vt *vt, const char *text, size_t length)
{
    char bytes[256];
    size_t have = 0, used;

    vterm_keyboard_start_paste(vt->term);
    for (size_t i = 0; i < length; i += used) {
        uint32_t character = utf8_next(text + i, length - i, &used);

        if (character == '\n' || character == '\r' || character == '\t') {
            /* "\r\n" is one end of a line */
            if (character != '\n' || i == 0 || text[i - 1] != '\r') {
                bytes[have++] = character == '\t' ? '\t' : '\r';
            }
        } else if (!filter_is_control(character)) {
            have += utf8_put(bytes + have, character);
        }
        if (vt->events->reply && (have > sizeof(bytes) - 5 || i + used >= length)) {
            vt->events->reply(vt->arg, bytes, have);
            have = 0;
        }
    }
    vterm_keyboard_end_paste(vt->term);
}

bool vt_mouse(struct vt *vt, const struct mouse *mouse)
{
    VTermModifier modifiers = modifiers_of(mouse->modifiers);

    if (!vt_wants_mouse(vt) || mouse->x < 0 || mouse->y < 0 || mouse->x >= vt->columns ||
        mouse->y >= vt->rows) {
        return false;
    }
    vterm_mouse_move(vt->term, mouse->y, mouse->x, modifiers);
    switch (mouse->action) {
    case MOUSE_PRESS:
    case MOUSE_RELEASE:
        if (mouse->button >= 1 && mouse->button <= 3) {
            vterm_mouse_button(vt->term, mouse->button, mouse->action == MOUSE_PRESS, modifiers);
        }
        break;
    case MOUSE_WHEEL_UP:
    case MOUSE_WHEEL_DOWN:
        vterm_mouse_button(vt->term, mouse->action == MOUSE_WHEEL_UP ? 4 : 5, true, modifiers);
        break;
    case MOUSE_DRAG:
        break;
    }
    return true;
}
