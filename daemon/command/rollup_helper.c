/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup_recompute.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "base/xalloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* While events keep coming, months are computed at most so often, and for at most a sixth of
 * the time: a year of history is computed a few times, not once for each batch. */
#define RECOMPUTE_EVERY_US 10000000
#define RECOMPUTE_AT_MOST_US 5000000
#define RECOMPUTE_SHARE 5

/* When all is computed it lets as much time go by as that took: what comes in meanwhile is
 * computed together. Else each event of a steady flow would have its months to itself. */
#define CALM_AT_MOST_US 1000000

struct rollup_helper {
	struct rollup_hand hand;
	bool once;
	pthread_t thread;
	pthread_mutex_t mutex; /* of the following */
	pthread_cond_t told;
	bool wanted; /* something is marked */
	bool behind;
	bool stop;
	bool hurry;
	int64_t since_us; /* when it began with what it is at, monotonic; 0: it is at rest */
	int64_t due_us;   /* the thread's own: when all is recomputed though more comes in */
	int failures;
};

/* With the mutex held; longer only if it is told to stop. */
static void rest(struct rollup_helper *helper, int64_t for_us)
{
	int64_t until_us = rollup_now_us() + for_us;
	struct timespec until = timespec_of_us(until_us);

	while (!helper->stop && rollup_now_us() < until_us)
		(void)pthread_cond_timedwait(&helper->told, &helper->mutex, &until);
}

static bool pause_store(void *context, int64_t for_us)
{
	struct rollup_helper *helper = context;

	(void)pthread_mutex_lock(&helper->mutex);
	rest(helper, for_us);
	bool go_on = !helper->stop;
	(void)pthread_mutex_unlock(&helper->mutex);
	return go_on;
}

static bool go_on(void *context)
{
	struct rollup_helper *helper = context;

	(void)pthread_mutex_lock(&helper->mutex);
	bool hurry = helper->hurry;
	(void)pthread_mutex_unlock(&helper->mutex);
	return !hurry;
}

static bool is_behind(struct rollup_helper *helper)
{
	(void)pthread_mutex_lock(&helper->mutex);
	bool behind = helper->behind;
	(void)pthread_mutex_unlock(&helper->mutex);
	return behind;
}

static bool is_to_stop(struct rollup_helper *helper)
{
	(void)pthread_mutex_lock(&helper->mutex);
	bool stop = helper->stop;
	(void)pthread_mutex_unlock(&helper->mutex);
	return stop;
}

/* All that is marked; while more comes in, for a while. */
static enum rollup_progress recompute(struct rollup_helper *helper)
{
	int64_t began_us = rollup_now_us();
	/* The clock of --once is set by whoever runs it. */
	enum rollup_progress progress =
		helper->once ? ROLLUP_WORKED : rollup_hand_advance(&helper->hand, NULL);

	while (progress == ROLLUP_WORKED && !is_to_stop(helper)) {
		progress = rollup_hand_work(&helper->hand);
		if (rollup_now_us() - began_us > RECOMPUTE_AT_MOST_US && is_behind(helper))
			break;
	}
	int64_t rest_us = (rollup_now_us() - began_us) * RECOMPUTE_SHARE;
	helper->due_us =
		rollup_now_us() + (rest_us > RECOMPUTE_EVERY_US ? rest_us : RECOMPUTE_EVERY_US);
	return progress;
}

static int64_t at_most(int64_t value, int64_t most)
{
	return value < most ? value : most;
}

/* One turn, without the mutex. Says in *out_again whether there is more, and returns how long
 * to rest before that. */
static int64_t take_turn(struct rollup_helper *helper, bool behind, bool *out_again)
{
	int64_t began_us = rollup_now_us();
	bool ahead = behind && (helper->once || began_us < helper->due_us);
	enum rollup_progress progress =
		ahead ? rollup_hand_work_ahead(&helper->hand) : recompute(helper);

	*out_again = progress != ROLLUP_IDLE;
	switch (progress) {
	case ROLLUP_WORKED:
		helper->failures = 0;
		return 0;
	case ROLLUP_IDLE:
		helper->failures = 0;
		return ahead || helper->once
			? 0
			: at_most(rollup_now_us() - began_us, CALM_AT_MOST_US);
	case ROLLUP_STUCK:
		helper->hand.counts->failures++;
		return store_backoff_us(STORE_AGAIN, ++helper->failures, UINT32_MAX);
	}
	__builtin_unreachable();
}

static void *help(void *context)
{
	struct rollup_helper *helper = context;

	(void)pthread_mutex_lock(&helper->mutex);
	while (!helper->stop) {
		if (!helper->wanted) {
			(void)pthread_cond_wait(&helper->told, &helper->mutex);
			continue;
		}
		bool behind = helper->behind;
		bool again;

		helper->wanted = false;
		if (!helper->since_us)
			helper->since_us = rollup_now_us();
		(void)pthread_mutex_unlock(&helper->mutex);
		int64_t rest_us = take_turn(helper, behind, &again);
		(void)pthread_mutex_lock(&helper->mutex);
		helper->wanted |= again;
		if (!again || behind)
			helper->since_us = 0;
		rest(helper, rest_us);
	}
	(void)pthread_mutex_unlock(&helper->mutex);
	return NULL;
}

static void destroy(struct rollup_helper *helper)
{
	store_destroy(helper->hand.store);
	(void)pthread_cond_destroy(&helper->told);
	(void)pthread_mutex_destroy(&helper->mutex);
	free(helper);
}

struct rollup_helper *rollup_helper_start(struct rollup *rollup, struct error *err)
{
	struct rollup_helper *helper = xcalloc(1, sizeof(*helper));
	struct store_options options = rollup_store_options(rollup);
	pthread_condattr_t monotonic;

	options.pause = pause_store;
	options.waiting = go_on;
	options.context = helper;
	(void)pthread_mutex_init(&helper->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&helper->told, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	helper->once = rollup->once;
	helper->due_us = rollup_now_us() + RECOMPUTE_EVERY_US;
	helper->hand.counts = &rollup->counts;
	helper->hand.by_turns = !rollup->once;
	helper->hand.store = store_create(&options, err);
	if (helper->hand.store && pthread_create(&helper->thread, NULL, help, helper) == 0) {
		(void)pthread_setname_np(helper->thread, "recompute");
		return helper;
	}
	if (helper->hand.store)
		error_setf(err, "no thread to recompute with");
	destroy(helper);
	return NULL;
}

void rollup_helper_tell(struct rollup_helper *helper, bool behind)
{
	(void)pthread_mutex_lock(&helper->mutex);
	helper->wanted = true;
	helper->behind = behind;
	(void)pthread_cond_signal(&helper->told);
	(void)pthread_mutex_unlock(&helper->mutex);
}

int64_t rollup_helper_busy_us(struct rollup_helper *helper)
{
	(void)pthread_mutex_lock(&helper->mutex);
	int64_t since_us = helper->since_us;
	(void)pthread_mutex_unlock(&helper->mutex);
	return since_us ? rollup_now_us() - since_us + 1 : 0;
}

void rollup_helper_stop(struct rollup_helper *helper, bool hurry)
{
	if (!helper)
		return;

	(void)pthread_mutex_lock(&helper->mutex);
	helper->stop = true;
	helper->hurry = hurry;
	(void)pthread_cond_signal(&helper->told);
	(void)pthread_mutex_unlock(&helper->mutex);
	(void)pthread_join(helper->thread, NULL);
	destroy(helper);
}
