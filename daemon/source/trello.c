/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trello: a card is a ticket, the list it is in its status. An action tells what it changed and
 * no more, so labels come one by one and stay through the moves that do not name them.
 */
#include "observe.h"

#include <string.h>

#define US_PER_S INT64_C(1000000)
#define ID_TIME_DIGITS 8 /* of a card's id: the second it was made in */

/* What the catalogue takes these names for, if it has no rule of its own for the list. */
static bool is_done_list(const char *name)
{
	return is_one_of(name, LIST("done", "closed", "complete", "completed", "resolved"));
}

static bool read_created(const char *card_id, int64_t *out_us)
{
	int64_t seconds = 0;

	for (int i = 0; i < ID_TIME_DIGITS; i++) {
		const char *digits = "0123456789abcdef";
		const char *digit = card_id[i] ? strchr(digits, card_id[i]) : NULL;

		if (!digit)
			return false;
		seconds = seconds * 16 + (digit - digits);
	}
	*out_us = seconds * US_PER_S;
	return seconds > 0;
}

static struct dora_event *observe_card(
	struct intake *in, const struct reader *body, enum dora_kind kind)
{
	const char *link = reader_text(body, "action.data.card.shortLink");
	struct dora_event *event = observe(in, kind,
		entity_key(in, "trello/%s", reader_id(body, "action.data.card.id")),
		reader_time(body, "action.date"));

	dora_put_text(event, "origin.system", "trello");
	dora_put_text(event, "origin.host", "trello.com");
	dora_put_text(event, "origin.project", reader_text(body, "action.data.board.name"));
	dora_put_text(event, "origin.ci_id", reader_text(body, "action.data.board.id"));
	if (link)
		dora_put_text(
			event, "url", arena_printf(in->arena, "https://trello.com/c/%s", link));
	observe_id(in, event, "%s/%s", dora_kind_name(kind), reader_id(body, "action.id"));
	return event;
}

/* Whether a card is an incident, the catalogue's rules say by its labels. */
static struct dora_event *observe_incident(
	struct intake *in, const struct reader *body, const char *state)
{
	struct dora_event *event = observe_card(in, body, DORA_INCIDENT);
	int64_t created_us;

	dora_put_bool(event, "candidate", true);
	dora_put_text(event, "state", state);
	if (read_created(reader_id(body, "action.data.card.id"), &created_us))
		dora_put_time(event, "started_at", created_us);
	if (state && strcmp(state, "resolved") == 0)
		dora_put_time(event, "resolved_at", event->time_us);
	if (in->delivery->options.keep_titles)
		dora_put_text(event, "title", reader_text(body, "action.data.card.name"));
	return event;
}

/* It is in this list now. */
static enum verdict observe_list(struct intake *in, const struct reader *body, const char *list)
{
	struct dora_event *item = observe_card(in, body, DORA_WORK_ITEM);

	dora_put_text(item, "status_raw", list);
	(void)observe_incident(in, body, is_done_list(list) ? "resolved" : "open");
	return VERDICT_EVENTS;
}

static enum verdict on_placed(struct intake *in, const struct reader *body)
{
	return observe_list(in, body, reader_text(body, "action.data.list.name"));
}

/*
 * Put away: cancelled, but for what was done before (METRICS.md section 5). Incidents are over
 * either way.
 */
static enum verdict on_archived(struct intake *in, const struct reader *body)
{
	const char *list = reader_text(body, "action.data.list.name");
	struct dora_event *item = observe_card(in, body, DORA_WORK_ITEM);

	if (!is_done_list(list))
		dora_put_text(item, "status", "cancelled");
	dora_put_text(item, "status_raw", list);
	(void)observe_incident(in, body, "resolved");
	return VERDICT_EVENTS;
}

static enum verdict on_update(struct intake *in, const struct reader *body)
{
	if (reader_has(body, "action.data.listAfter"))
		return observe_list(
			in, body, reader_string(body, "action.data.listAfter.name"));
	if (reader_has(body, "action.data.old.closed"))
		return reader_is_true(body, "action.data.card.closed") ? on_archived(in, body)
								       : on_placed(in, body);
	if (reader_has(body, "action.data.old.dueComplete")) {
		bool done = reader_is_true(body, "action.data.card.dueComplete") ||
			is_done_list(reader_text(body, "action.data.list.name"));

		(void)observe_incident(in, body, done ? "resolved" : "open");
		return VERDICT_EVENTS;
	}
	/* Labels too, by their ids: another action tells them by name. */
	return ignored(in, "updateCard: neither moved, put away nor completed");
}

static enum verdict observe_label(
	struct intake *in, const struct reader *body, const char *action, bool is_on)
{
	/* One without a name is known by its colour. */
	const char *label = READER_FIRST(body, "action.data.label.name",
		"action.data.label.color", "action.data.text", "action.data.value");

	if (!label)
		return ignored(in, "%s: the label has neither name nor colour", action);
	dora_put_flag(observe_card(in, body, DORA_WORK_ITEM), "label_changes", label, is_on);
	dora_put_flag(observe_incident(in, body, NULL), "label_changes", label, is_on);
	return VERDICT_EVENTS;
}

static enum verdict on_label_added(struct intake *in, const struct reader *body)
{
	return observe_label(in, body, "addLabelToCard", true);
}

static enum verdict on_label_removed(struct intake *in, const struct reader *body)
{
	return observe_label(in, body, "removeLabelFromCard", false);
}

static enum verdict on_deleted(struct intake *in, const struct reader *body)
{
	struct dora_event *item = observe_card(in, body, DORA_WORK_ITEM);

	dora_put_text(item, "status", "cancelled");
	(void)observe_incident(in, body, "cancelled");
	return VERDICT_EVENTS;
}

/*
 * The card is the same on its new board, whose webhook tells where it is there. Here only that
 * it is not gone: taken for put away, an incident would be over and open again at each move.
 */
static enum verdict on_left(struct intake *in, const struct reader *body)
{
	(void)body;
	return ignored(in, "moveCardFromBoard: the webhook of its new board tells the rest");
}

static const struct {
	const char *type;
	enum verdict (*normalise)(struct intake *in, const struct reader *body);
} handlers[] = {
	{"addLabelToCard", on_label_added},
	{"convertToCardFromCheckItem", on_placed},
	{"copyCard", on_placed},
	{"createCard", on_placed},
	{"deleteCard", on_deleted},
	{"emailCard", on_placed},
	{"moveCardFromBoard", on_left},
	{"moveCardToBoard", on_placed},
	{"removeLabelFromCard", on_label_removed},
	{"updateCard", on_update},
};

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *type = reader_text(body, "action.type");

	if (!type)
		return ignored(in, "no action: not a webhook of Trello");
	in->out->kind = type;
	in->dora_source = "/trello/trello.com";
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		if (strcmp(handlers[i].type, type) == 0)
			return handlers[i].normalise(in, body);
	}
	return ignored(in, "%.80s: nothing that is measured", type);
}

static const struct wanted wanted[] = {
	OBJECT("action", {"id"}, {"type"}, {"date"},
		OBJECT("data",
			OBJECT("card", {"id"}, {"name"}, {"shortLink"}, {"closed"},
				{"dueComplete"}),
			OBJECT("board", {"id"}, {"name"}), OBJECT("list", {"name"}),
			OBJECT("listAfter", {"name"}), OBJECT("label", {"name"}, {"color"}),
			OBJECT("old", {"closed"}, {"dueComplete"}), {"text"}, {"value"})),
	{0},
};

const struct source source_trello = {
	.name = "trello",
	.wanted = wanted,
	.normalise = normalise,
};
