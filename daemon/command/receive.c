/* SPDX-License-Identifier: Apache-2.0 */
#include "receive.h"

#include "base/heap.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "dumps.h"
#include "notify.h"
#include "reload.h"
#include "table.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often overload is looked at, and how often when nothing waits for its commit. */
#define CONTROL_US INT64_C(100000)
#define CONTROL_IDLE_US INT64_C(1000000)

struct endpoint_set *receiver_endpoints(struct receiver *receiver)
{
	(void)pthread_mutex_lock(&receiver->lock);
	struct endpoint_set *set = endpoint_set_hold(receiver->endpoints);
	(void)pthread_mutex_unlock(&receiver->lock);
	return set;
}

/* The counts of an endpoint go on over a reload. */
static struct endpoint_tally *tally_of(struct receiver *receiver, const char *name)
{
	struct endpoint_tally **end = &receiver->tallies;

	for (; *end; end = &(*end)->next) {
		if (strcmp((*end)->name, name) == 0)
			return *end;
	}
	*end = xcalloc(1, sizeof(**end));
	(*end)->name = xstrdup(name);
	return *end;
}

/* Puts another set in the place of the one that holds now. */
static void set_endpoints(struct receiver *receiver, struct endpoint_set *set)
{
	(void)pthread_mutex_lock(&receiver->lock);
	struct endpoint_set *old = receiver->endpoints;
	for (size_t i = 0; i < set->n; i++)
		set->items[i].tally = tally_of(receiver, set->items[i].name);
	receiver->endpoints = set;
	(void)pthread_mutex_unlock(&receiver->lock);
	endpoint_set_drop(old);
}

/* What the forwarder needs of an endpoint; the set is held until its next row. */
struct options_holder {
	struct receiver *receiver;
	struct endpoint_set *set;
};

static bool options_of(void *context, const char *name, struct source_options *out)
{
	struct options_holder *holder = context;

	endpoint_set_drop(holder->set);
	holder->set = receiver_endpoints(holder->receiver);
	const struct endpoint *endpoint = endpoint_find(holder->set, name, strlen(name));
	if (endpoint)
		*out = endpoint->options;
	return endpoint != NULL;
}

static void *forward_thread(void *context)
{
	(void)pthread_setname_np(pthread_self(), "forwarder");
	forwarder_run(context);
	return NULL;
}

static void *front_thread(void *context)
{
	http_server_run(context);
	return NULL;
}

static struct http_server *make_server(
	struct receiver *receiver, const struct config *config, struct error *err)
{
	struct http_listen *listen;
	struct http_options options = receive_options(config, &listen);

	options.handler = receive_handler(receiver);
	receiver->metrics_apart = config->receive.metrics_listen.n > 0;
	struct http_server *server = http_server_create(&options, err);
	free(listen);
	return server;
}

/* A second configuration is read and checked whole, then put in the first one's place. */
static void reload(struct receiver *receiver, const char *path)
{
	struct error err = {0};
	struct config *config =
		reload_config(path, receiver->endpoints->config, "receive", &err);
	struct endpoint_set *set = config ? endpoint_set_create(config, &err) : NULL;

	if (!set) {
		log_error("reload refused, going on as before: %s", err.text);
		return;
	}
	ledger_set_retention(receiver->ledger, config->receive.retention_age_us,
		config->receive.retention_bytes);
	set_endpoints(receiver, set);
	http_server_set_drain(receiver->server, config->receive.drain_us);
	const struct http_tls tls = receive_tls(config);
	if (!http_server_reload_tls(receiver->server, &tls, &err))
		log_error("certificate not read again, the old one serves on: %s", err.text);
	forwarder_retry(receiver->forwarder);
	log_info("reloaded endpoints=%zu", set->n);
}

/* Until a signal says stop. */
static void control(struct receiver *receiver, struct wakeup *wakeup, const char *path)
{
	bool paused = false;

	do {
		bool pause = receive_should_pause(receiver);

		if (pause != paused) {
			log_warn("ledger behind: %s",
				pause ? "accepting no connections for now"
				      : "accepting connections again");
			http_server_pause(receiver->server, pause);
		}
		paused = pause;
		receive_look(receiver, receiver->endpoints->config->receive.ledger);
		if (wakeup->reload) {
			wakeup->reload = false;
			notify("RELOADING=1");
			reload(receiver, path);
			notify("READY=1");
		}
		atomic_store(&receiver->beat_us, receive_clock_us(CLOCK_MONOTONIC));
	} while (wakeup_wait(
		wakeup, receive_is_busy(receiver) || paused ? CONTROL_US : CONTROL_IDLE_US));
}

