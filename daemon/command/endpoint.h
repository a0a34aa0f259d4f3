/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ENDPOINT_H
#define DORAD_COMMAND_ENDPOINT_H

#include "config/config.h"
#include "source/authenticate.h"

#include <stdatomic.h>

/*
 * The endpoints of a configuration with their secrets read and keyed. A set is made whole,
 * never changed, and shared by count: a reload makes another and puts it in its place.
 */
struct endpoint {
	const char *name;
	const struct source *source;
	enum auth_method method;
	struct auth_keys *keys;
	bool keep_alive;
	struct source_options options;
	struct endpoint_tally *tally; /* outlives the set; NULL where nobody counts */
};

/* What came to an endpoint of that name since the start. */
#define ENDPOINT_N_SECRETS 8
#define ENDPOINT_N_REASONS 16

struct endpoint_tally {
	struct endpoint_tally *next;
	char *name;
	_Atomic uint64_t n_kept;
	_Atomic uint64_t n_bytes;
	_Atomic uint64_t n_unavailable;                   /* 503 */
	_Atomic uint64_t verified_by[ENDPOINT_N_SECRETS]; /* the last: that one and above */
	struct {
		_Atomic(const char *) reason;
		_Atomic uint64_t n;
		_Atomic int64_t logged_us;
	} refused[ENDPOINT_N_REASONS];
	_Atomic int64_t last_us; /* CLOCK_REALTIME; 0: nothing yet */
};

struct endpoint_set {
	atomic_int n_holders;
	struct config *config;
	struct arena *arena;
	struct endpoint *items;
	size_t n;
};

/*
 * Takes the configuration over, also on failure. NULL: err says which endpoint or file, and
 * what to do: no secret and no auth: none, auth: none where others can reach it, a secret that
 * everyone can read, an unknown source.
 */
struct endpoint_set *endpoint_set_create(struct config *config, struct error *err);
struct endpoint_set *endpoint_set_hold(struct endpoint_set *set);
void endpoint_set_drop(struct endpoint_set *set); /* the last one frees; NULL is fine */
DEFINE_CLEANUP(struct endpoint_set *, endpoint_set_drop);

/* What a normaliser may know of an endpoint; borrows from it and from the arena. */
struct source_options endpoint_options(
	const struct config_endpoint *given, struct arena *arena);

/* NULL: no such endpoint. */
const struct endpoint *endpoint_find(
	const struct endpoint_set *set, const char *name, size_t n);

#endif
