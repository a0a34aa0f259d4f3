/* SPDX-License-Identifier: Apache-2.0 */
#include "queue_priv.h"

#include "base/xalloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* More are told to come again. */
#define MOST_WAITING 1024

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	struct http_request *waiting[MOST_WAITING];
	size_t n;
	bool stopped;
};

struct queue *queue_create(void)
{
	struct queue *queue = xcalloc(1, sizeof(*queue));

	(void)pthread_mutex_init(&queue->lock, NULL);
	(void)pthread_cond_init(&queue->woken, NULL);
	return queue;
}

void queue_destroy(struct queue *queue)
{
	if (!queue)
		return;
	(void)pthread_cond_destroy(&queue->woken);
	(void)pthread_mutex_destroy(&queue->lock);
	free(queue);
}

bool queue_put(struct queue *queue, struct http_request *request)
{
	(void)pthread_mutex_lock(&queue->lock);
	bool fits = queue->n < MOST_WAITING && !queue->stopped;
	if (fits) {
		queue->waiting[queue->n++] = request;
		(void)pthread_cond_signal(&queue->woken);
	}
	(void)pthread_mutex_unlock(&queue->lock);
	return fits;
}

static bool is_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What differs besides, as a token or a tag that is known, is looked at for each. */
static bool is_same(const struct http_request *left, const struct http_request *right)
{
	const struct http_view *a = http_request_view(left);
	const struct http_view *b = http_request_view(right);

	return a->method == b->method && is_text(a->path, b->path) &&
		is_text(a->query, b->query);
}

size_t queue_take(struct queue *queue, struct http_request *out[static QUEUE_TAKE])
{
	size_t n = 0;
	size_t left = 0;

	(void)pthread_mutex_lock(&queue->lock);
	while (!queue->n && !queue->stopped)
		(void)pthread_cond_wait(&queue->woken, &queue->lock);
	for (size_t i = 0; i < queue->n; i++) {
		struct http_request *request = queue->waiting[i];

		if (n == 0 || (n < QUEUE_TAKE && is_same(out[0], request)))
			out[n++] = request;
		else
			queue->waiting[left++] = request;
	}
	queue->n = left;
	(void)pthread_mutex_unlock(&queue->lock);
	return n;
}

size_t queue_length(struct queue *queue)
{
	(void)pthread_mutex_lock(&queue->lock);
	size_t n = queue->n;
	(void)pthread_mutex_unlock(&queue->lock);
	return n;
}

void queue_stop(struct queue *queue)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->stopped = true;
	(void)pthread_cond_broadcast(&queue->woken);
	(void)pthread_mutex_unlock(&queue->lock);
}
