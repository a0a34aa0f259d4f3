/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in dorad's own form (EVENTS.md section 3), from whatever has no source of its own. One
 * that is refused is noted with its line; the others go on.
 */
#include "carried.h"

#include <string.h>

struct intake_lines {
	const char *default_source;
	size_t n_seen;
};

static bool is_listed(const char *const *list, const char *name)
{
	for (; *list; list++) {
		if (strcmp(*list, name) == 0)
			return true;
	}
	return false;
}

static bool may_name(
	const char *const *services, const json_t *name, size_t *n_named, struct error *err)
{
	if (!json_is_string(name))
		return true;
	(*n_named)++;
	if (is_listed(services, json_string_value(name)))
		return true;
	error_setf(err, "this endpoint may not speak of the service %.80s",
		json_string_value(name));
	return false;
}

/*
 * An endpoint that is held to some services has to name them: coordinates may mean others, and
 * an id alone may be another service's.
 */
static bool speaks_of_its_own(
	const char *const *services, const struct dora_event *event, struct error *err)
{
	CLEANUP(json_decrefp) json_t *data = dora_event_tree(event);
	const json_t *target = json_object_get(data, "target");
	size_t n_named = 0;
	size_t i;
	json_t *name;

	if (!may_name(services, json_object_get(data, "service"), &n_named, err) ||
		!may_name(services, json_object_get(target, "service"), &n_named, err))
		return false;
	json_array_foreach(json_object_get(data, "services"), i, name) {
		if (!may_name(services, name, &n_named, err))
			return false;
	}
	if (n_named == 0 || json_object_get(data, "team")) {
		error_setf(err,
			"this endpoint may speak of some services only, so its events"
			" have to name the service, and no team");
		return false;
	}
	return true;
}

static bool is_allowed(
	const struct source_options *options, const struct dora_event *event, struct error *err)
{
	if (options->kinds && !is_listed(options->kinds, dora_kind_name(event->kind))) {
		error_setf(err, "type: this endpoint may not send a %s",
			dora_kind_name(event->kind));
		return false;
	}
	if (options->sources && !is_listed(options->sources, event->source)) {
		error_setf(err, "source: this endpoint may not send as %.80s", event->source);
		return false;
	}
	return !options->services || speaks_of_its_own(options->services, event, err);
}

static void take(
	struct intake *in, void *to, size_t line, const json_t *event, struct error *err)
{
	struct intake_lines *lines = to;
	struct dora_event_list one = {.arena = in->arena};

	lines->n_seen++;
	if (!event || !dora_event_from_cloudevent(event, lines->default_source, &one, err) ||
		!is_allowed(&in->delivery->options, one.items, err)) {
		refuse_line(in, line, err->text);
		return;
	}
	if (!in->out->kind)
		in->out->kind = dora_kind_type(one.items->kind);
	dora_event_list_append(&in->out->list, one.items);
}

static enum verdict normalise(struct intake *in)
{
	struct intake_lines lines = {
		.default_source = arena_printf(in->arena, "/dorad/%s", in->delivery->endpoint)};

	if (!carried_each(in, take, &lines))
		return malformed(in, "%s", in->err.text);
	return carried_verdict(in, lines.n_seen);
}

const struct source source_events = {
	.name = "events",
	.delivery_header = "webhook-id",
	.headers = LIST("ce-*"),
	.normalise_bytes = normalise,
};
