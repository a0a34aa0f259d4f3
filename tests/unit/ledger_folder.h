/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_LEDGER_FOLDER_H
#define DORAD_TESTS_LEDGER_FOLDER_H

/* A ledger in a folder of its own for each promise: begin(), then opened(). */
#include "ledger/list.h"
#include "tap.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static char path[96];

static const int64_t noon_us = INT64_C(1780351162000000);
static const int64_t year_us = INT64_C(365) * 86400 * 1000000;

static inline int remove_one(
	const char *name, const struct stat *stat, int flag, struct FTW *at)
{
	(void)stat;
	(void)flag;
	(void)at;
	return remove(name);
}

static inline void remove_all(void)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A fresh folder for each promise. */
static inline void begin(void)
{
	if (folder[0])
		remove_all();
	(void)snprintf(folder, sizeof(folder), "/tmp/dorad-ledger-XXXXXX");
	if (!mkdtemp(folder))
		exit(1);
	(void)snprintf(path, sizeof(path), "%s/ledger.db", folder);
}

static inline struct ledger *opened_with(int64_t age_us, int64_t bytes)
{
	const struct ledger_options options = {
		.path = path, .retention_age_us = age_us, .retention_bytes = bytes};
	struct ledger *ledger = NULL;
	struct error err = {0};

	if (ledger_open(&options, &ledger, &err) != LEDGER_OPENED) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return ledger;
}

static inline struct ledger *opened(void)
{
	return opened_with(100 * year_us, 0);
}

static const struct header headers[] = {{"x-github-event", "push"}, {"x-empty", ""}};

static inline struct ledger_entry entry_of(const char *endpoint, const char *body, size_t n)
{
	return (struct ledger_entry){
		.endpoint = endpoint,
		.source = "github",
		.delivery_id = "d-1",
		.kind = "push",
		.headers = headers,
		.n_headers = 2,
		.body = (char *)(uintptr_t)body,
		.n_body = n,
		.received_us = noon_us,
	};
}

static inline int64_t keep(struct ledger *ledger, const char *body)
{
	const struct ledger_entry entry = entry_of("gh", body, strlen(body));
	int64_t seq = 0;

	CHECK_INT(ledger_keep_now(ledger, &entry, 1, &seq, NULL), LEDGER_DONE);
	return seq;
}

static const struct ledger_window whole = {.rows = 100, .bytes = 1 << 20};

static inline struct ledger_rows next(struct ledger *ledger, struct arena *arena)
{
	struct ledger_rows rows = {0};

	CHECK(ledger_next(ledger, &whole, arena, &rows, NULL));
	return rows;
}

static inline struct ledger_made made_of(const char *id, uint64_t ms)
{
	return (struct ledger_made){
		.kind = DORA_CHANGE,
		.source = "/github/h",
		.id = id,
		.subject = "s",
		.time_us = noon_us,
		.key = "dorad:change",
		.entry_ms = ms,
	};
}

static inline enum ledger_result settle(struct ledger *ledger,
	const struct ledger_outcome *outcomes, size_t n, const struct ledger_note *note)
{
	const struct ledger_settlement settlement = {.outcomes = outcomes,
		.n = n,
		.notes = note,
		.n_notes = note ? 1 : 0,
		.hurry = true};

	return ledger_settle(ledger, &settlement, NULL);
}

static inline void forward(struct ledger *ledger, int64_t seq, const char *id, uint64_t ms)
{
	const struct ledger_made made = made_of(id, ms);
	const struct ledger_outcome outcome = {
		.seq = seq, .state = LEDGER_STATE_FORWARDED, .made = &made, .n_made = 1};
	const struct ledger_note note = {.key = made.key, .entry_ms = ms};

	CHECK_INT(settle(ledger, &outcome, 1, &note), LEDGER_DONE);
}

static inline int64_t mark(struct ledger *ledger, const struct ledger_filter *filter)
{
	int64_t n = -1;

	CHECK_INT(ledger_mark(ledger, filter, NULL, NULL, &n, NULL), LEDGER_DONE);
	return n;
}

static inline struct ledger_counts count(struct ledger *ledger)
{
	struct ledger_counts counts = {0};

	CHECK(ledger_count(ledger, &counts, NULL));
	return counts;
}

static inline void collect(void *context, const struct ledger_summary *summary)
{
	char *text = context;
	size_t used = strlen(text);

	(void)snprintf(text + used, 200 - used, "%d%s ", (int)summary->seq, summary->state);
}

static inline void settle_as(struct ledger *ledger, int64_t seq, enum ledger_state state)
{
	const struct ledger_outcome outcome = {.seq = seq, .state = state, .reason = "r"};

	CHECK_INT(settle(ledger, &outcome, 1, NULL), LEDGER_DONE);
}

#endif
