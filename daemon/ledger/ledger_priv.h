/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_LEDGER_PRIV_H
#define DORAD_LEDGER_LEDGER_PRIV_H

#include "body_priv.h"
#include "db_priv.h"
#include "ledger/ledger.h"
#include "lock_priv.h"
#include "mover_priv.h"
#include "queue_priv.h"
#include "recent_priv.h"
#include "round_priv.h"
#include "schema_priv.h"
#include "wal_priv.h"
#include "writer_priv.h"

#include <pthread.h>
#include <time.h>

struct ledger {
	char *path;
	char *wal_path;
	_Atomic int64_t retention_age_us;
	_Atomic int64_t retention_bytes;
	bool owner;
	struct lock *lock;  /* NULL: a visitor */
	struct db *writing; /* the writer's alone; a visitor's only one */
	pthread_mutex_t reading_lock;
	struct db *reading; /* the owner's second one */
	_Atomic uint32_t id;
	_Atomic uint64_t generation; /* raised when a file is set aside */
	struct recent recent;        /* the owner's */
	struct body_packer *packer;  /* the writer's */
	int reserve_fd;              /* -1: none */
	int64_t wal_most_bytes;
	struct mover mover;   /* the owner's */
	bool rested;          /* since it was last busy; the writer's */
	int64_t expire_at_us; /* when retention looks again; the writer's */
	struct writer writer;
};

static inline int64_t now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* ledger.c. Opens what the ledger's name stands for; sets the file aside if it is corrupt. */
enum ledger_opening ledger_connect(struct ledger *ledger, struct error *err);
void ledger_disconnect(struct ledger *ledger);
bool ledger_set_aside(struct ledger *ledger, const char *why);

/* The connection to read on, locked; give it back in the same function. */
struct db *ledger_begin_reading(struct ledger *ledger); /* NULL: there is none just now */
void ledger_end_reading(struct ledger *ledger);

/* Reading failed: words for the caller, and the writer is told what to mend. */
void ledger_reading_failed(struct ledger *ledger, struct db *db, struct error *err);

/* space.c: the disk is not endless. */
void space_open(struct ledger *ledger);
void space_close(struct ledger *ledger);
void space_watch(struct ledger *ledger);        /* a new connection's log */
void space_give_reserve(struct ledger *ledger); /* to whoever must write to make room */
bool space_has_room(struct ledger *ledger, int64_t bytes); /* to keep so many */
/* False: there is still no room for a delivery of so many bytes. */
bool space_make(struct ledger *ledger, int64_t want_bytes);
/* The first time that there is nothing to do: what a busy hour took for pages is given back. */
void space_rest(struct ledger *ledger);
bool space_expire(struct ledger *ledger, bool full); /* true: there may be more to delete */

#endif
