/* SPDX-License-Identifier: Apache-2.0 */
#include "body_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

/* Smaller ones fit beside others on a page anyway. */
#define PACK_FROM_BYTES 512

/* Of the fast levels: 12 us for 12 KB where level 1 takes 19, and nearly as small. */
#define PACK_LEVEL (-1)

/* A packer that grew for one large body gives the room back. */
#define KEEP_ROOM_BYTES ((size_t)1 << 20)

struct body_packer {
#ifdef HAVE_ZSTD
	ZSTD_CCtx *context;
#endif
	char *room;
	size_t n_room;
};

struct body_packer *body_packer_create(void)
{
	struct body_packer *packer = xcalloc(1, sizeof(*packer));

	return packer;
}

void body_packer_rest(struct body_packer *packer)
{
#ifdef HAVE_ZSTD
	(void)ZSTD_freeCCtx(packer->context);
	packer->context = NULL;
#endif
	free(packer->room);
	packer->room = NULL;
	packer->n_room = 0;
}

void body_packer_destroy(struct body_packer *packer)
{
	if (!packer)
		return;
	body_packer_rest(packer);
	free(packer);
}

#ifdef HAVE_ZSTD
static void make_room(struct body_packer *packer, size_t n)
{
	if (packer->n_room > KEEP_ROOM_BYTES || packer->n_room < n) {
		free(packer->room);
		packer->room = xmalloc(n);
		packer->n_room = n;
	}
}
#endif

struct body_packed body_pack(struct body_packer *packer, const char *body, size_t n)
{
	struct body_packed packed = {.encoding = "plain", .bytes = body, .n = n};

#ifdef HAVE_ZSTD
	if (n < PACK_FROM_BYTES)
		return packed;
	if (!packer->context)
		packer->context = ZSTD_createCCtx();
	if (!packer->context)
		out_of_memory();
	make_room(packer, ZSTD_compressBound(n));
	size_t size = ZSTD_compressCCtx(
		packer->context, packer->room, packer->n_room, body, n, PACK_LEVEL);
	if (!ZSTD_isError(size) && size < n - n / 10)
		packed = (struct body_packed){
			.encoding = "zstd", .bytes = packer->room, .n = size};
#else
	(void)packer;
#endif
	return packed;
}

struct body_unpacker {
#ifdef HAVE_ZSTD
	ZSTD_DCtx *context; /* 160 KB: not before there is a body, nor anew for each */
#else
	char nothing;
#endif
};

struct body_unpacker *body_unpacker_create(void)
{
	struct body_unpacker *unpacker = xcalloc(1, sizeof(*unpacker));

	return unpacker;
}

void body_unpacker_destroy(struct body_unpacker *unpacker)
{
	if (!unpacker)
		return;
#ifdef HAVE_ZSTD
	(void)ZSTD_freeDCtx(unpacker->context);
#endif
	free(unpacker);
}

const char *body_unpack(struct body_unpacker *unpacker, const struct body_packed *packed,
	size_t n, struct arena *arena, struct error *err)
{
	if (strcmp(packed->encoding, "plain") == 0) {
		if (packed->n == n)
			return arena_memdup(arena, packed->bytes, n);
		error_setf(err, "%zu bytes are kept of %zu", packed->n, n);
		return NULL;
	}
#ifdef HAVE_ZSTD
	/* Before so much room is made. */
	unsigned long long n_says = ZSTD_getFrameContentSize(packed->bytes, packed->n);
	if (n_says != n) {
		if (n_says < ZSTD_CONTENTSIZE_ERROR)
			error_setf(err, "%llu bytes are kept of %zu", n_says, n);
		else
			error_setf(err,
				"the kept body cannot be decompressed: it has no beginning");
		return NULL;
	}
	char *body = arena_alloc(arena, n + 1);
	if (!unpacker->context)
		unpacker->context = ZSTD_createDCtx();
	if (!unpacker->context)
		out_of_memory();
	size_t size = ZSTD_decompressDCtx(unpacker->context, body, n, packed->bytes, packed->n);
	if (!ZSTD_isError(size) && size == n)
		return body;
	error_setf(err, "the kept body cannot be decompressed: %s",
		ZSTD_isError(size) ? ZSTD_getErrorName(size) : "too short");
#else
	(void)unpacker;
	error_setf(err, "kept with %s by another build of dorad, which this one cannot read",
		packed->encoding);
#endif
	return NULL;
}

char *headers_pack(const struct header *headers, size_t n)
{
	size_t size = 1;

	for (size_t i = 0; i < n; i++)
		size += strlen(headers[i].name) + strlen(headers[i].value) + 3;
	char *text = xmalloc(size);
	char *at = text;

	for (size_t i = 0; i < n; i++) {
		at = stpcpy(at, headers[i].name);
		at = stpcpy(at, ": ");
		at = stpcpy(at, headers[i].value);
		*at++ = '\n';
	}
	*at = '\0';
	return text;
}

const struct header *headers_unpack(const char *text, struct arena *arena, size_t *out_n)
{
	size_t n_lines = 0;

	for (const char *p = text; *p; p++)
		n_lines += *p == '\n';
	struct header *headers = arena_alloc(arena, (n_lines + 1) * sizeof(*headers));
	size_t n = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *colon = memchr(text, ':', length);

		if (colon && colon[1] == ' ') {
			size_t n_name = (size_t)(colon - text);

			headers[n].name = arena_strndup(arena, text, n_name);
			headers[n++].value =
				arena_strndup(arena, colon + 2, length - n_name - 2);
		}
		text += length + (text[length] == '\n');
	}
	*out_n = n;
	return headers;
}
