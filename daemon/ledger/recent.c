/* SPDX-License-Identifier: Apache-2.0 */
#include "recent_priv.h"

/* A second or so of a busy day. Beyond, the file serves. */
#define MOST_HELD ((size_t)1024)
#define MOST_BYTES ((size_t)4 << 20)

void recent_init(struct recent *recent)
{
	(void)pthread_mutex_init(&recent->lock, NULL);
	TAILQ_INIT(&recent->list);
}

/* Under the lock. */
static struct held *take_first(struct recent *recent)
{
	struct held *held = TAILQ_FIRST(&recent->list);

	TAILQ_REMOVE(&recent->list, held, entry);
	recent->n--;
	recent->bytes -= held->kept->n_body;
	return held;
}

void recent_clear(struct recent *recent)
{
	(void)pthread_mutex_lock(&recent->lock);
	while (!TAILQ_EMPTY(&recent->list)) {
		struct held *held = take_first(recent);

		held->release(held->owner);
	}
	recent->cursor_known = false;
	(void)pthread_mutex_unlock(&recent->lock);
}

void recent_destroy(struct recent *recent)
{
	recent_clear(recent);
	(void)pthread_mutex_destroy(&recent->lock);
}

bool recent_hold(struct recent *recent, struct held *held)
{
	(void)pthread_mutex_lock(&recent->lock);
	bool fits = recent->n < MOST_HELD && recent->bytes + held->kept->n_body <= MOST_BYTES;
	if (fits) {
		TAILQ_INSERT_TAIL(&recent->list, held, entry);
		recent->n++;
		recent->bytes += held->kept->n_body;
	}
	(void)pthread_mutex_unlock(&recent->lock);
	return fits;
}

bool recent_holds_any(struct recent *recent)
{
	(void)pthread_mutex_lock(&recent->lock);
	bool any = recent->n > 0;
	(void)pthread_mutex_unlock(&recent->lock);
	return any;
}

void recent_settled(struct recent *recent, int64_t cursor, uint64_t generation)
{
	(void)pthread_mutex_lock(&recent->lock);
	if (generation >= recent->generation) {
		recent->cursor = cursor;
		recent->cursor_known = true;
		recent->generation = generation;
	}
	(void)pthread_mutex_unlock(&recent->lock);
}

static struct ledger_row row_of(const struct held *held)
{
	const struct ledger_entry *kept = held->kept;

	return (struct ledger_row){
		.seq = held->seq,
		.received_us = kept->received_us,
		.endpoint = kept->endpoint,
		.source = kept->source,
		.delivery_id = kept->delivery_id,
		.kind = kept->kind,
		.state = LEDGER_STATE_KEPT,
		.again = LEDGER_AGAIN_NO,
		.headers = kept->headers,
		.n_headers = kept->n_headers,
		.body = kept->body ? kept->body : "",
		.n_body = kept->n_body,
	};
}

size_t recent_take(struct recent *recent, const struct ledger_window *window,
	struct arena *arena, struct ledger_row *items)
{
	size_t bytes = 0;
	size_t n = 0;
	struct held *held;

	(void)pthread_mutex_lock(&recent->lock);
	/* Those behind the cursor were read from the file meanwhile. */
	while ((held = TAILQ_FIRST(&recent->list)) && recent->cursor_known &&
		held->seq <= recent->cursor) {
		(void)take_first(recent);
		held->release(held->owner);
	}
	while ((held = TAILQ_FIRST(&recent->list)) && recent->cursor_known &&
		n < window->rows && held->seq == recent->cursor + 1 + (int64_t)n) {
		if (n && bytes + held->kept->n_body > window->bytes)
			break;
		bytes += held->kept->n_body;
		(void)take_first(recent);
		items[n++] = row_of(held);
		(void)arena_own(arena, held->owner, held->release);
	}
	(void)pthread_mutex_unlock(&recent->lock);
	return n;
}
