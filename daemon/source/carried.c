/* SPDX-License-Identifier: Apache-2.0 */
#include "carried.h"

#include "form.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define HEADER_PREFIX "ce-"

struct carried {
	struct intake *in;
	carried_take *take;
	void *to;
	size_t n;
};

static void take_piece(struct carried *carried, size_t line, const char *bytes, size_t n)
{
	struct error err = {0};
	json_t *event = document_read(bytes, n, NULL, &err);

	carried->take(carried->in, carried->to, line, event, &err);
	json_decref(event);
}

/* False: that was one too many, and was said so. */
static bool has_room(struct carried *carried, size_t line)
{
	struct error err = {0};

	if (carried->n++ < CARRIED_MAX)
		return true;
	error_setf(&err, "a request may hold %d events; this one and what follows are left out",
		CARRIED_MAX);
	carried->take(carried->in, carried->to, line, NULL, &err);
	return false;
}

static bool each_line(struct carried *carried)
{
	const char *at = carried->in->delivery->body;
	const char *end = at + carried->in->delivery->n_body;

	for (size_t line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *begin = at;

		at = stop ? stop + 1 : end;
		if (!stop)
			stop = end;
		while (begin < stop && isspace((unsigned char)*begin))
			begin++;
		if (begin == stop)
			continue;
		if (!has_room(carried, line))
			return true;
		take_piece(carried, line, begin, (size_t)(stop - begin));
	}
	return true;
}

/* To the comma or bracket that ends a list's entry; end: there is none. */
static const char *entry_end(const char *at, const char *end)
{
	size_t depth = 0;
	bool in_string = false;

	for (; at < end; at++) {
		if (in_string) {
			if (*at == '\\')
				at++;
			else if (*at == '"')
				in_string = false;
		} else if (*at == '"') {
			in_string = true;
		} else if (*at == '[' || *at == '{') {
			depth++;
		} else if (depth == 0 && (*at == ',' || *at == ']')) {
			return at;
		} else if ((*at == ']' || *at == '}') && depth > 0) {
			depth--;
		}
	}
	return end;
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && isspace((unsigned char)*at))
		at++;
	return at;
}

static bool each_entry(struct carried *carried)
{
	const char *end = carried->in->delivery->body + carried->in->delivery->n_body;
	const char *at = skip_space(carried->in->delivery->body, end);
	bool full = false;

	if (at == end || *at != '[') {
		error_setf(&carried->in->err, "the body: want a list of events");
		return false;
	}
	at = skip_space(at + 1, end);
	for (size_t entry = 1; at < end && !(*at == ']' && entry == 1); entry++) {
		const char *stop = entry_end(at, end);

		if (stop == end)
			break;
		full = full || !has_room(carried, entry);
		if (!full)
			take_piece(carried, entry, at, (size_t)(stop - at));
		at = stop;
		if (*at == ']')
			break;
		at = skip_space(at + 1, end);
	}
	if (at == end || *at != ']' || skip_space(at + 1, end) != end) {
		error_setf(&carried->in->err, "the body: the list of events does not end");
		return false;
	}
	return true;
}

/* A header's value as the text it stands for: quotes undone, then %XX (section 3.1.3.2). */
static const char *header_text(struct intake *in, const char *value)
{
	size_t n = strlen(value);
	size_t length = n;
	char *plain = arena_strdup(in->arena, value);

	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		length = 0;
		for (size_t i = 1; i < n - 1; i++) {
			if (value[i] == '\\' && i + 1 < n - 1)
				i++;
			plain[length++] = value[i];
		}
	}
	return percent_decode(plain, length, in->arena, &length);
}

static bool one_binary(struct carried *carried)
{
	struct intake *in = carried->in;
	const struct delivery *delivery = in->delivery;
	const char *type = delivery_header(delivery, "content-type");
	struct error err = {0};
	json_t *event = json_object();

	for (size_t i = 0; i < delivery->n_headers; i++) {
		const struct header *header = &delivery->headers[i];
		size_t n = strlen(HEADER_PREFIX);

		if (strncmp(header->name, HEADER_PREFIX, n) != 0)
			continue;
		json_t *text = json_string(header_text(in, header->value));
		if (!text)
			error_setf(&err, "%.60s: is no UTF-8", header->name);
		else
			(void)json_object_set_new(event, header->name + n, text);
	}
	if (type)
		(void)json_object_set_new(event, "datacontenttype", json_string(type));
	json_t *data = document_read(delivery->body, delivery->n_body, NULL, &err);
	if (data)
		(void)json_object_set_new(event, "data", data);
	in->out->kind = arena_strdup(in->arena, delivery_header(delivery, "ce-type"));
	carried->take(in, carried->to, 1, err.text[0] ? NULL : event, &err);
	json_decref(event);
	return true;
}

static bool one_structured(struct carried *carried)
{
	take_piece(carried, 1, carried->in->delivery->body, carried->in->delivery->n_body);
	return true;
}

static bool begins_with(const char *type, const char *word)
{
	return type && strncasecmp(type, word, strlen(word)) == 0;
}

static bool is_list(const struct delivery *delivery)
{
	const char *end = delivery->body + delivery->n_body;
	const char *at = skip_space(delivery->body, end);

	return at < end && *at == '[';
}

bool carried_each(struct intake *in, carried_take *take, void *to)
{
	struct carried carried = {.in = in, .take = take, .to = to};
	const char *type = delivery_header(in->delivery, "content-type");

	/* The longer word first: the shorter begins it. */
	if (begins_with(type, "application/cloudevents-batch")) {
		in->out->kind = "batch";
		return each_entry(&carried);
	}
	if (begins_with(type, "application/cloudevents"))
		return one_structured(&carried);
	if (begins_with(type, "application/x-ndjson") ||
		begins_with(type, "application/ndjson") ||
		begins_with(type, "application/jsonl")) {
		in->out->kind = "ndjson";
		return each_line(&carried);
	}
	if (delivery_header(in->delivery, "ce-type"))
		return one_binary(&carried);
	if (is_list(in->delivery)) {
		in->out->kind = "batch";
		return each_entry(&carried);
	}
	return one_structured(&carried);
}

enum verdict carried_verdict(struct intake *in, size_t n_seen)
{
	struct normalised *out = in->out;

	if (n_seen == 0)
		return ignored(in, "no event in it");
	if (out->n_bad < n_seen)
		return VERDICT_EVENTS;
	if (n_seen == 1) {
		out->n_bad = 0; /* it is the whole delivery */
		return malformed(in, "%s", out->bad[0].reason);
	}
	return malformed(in, "none of %zu events is good; line %zu: %s", n_seen,
		out->bad[0].line, out->bad[0].reason);
}
