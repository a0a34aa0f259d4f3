/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_IMPORT_H
#define DORAD_COMMAND_IMPORT_H

#include "deliver.h"
#include "import_tally.h"
#include "source/gather.h"

/* What the parts of dorad import share. */
struct import {
	const struct command_line *line;
	const struct config *config;
	const struct source *source;
	struct gather *gather;
	struct arena *arena;
	struct source_options options; /* of the endpoint whose deliveries this history is */
	struct header headers[4];      /* which say so; of each delivery */
	size_t n_headers;
	const char *zone; /* of times as people see them; NULL: not known */
	int64_t since_us; /* of a clone only what was committed from then on; 0: all */

	bool dry_run;
	struct deliverer deliverer; /* unless dry_run */
	struct import_tally *tally;
	int64_t n_kept;
	int64_t n_known; /* deliveries that were kept before */
	int64_t n_left;  /* rows that waited when the receiver got nowhere; 0: it does */
	int64_t n_kept_then;

	const char *file; /* at hand */
	int64_t read_bytes;
	int64_t all_bytes; /* 0: not known */
	int64_t began_us;
	int64_t shown_us; /* when progress was last shown */
};

int64_t import_clock_us(void);

/* Now and then: how far, how fast, how long still. */
void import_progress(struct import *import);

/* import_read.c: every file (none: standard input) into import->gather. False: said why. */
bool import_files(struct import *import);

/* "github.com" and "acme/checkout" of the clone's origin, where they are not given; the texts
 * are the arena's. False: said why. */
struct import_place {
	const char *system;
	const char *host;
	const char *repository;
	const char *branch;
};
bool import_clone_place(struct import *import, const char *path, struct import_place *place);

/* import_git.c: the clone's commits and tags. False: said why. */
bool import_clone(struct import *import, const char *path, const struct import_place *place);

/* import_keep.c: gather's deliver(). */
bool import_keep(void *context, const char *body, size_t n);
/* Waits until all of it is on its way. */
bool import_finish(struct import *import);

/* import_zone.c: gather's to_utc(). */
bool import_to_utc(void *context, const char *shown, int64_t *out_us);

#endif
