/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_SHIM_H
#define DORAD_TESTS_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_FILES 4096

/* The program that is watched has names of its own. */
#pragma GCC visibility push(hidden)

enum call {
	CALL_WRITE,
	CALL_SYNC,
	CALL_TRUNCATE,
	CALL_OPEN,
	CALL_ACCEPT,
	CALL_MALLOC,
	N_CALLS
};

/* Counts the call. True: it is the one to fail, errno is set; a delay alone gives false. */
bool fails(enum call call);
int failed_errno(void);

/* To the trace. */
void put(char what, int64_t file, int64_t offset, const void *bytes, int64_t size);

/* The number of the descriptor's name; 0: it is not watched. */
int watched(int fd);

/* shim_sync.c: a watched file was opened. */
void sync_note_open(int fd, const char *path);

#pragma GCC visibility pop

#endif
