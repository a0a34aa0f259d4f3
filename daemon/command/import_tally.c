/* SPDX-License-Identifier: Apache-2.0 */
#include "import_tally.h"

#include "base/arena.h"
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "sheet.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_REASONS 200 /* of each kind; the rest are counted together */

struct reason {
	char *shape; /* the words with every number as # */
	char *first; /* as they stood the first time */
	int64_t n;
};

struct reasons {
	struct reason items[MOST_REASONS];
	size_t n;
	int64_t n_all;
};

struct import_tally {
	struct {
		int64_t n;
		int64_t first_us;
		int64_t last_us;
	} kinds[DORA_N_KINDS];
	int64_t n_events;
	struct reasons ignored;
	struct reasons refused;
};

struct import_tally *import_tally_create(void)
{
	return xcalloc(1, sizeof(struct import_tally));
}

static void clear(struct reasons *reasons)
{
	for (size_t i = 0; i < reasons->n; i++) {
		free(reasons->items[i].shape);
		free(reasons->items[i].first);
	}
}

void import_tally_destroy(struct import_tally *tally)
{
	if (!tally)
		return;
	clear(&tally->ignored);
	clear(&tally->refused);
	free(tally);
}

/* "a status of deployment 17 (a.json:3)" and "... 18 (a.json:9)" are one reason. */
static char *shape_of(const char *reason)
{
	char *shape = xstrdup(reason);
	char *to = shape;
	const char *place = strrchr(reason, '(');

	for (const char *at = reason; *at && at != place; at++) {
		if (!isdigit((unsigned char)*at))
			*to++ = *at;
		else if (to == shape || to[-1] != '#')
			*to++ = '#';
	}
	*to = '\0';
	return shape;
}

static void count_reason(struct reasons *reasons, const char *reason)
{
	char *shape = shape_of(reason);

	reasons->n_all++;
	for (size_t i = 0; i < reasons->n; i++) {
		bool last = i + 1 == MOST_REASONS;

		if (!last && strcmp(reasons->items[i].shape, shape) != 0)
			continue;
		reasons->items[i].n++;
		free(shape);
		return;
	}
	bool full = reasons->n + 1 == MOST_REASONS;
	reasons->items[reasons->n++] = (struct reason){
		.shape = shape, .first = xstrdup(full ? "other reasons" : reason), .n = 1};
}

void import_tally_add(struct import_tally *tally, const struct normalised *made)
{
	for (size_t i = 0; i < made->list.n; i++) {
		const struct dora_event *event = &made->list.items[i];
		int64_t at_us = event->time_us;

		if (!tally->kinds[event->kind].n || at_us < tally->kinds[event->kind].first_us)
			tally->kinds[event->kind].first_us = at_us;
		if (at_us > tally->kinds[event->kind].last_us)
			tally->kinds[event->kind].last_us = at_us;
		tally->kinds[event->kind].n++;
		tally->n_events++;
	}
	for (size_t i = 0; i < made->n_ignored; i++)
		count_reason(&tally->ignored, made->ignored[i].reason);
	for (size_t i = 0; i < made->n_bad; i++)
		count_reason(&tally->refused, made->bad[i].reason);
}

int64_t import_tally_n_events(const struct import_tally *tally)
{
	return tally->n_events;
}

int64_t import_tally_n_refused(const struct import_tally *tally)
{
	return tally->refused.n_all;
}

static void add_kinds(const struct import_tally *tally, struct sheet *sheet)
{
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		char n[24];
		char first[TIMESTAMP_TEXT_MAX];
		char last[TIMESTAMP_TEXT_MAX];

		if (!tally->kinds[kind].n)
			continue;
		(void)snprintf(n, sizeof(n), "%lld", (long long)tally->kinds[kind].n);
		timestamp_format(tally->kinds[kind].first_us, first);
		timestamp_format(tally->kinds[kind].last_us, last);
		sheet_add(sheet,
			(const char *const[]){"events", dora_kind_name((enum dora_kind)kind), n,
				first, last, NULL});
	}
}

static void add_reasons(const struct reasons *reasons, const char *what, struct sheet *sheet)
{
	for (size_t i = 0; i < reasons->n; i++) {
		char n[24];

		(void)snprintf(n, sizeof(n), "%lld", (long long)reasons->items[i].n);
		sheet_add(sheet,
			(const char *const[]){
				what, NULL, n, NULL, NULL, reasons->items[i].first});
	}
}

void import_tally_print(const struct import_tally *tally, bool json)
{
	static const struct sheet_column columns[] = {
		{"what", SHEET_TEXT},
		{"kind", SHEET_TEXT},
		{"count", SHEET_NUMBER},
		{"first", SHEET_TEXT},
		{"last", SHEET_TEXT},
		{"reason", SHEET_TEXT},
	};
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_create(columns, ARRAY_LEN(columns));

	add_kinds(tally, sheet);
	add_reasons(&tally->ignored, "left out", sheet);
	add_reasons(&tally->refused, "not understood", sheet);
	sheet_print(sheet, json, stdout);
}
