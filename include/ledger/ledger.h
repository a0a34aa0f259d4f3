/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_LEDGER_H
#define DORAD_LEDGER_LEDGER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was received, kept in SQLite before it is answered (RELIABILITY.md section 9). The
 * receiver owns the ledger: it holds <name>.lock and has threads that commit and sync whatever
 * has queued up. Commands visit it: they read and write beside the owner, through SQLite.
 * Ledger and forwarder meet in ledger/rows.h, lists for people are in ledger/list.h.
 */
struct ledger;

struct ledger_options {
	const char *path;         /* "/var/lib/dorad/ledger.db"; its folder must exist */
	int64_t retention_age_us; /* forwarded and ignored deliveries older than this go */
	int64_t retention_bytes;  /* and the oldest of them while the file holds more */
};

enum ledger_opening {
	LEDGER_OPENED,
	LEDGER_HELD, /* another process owns it; err says which */
	LEDGER_BAD,  /* cannot be opened: folder, rights, newer schema; err says what to do */
};

/*
 * Takes the lock and starts the writer. An unreadable file is moved aside whole, logged as an
 * error, and a new one begun. Logs what it did.
 */
enum ledger_opening ledger_open(
	const struct ledger_options *options, struct ledger **out, struct error *err);

/* For a command, with or without an owner running. create: make the file if there is none.
 * NULL: err says why. */
struct ledger *ledger_visit(const char *path, bool create, struct error *err);

/* The process that owns the ledger of that name; 0: none does. And the file behind the name,
 * which may be a link: log, lock and all else are beside that. The caller frees it. */
int64_t ledger_owner(const char *path);
char *ledger_real_path(const char *path);

/* Commits what has queued, stops the writer, lets go of the lock. NULL is fine. */
void ledger_close(struct ledger *ledger);
DEFINE_CLEANUP(struct ledger *, ledger_close);

#define LEDGER_NAME_MAX 48

/* What a delivery is called: "<ledger id>-<seq>". The id is random and made with the file. */
void ledger_name(struct ledger *ledger, int64_t seq, char out[static LEDGER_NAME_MAX]);

/* As in the options; from now on. Any thread. */
void ledger_set_retention(struct ledger *ledger, int64_t age_us, int64_t bytes);

enum ledger_result {
	LEDGER_DONE,    /* committed and synced */
	LEDGER_FULL,    /* no space, and nothing that may be deleted */
	LEDGER_LATE,    /* not synced within LEDGER_PATIENCE_US; it may still be */
	LEDGER_FAILED,  /* the disk or the file misbehaves */
	LEDGER_CLOSING, /* came after ledger_close() had begun */
};

const char *ledger_result_name(enum ledger_result result);

/* Senders wait 10 s: at 8 s they are told 503 while they still listen. */
#define LEDGER_PATIENCE_US INT64_C(8000000)

/* A delivery to keep. All is copied but the body. */
struct ledger_entry {
	const char *endpoint;
	const char *source;
	const char *delivery_id;      /* the sender's own; NULL: none */
	const char *kind;             /* the sender's word, where a header says it; NULL */
	const struct header *headers; /* those that source_keeps_header() wants */
	size_t n_headers;
	char *body; /* the ledger's from now on, whatever becomes of it */
	size_t n_body;
	void (*free_body)(char *body, size_t n); /* NULL: the body is only borrowed */
	int64_t received_us;
};

/*
 * Queues it and returns. on_kept is called exactly once, from a thread of the ledger or before
 * this returns: with LEDGER_DONE and its number when it is committed and synced, or with the
 * reason why not. It must ask the ledger nothing but ledger_name(). For the owner.
 */
typedef void ledger_on_kept(void *context, enum ledger_result result, int64_t seq);
void ledger_keep(struct ledger *ledger, const struct ledger_entry *entry,
	ledger_on_kept *on_kept, void *context);

/* Keeps several in one transaction before it returns, for owner and visitor alike. Bodies are
 * borrowed here. seqs: n of them, or NULL. */
enum ledger_result ledger_keep_now(struct ledger *ledger, const struct ledger_entry *entries,
	size_t n, int64_t *seqs, struct error *err);

/* How the writer is doing; thread safe and cheap. */
struct ledger_health {
	bool full;           /* the last commit found no space */
	bool failing;        /* the last commit, or a sync, failed otherwise */
	int64_t behind_us;   /* age of the oldest delivery that waits; 0: none */
	int64_t beat_age_us; /* since the writer last went round */
	size_t n_waiting;
	size_t waiting_bytes;
	uint64_t n_kept; /* since the start */
	uint64_t n_commits;
	uint64_t n_refused;   /* answered with anything but LEDGER_DONE */
	uint64_t n_errors;    /* commits and syncs that failed */
	uint64_t n_expired;   /* rows deleted by retention */
	uint64_t n_set_aside; /* files moved aside as corrupt */
};

void ledger_health(struct ledger *ledger, struct ledger_health *out);

#endif
