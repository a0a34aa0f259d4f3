/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_priv.h"

#include "base/heap.h"
#include "base/log.h"
#include "base/scratch.h"
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "source/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long nothing new is waited for before looking again: commands write beside us. */
#define NEWS_US INT64_C(1000000)

/* How often the dead stream is read back, and all streams are looked at. */
#define CHORES_US INT64_C(5000000)

/* forwarder_finish() gives up after so many failures in a row. */
#define MOST_FAILURES 10

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

struct forwarder *forwarder_create(const struct forwarder_options *options, struct error *err)
{
	struct stream *stream = stream_create(options->stream, err);

	if (!stream)
		return NULL;
	struct forwarder *forwarder = xcalloc(1, sizeof(*forwarder));
	pthread_condattr_t monotonic;

	forwarder->options = *options;
	forwarder->stream = stream;
	size_t n_keys = stream_n_keys(stream);
	forwarder->places = xcalloc(n_keys, sizeof(*forwarder->places));
	forwarder->marked = xcalloc(n_keys, sizeof(*forwarder->marked));
	forwarder->to_mark = xcalloc(n_keys, sizeof(*forwarder->to_mark));
	forwarder->dead_key = xasprintf("%s:dead", options->stream->prefix);
	link_init(&forwarder->link,
		(uint64_t)clock_us(CLOCK_REALTIME) ^ (uint64_t)getpid() << 32);
	if (stream_fails_over(stream))
		link_hurry(&forwarder->link);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&forwarder->lock, NULL);
	(void)pthread_cond_init(&forwarder->stopped, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return forwarder;
}

void forwarder_destroy(struct forwarder *forwarder)
{
	if (!forwarder)
		return;
	stream_destroy(forwarder->stream);
	free(forwarder->places);
	free(forwarder->marked);
	free(forwarder->to_mark);
	free(forwarder->dead_key);
	(void)pthread_cond_destroy(&forwarder->stopped);
	(void)pthread_mutex_destroy(&forwarder->lock);
	free(forwarder);
}

void forwarder_stop(struct forwarder *forwarder)
{
	(void)pthread_mutex_lock(&forwarder->lock);
	forwarder->stop = true;
	(void)pthread_cond_broadcast(&forwarder->stopped);
	(void)pthread_mutex_unlock(&forwarder->lock);
	ledger_wake(forwarder->options.ledger);
}

void forwarder_retry(struct forwarder *forwarder)
{
	(void)pthread_mutex_lock(&forwarder->lock);
	forwarder->retry = true;
	(void)pthread_cond_broadcast(&forwarder->stopped);
	(void)pthread_mutex_unlock(&forwarder->lock);
}

void forwarder_state(struct forwarder *forwarder, struct forwarder_state *out)
{
	(void)pthread_mutex_lock(&forwarder->lock);
	*out = forwarder->state;
	(void)pthread_mutex_unlock(&forwarder->lock);
}

bool forwarder_rest(struct forwarder *forwarder, int64_t us)
{
	struct timespec until = timespec_of_us(clock_us(CLOCK_MONOTONIC) + us);

	(void)pthread_mutex_lock(&forwarder->lock);
	while (!forwarder->stop && !forwarder->retry) {
		if (pthread_cond_timedwait(&forwarder->stopped, &forwarder->lock, &until) != 0)
			break;
	}
	bool stop = forwarder->stop;
	forwarder->retry = false;
	(void)pthread_mutex_unlock(&forwarder->lock);
	return !stop;
}

static bool is_stopped(struct forwarder *forwarder)
{
	(void)pthread_mutex_lock(&forwarder->lock);
	bool stop = forwarder->stop;
	(void)pthread_mutex_unlock(&forwarder->lock);
	return stop;
}

/* One line when it begins to fail and one when it works again, not one each try. */
static void note_result(
	struct forwarder *forwarder, enum stream_result result, const struct error *err)
{
	struct forwarder_state *state = &forwarder->state;

	(void)pthread_mutex_lock(&forwarder->lock);
	bool was_failing = state->failing_since_us != 0;
	bool changed = strcmp(state->trouble.text, err->text) != 0;
	state->connected = result != STREAM_BROKEN && result != STREAM_NOT_MASTER;
	if (result == STREAM_DONE) {
		state->failing_since_us = 0;
		state->trouble = (struct error){0};
	} else {
		state->n_failures[result]++;
		if (!was_failing)
			state->failing_since_us = clock_us(CLOCK_REALTIME);
		state->trouble = *err;
	}
	(void)pthread_mutex_unlock(&forwarder->lock);

	if (result == STREAM_DONE && was_failing)
		log_info("redis works again address=%s", stream_address(forwarder->stream));
	if (result == STREAM_DONE || (was_failing && !changed))
		return;
	if (stream_link_input(result) == LINK_REFUSED)
		log_error("redis refuses result=%s: %s; deliveries are kept, trying again",
			stream_result_name(result), err->text);
	else
		log_warn("redis away result=%s: %s; deliveries are kept, trying again",
			stream_result_name(result), err->text);
}

