/* SPDX-License-Identifier: Apache-2.0 */
#include "press_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_ZSTD
#include <pthread.h>
#include <zstd.h>

/* A page of 140 KB becomes 12, in 0.2 ms; higher levels take twice as long for nothing. */
#define LEVEL 1

/* Contexts that rest: one for each worker. */
#define MOST_RESTING 8

struct press {
	pthread_mutex_t lock;
	ZSTD_CCtx *packers[MOST_RESTING]; /* half a megabyte each */
	size_t n_packers;
	ZSTD_DCtx *unpackers[MOST_RESTING];
	size_t n_unpackers;
};

struct press *press_create(void)
{
	struct press *press = xcalloc(1, sizeof(*press));

	(void)pthread_mutex_init(&press->lock, NULL);
	return press;
}

void press_destroy(struct press *press)
{
	if (!press)
		return;
	while (press->n_packers)
		(void)ZSTD_freeCCtx(press->packers[--press->n_packers]);
	while (press->n_unpackers)
		(void)ZSTD_freeDCtx(press->unpackers[--press->n_unpackers]);
	(void)pthread_mutex_destroy(&press->lock);
	free(press);
}

/* One that rests, or a new one. */
static ZSTD_CCtx *take_packer(struct press *press)
{
	ZSTD_CCtx *packer = NULL;

	(void)pthread_mutex_lock(&press->lock);
	if (press->n_packers)
		packer = press->packers[--press->n_packers];
	(void)pthread_mutex_unlock(&press->lock);
	return packer ? packer : ZSTD_createCCtx();
}

static void rest_packer(struct press *press, ZSTD_CCtx *packer)
{
	(void)pthread_mutex_lock(&press->lock);
	if (press->n_packers < MOST_RESTING) {
		press->packers[press->n_packers++] = packer;
		packer = NULL;
	}
	(void)pthread_mutex_unlock(&press->lock);
	(void)ZSTD_freeCCtx(packer);
}

static ZSTD_DCtx *take_unpacker(struct press *press)
{
	ZSTD_DCtx *unpacker = NULL;

	(void)pthread_mutex_lock(&press->lock);
	if (press->n_unpackers)
		unpacker = press->unpackers[--press->n_unpackers];
	(void)pthread_mutex_unlock(&press->lock);
	return unpacker ? unpacker : ZSTD_createDCtx();
}

static void rest_unpacker(struct press *press, ZSTD_DCtx *unpacker)
{
	(void)pthread_mutex_lock(&press->lock);
	if (press->n_unpackers < MOST_RESTING) {
		press->unpackers[press->n_unpackers++] = unpacker;
		unpacker = NULL;
	}
	(void)pthread_mutex_unlock(&press->lock);
	(void)ZSTD_freeDCtx(unpacker);
}

void *press_pack(struct press *press, const char *text, size_t n, size_t *out_n)
{
	size_t room = ZSTD_compressBound(n);
	char *packed = xmalloc(room);
	ZSTD_CCtx *packer = take_packer(press);
	size_t size = packer ? ZSTD_compressCCtx(packer, packed, room, text, n, LEVEL) : 0;

	if (!packer || ZSTD_isError(size))
		out_of_memory(); /* nothing else can be wrong with bytes that have room */
	rest_packer(press, packer);
	*out_n = size;
	return xrealloc(packed, size);
}

bool press_unpack(
	struct press *press, const void *packed, size_t n_packed, char *text, size_t n)
{
	ZSTD_DCtx *unpacker = take_unpacker(press);
	size_t size = unpacker ? ZSTD_decompressDCtx(unpacker, text, n, packed, n_packed) : 0;

	if (unpacker)
		rest_unpacker(press, unpacker);
	return size == n;
}

#else

struct press {
	char nothing;
};

struct press *press_create(void)
{
	return xcalloc(1, sizeof(struct press));
}

void press_destroy(struct press *press)
{
	free(press);
}

void *press_pack(struct press *press, const char *text, size_t n, size_t *out_n)
{
	char *packed = xmalloc(n + 1);

	(void)press;
	memcpy(packed, text, n);
	*out_n = n;
	return packed;
}

bool press_unpack(
	struct press *press, const void *packed, size_t n_packed, char *text, size_t n)
{
	(void)press;
	if (n_packed == n)
		memcpy(text, packed, n);
	return n_packed == n;
}

#endif
