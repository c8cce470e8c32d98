/* SPDX-License-Identifier: MIT */
/*
 * The protocol between consoled and its clients, over the stream socket CONSOLE_SOCKET.
 *
 * Both directions carry frames: a header of four bytes, then the payload.
 *
 *   byte 0     type, enum console_frame_type
 *   byte 1     zero
 *   bytes 2-3  length of the payload, little-endian, at most CONSOLE_PAYLOAD_MAX
 *
 * Numbers in payloads are little-endian too. Texts are UTF-8, fill the rest of the payload and have
 * no NUL. A sentence is a text made for people, without a newline.
 *
 * A client says HELLO first, and consoled answers with its own HELLO, or with ERROR. Then a client
 * may LIST, and may ATTACH once; from then on DATA flows. A side that gets a frame that it doesn't
 * expect or can't parse ends the connection (consoled after an ERROR).
 *
 *   HELLO     both    "PCON", u16 version, u16 zero
 *   ATTACH    client  u8 flags (CONSOLE_ATTACH_*), text: name, domain id or UUID of the guest
 *   ATTACHED  daemon  u32 domain id, u8 enum console_guest_state, u8 flags granted, text: name
 *   DATA      both    bytes, at least one: from the guest, or typed for it
 *   WINDOW    client  u16 columns, u16 rows: size of the client's terminal. consoled keeps it; a
 *                     guest's PV console ring has no place for it.
 *   LIST      client  nothing
 *   ENTRY     daemon  u32 domain id, u8 enum console_guest_state, u8 zero, u16 clients attached,
 *                     u32 bytes of scrollback, text: name. One for each console that is kept; an
 *                     ENTRY without a payload ends the list.
 *   REPLAYED  daemon  nothing: what was asked for of the scrollback has been sent, what follows is
 *                     new. Sent once after ATTACHED, also when no replay was wanted.
 *   NOTICE    daemon  sentence, to be shown: about this attachment, not from the guest
 *   DETACH    client  nothing. What was sent before has reached the guest's queue when END comes.
 *   END       daemon  u8 enum console_end, sentence. The last frame.
 *   ERROR     daemon  u8 enum console_error, sentence. The last frame.
 */
#ifndef CONSOLE_PROTOCOL_H
#define CONSOLE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_SOCKET      "/run/pando/console.sock"
#define CONSOLE_VERSION     1u
#define CONSOLE_HEADER_SIZE 4u
#define CONSOLE_PAYLOAD_MAX 4096u
#define CONSOLE_FRAME_MAX   (CONSOLE_HEADER_SIZE + CONSOLE_PAYLOAD_MAX)
#define CONSOLE_NAME_MAX    255u

enum console_frame_type {
    CONSOLE_HELLO = 1,
    CONSOLE_ATTACH,
    CONSOLE_ATTACHED,
    CONSOLE_DATA,
    CONSOLE_WINDOW,
    CONSOLE_LIST,
    CONSOLE_ENTRY,
    CONSOLE_REPLAYED,
    CONSOLE_NOTICE,
    CONSOLE_DETACH,
    CONSOLE_END,
    CONSOLE_ERROR,
};

#define CONSOLE_ATTACH_READ_ONLY 0x01u /* what the client types is not for the guest */
#define CONSOLE_ATTACH_REPLAY    0x02u /* send the scrollback first */
#define CONSOLE_ATTACH_FOLLOW    0x04u /* stay when the guest ends, for its next domain */
#define CONSOLE_ATTACH_FLAGS     0x07u

enum console_guest_state {
    CONSOLE_GUEST_ENDED = 0, /* its domain is gone, the scrollback is still there */
    CONSOLE_GUEST_ALIVE = 1,
};

enum console_end {
    CONSOLE_END_DETACHED = 1,
    CONSOLE_END_GUEST = 2, /* the guest has ended */
    CONSOLE_END_STOP = 3,  /* consoled was told to stop */
};

enum console_error {
    CONSOLE_ERROR_PROTOCOL = 1, /* garbage, or a version that isn't spoken here */
    CONSOLE_ERROR_NO_GUEST = 2,
    CONSOLE_ERROR_LIMIT = 3, /* too many clients */
};

/* A frame as received. @payload points into the reader's buffer, up to the next call for it. */
struct console_frame {
    enum console_frame_type type;
    const uint8_t *payload;
    size_t length;
};

struct console_attach {
    uint8_t flags;
    char guest[CONSOLE_NAME_MAX + 1];
};

struct console_attached {
    uint32_t domid;
    enum console_guest_state state;
    uint8_t flags;
    char name[CONSOLE_NAME_MAX + 1];
};

struct console_entry {
    bool last; /* end of the list: the rest is not set */
    uint32_t domid;
    enum console_guest_state state;
    unsigned int clients;
    uint32_t scrollback; /* bytes */
    char name[CONSOLE_NAME_MAX + 1];
};

/* An END, ERROR or NOTICE. */
struct console_sentence {
    uint8_t code; /* enum console_end or console_error; 0 for a NOTICE */
    char text[CONSOLE_PAYLOAD_MAX + 1];
};

/* Bytes of a stream that become frames. Zeroed is empty. */
struct console_reader {
    uint8_t buf[CONSOLE_FRAME_MAX];
    size_t have; /* bytes in buf */
    size_t next; /* of these, where the next frame starts */
};

/*
 * Where to receive into: *space bytes (at least one once console_reader_next() has returned 0).
 * Frames got from the reader before are invalid after it.
 */
uint8_t *console_reader_space(struct console_reader *reader, size_t *space);
/* @length bytes were put there. */
void console_reader_add(struct console_reader *reader, size_t length);

/* The next frame: 1 if *frame is set, 0 if more bytes are needed, -EPROTO for garbage. */
int console_reader_next(struct console_reader *reader, struct console_frame *frame);
/* Gives the last frame back: console_reader_next() will return it again. */
void console_reader_unget(struct console_reader *reader, const struct console_frame *frame);

/* Payloads of received frames: 0, or -EPROTO for one that is malformed. */
int console_get_hello(const struct console_frame *frame, unsigned int *version);
int console_get_attach(const struct console_frame *frame, struct console_attach *attach);
int console_get_attached(const struct console_frame *frame, struct console_attached *attached);
int console_get_window(const struct console_frame *frame, uint16_t *columns, uint16_t *rows);
int console_get_entry(const struct console_frame *frame, struct console_entry *entry);
/* Control characters in the text become '?'. */
int console_get_sentence(const struct console_frame *frame, struct console_sentence *sentence);

/*
 * Frames to send, put into @buf, which has CONSOLE_FRAME_MAX bytes. They return the frame's length.
 * Texts longer than what fits are cut.
 */
size_t console_put(uint8_t *buf, enum console_frame_type type, const void *payload, size_t length);
size_t console_put_hello(uint8_t *buf, unsigned int version);
size_t console_put_attach(uint8_t *buf, const struct console_attach *attach);
size_t console_put_attached(uint8_t *buf, const struct console_attached *attached);
size_t console_put_window(uint8_t *buf, uint16_t columns, uint16_t rows);
size_t console_put_entry(uint8_t *buf, const struct console_entry *entry);
/* @type is CONSOLE_END, CONSOLE_ERROR (with @code) or CONSOLE_NOTICE (without). */
size_t console_put_sentence(uint8_t *buf, enum console_frame_type type, uint8_t code,
                            const char *text);

#endif
