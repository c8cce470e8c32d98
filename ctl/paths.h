/* SPDX-License-Identifier: MIT */
/* Where the library keeps what it has to know between two calls. */
#ifndef PANDO_PATHS_H
#define PANDO_PATHS_H

#ifdef UNIT_TEST
#define PANDO_RUN_DIR "pando-unit" /* in the working directory, which the test chooses */
#else
#define PANDO_RUN_DIR "/run/pando"
#endif
#define PANDO_LOCK_DIR      PANDO_RUN_DIR "/lock"
#define PANDO_DOMAIN_DIR    PANDO_RUN_DIR "/domains"
#define PANDO_RESTART_DIR   PANDO_RUN_DIR "/restart"
#define PANDO_BUILDING_DIR  PANDO_RUN_DIR "/building"
#define PANDO_STARTING_DIR  PANDO_RUN_DIR "/starting"
#define PANDO_ANNOUNCED_DIR PANDO_RUN_DIR "/announced"

/* Makes the folder and its parents if need be. 0, or -1 with errno. */
int make_dir(const char *path);

#endif
