/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_QUEUE_PRIV_H
#define DORAD_PORTAL_QUEUE_PRIV_H

#include "http/http.h"

/*
 * Requests that wait for a worker, first come, first served; but who waits for the same page is
 * served with the first of them, so that many who look at one page cost as much as one.
 */
struct queue;

/* Requests taken together, at most. */
#define QUEUE_TAKE 64

struct queue *queue_create(void);
void queue_destroy(struct queue *queue); /* empty; NULL is fine */

/* False: full, or stopped. */
bool queue_put(struct queue *queue, struct http_request *request);

/* Waits for a request; returns how many that ask for the same, 0: stopped, and none is left. */
size_t queue_take(struct queue *queue, struct http_request *out[static QUEUE_TAKE]);

size_t queue_length(struct queue *queue);
void queue_stop(struct queue *queue);

#endif
