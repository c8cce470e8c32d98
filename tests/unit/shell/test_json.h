/* SPDX-License-Identifier: MIT */
/* Tests that test_commands.c takes from test_json.c. */
#ifndef TEST_JSON_H
#define TEST_JSON_H

void json_is_as_documented(void **state);
void silence_of_the_others(void **state);
void json_of_what_is_empty(void **state);
void json_is_documented(void **state);

#endif
