/* SPDX-License-Identifier: Apache-2.0 */
#include "crowd_priv.h"

#include "base/xalloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <sys/queue.h>
#include <sys/random.h>

#define BUCKETS_LOG2 12

struct crowd_member {
	LIST_ENTRY(crowd_member) link;
	uint64_t key;
	int family;
	atomic_size_t n; /* written under the lock */
	atomic_int_least64_t held[CROWD_N_WHAT];
};

LIST_HEAD(crowd_bucket, crowd_member);

struct crowd {
	pthread_mutex_t lock;
	uint64_t seed; /* odd and secret: addresses cannot be chosen to share a bucket */
	struct crowd_bucket buckets[1 << BUCKETS_LOG2];
};

struct crowd *crowd_create(void)
{
	struct crowd *crowd = xcalloc(1, sizeof(*crowd));

	if (getrandom(&crowd->seed, sizeof(crowd->seed), 0) != (ssize_t)sizeof(crowd->seed))
		abort(); /* Linux gives this many bytes or never returns */
	crowd->seed |= 1;
	(void)pthread_mutex_init(&crowd->lock, NULL);
	return crowd;
}

void crowd_destroy(struct crowd *crowd)
{
	if (!crowd)
		return;
	for (size_t i = 0; i < 1 << BUCKETS_LOG2; i++)
		assert(LIST_EMPTY(&crowd->buckets[i]));
	(void)pthread_mutex_destroy(&crowd->lock);
	free(crowd);
}

static struct crowd_bucket *bucket_of(struct crowd *crowd, uint64_t key)
{
	uint64_t mixed = (key ^ key >> 32) * crowd->seed;

	mixed = (mixed ^ mixed >> 29) * crowd->seed;
	return &crowd->buckets[mixed >> (64 - BUCKETS_LOG2)];
}

struct crowd_member *crowd_enter(struct crowd *crowd, const struct address *from, size_t *out_n)
{
	uint64_t key = address_key(from);
	struct crowd_bucket *bucket = bucket_of(crowd, key);
	struct crowd_member *member;

	(void)pthread_mutex_lock(&crowd->lock);
	LIST_FOREACH(member, bucket, link)
	{
		if (member->key == key && member->family == from->family)
			break;
	}
	if (!member) {
		member = xcalloc(1, sizeof(*member));
		member->key = key;
		member->family = from->family;
		LIST_INSERT_HEAD(bucket, member, link);
	}
	*out_n = atomic_fetch_add(&member->n, 1) + 1;
	(void)pthread_mutex_unlock(&crowd->lock);
	return member;
}

void crowd_leave(struct crowd *crowd, struct crowd_member *member)
{
	(void)pthread_mutex_lock(&crowd->lock);
	size_t before = atomic_fetch_sub(&member->n, 1);
	bool last = before == 1;
	assert(before > 0);
	if (last)
		LIST_REMOVE(member, link);
	(void)pthread_mutex_unlock(&crowd->lock);
	if (!last)
		return;
	for (int what = 0; what < CROWD_N_WHAT; what++)
		assert(atomic_load(&member->held[what]) == 0);
	free(member);
}

size_t crowd_size(const struct crowd_member *member)
{
	return member ? atomic_load_explicit(&member->n, memory_order_relaxed) : 0;
}

void crowd_hold(struct crowd_member *member, enum crowd_what what, int64_t change)
{
	atomic_fetch_add_explicit(&member->held[what], change, memory_order_relaxed);
}

int64_t crowd_held(const struct crowd_member *member, enum crowd_what what)
{
	return atomic_load_explicit(&member->held[what], memory_order_relaxed);
}
