/* SPDX-License-Identifier: Apache-2.0 */
#include "deliveries.h"

#include "base/timestamp.h"
#include "ledger_filter.h"
#include "stranger.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parts of header names whose values are nobody's business (RELIABILITY.md section 7). */
static const char *const secretive[] = {
	"auth", "cookie", "key", "password", "secret", "signature", "token"};

static const char *shown_value(const struct header *header)
{
	for (size_t i = 0; i < ARRAY_LEN(secretive); i++) {
		if (strstr(header->name, secretive[i]))
			return "(not shown)";
	}
	return header->value;
}

static json_t *headers_json(const struct ledger_row *row)
{
	json_t *headers = json_object();

	for (size_t i = 0; i < row->n_headers; i++)
		json_object_set_new(headers, row->headers[i].name,
			stranger_json(shown_value(&row->headers[i])));
	return headers;
}

static json_t *events_json(const struct ledger_row *row)
{
	json_t *events = json_array();

	for (size_t i = 0; i < row->n_made; i++) {
		const struct ledger_made *made = &row->made[i];
		char at[TIMESTAMP_TEXT_MAX];
		char entry[48];

		timestamp_format(made->time_us, at);
		(void)snprintf(entry, sizeof(entry), "%" PRIu64 "-%" PRIu64, made->entry_ms,
			made->entry_n);
		json_array_append_new(events,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s, s:s}", "kind",
				dora_kind_name(made->kind), "id", made->id, "source",
				made->source, "subject", made->subject, "time", at, "revision",
				(json_int_t)made->revision, "withdrawn", made->withdrawn,
				"stream", made->key, "entry", entry));
	}
	return events;
}

static json_t *bad_json(const struct ledger_row *row)
{
	json_t *bad = json_array();

	for (size_t i = 0; i < row->n_bad; i++)
		json_array_append_new(bad,
			json_pack("{s:I, s:o}", "line", (json_int_t)row->bad[i].line, "reason",
				stranger_json(row->bad[i].reason)));
	return bad;
}

static void show_json(const struct ledger_row *row, const char *name)
{
	char at[TIMESTAMP_TEXT_MAX];

	timestamp_format(row->received_us, at);
	json_t *object = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:I, s:b}",
		"seq", (json_int_t)row->seq, "delivery", name, "received_at", at, "endpoint",
		row->endpoint, "source", row->source, "kind", stranger_json(row->kind),
		"delivery_id", stranger_json(row->delivery_id), "state",
		ledger_state_name(row->state), "reason", stranger_json(row->reason), "bytes",
		(json_int_t)row->n_body, "replay", row->again != LEDGER_AGAIN_NO);

	json_object_set_new(object, "headers", headers_json(row));
	json_object_set_new(object, "events", events_json(row));
	json_object_set_new(object, "bad_lines", bad_json(row));
	/* Null where it is no text: --body gives the bytes. */
	json_t *body = row->body ? json_stringn(row->body, row->n_body) : NULL;
	json_object_set_new(object, "body", body ? body : json_null());
	(void)json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* "reason      ref: want a text" */
static void show_line(const char *words, const char *text)
{
	fputs(words, stdout);
	stranger_put(text, stdout);
	putchar('\n');
}

static void show_words(const struct ledger_row *row, const char *name)
{
	char at[TIMESTAMP_TEXT_MAX];

	timestamp_format(row->received_us, at);
	printf("delivery    %s\nreceived    %s\nendpoint    %s (%s)\n", name, at, row->endpoint,
		row->source);
	show_line("kind        ", row->kind ? row->kind : "-");
	show_line("sender's id ", row->delivery_id ? row->delivery_id : "-");
	printf("state       %s%s\n", ledger_state_name(row->state),
		row->again ? ", marked for replay" : "");
	if (row->reason)
		show_line("reason      ", row->reason);
	for (size_t i = 0; i < row->n_headers; i++) {
		printf("header      %s", row->headers[i].name);
		show_line(": ", shown_value(&row->headers[i]));
	}
	for (size_t i = 0; i < row->n_made; i++) {
		printf("event       %s ", dora_kind_name(row->made[i].kind));
		stranger_put(row->made[i].id, stdout);
		printf("%s\n            %s %" PRIu64 "-%" PRIu64 "\n",
			row->made[i].withdrawn ? " (withdrawn)" : "", row->made[i].key,
			row->made[i].entry_ms, row->made[i].entry_n);
	}
	for (size_t i = 0; i < row->n_bad; i++) {
		printf("bad line    %zu", row->bad[i].line);
		show_line(": ", row->bad[i].reason);
	}
	printf("body        %zu bytes%s%s\n", row->n_body,
		row->body ? "" : ", unreadable: ", row->body ? "" : row->unreadable);
	if (!row->body)
		return;
	stranger_put_lines(row->body, row->n_body, stdout);
	putchar('\n');
}

int deliveries_show(const struct command_line *line, struct ledger *ledger)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const char *which = command_argument(line, 1);
	/* "7f3a9c12-1234" is as good as 1234: that is how logs and events name it. */
	const char *dash = which ? strchr(which, '-') : NULL;
	char name[LEDGER_NAME_MAX];
	struct ledger_row row;
	struct error err = {0};
	int64_t seq;

	if (!which || !ledger_number_read(dash ? dash + 1 : which, &seq))
		return command_misuse(line, "show wants the number of a delivery");
	if (!ledger_find(ledger, seq, arena, &row, &err))
		return command_fail(line, "%s",
			err.text[0] ? err.text
				    : "no such delivery: it is not yet there, or retention has "
				      "deleted it");
	ledger_name(ledger, seq, name);
	if (dash && strcmp(name, which) != 0)
		return command_fail(
			line, "%s is of another ledger; here it would be %s", which, name);
	if (command_option(line, "--body", 0)) {
		if (!row.body)
			return command_fail(line, "%s", row.unreadable);
		(void)fwrite(row.body, 1, row.n_body, stdout);
	} else if (command_wants_json(line)) {
		show_json(&row, name);
	} else {
		show_words(&row, name);
	}
	return EXIT_DONE;
}