/* With everything made: two threads beside this one until it is time to stop, then front first,
 * so that what was begun is kept and answered. */
static bool serve(
	struct receiver *receiver, struct wakeup *wakeup, const char *path, struct error *err)
{
	pthread_t front;
	pthread_t forward;

	if (pthread_create(&forward, NULL, forward_thread, receiver->forwarder) != 0) {
		error_setf(err, "no thread for the forwarder");
		return false;
	}
	bool served = pthread_create(&front, NULL, front_thread, receiver->server) == 0;
	if (served) {
		notify("READY=1");
		log_info("receiving endpoints=%zu version=" DORAD_VERSION,
			receiver->endpoints->n);
		control(receiver, wakeup, path);
		notify("STOPPING=1");
		log_info("stopping");
		http_server_stop(receiver->server);
		(void)pthread_join(front, NULL);
	} else {
		error_setf(err, "no thread for the front");
	}
	forwarder_stop(receiver->forwarder);
	(void)pthread_join(forward, NULL);
	return served;
}

static void receiver_clear(struct receiver *receiver)
{
	/* The ledger first: it answers whatever still waits, and needs the server for that. */
	ledger_close(receiver->ledger);
	http_server_destroy(receiver->server);
	forwarder_destroy(receiver->forwarder);
	endpoint_set_drop(receiver->endpoints);
	while (receiver->tallies) {
		struct endpoint_tally *next = receiver->tallies->next;

		free(receiver->tallies->name);
		free(receiver->tallies);
		receiver->tallies = next;
	}
	(void)pthread_mutex_destroy(&receiver->lock);
}

static bool receiver_init(struct receiver *receiver, struct endpoint_set *set,
	struct options_holder *holder, struct error *err)
{
	const struct config *config = set->config;
	const struct ledger_options ledger_options = {
		.path = config->receive.ledger,
		.retention_age_us = config->receive.retention_age_us,
		.retention_bytes = config->receive.retention_bytes,
	};
	const struct stream_options stream_options = {
		.url = config->redis,
		.password_file = config->redis_password,
		.prefix = config->stream_prefix,
		.shards = config->shards,
	};

	(void)pthread_mutex_init(&receiver->lock, NULL);
	receiver->started_us = receive_clock_us(CLOCK_REALTIME);
	receiver->beat_us = receive_clock_us(CLOCK_MONOTONIC);
	set_endpoints(receiver, set);
	if (ledger_open(&ledger_options, &receiver->ledger, err) != LEDGER_OPENED)
		return false;
	const struct forwarder_options forwarder_options = {
		.ledger = receiver->ledger,
		.stream = &stream_options,
		.endpoint_options = options_of,
		.context = holder,
	};
	receiver->forwarder = forwarder_create(&forwarder_options, err);
	if (!receiver->forwarder)
		return false;
	receiver->server = make_server(receiver, config, err);
	return receiver->server != NULL;
}

static void set_log_level(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{"error", LOG_LEVEL_ERROR},
		{"warn", LOG_LEVEL_WARN},
		{"info", LOG_LEVEL_INFO},
		{"debug", LOG_LEVEL_DEBUG},
	};

	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (strcmp(levels[i].name, name) == 0)
			log_set_threshold(levels[i].level);
	}
}

static int receive(const struct command_line *line)
{
	dumps_forbid();
	heap_begin();
	struct config *config = command_config(line);
	struct receiver receiver = {0};
	struct options_holder holder = {.receiver = &receiver};
	struct wakeup wakeup;
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	set_log_level(config->log_level);
	struct endpoint_set *set = endpoint_set_create(config, &err);
	if (!set)
		return command_fail(line, "%s", err.text);
	wakeup_init(&wakeup);
	wakeup.unfed = true;
	bool served = receiver_init(&receiver, set, &holder, &err) &&
		serve(&receiver, &wakeup, command_config_path(line), &err);
	receiver_clear(&receiver);
	endpoint_set_drop(holder.set);
	wakeup_clear(&wakeup);
	if (served)
		log_info("stopped");
	return served ? EXIT_DONE : command_fail(line, "%s", err.text);
}

const struct command receive_command = {
	.name = "receive",
	.arguments = "",
	.summary = "the receiver: webhooks in, events out (a daemon)",
	.details =
		"Keeps each authenticated delivery in the ledger, answers 200 once it is on "
		"disk, "
		"and\nforwards it to Redis. Runs in the foreground. SIGTERM finishes what has "
		"begun and\nends; SIGHUP reads endpoints, secrets and certificates again.",
	.run = receive,
};
