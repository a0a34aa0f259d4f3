/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include "base/timestamp.h"
#include "event/digest.h"
#include "ledger/list.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ID_DIGITS 32 /* of the digest by which a delivery is known again */

/*
 * With a receiver running no more than so many rows (of about a hundred events) wait to be
 * forwarded, so that what comes in live does not wait behind a year of history.
 */
#define ROWS_AHEAD 48
#define LOOK_EVERY 8
#define POLL_US INT64_C(20000)

/* A receiver whose Redis is away gets nowhere: the ledger takes the rest until it moves. */
#define STUCK_US INT64_C(5000000)

int64_t import_clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void rest(int64_t us)
{
	struct timespec time = timespec_of_us(us);

	(void)nanosleep(&time, NULL);
}

/* It got nowhere when it was last waited for: has it moved since? */
static bool is_stuck(struct import *import, int64_t backlog)
{
	return import->n_left &&
		backlog - import->n_left >= import->n_kept - import->n_kept_then;
}

static bool keep_step(struct import *import)
{
	struct ledger_counts counts = {0};
	struct error err = {0};
	int64_t least = INT64_MAX;
	int64_t moved_us = import_clock_us();

	if (!import->deliverer.visits || import->n_kept % LOOK_EVERY)
		return true;
	do {
		if (!ledger_count(import->deliverer.ledger, &counts, &err)) {
			(void)command_fail(import->line, "%s", err.text);
			return false;
		}
		if (is_stuck(import, counts.backlog))
			return true;
		import->n_left = 0;
		if (counts.backlog < least) {
			least = counts.backlog;
			moved_us = import_clock_us();
		}
		if (counts.backlog > ROWS_AHEAD)
			rest(POLL_US);
		import_progress(import);
	} while (counts.backlog > ROWS_AHEAD && import_clock_us() - moved_us < STUCK_US);
	if (counts.backlog > ROWS_AHEAD) {
		import->n_left = counts.backlog;
		import->n_kept_then = import->n_kept;
	}
	return true;
}

static int64_t wall_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void count(struct import *import, const char *body, size_t n, int64_t received_us)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct normalised made = {.list.arena = arena};
	const struct delivery delivery = {
		.endpoint = "import",
		.headers = import->headers,
		.n_headers = import->n_headers,
		.body = body,
		.n_body = n,
		.received_us = received_us,
		.options = import->options,
	};

	(void)source_normalise(import->source, &delivery, &made);
	import_tally_add(import->tally, &made);
}

/* By all that its events are made of: the body, the source and the endpoint's options. */
static void name_delivery(const struct import *import, const char *body, size_t n,
	char hex[static DIGEST_HEX_MAX])
{
	char all[DIGEST_HEX_MAX + 128];

	digest_hex(body, n, hex);
	int length = snprintf(all, sizeof(all), "%s %s", hex, source_name(import->source));
	for (size_t i = 0; i < import->n_headers; i++)
		length += snprintf(all + length, sizeof(all) - (size_t)length, " %.20s=%.20s",
			import->headers[i].name, import->headers[i].value);
	digest_hex(all, (size_t)length, hex);
	hex[ID_DIGITS] = '\0';
}

bool import_keep(void *context, const char *body, size_t n)
{
	struct import *import = context;
	int64_t received_us = wall_us();
	char hex[DIGEST_HEX_MAX];
	struct error err = {0};
	bool known = false;

	count(import, body, n, received_us);
	import_progress(import);
	if (import->dry_run)
		return true;
	name_delivery(import, body, n, hex);
	if (!ledger_holds_import(import->deliverer.ledger, hex, &known, &err)) {
		(void)command_fail(import->line, "%s", err.text);
		return false;
	}
	if (known) {
		import->n_known++;
		return true;
	}
	const struct ledger_entry entry = {
		.endpoint = "import",
		.source = source_name(import->source),
		.delivery_id = hex,
		.kind = "import",
		.headers = import->headers,
		.n_headers = import->n_headers,
		.body = (char *)(uintptr_t)body,
		.n_body = n,
		.received_us = received_us,
	};
	if (!deliverer_keep(&import->deliverer, &entry, 1))
		return false;
	import->n_kept++;
	return keep_step(import);
}

void import_progress(struct import *import)
{
	int64_t now = import_clock_us();

	if (now - import->shown_us < 200000)
		return;
	import->shown_us = now;
	progress_rate("imported", (int64_t)gather_n_objects(import->gather),
		import->all_bytes ? (double)import->read_bytes / (double)import->all_bytes : 0,
		now - import->began_us);
}

bool import_finish(struct import *import)
{
	struct error err = {0};

	progress_end();
	if (import->n_kept && import->deliverer.visits &&
		!ledger_sync(import->deliverer.ledger, &err)) {
		(void)command_fail(import->line, "%s", err.text);
		return false;
	}
	return import->dry_run || deliverer_wait(&import->deliverer);
}
