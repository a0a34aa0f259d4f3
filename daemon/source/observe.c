/* SPDX-License-Identifier: Apache-2.0 */
#include "observe.h"

#include "base/ascii.h"
#include "event/digest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTITY_MAX 150 /* leaves room for a kind, two numbers of 20 digits and a hash */
#define HASH_DIGITS 16

const char *outcome_word(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_STARTED] = "started",
		[OUTCOME_SUCCEEDED] = "succeeded",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_CANCELLED] = "cancelled",
	};

	return words[outcome];
}

/* Bytes that no id may hold become '?': control characters, and all but ASCII of what is no
 * UTF-8 (a header may be that). Whether there were any. */
static bool clean(char *text)
{
	CLEANUP(json_decrefp) json_t *valid = json_string(text);
	bool changed = false;

	for (char *at = text; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !valid)) {
			*at = '?';
			changed = true;
		}
	}
	return changed;
}

/* text, or so much of it as max allows with a hash of the whole at its end. */
static const char *bounded(struct arena *arena, const char *text, size_t max)
{
	char hex[DIGEST_HEX_MAX];
	size_t n = strlen(text);

	if (n <= max && ascii_is_visible(text, n))
		return text;
	char *copy = arena_strdup(arena, text);
	if (!clean(copy) && n <= max)
		return text;

	size_t keep = n < max - HASH_DIGITS - 1 ? n : max - HASH_DIGITS - 1;
	while (keep && ((unsigned char)copy[keep] & 0xc0) == 0x80)
		keep--; /* not within a character */
	digest_hex(text, n, hex);
	return arena_printf(arena, "%.*s~%.*s", (int)keep, copy, HASH_DIGITS, hex);
}

const char *entity_key(struct intake *in, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *key = arena_vprintf(in->arena, fmt, args);
	va_end(args);
	return bounded(in->arena, key, ENTITY_MAX);
}

static const char *const key_fields[DORA_N_KINDS] = {
	[DORA_DEPLOYMENT] = "deployment_id",
	[DORA_INCIDENT] = "incident_id",
	[DORA_WORK_ITEM] = "item_id",
	[DORA_CHANGE_REQUEST] = "cr_id",
};

struct dora_event *observe(
	struct intake *in, enum dora_kind kind, const char *entity, int64_t time_us)
{
	struct dora_event *event = dora_event_list_add(&in->out->list, kind);

	event->revision = in->source->revision;
	event->source = bounded(in->arena, in->dora_source, DORA_ID_MAX);
	event->subject = entity;
	event->time_us = time_us;
	if (key_fields[kind])
		dora_put_text(event, key_fields[kind], entity);
	return event;
}

void observe_id(struct intake *in, struct dora_event *event, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *rest = arena_vprintf(in->arena, fmt, args);
	va_end(args);
	event->id = bounded(
		in->arena, arena_printf(in->arena, "%s/%s", event->subject, rest), DORA_ID_MAX);
}

void observe_snapshot(struct intake *in, struct dora_event *event, const char *fmt, ...)
{
	char hex[DIGEST_HEX_MAX];
	size_t n;

	va_list args;
	va_start(args, fmt);
	const char *rest = arena_vprintf(in->arena, fmt, args);
	va_end(args);
	const char *text = dora_event_text(event, &n);
	digest_hex(text, n, hex);
	const char *front = bounded(in->arena,
		arena_printf(in->arena, "%s/%s/%020lld", event->subject, rest,
			(long long)event->time_us),
		DORA_ID_MAX - 1 - HASH_DIGITS);
	event->id = arena_printf(in->arena, "%s/%.*s", front, HASH_DIGITS, hex);
}

const char *padded(struct intake *in, const char *digits)
{
	size_t n = strlen(digits);

	if (n == 0 || n > 20 || strspn(digits, "0123456789") != n)
		return digits;
	return arena_printf(in->arena, "%.*s%s", (int)(20 - n), "00000000000000000000", digits);
}

const char *sha_or_null(struct intake *in, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (n < 7 || n > 64 || strspn(text, "0123456789abcdefABCDEF") != n ||
		strspn(text, "0") == n)
		return NULL;
	char *sha = arena_strdup(in->arena, text);
	for (char *at = sha; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return sha;
}

const char *commit_or_null(struct intake *in, const char *text)
{
	if (!text || text[strspn(text, "0")] == '\0')
		return NULL;
	char *sha = arena_strdup(in->arena, text);
	for (char *at = sha; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return sha;
}

/* A date that no time here can hold, by its day: the offset may put 1970's first before it. */
static bool is_before_1970(const char *text)
{
	return text && strspn(text, "0123456789") == 4 && text[4] == '-' &&
		strncmp(text, "1970-01-02", strlen("1970-01-02")) < 0;
}

void commit_put_time(struct dora_event *event, const struct reader *commit)
{
	int64_t at_us;

	if (reader_time_at(commit, "timestamp", &at_us) ||
		!is_before_1970(reader_text(commit, "timestamp")))
		dora_put_time(event, "committed_at", reader_time(commit, "timestamp"));
}

const char *root_cause(struct intake *in, const char *text)
{
	static const char words[] = "root cause";

	for (const char *at = text; at && (at = strcasestr(at, words));) {
		at += strlen(words);
		const char *sha = at + strspn(at, " \t:*_`=-");
		size_t n = strspn(sha, "0123456789abcdefABCDEF");

		if (sha > at && !isalnum((unsigned char)sha[n])) {
			const char *found = sha_or_null(in, arena_strndup(in->arena, sha, n));
			if (found)
				return found;
		}
	}
	return NULL;
}

bool is_one_of(const char *text, const char *const *words)
{
	for (; text && *words; words++) {
		if (strcasecmp(text, *words) == 0)
			return true;
	}
	return false;
}

const char *after_prefix(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text && strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

const char *host_of(struct intake *in, const char *url)
{
	const char *scheme = url ? strstr(url, "://") : NULL;

	if (!scheme)
		return NULL;
	const char *host = scheme + 3;
	size_t n = strcspn(host, "/?#");
	const char *at = memchr(host, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (n == 0)
		return NULL;
	char *copy = arena_strndup(in->arena, host, n);
	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}
