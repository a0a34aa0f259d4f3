/* SPDX-License-Identifier: Apache-2.0 */
#include "deliveries.h"

#include "base/plural.h"
#include "base/timestamp.h"
#include "ledger_filter.h"
#include "stranger.h"
#include "table.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a terminal is shown of a long list unless asked otherwise. */
#define LAST_ON_TERMINAL 50

struct listing {
	struct ledger *ledger;
	bool json;
	size_t n;
};

static void put_json(struct listing *listing, const struct ledger_summary *row)
{
	char at[TIMESTAMP_TEXT_MAX];
	char name[LEDGER_NAME_MAX];

	timestamp_format(row->received_us, at);
	ledger_name(listing->ledger, row->seq, name);
	json_t *object = json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:b}", "seq",
		(json_int_t)row->seq, "delivery", name, "received_at", at, "endpoint",
		row->endpoint, "source", row->source, "kind", stranger_json(row->kind),
		"delivery_id", stranger_json(row->delivery_id), "state", row->state, "reason",
		stranger_json(row->reason), "events", (json_int_t)row->n_events, "bad_lines",
		(json_int_t)row->n_bad, "bytes", (json_int_t)row->n_body, "replay", row->again);
	char *text = json_dumps(object, JSON_COMPACT);

	printf("%s%s", listing->n ? ",\n " : "[", text ? text : "null");
	free(text);
	json_decref(object);
}

static void put_words(struct listing *listing, const struct ledger_summary *row)
{
	char at[TIMESTAMP_TEXT_MAX];

	if (!listing->n)
		printf("%8s  %-19s  %-12s %-22s %-11s %6s  %s\n", "seq", "received", "endpoint",
			"kind", "state", "events", "reason");
	timestamp_format(row->received_us, at);
	at[10] = ' ';
	printf("%8" PRId64 "  %.19s  %-12s ", row->seq, at, row->endpoint);
	stranger_put(row->kind ? row->kind : "-", stdout);
	printf("%*s %-11s %6" PRId64 "  ", row->kind ? 22 - (int)strnlen(row->kind, 22) : 21,
		"", row->again ? "replay" : row->state, row->n_events);
	stranger_put(row->reason ? row->reason : "", stdout);
	putchar('\n');
}

static void put(void *context, const struct ledger_summary *row)
{
	struct listing *listing = context;

	if (listing->json)
		put_json(listing, row);
	else
		put_words(listing, row);
	listing->n++;
}

static int list(const struct command_line *line, struct ledger *ledger)
{
	struct listing listing = {.ledger = ledger, .json = command_wants_json(line)};
	struct ledger_filter filter;
	struct error err = {0};

	if (!ledger_filter_read(line, &filter, &err))
		return command_misuse(line, "%s", err.text);
	bool cut = !listing.json && !filter.last && !filter.since_us && !filter.state &&
		isatty(STDOUT_FILENO);
	if (cut)
		filter.last = LAST_ON_TERMINAL;
	bool listed = ledger_list(ledger, &filter, put, &listing, &err);
	if (listing.json)
		puts(listing.n ? "]" : "[]");
	if (!listed)
		return command_fail(line, "%s", err.text);
	if (cut && listing.n == LAST_ON_TERMINAL)
		printf("the last %d; --last N shows more\n", LAST_ON_TERMINAL);
	return EXIT_DONE;
}

static int recover(const struct command_line *line, struct ledger *ledger)
{
	const char *aside = command_argument(line, 1);
	struct ledger_salvage salvage;
	struct error err = {0};

	if (ledger_recover(ledger, aside, &salvage, &err) != LEDGER_DONE)
		return command_fail(line, "%s", err.text);
	printf("%" PRId64 " %s kept again, %" PRId64 " could not be read\n", salvage.n_read,
		plural(salvage.n_read, "delivery", "deliveries"), salvage.n_lost);
	return EXIT_DONE;
}

static int deliveries(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	const char *what = command_argument(line, 0);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	bool recovers = what && strcmp(what, "recover") == 0;
	bool shows = what && strcmp(what, "show") == 0;
	bool compares = what && strcmp(what, "missing") == 0;
	size_t wanted = recovers || shows ? 2 : compares ? 1 : 0;

	if (command_n_arguments(line) > wanted || (what && !wanted))
		return command_misuse(
			line, "%s: want show N, missing, recover FILE, or nothing", what);
	if (command_n_arguments(line) < wanted)
		return command_misuse(line,
			recovers ? "recover wants the file that was set aside"
				 : "show wants the number of a delivery");
	CLEANUP(ledger_closep)
	struct ledger *ledger = ledger_visit(config->receive.ledger, recovers, &err);
	if (!ledger)
		return command_fail(line, "%s", err.text);
	if (recovers)
		return recover(line, ledger);
	if (compares)
		return deliveries_missing(line, ledger);
	return shows ? deliveries_show(line, ledger) : list(line, ledger);
}

static const struct command_option options[] = {
	LEDGER_FILTER_OPTIONS,
	{"--last", "N", "only the last N of them", false},
	{"--body", NULL, "show: only the body, byte for byte as it was received", false},
	{0},
};

const struct command deliveries_command = {
	.name = "deliveries",
	.arguments = "[show N | missing | recover FILE]",
	.summary = "did my webhook arrive, and what became of it?",
	.details =
		"Lists what was received, oldest first. show N tells everything about one: "
		"headers,\nthe events it made, bad lines, body; never a secret. missing reads "
		"senders' ids of\ndeliveries, a line each, and prints those that the ledger "
		"lacks. recover FILE takes\nwhat can be read of a ledger that was set aside "
		"into the present one.",
	.options = options,
	.prints_table = true,
	.run = deliveries,
};
