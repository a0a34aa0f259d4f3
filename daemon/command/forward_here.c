/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_here.h"

#include "endpoint.h"
#include "forward.h"
#include "notify.h"
#include "progress.h"

#include <pthread.h>
#include <string.h>

#define POLL_US INT64_C(100000)

/* The forwarder in a thread of its own, so that Ctrl-C is heard. */
struct own_forwarder {
	struct forwarder *forwarder;
	const struct config *config;
	struct source_options *options; /* of each endpoint of the configuration */
	int64_t n_rows;
	struct error err;
	_Atomic bool over;
	bool finished;
};

static void on_forwarded(void *context, int64_t n)
{
	const struct own_forwarder *own = context;

	progress_show("forwarded", n, own->n_rows > n ? own->n_rows : 0);
}

static void *forward(void *context)
{
	struct own_forwarder *own = context;

	own->finished = forwarder_finish(own->forwarder, on_forwarded, own, &own->err);
	atomic_store(&own->over, true);
	return NULL;
}

/* As the receiver would: the endpoint's own options, without its secrets. */
static bool options_of(void *context, const char *name, struct source_options *out)
{
	const struct own_forwarder *own = context;

	for (size_t i = 0; i < own->config->receive.n_endpoints; i++) {
		if (strcmp(own->config->receive.endpoints[i].name, name) == 0) {
			*out = own->options[i];
			return true;
		}
	}
	return false;
}

bool forward_here(const struct command_line *line, const struct config *config,
	struct ledger *ledger, int64_t n_rows)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	size_t n = config->receive.n_endpoints;
	struct own_forwarder own = {
		.config = config,
		.options = arena_alloc(arena, (n + 1) * sizeof(*own.options)),
		.n_rows = n_rows,
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
	if (!forwarder) {
		(void)command_fail(line, "%s", err.text);
		return false;
	}
	own.forwarder = forwarder;
	wakeup_init(&wakeup);
	if (pthread_create(&thread, NULL, forward, &own) != 0) {
		wakeup_clear(&wakeup);
		(void)command_fail(line, "no thread to forward with");
		return false;
	}
	while (!atomic_load(&own.over) && wakeup_wait(&wakeup, POLL_US))
		;
	forwarder_stop(forwarder);
	(void)pthread_join(thread, NULL);
	progress_end();
	wakeup_clear(&wakeup);
	if (!own.finished)
		(void)command_fail(line,
			"%s; what is not forwarded stays marked in the ledger, dorad receive "
			"goes on"
			" with it",
			own.err.text);
	return own.finished;
}
