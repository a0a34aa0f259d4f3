/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_SHAPES_H
#define DORAD_TESTS_SHAPES_H

/*
 * The JSON documents of an input with one value in another shape: gone, null, empty, of another
 * type, in a list, too long. Bytes that change here and there seldom give such documents, and
 * senders do: each version of a tool has another idea of what "none" looks like.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The documents, one after the other, as a list; at: where they start, which is after the first
 * empty line (the headers of a delivery), or where there is none after the first byte. NULL:
 * not all of it is JSON. The caller releases it.
 */
json_t *shapes_read(const uint8_t *input, size_t n, size_t *at);

/* How many values there are, the documents themselves among them. */
size_t shapes_places(const json_t *documents);

/* The value at a place (below shapes_places()), which keeps its owner. */
json_t *shapes_at(json_t *documents, size_t place);

/* Puts a value there, which is taken; NULL: what is there goes. */
void shapes_put(json_t *documents, size_t place, json_t *value);

size_t shapes_count(void);

/* Changes the value at a place (below shapes_places()) to a shape (below shapes_count()). */
void shapes_change(json_t *documents, size_t place, size_t shape);

/* The head of the input and the documents behind it. The caller frees it. */
uint8_t *shapes_write(const uint8_t *head, size_t n_head, const json_t *documents, size_t *n);

#endif
