/* SPDX-License-Identifier: MIT */
/* The keys of xl.cfg(5), and why Pando has none for some of them. */
#ifndef CONFIG_IO_XL_KEYS_H
#define CONFIG_IO_XL_KEYS_H

struct xl_key {
    const char *key;    /* NULL ends the table */
    const char *reason; /* NULL: it is carried over; else a sentence that begins with "Pando" */
};

extern const struct xl_key xl_keys[];

/* NULL: xl.cfg(5) has none by that name. */
const struct xl_key *xl_key_find(const char *key);

#endif
