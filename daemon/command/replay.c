/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_here.h"
#include "ledger_filter.h"
#include "notify.h"
#include "progress.h"
#include "table.h"

#include "base/plural.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A receiver that gets nowhere for so long is not waited for. */
#define STUCK_US INT64_C(30000000)
#define POLL_US INT64_C(100000)

static int64_t clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void on_marked(void *context, int64_t n)
{
	(void)context;
	progress_show("marked", n, 0);
}

/* The running receiver does it; this waits and says how far it is. */
static int wait_for_receiver(
	const struct command_line *line, struct ledger *ledger, int64_t n_marked)
{
	struct wakeup wakeup;
	struct ledger_counts counts = {0};
	struct error err = {0};
	int64_t least = INT64_MAX;
	int64_t moved_us = clock_us();
	bool waiting = true;

	wakeup_init(&wakeup);
	while (waiting && ledger_count(ledger, &counts, &err) && counts.again) {
		if (counts.again < least)
			moved_us = clock_us();
		least = counts.again < least ? counts.again : least;
		progress_show("left", counts.again, n_marked);
		waiting = wakeup_wait(&wakeup, POLL_US) && clock_us() - moved_us < STUCK_US;
	}
	progress_end();
	wakeup_clear(&wakeup);
	if (err.text[0])
		return command_fail(line, "%s", err.text);
	if (counts.again)
		return command_fail(line,
			"%" PRId64 " %s marked, and the receiver does not get on with "
			"that just now: see dorad status. What is marked stays so",
			counts.again, plural(counts.again, "delivery is", "deliveries are"));
	printf("%" PRId64 " %s forwarded again\n", n_marked,
		plural(n_marked, "delivery", "deliveries"));
	return EXIT_DONE;
}

static int replay(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	CLEANUP(ledger_closep) struct ledger *ledger = NULL;
	struct ledger_filter filter;
	struct error err = {0};
	int64_t n_marked = 0;

	if (!config)
		return EXIT_FAILED;
	if (!ledger_filter_read(line, &filter, &err))
		return command_misuse(line, "%s", err.text);
	const struct ledger_options options = {.path = config->receive.ledger};
	if (access(options.path, F_OK) != 0)
		return command_fail(
			line, "%s is not there: nothing was received yet", options.path);
	enum ledger_opening opening = ledger_open(&options, &ledger, &err);
	bool visits = opening == LEDGER_HELD;
	if (visits) {
		err = (struct error){0};
		ledger = ledger_visit(options.path, false, &err);
	}
	if (!ledger)
		return command_fail(line, "%s", err.text);
	enum ledger_result marked =
		ledger_mark(ledger, &filter, on_marked, NULL, &n_marked, &err);
	progress_end();
	if (marked != LEDGER_DONE)
		return command_fail(line, "%s", err.text);
	if (visits)
		return wait_for_receiver(line, ledger, n_marked);
	if (!forward_here(line, config, ledger, n_marked))
		return EXIT_FAILED;
	printf("%" PRId64 " %s forwarded again\n", n_marked,
		plural(n_marked, "delivery", "deliveries"));
	return EXIT_DONE;
}

static const struct command_option options[] = {
	LEDGER_FILTER_OPTIONS,
	{0},
};

const struct command replay_command = {
	.name = "replay",
	.arguments = "",
	.summary = "normalise and forward deliveries again",
	.details = "Without options all of them. The events keep their ids, so what was "
		   "counted is "
		   "not\ncounted twice; what a delivery does not make any more is withdrawn. "
		   "Safe at "
		   "any moment:\na running receiver does it between live deliveries, else this "
		   "command does.",
	.options = options,
	.run = replay,
};
