/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"
#include "forward.h"
#include "ledger_filter.h"
#include "notify.h"
#include "table.h"

#include <inttypes.h>
#include <pthread.h>
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

/* Progress on a terminal, a line that writes over itself. */
static void show(const char *what, int64_t n, int64_t of)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (of)
		fprintf(stderr, "\r%s %" PRId64 " of %" PRId64, what, n, of);
	else
		fprintf(stderr, "\r%s %" PRId64, what, n);
	(void)fflush(stderr);
}

static void end_show(void)
{
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
}

static void on_marked(void *context, int64_t n)
{
	(void)context;
	show("marked", n, 0);
}

/* The forwarder in a thread of its own, so that Ctrl-C is heard. */
struct own_forwarder {
	struct forwarder *forwarder;
	const struct config *config;
	struct source_options *options; /* of each endpoint of the configuration */
	int64_t n_marked;
	struct error err;
	_Atomic bool over;
	bool finished;
};

static void on_forwarded(void *context, int64_t n)
{
	const struct own_forwarder *own = context;

	show("forwarded", n, own->n_marked > n ? own->n_marked : 0);
}

static void *forward(void *context)
{
	struct own_forwarder *own = context;

	own->finished = forwarder_finish(own->forwarder, on_forwarded, own, &own->err);
	atomic_store(&own->over, true);
	return NULL;
}

/* As the receiver would: the endpoint's own options, without its secrets. */
static void options_of(void *context, const char *name, struct source_options *out)
{
	const struct own_forwarder *own = context;

	for (size_t i = 0; i < own->config->receive.n_endpoints; i++) {
		if (strcmp(own->config->receive.endpoints[i].name, name) == 0)
			*out = own->options[i];
	}
}

/* No receiver runs: this process is one, as far as forwarding goes. */
static int forward_here(const struct command_line *line, const struct config *config,
	struct ledger *ledger, int64_t n_marked)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	size_t n = config->receive.n_endpoints;
	struct own_forwarder own = {
		.config = config,
		.options = arena_alloc(arena, (n + 1) * sizeof(*own.options)),
		.n_marked = n_marked,
	};
	const struct stream_options stream = {
		.url = config->redis,
		.password_file = config->redis_password,
		.prefix = config->stream_prefix,
		.shards = config->shards,
	};
	const struct forwarder_options options = {
		.ledger = ledger,
		.stream = &stream,
		.endpoint_options = options_of,
		.context = &own,
	};
	struct wakeup wakeup;
	pthread_t thread;
	struct error err = {0};

	for (size_t i = 0; i < n; i++)
		own.options[i] = endpoint_options(&config->receive.endpoints[i], arena);
	CLEANUP(forwarder_destroyp)
	struct forwarder *forwarder = forwarder_create(&options, &err);
	if (!forwarder)
		return command_fail(line, "%s", err.text);
	own.forwarder = forwarder;
	wakeup_init(&wakeup);
	if (pthread_create(&thread, NULL, forward, &own) != 0) {
		wakeup_clear(&wakeup);
		return command_fail(line, "no thread to forward with");
	}
	while (!atomic_load(&own.over) && wakeup_wait(&wakeup, POLL_US))
		;
	forwarder_stop(forwarder);
	(void)pthread_join(thread, NULL);
	end_show();
	wakeup_clear(&wakeup);
	if (!own.finished)
		return command_fail(line,
			"%s; what is not forwarded stays marked, dorad receive goes on with it",
			own.err.text);
	printf("%" PRId64 " deliveries forwarded again\n", n_marked);
	return EXIT_DONE;
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
		show("left", counts.again, n_marked);
		waiting = wakeup_wait(&wakeup, POLL_US) && clock_us() - moved_us < STUCK_US;
	}
	end_show();
	wakeup_clear(&wakeup);
	if (err.text[0])
		return command_fail(line, "%s", err.text);
	if (counts.again)
		return command_fail(line,
			"%" PRId64
			" deliveries are marked, and the receiver does not get on with "
			"them just now: see dorad status. They stay marked",
			counts.again);
	printf("%" PRId64 " deliveries forwarded again\n", n_marked);
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
	if (command_n_arguments(line) || !ledger_filter_read(line, &filter, &err))
		return command_misuse(line, "%s",
			err.text[0] ? err.text : "takes no arguments, only options");
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
	end_show();
	if (marked != LEDGER_DONE)
		return command_fail(line, "%s", err.text);
	if (visits)
		return wait_for_receiver(line, ledger, n_marked);
	return forward_here(line, config, ledger, n_marked);
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
