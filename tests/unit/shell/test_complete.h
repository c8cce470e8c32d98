/* SPDX-License-Identifier: MIT */
/* Tests that test_script.c takes from test_complete.c. */
#ifndef TEST_COMPLETE_H
#define TEST_COMPLETE_H

void completes_commands(void **state);
void completes_options(void **state);
void completes_arguments(void **state);
void completes_configurations(void **state);
void completes_devices(void **state);
void completes_variables(void **state);
void completes_nothing_in_doubt(void **state);

#endif
