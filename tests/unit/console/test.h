/* SPDX-License-Identifier: MIT */
/* What every test of the console includes. */
#ifndef CONSOLE_TEST_H
#define CONSOLE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
