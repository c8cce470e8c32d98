/* SPDX-License-Identifier: MIT */
/* The C library's functions that the hypervisor has (lib/string.c, lib/printf.c). */
#ifndef HV_STRING_H
#define HV_STRING_H

#include <stdarg.h>
#ifdef UNIT_TEST
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#else
#include <hv/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *sub);
unsigned long strtoul(const char *s, char **end, int base);

/* Conversions: d i u x X o c s p %, with width, precision, 0, -, #, +, l, ll, z, h, hh. */
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
#endif

/* Copies at most size-1 characters and terminates; returns strlen(src). */
size_t str_copy(char *dst, const char *src, size_t size);

#endif
