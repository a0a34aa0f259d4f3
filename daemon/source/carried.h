/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_CARRIED_H
#define DORAD_SOURCE_CARRIED_H

#include "source_priv.h"

/*
 * CloudEvents over HTTP (HTTP Protocol Binding 1.0.2): which events a request carries.
 * Structured and batch by content type, binary by ce-* headers, NDJSON by content type; without
 * either word, a list is a batch and an object one event. The pieces of a batch are parsed one
 * by one, so that one that is broken does not take the others with it.
 */

/* One request may carry so many; what follows is one refused piece. */
#define CARRIED_MAX 10000

/*
 * A piece: event is its CloudEvent, an object or whatever else stands there, and the callee's
 * only until it returns; NULL: it is no JSON, and err says why. line counts from 1.
 */
typedef void carried_take(
	struct intake *in, void *to, size_t line, const json_t *event, struct error *err);

/* False: the request cannot be taken apart, in->err says why. Sets the delivery's kind. */
bool carried_each(struct intake *in, carried_take *take, void *to);

/*
 * What the request comes to when n_seen pieces were taken, each bad one by refuse_line(): the
 * others go on. Where none is good, the whole delivery is bad.
 */
enum verdict carried_verdict(struct intake *in, size_t n_seen);

#endif
