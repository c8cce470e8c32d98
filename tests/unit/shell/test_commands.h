/* SPDX-License-Identifier: MIT */
/* Tests that test_commands.c takes from test_lifecycle.c. */
#ifndef TEST_COMMANDS_H
#define TEST_COMMANDS_H

void lifecycle_create(void **state);
void lifecycle_create_if_absent(void **state);
void lifecycle_create_fails(void **state);
void lifecycle_create_console(void **state);
void lifecycle_pause(void **state);
void lifecycle_destroy(void **state);
void lifecycle_shutdown(void **state);
void lifecycle_shutdown_if_present(void **state);
void lifecycle_shutdown_preserved(void **state);
void lifecycle_reboot(void **state);
void lifecycle_host_is_safe(void **state);

#endif
