/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"
#include "source_priv.h"

#include "base/scratch.h"
#include "form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* In alphabetical order. */
static const struct source *const sources[] = {
	&source_alertmanager,
	&source_argocd,
	&source_cloudevents,
	&source_cloudrun,
	&source_events,
	&source_flux,
	&source_freshservice,
	&source_github,
	&source_gitlab,
	&source_jira,
	&source_opsgenie,
	&source_pagerduty,
	&source_servicenow,
	&source_trello,
};

const char *delivery_header(const struct delivery *delivery, const char *name)
{
	for (size_t i = 0; i < delivery->n_headers; i++) {
		if (strcmp(delivery->headers[i].name, name) == 0)
			return delivery->headers[i].value;
	}
	return NULL;
}

const struct source *source_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (strcmp(sources[i]->name, name) == 0)
			return sources[i];
	}
	return NULL;
}

const struct source *source_at(size_t i)
{
	return i < ARRAY_LEN(sources) ? sources[i] : NULL;
}

const char *source_name(const struct source *source)
{
	return source->name;
}

const char *source_delivery_header(const struct source *source)
{
	return source->delivery_header;
}

const char *const *source_rollouts(const struct source *source)
{
	static const char *const only_its_own[] = {"none", NULL};

	return source->rollouts ? source->rollouts : only_its_own;
}

static bool is_header(const char *wanted, const char *name)
{
	size_t n = strlen(wanted);

	if (n && wanted[n - 1] == '*')
		return strncmp(wanted, name, n - 1) == 0;
	return strcmp(wanted, name) == 0;
}

bool source_keeps_header(const struct source *source, const char *name)
{
	if (strcmp(name, "content-type") == 0 ||
		(source->kind_header && strcmp(name, source->kind_header) == 0) ||
		(source->delivery_header && strcmp(name, source->delivery_header) == 0))
		return true;
	for (const char *const *wanted = source->headers; wanted && *wanted; wanted++) {
		if (is_header(*wanted, name))
			return true;
	}
	return false;
}

static const char *format_reason(struct intake *in, const char *fmt, va_list args)
{
	char reason[512];

	(void)vsnprintf(reason, sizeof(reason), fmt, args);
	return arena_strdup(in->arena, reason);
}

enum verdict ignored(struct intake *in, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	in->out->reason = format_reason(in, fmt, args);
	va_end(args);
	return VERDICT_IGNORED;
}

enum verdict malformed(struct intake *in, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	in->out->reason = format_reason(in, fmt, args);
	va_end(args);
	return VERDICT_MALFORMED;
}

/* With room for each power of two. */
static void add_line(struct intake *in, struct bad_line **lines, size_t *n, struct bad_line one)
{
	if ((*n & (*n - 1)) == 0) {
		struct bad_line *more =
			arena_alloc(in->arena, (*n ? 2 * *n : 1) * sizeof(*more));

		if (*n)
			memcpy(more, *lines, *n * sizeof(*more));
		*lines = more;
	}
	(*lines)[(*n)++] = one;
}

void refuse_line(struct intake *in, size_t line, const char *reason)
{
	add_line(in, &in->out->bad, &in->out->n_bad,
		(struct bad_line){line, arena_strdup(in->arena, reason)});
}

void ignore_line(struct intake *in, size_t line, const char *reason)
{
	add_line(in, &in->out->ignored, &in->out->n_ignored,
		(struct bad_line){line, arena_strdup(in->arena, reason)});
}

static void release_json(void *object)
{
	if (!scratch_holds_all())
		json_decref(object);
}

const json_t *intake_parse(
	struct intake *in, const char *bytes, size_t n, const struct wanted *wanted)
{
	return arena_own(in->arena, document_read(bytes, n, wanted, &in->err), release_json);
}

struct reader intake_reader(struct intake *in, const json_t *value)
{
	return (struct reader){
		.value = value, .place = "", .arena = in->arena, .err = &in->err};
}

const char *intake_rollout(const struct intake *in)
{
	const char *wanted = in->delivery->options.rollout;

	return wanted ? wanted : source_rollouts(in->source)[0];
}

static bool is_form(const struct delivery *delivery)
{
	const char *type = delivery_header(delivery, "content-type");

	return type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
}

static enum verdict normalise_json(struct intake *in)
{
	const struct delivery *delivery = in->delivery;
	const char *bytes = delivery->body;
	size_t n = delivery->n_body;

	if (is_form(delivery)) {
		bytes = form_field(bytes, n, "payload", in->arena, &n);
		if (!bytes)
			return malformed(in, "the form has no field payload");
	}
	const json_t *root = intake_parse(in, bytes, n, in->source->wanted);
	if (!root)
		return malformed(in, "%s", in->err.text);
	struct reader body = intake_reader(in, root);
	return in->source->normalise(in, &body);
}

/* The kind that the header gives, unless the source does not use it: NULL with *out_unused. */
static const char *header_kind(const struct intake *in, bool *out_unused)
{
	const struct source *source = in->source;
	const char *kind =
		source->kind_header ? delivery_header(in->delivery, source->kind_header) : NULL;

	*out_unused = false;
	if (!kind || !source->kinds)
		return kind;
	for (const char *const *used = source->kinds; *used; used++) {
		if (strcmp(*used, kind) == 0)
			return kind;
	}
	*out_unused = true;
	return kind;
}

bool intake_check(struct intake *in, size_t first)
{
	const struct dora_event_list *list = &in->out->list;

	for (size_t i = first; i < list->n; i++) {
		if (!dora_event_check(&list->items[i], &in->err))
			return false;
	}
	return true;
}

/* Events stand only if all of them keep to the contract. */
static enum verdict settle(struct intake *in, enum verdict verdict)
{
	struct normalised *out = in->out;

	if (in->err.text[0]) /* a needed field, whatever came after it */
		verdict = malformed(in, "%s", in->err.text);
	if (verdict == VERDICT_EVENTS && !intake_check(in, 0))
		verdict = malformed(in, "%s", in->err.text);
	if (verdict == VERDICT_EVENTS && out->list.n == 0 && out->n_bad == 0)
		verdict = ignored(in, "nothing in it that is measured");
	if (verdict == VERDICT_EVENTS)
		out->reason = NULL; /* what was ignored beside them had one */
	else
		out->list.n = 0;
	return verdict;
}

enum verdict source_normalise(
	const struct source *source, const struct delivery *delivery, struct normalised *out)
{
	struct arena *arena = out->list.arena;
	struct intake in = {.source = source, .delivery = delivery, .out = out, .arena = arena};
	bool unused;

	*out = (struct normalised){.list.arena = arena};
	if (delivery_header(delivery, IMPORT_HEADER))
		return normalise_imported(&in);
	const char *kind = header_kind(&in, &unused);
	out->kind = kind ? arena_strdup(arena, kind) : NULL;
	if (unused)
		return ignored(&in, "%.80s: not a kind that is measured", kind);
	return settle(&in,
		source->normalise_bytes ? source->normalise_bytes(&in) : normalise_json(&in));
}

void source_rest(void)
{
	document_rest();
}
