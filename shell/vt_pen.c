/* SPDX-License-Identifier: MIT */
/* Colours and attributes (SGR), brought down to what a cell can have. */
#include "vt_filter.h"

#include <stdio.h>

int filter_colour(int red, int green, int blue)
{
    static const int levels[] = { 0, 95, 135, 175, 215, 255 };
    int rgb[3] = { red, green, blue }, cube = 16, off_cube = 0, grey, off_grey = 0;

    for (int i = 0; i < 3; i++) {
        int value = rgb[i] < 0 ? 0 : rgb[i] > 255 ? 255 : rgb[i];
        int level = value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;

        rgb[i] = value;
        cube += level * (i == 0 ? 36 : i == 1 ? 6 : 1);
        off_cube += (value - levels[level]) * (value - levels[level]);
    }
    grey = ((rgb[0] + rgb[1] + rgb[2]) / 3 - 3) / 10;
    grey = grey < 0 ? 0 : grey > 23 ? 23 : grey;
    for (int i = 0; i < 3; i++) {
        off_grey += (rgb[i] - 8 - 10 * grey) * (rgb[i] - 8 - 10 * grey);
    }
    return off_grey < off_cube ? 232 + grey : cube;
}

/* A colour behind 38 or 48 at @i: the arguments that it takes, and the colour or -1. */
static int parse_colour(const struct filter *filter, int i, int *colour)
{
    int kind = filter_argument(filter, i + 1, -1),
        used = kind == 5   ? 3
               : kind == 2 ? 5
                           : 2,
        at = i + 2;

    if (i + 1 < filter->count && filter->part[i + 1]) {
        /* 38:2::R:G:B, with or without the colour space */
        for (used = 1; i + used < filter->count && filter->part[i + used]; used++) {
        }
        at += kind == 2 && used > 5;
    }
    *colour = -1;
    if (kind == 5 && filter_argument(filter, at, -1) <= 255) {
        *colour = filter_argument(filter, at, -1);
    } else if (kind == 2) {
        *colour = filter_colour(filter_argument(filter, at, 0), filter_argument(filter, at + 1, 0),
                                filter_argument(filter, at + 2, 0));
    }
    return used;
}

static bool is_known_attribute(int code)
{
    return code == 0 || code == 1 || (code >= 3 && code <= 5) || code == 7 || code == 9 ||
           (code >= 21 && code <= 25) || code == 27 || code == 29 || (code >= 30 && code <= 37) ||
           (code >= 39 && code <= 47) || code == 49 || (code >= 90 && code <= 97) ||
           (code >= 100 && code <= 107);
}

void filter_attributes(struct filter *filter)
{
    char text[16];
    int colour;

    for (int i = 0; i < filter->count;) {
        int code = filter_argument(filter, i, 0), used = 1;

        if (code == 38 || code == 48) {
            used = parse_colour(filter, i, &colour);
            snprintf(text, sizeof(text), "\033[%d;5;%dm", code, colour);
            if (colour >= 0) {
                filter_put(filter, text);
            }
        } else {
            for (; i + used < filter->count && filter->part[i + used]; used++) {
            }
            /* 4:0 is no underline, 4:1 and on are kinds of it */
            if (code == 4 && used > 1 && filter_argument(filter, i + 1, 1) == 0) {
                code = 24;
            }
            if (is_known_attribute(code)) {
                snprintf(text, sizeof(text), "\033[%dm", code);
                filter_put(filter, text);
            }
        }
        i += used;
    }
}
