/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver.h"

#include "forward_here.h"
#include "ledger/list.h"
#include "notify.h"
#include "progress.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define POLL_US INT64_C(50000)
#define MOST_ENTRIES 64

/* A receiver that gets nowhere for so long is not waited for. */
#define STUCK_POLLS 600

bool deliverer_open(struct deliverer *deliverer, const struct command_line *line,
	const struct config *config)
{
	const struct ledger_options options = {
		.path = config->receive.ledger,
		.retention_age_us = config->receive.retention_age_us,
		.retention_bytes = config->receive.retention_bytes,
	};
	struct error err = {0};

	*deliverer = (struct deliverer){.line = line, .config = config};
	enum ledger_opening opening = ledger_open(&options, &deliverer->ledger, &err);
	deliverer->visits = opening == LEDGER_HELD;
	if (deliverer->visits) {
		err = (struct error){0};
		deliverer->ledger = ledger_visit(options.path, false, &err);
	}
	if (!deliverer->ledger)
		(void)command_fail(line, "%s", err.text);
	return deliverer->ledger != NULL;
}

void deliverer_close(struct deliverer *deliverer)
{
	ledger_close(deliverer->ledger);
	deliverer->ledger = NULL;
}

bool deliverer_keep(struct deliverer *deliverer, const struct ledger_entry *entries, size_t n)
{
	int64_t seqs[MOST_ENTRIES];
	struct error err = {0};

	assert(n && n <= MOST_ENTRIES);
	enum ledger_result result = ledger_keep_now(deliverer->ledger, entries, n, seqs, &err);
	if (result != LEDGER_DONE) {
		(void)command_fail(deliverer->line, "the ledger cannot keep it (%s): %s",
			ledger_result_name(result), err.text);
		return false;
	}
	deliverer->last_seq = seqs[n - 1];
	deliverer->n_rows += (int64_t)n;
	return true;
}

/* What became of a row: its state, and why where it is quarantined. */
struct fate {
	char state[32];
	char reason[200];
};

static void see(void *context, const struct ledger_summary *summary)
{
	struct fate *fate = context;

	(void)snprintf(fate->state, sizeof(fate->state), "%s", summary->state);
	(void)snprintf(fate->reason, sizeof(fate->reason), "%s",
		summary->reason ? summary->reason : "");
}

/* The receiver forwards in order: when the last is done, all are. */
static bool wait_for_receiver(struct deliverer *deliverer, struct fate *fate)
{
	const struct ledger_filter last = {.seq = deliverer->last_seq};
	struct ledger_counts counts = {0};
	struct wakeup wakeup;
	struct error err = {0};
	int64_t least = INT64_MAX;
	bool waits = true;
	int polls = 0;

	wakeup_init(&wakeup);
	while (waits && polls++ < STUCK_POLLS && !wakeup.stop) {
		if (!ledger_list(deliverer->ledger, &last, see, fate, &err) ||
			!ledger_count(deliverer->ledger, &counts, &err))
			break;
		waits = strcmp(fate->state, "kept") == 0;
		if (counts.backlog < least)
			polls = 0;
		least = counts.backlog < least ? counts.backlog : least;
		progress_show("left", counts.backlog, 0);
		if (waits)
			(void)wakeup_wait(&wakeup, POLL_US);
	}
	progress_end();
	wakeup_clear(&wakeup);
	if (err.text[0]) {
		(void)command_fail(deliverer->line, "%s", err.text);
		return false;
	}
	if (waits)
		fprintf(stderr,
			"kept; the receiver has not got to forwarding it yet, see dorad "
			"status\n");
	return true;
}

/* Out of the ledger, by whoever is to do it. */
static bool forward(struct deliverer *deliverer, struct fate *fate)
{
	const struct ledger_filter last = {.seq = deliverer->last_seq};
	struct error err = {0};

	if (deliverer->visits)
		return wait_for_receiver(deliverer, fate);
	if (!forward_here(
		    deliverer->line, deliverer->config, deliverer->ledger, deliverer->n_rows))
		return false;
	if (deliverer->n_rows && !ledger_list(deliverer->ledger, &last, see, fate, &err))
		(void)command_fail(deliverer->line, "%s", err.text);
	return !err.text[0];
}

bool deliverer_wait(struct deliverer *deliverer)
{
	struct fate fate = {0};

	/* Without a receiver, also what an earlier command did not get to forwarding. */
	return (deliverer->visits && !deliverer->n_rows) || forward(deliverer, &fate);
}

bool deliverer_finish(struct deliverer *deliverer)
{
	struct fate fate = {0};

	if (!deliverer->n_rows)
		return true;
	if (!forward(deliverer, &fate))
		return false;
	if (strcmp(fate.state, "quarantined") != 0)
		return true;
	(void)command_fail(deliverer->line, "delivery %lld is quarantined: %s",
		(long long)deliverer->last_seq,
		fate.reason[0] ? fate.reason : "some of its lines; see dorad deliveries show");
	return false;
}
