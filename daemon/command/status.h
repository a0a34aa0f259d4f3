/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_STATUS_H
#define DORAD_COMMAND_STATUS_H

#include "config/config.h"
#include "ledger/list.h"
#include "stream/group.h"

/* What dorad status knows. Everything belongs to the arena. */
struct status_endpoint {
	const char *name;
	int64_t last_us; /* 0: nothing in the ledger */
	bool configured;
	bool silent; /* spoke regularly, and has not for a week */
};

struct status_stream {
	int64_t length;
	int64_t pending; /* waits for the roll-up: not handed out, or not acknowledged */
	int64_t taken;   /* of these, handed out */
	int64_t lost;
	int64_t oldest_us; /* 0: nothing waits */
	bool grouped;      /* a roll-up has been there */
};

struct status {
	struct arena *arena;
	int64_t now_us;
	struct {
		bool running;
		int64_t pid; /* 0: not known */
	} receiver;
	struct {
		const char *path;
		bool there;
		const char *trouble; /* NULL: none */
		struct ledger_counts counts;
		int64_t disk_free_bytes;
		const char **aside; /* files set aside as corrupt */
		size_t n_aside;
	} ledger;
	struct {
		const char *address;
		const char *trouble;
		const char *warning;
		const char *rights;       /* what the receiver may not do; NULL: nothing */
		const char *dead_trouble; /* dead events cannot be read; NULL: they can */
		struct status_stream streams[DORA_N_KINDS];
	} redis;
	struct {
		bool configured;
		const char *trouble;
		int64_t push_gaps; /* dorad.quality_alarm */
		int64_t silent_sources;
	} postgres;
	struct status_endpoint *endpoints;
	size_t n_endpoints;
	const char **acts; /* what somebody must do, in words */
	size_t n_acts;
};

/* Looks at everything that the configuration names. */
void status_look(const struct config *config, struct status *out);

/* Fills acts from what was seen. Pure. */
void status_judge(struct status *status);

#endif
