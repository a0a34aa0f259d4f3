/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries of dorad import. Each line holds one body as the source's webhook would have had
 * it, made by gather_*.c of what the system's API says:
 *
 *     {"kind": "push", "at": "2026-06-01T08:00:00Z", "headers": {...}, "body": {...}}
 *     {"refused": "no repository ...", "object": {...}}
 *
 * kind: as the source's header of the kind says it; at: when the webhook would have come, for
 * what the body does not tell; headers: others that the source reads. From there on it is the
 * road of every delivery.
 */
#include "source_priv.h"

#include <string.h>

#define LINE_HEADERS 8 /* of one line */

struct line {
	size_t number; /* from 1 */
	const char *bytes;
	size_t n;
};

/* What the webhook's request would have been. */
struct request {
	struct delivery delivery;
	struct header headers[LINE_HEADERS];
};

static void read_headers(const struct reader *line, struct request *request)
{
	json_t *headers = (json_t *)(uintptr_t)reader_find(line, "headers");
	const char *name;
	json_t *value;

	request->delivery.headers = request->headers;
	request->delivery.n_headers = 0;
	json_object_foreach(headers, name, value) {
		if (!json_is_string(value) || request->delivery.n_headers == LINE_HEADERS)
			continue;
		request->headers[request->delivery.n_headers++] =
			(struct header){name, json_string_value(value)};
	}
}

static enum verdict normalise_line(
	struct intake *in, const struct line *line, struct request *request)
{
	const struct wanted body_wanted[] = {
		{"body", in->source->wanted}, {"kind"}, {"at"}, {"headers"}, {"refused"}, {0}};
	const json_t *root = intake_parse(in, line->bytes, line->n, body_wanted);
	struct reader whole = intake_reader(in, root);

	if (!root)
		return malformed(in, "%s", in->err.text);
	const char *refused = reader_text(&whole, "refused");
	if (refused)
		return malformed(in, "%s", refused);
	const char *kind = reader_text(&whole, "kind");
	if (!reader_has(&whole, "body") || !in->source->normalise) {
		reader_complain(&whole, "body", "an object");
		return VERDICT_MALFORMED;
	}
	read_headers(&whole, request);
	(void)reader_time_at(&whole, "at", &request->delivery.received_us);
	in->out->kind = kind ? arena_strdup(in->arena, kind) : NULL;
	struct reader body = reader_at(&whole, "body");
	body.place = "";
	return in->source->normalise(in, &body);
}

/* Each line for itself: its events, or the reason why there are none. */
static void take_line(const struct intake *whole, const struct line *line)
{
	struct intake in = *whole;
	struct request request = {.delivery = *whole->delivery};
	struct normalised *out = whole->out;
	size_t first = out->list.n;

	in.delivery = &request.delivery;
	in.err = (struct error){0};
	enum verdict verdict = normalise_line(&in, line, &request);
	if (verdict == VERDICT_EVENTS && !in.err.text[0] && intake_check(&in, first))
		return;
	out->list.n = first;
	if (verdict == VERDICT_IGNORED && !in.err.text[0])
		ignore_line(&in, line->number, out->reason);
	else
		refuse_line(&in, line->number, in.err.text[0] ? in.err.text : out->reason);
}

/* Of the endpoint, as they stood when this was imported. */
static struct source_options options_of(const struct delivery *delivery)
{
	struct source_options options = delivery->options;
	const char *rollout = delivery_header(delivery, IMPORT_HEADER_ROLLOUT);

	if (rollout)
		options.rollout = rollout;
	if (delivery_header(delivery, IMPORT_HEADER_TITLES))
		options.keep_titles = true;
	return options;
}

static void take_lines(struct intake *in)
{
	const char *at = in->delivery->body;
	const char *end = at + in->delivery->n_body;

	for (size_t number = 1; at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = stop ? (size_t)(stop - at) : (size_t)(end - at);

		if (n)
			take_line(in, &(struct line){number, at, n});
		at += n + 1;
	}
}

enum verdict normalise_imported(struct intake *in)
{
	struct delivery delivery = *in->delivery;
	struct intake lines = *in;
	struct normalised *out = in->out;

	delivery.options = options_of(in->delivery);
	lines.delivery = &delivery;
	lines.imported = true;
	take_lines(&lines);
	out->kind = "import";
	out->reason = NULL;
	if (out->list.n || out->n_bad)
		return VERDICT_EVENTS;
	return ignored(in, "nothing in it that is measured%s%s", out->n_ignored ? ": " : "",
		out->n_ignored ? out->ignored[0].reason : "");
}
