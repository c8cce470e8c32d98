/* SPDX-License-Identifier: MIT */
/* Tests that the runner in test_config.c takes from test_problems.c. */
#ifndef TEST_CONFIG_H
#define TEST_CONFIG_H

void problems_all_at_once(void **state);
void problems_of_the_text(void **state);
void problems_of_missing_keys(void **state);
void problems_of_two_keys(void **state);
void problems_of_wrong_types(void **state);
void problems_of_overrides(void **state);
void problems_of_the_file(void **state);
void problems_are_bounded(void **state);

/* test_vnuma.c */
void reads_virtual_nodes(void **state);
void problems_of_virtual_nodes(void **state);

#endif
