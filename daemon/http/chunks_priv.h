/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_CHUNKS_PRIV_H
#define DORAD_HTTP_CHUNKS_PRIV_H

#include "head_priv.h"

/* The chunked coding (RFC 9112 section 7.1): extensions ignored, trailers dropped. */
#define CHUNK_SIZE_DIGITS 8
#define CHUNK_LINE_MAX_BYTES 256

/* What is not data may be so many bytes, and one more for so many of the data: chunks of 80
 * bytes and more. RFC 9112 section 7.1.1 leaves such limits to us. */
#define CHUNK_OVERHEAD_BYTES 65536
#define CHUNK_DATA_PER_OVERHEAD 16

enum chunks_state {
	CHUNKS_SIZE,
	CHUNKS_EXTENSION,
	CHUNKS_SIZE_LF,
	CHUNKS_DATA,
	CHUNKS_DATA_CR,
	CHUNKS_DATA_LF,
	CHUNKS_TRAILERS,
	CHUNKS_DONE,
};

struct chunks {
	enum chunks_state state;
	int64_t max_bytes;
	int64_t total;    /* data so far, with the whole of the chunk begun */
	int64_t overhead; /* bytes that were not data */
	int64_t size;     /* of this chunk; then what is left of it */
	size_t n_line;    /* bytes of the size's line */
	size_t n_digits;
	struct fields trailers;
};

/* Uses bytes up to the next piece of data, which it leaves in *out_data (n 0: none yet). */
enum http_refusal chunks_feed(struct chunks *chunks, const struct http_data *in,
	size_t *out_used, struct http_data *out_data);

#endif
