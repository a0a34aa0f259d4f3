/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ROLLUP_H
#define DORAD_COMMAND_ROLLUP_H

#include "command/command.h"
#include "notify.h"
#include "store/store.h"
#include "stream/group.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#define ROLLUP_GROUP "rollup"

/* What a worker has done since it started; read by the thread of /metrics, and by --once. */
struct rollup_counts {
	_Atomic int64_t kept;      /* events new to the database */
	_Atomic int64_t replaced;  /* by a higher revision */
	_Atomic int64_t unchanged; /* known already */
	_Atomic int64_t dead;      /* put aside */
	_Atomic int64_t lost;      /* deleted from a stream before they were handled */
	_Atomic int64_t batches;
	_Atomic int64_t recomputed; /* transactions of recomputation that found work */
	_Atomic int64_t trimmed;
	_Atomic int64_t failures; /* rounds that got nowhere */
	_Atomic int64_t shards;   /* that are this worker's now */
};

/* How the group stands on a key, as last looked at. */
struct rollup_gauge {
	_Atomic int64_t pending;
	_Atomic int64_t lag;
	_Atomic int64_t oldest_us; /* 0: all done */
};

/* A session of Postgres, and what was learnt about recomputing in it. */
struct rollup_hand {
	struct store *store;
	struct rollup_counts *counts;
	bool by_turns;   /* more comes in all the time: what goes last has its turn */
	size_t services; /* that a transaction takes; 0: none was made yet */
	int64_t worked;  /* transactions that found work */
};

/* One worker: Redis on one side, Postgres on the other, one thread that keeps events and does
 * all else, and a helper that recomputes meanwhile (rollup_recompute.h). */
struct rollup {
	const struct config *config;
	struct wakeup *wakeup;
	struct rollup_hand hand; /* in whose session events are kept, too */
	struct rollup_helper *helper;
	struct stream *stream;
	char *consumer; /* group's, owned */
	char *streams;  /* prefix and number of shards: what leases are about */
	bool *mine;     /* by key: what this worker reads, where the streams are sharded */
	struct stream_group group;
	struct link link;
	bool once;           /* works off what is there and ends: nothing is waited for */
	size_t batch;        /* events a transaction takes at present */
	bool behind;         /* the last read gave as much as was asked for: more waits */
	bool own_pending;    /* this consumer may have entries that it has not acknowledged */
	struct stat catalog; /* of the file as it was last applied */
	struct rollup_gauge *gauges; /* by key */
	int64_t *known_losses; /* by key: what a standing has already been alarmed about */
	struct {
		int64_t claim_us; /* when each is due next, monotonic */
		int64_t catalog_us;
		int64_t standing_us;
		int64_t minute_us;
		int64_t calm_us; /* not before, unless it is behind */
		int64_t quality_us;
		int64_t lease_us;
	} due;
	bool dirty; /* something was marked of which the helper does not know yet */
	struct rollup_counts counts;
	struct {
		_Atomic int64_t push_gaps; /* as last asked for: dorad.quality_alarm */
		_Atomic int64_t silent_sources;
	} quality;
};

enum rollup_progress {
	ROLLUP_WORKED, /* did something: there may be more */
	ROLLUP_IDLE,   /* found nothing to do */
	ROLLUP_STUCK,  /* could not: said why in the log; wait, then try again */
};

int64_t rollup_now_us(void); /* monotonic */

/* rollup.c: what a worker's sessions have in common. */
struct store_options rollup_store_options(const struct rollup *rollup);

/* rollup_event.c: one entry as dorad_data.keep() takes it. Pure. False: err says why no. */
bool rollup_event_write(const struct stream_entry *entry, FILE *to, struct error *err);

/* rollup_keep.c: keeps entries, acknowledges them, puts aside what cannot be kept. */
enum rollup_progress rollup_keep(struct rollup *rollup, const struct stream_entries *entries);
/* rollup_intake.c: one round of reading: own pending ones, those of the dead, new ones. */
enum rollup_progress rollup_intake(struct rollup *rollup, int64_t block_ms);

/* What a stream's result asks for; logs it. */
enum rollup_progress rollup_stream_failed(struct rollup *rollup, enum stream_result result,
	const char *doing, const struct error *err);
/* rollup_chores.c. The same for Postgres. */
enum rollup_progress rollup_store_failed(struct rollup *rollup, enum store_class class,
	const char *doing, const struct error *err);

/* Applies rollup.catalog if it is not as it was; a bad file leaves what was applied. */
enum rollup_progress rollup_catalog(struct rollup *rollup);
/* How the group stands, for /metrics; alarms about entries deleted before it was given them. */
enum rollup_progress rollup_watch_losses(struct rollup *rollup);
/* Once a minute: the clock, trimming, losses. */
enum rollup_progress rollup_minute(struct rollup *rollup);
/* rollup_quality.c: now and then, whether anything that should have come did not; and
 * rollup_receivers.c: takes over what receivers say about their ledgers. */
enum rollup_progress rollup_quality(struct rollup *rollup);
enum rollup_progress rollup_receivers(struct rollup *rollup);

#endif
