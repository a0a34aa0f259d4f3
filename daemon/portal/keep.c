/* SPDX-License-Identifier: Apache-2.0 */
#include "keep_priv.h"

#include "base/xalloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FACTOR 30
#define LONGEST_US INT64_C(60000000)

struct kept {
	atomic_int holders;
	struct store_ask asks[KEEP_ASKS];
	size_t n_asks;
};

struct place {
	struct kept *kept; /* NULL: none yet */
	int64_t until_us;  /* when it is to be counted again */
	bool busy;         /* somebody does */
};

struct keep {
	pthread_mutex_t lock;
	pthread_cond_t counted;
	struct place places[KEEP_N];
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t keep_for_us(int64_t took_us)
{
	return took_us > LONGEST_US / FACTOR ? LONGEST_US : took_us * FACTOR;
}

struct keep *keep_create(void)
{
	struct keep *keep = xcalloc(1, sizeof(*keep));

	(void)pthread_mutex_init(&keep->lock, NULL);
	(void)pthread_cond_init(&keep->counted, NULL);
	return keep;
}

void keep_destroy(struct keep *keep)
{
	if (!keep)
		return;
	for (size_t i = 0; i < KEEP_N; i++)
		kept_drop(keep->places[i].kept);
	(void)pthread_cond_destroy(&keep->counted);
	(void)pthread_mutex_destroy(&keep->lock);
	free(keep);
}

void kept_drop(struct kept *kept)
{
	if (!kept || atomic_fetch_sub(&kept->holders, 1) > 1)
		return;
	store_batch_clear(kept->asks, kept->n_asks);
	free(kept);
}

struct store_rows *kept_rows(const struct kept *kept, size_t i)
{
	return kept->asks[i].rows;
}

static struct kept *hold(struct place *place)
{
	atomic_fetch_add(&place->kept->holders, 1);
	return place->kept;
}

/* What there is, if it is young enough, or counted again by somebody else and not old yet;
 * NULL: the caller is to count. */
static struct kept *take(struct keep *keep, struct place *place)
{
	struct kept *kept = NULL;

	(void)pthread_mutex_lock(&keep->lock);
	for (;;) {
		int64_t grace_us = place->busy ? LONGEST_US : 0;

		if (place->kept && now_us() < place->until_us + grace_us) {
			kept = hold(place);
			break;
		}
		if (!place->busy) {
			place->busy = true;
			break;
		}
		(void)pthread_cond_wait(&keep->counted, &keep->lock);
	}
	(void)pthread_mutex_unlock(&keep->lock);
	return kept;
}

/* made: NULL where counting failed; what there was is then too old to go on with. */
static void put(struct keep *keep, struct place *place, struct kept *made, int64_t began_us)
{
	int64_t took_us = now_us() - began_us;

	(void)pthread_mutex_lock(&keep->lock);
	kept_drop(place->kept);
	place->kept = made;
	if (made)
		(void)hold(place);
	place->until_us = began_us + took_us + keep_for_us(took_us);
	place->busy = false;
	(void)pthread_cond_broadcast(&keep->counted);
	(void)pthread_mutex_unlock(&keep->lock);
}

enum store_class keep_ask(struct keep *keep, const struct keep_question *question,
	struct store *store, struct kept **out, struct error *err)
{
	struct place *place = &keep->places[question->what];
	struct kept *kept = take(keep, place);
	int64_t began_us = now_us();

	assert(question->n_asks <= KEEP_ASKS);
	if (kept) {
		*out = kept;
		return STORE_FINE;
	}
	kept = xcalloc(1, sizeof(*kept));
	memcpy(kept->asks, question->asks, question->n_asks * sizeof(*question->asks));
	kept->n_asks = question->n_asks;
	atomic_init(&kept->holders, 1);
	enum store_class class = store_batch(store, kept->asks, kept->n_asks, err);
	if (class == STORE_FINE) {
		put(keep, place, kept, began_us);
		*out = kept;
	} else {
		kept_drop(kept);
		put(keep, place, NULL, began_us);
	}
	return class;
}