/* Before anything is sent on a new connection: has Redis still what it acknowledged? */
static enum stream_result connect(struct forwarder *forwarder, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const char *warning = NULL;
	enum stream_result result = stream_connect(forwarder->stream, err);

	if (result == STREAM_DONE)
		result = stream_probe(forwarder->stream, arena, &warning, err);
	forward_expect_all(forwarder);
	if (result == STREAM_DONE)
		result = forward_check_all(forwarder, err);
	if (result != STREAM_DONE)
		return result;
	if (warning)
		log_warn("redis address=%s: %s", stream_address(forwarder->stream), warning);
	log_info("redis connected address=%s", stream_address(forwarder->stream));
	(void)pthread_mutex_lock(&forwarder->lock);
	forwarder->state.n_connects++;
	(void)pthread_mutex_unlock(&forwarder->lock);
	return STREAM_DONE;
}

/* What is done now and then: a look at the streams, of which a window shows only those that it
 * touches, dead entries, and a report. */
static enum stream_result do_chores(struct forwarder *forwarder, struct error *err)
{
	int64_t now = clock_us(CLOCK_MONOTONIC);

	if (now < forwarder->chores_at_us)
		return STREAM_DONE;
	enum stream_result result = forward_check_all(forwarder, err);
	if (result == STREAM_DONE)
		result = forward_bury(forwarder, err);
	if (result == STREAM_DONE)
		result = forward_report(forwarder, err);
	if (result == STREAM_DONE)
		forwarder->chores_at_us = now + CHORES_US;
	return result;
}

enum work {
	WORK_SOME,   /* there may be more at once */
	WORK_NONE,   /* nothing to forward */
	WORK_UNREAD, /* nobody knows whether there is anything */
	WORK_BAD,    /* the link has been told; rest link_wait_us() */
};

static enum work work_of(enum forward_found found)
{
	switch (found) {
	case FORWARD_SOME:
		return WORK_SOME;
	case FORWARD_NOTHING:
		return WORK_NONE;
	case FORWARD_UNREAD:
		return WORK_UNREAD;
	}
	__builtin_unreachable();
}

static enum work work(struct forwarder *forwarder, size_t *n_rows, struct error *err)
{
	enum forward_found found = FORWARD_UNREAD;
	size_t n = 0;
	enum stream_result result = do_chores(forwarder, err);

	if (result == STREAM_DONE)
		result = forward_window(forwarder, &found, &n, err);
	if (result == STREAM_DONE && found == FORWARD_NOTHING)
		result = forward_mark(forwarder, err);
	*n_rows += n;
	note_result(forwarder, result, err);
	(void)link_step(&forwarder->link, stream_link_input(result));
	return result == STREAM_DONE ? work_of(found) : WORK_BAD;
}

/* Whatever the link asks for next. */
static enum work step(struct forwarder *forwarder, size_t *n_rows, struct error *err)
{
	switch (link_step(&forwarder->link, LINK_TIMER)) {
	case LINK_DO_CONNECT: {
		enum stream_result result = connect(forwarder, err);

		if (result != STREAM_DONE) {
			note_result(forwarder, result, err);
			(void)link_step(&forwarder->link, stream_link_input(result));
			return WORK_BAD;
		}
		(void)link_step(&forwarder->link, LINK_OPENED);
		return work(forwarder, n_rows, err);
	}
	case LINK_DO_WORK:
	case LINK_DO_NOTHING:
	case LINK_DO_WAIT:
		return work(forwarder, n_rows, err);
	}
	__builtin_unreachable();
}

/* The first time that nothing comes for as long as it waits for news. */
static void rest(struct forwarder *forwarder)
{
	if (!forwarder->idle) {
		scratch_drop();
		source_rest();
		heap_rest();
	}
	forwarder->idle = true;
}

static void wait_for_news(struct forwarder *forwarder)
{
	int64_t begun_us = clock_us(CLOCK_MONOTONIC);

	ledger_wait_news(forwarder->options.ledger, NEWS_US);
	if (clock_us(CLOCK_MONOTONIC) - begun_us >= NEWS_US)
		rest(forwarder);
}

void forwarder_run(struct forwarder *forwarder)
{
	size_t n_rows = 0;

	while (!is_stopped(forwarder)) {
		struct error err = {0};

		switch (step(forwarder, &n_rows, &err)) {
		case WORK_SOME:
			forwarder->idle = false;
			break;
		case WORK_NONE:
			wait_for_news(forwarder);
			break;
		case WORK_UNREAD:
			break;
		case WORK_BAD:
			(void)forwarder_rest(forwarder, link_wait_us(&forwarder->link));
			break;
		}
	}
	stream_disconnect(forwarder->stream);
	scratch_drop();
}

static bool finish(struct forwarder *forwarder,
	void (*on_progress)(void *context, int64_t n_rows), void *context, struct error *err)
{
	size_t n_rows = 0;
	unsigned n_failures = 0;

	while (!is_stopped(forwarder)) {
		struct error words = {0};
		enum work did = step(forwarder, &n_rows, &words);

		switch (did) {
		case WORK_SOME:
			n_failures = 0;
			if (on_progress)
				on_progress(context, (int64_t)n_rows);
			break;
		case WORK_NONE:
			return true;
		case WORK_UNREAD:
		case WORK_BAD:
			if (++n_failures >= MOST_FAILURES) {
				error_setf(err, "%s", words.text);
				return false;
			}
			if (did == WORK_BAD)
				(void)forwarder_rest(forwarder, link_wait_us(&forwarder->link));
			break;
		}
	}
	error_setf(err, "stopped");
	return false;
}

bool forwarder_finish(struct forwarder *forwarder,
	void (*on_progress)(void *context, int64_t n_rows), void *context, struct error *err)
{
	bool finished = finish(forwarder, on_progress, context, err);

	scratch_drop();
	return finished;
}
