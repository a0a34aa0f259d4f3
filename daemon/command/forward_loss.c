/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_priv.h"

#include "base/log.h"
#include "base/plural.h"

#include <string.h>

#define DEAD_COUNT 256
#define RETRY_US INT64_C(250000)

static struct stream_id noted(struct forwarder *forwarder, const char *key)
{
	struct ledger_note note = {0};

	(void)ledger_noted(forwarder->options.ledger, key, &note);
	return (struct stream_id){.ms = note.entry_ms, .n = note.entry_n};
}

static bool is_lower(struct stream_id a, struct stream_id b)
{
	return stream_id_compare(a, b) < 0;
}

/* A mark that is behind may only not have been written yet: the last entry tells. It may have
 * been trimmed; then it is sent again for nothing. */
static bool is_there(struct forwarder *forwarder, size_t key, struct stream_id known)
{
	bool there = false;

	if (stream_has(forwarder->stream, key, known, &there, NULL) != STREAM_DONE || !there)
		return false;
	forwarder->marked[key] = forwarder->places[key].mark;
	forwarder->to_mark[key] = known;
	return true;
}

/*
 * Everything up to our mark is there, for the mark was written after it, and a server that
 * forgets forgets the last first. But a stream may have been deleted alone.
 */
enum forward_check forward_check(struct forwarder *forwarder, size_t key)
{
	const struct stream_place *place = &forwarder->places[key];
	const char *name = stream_key(forwarder->stream, key);
	struct stream_id known = noted(forwarder, name);
	/* Of a mark that may not be read nothing is known; the top says less. */
	bool by_mark =
		!stream_marks_trouble(forwarder->stream) && is_lower(place->mark, place->top);
	struct stream_id left = by_mark ? place->mark : place->top;
	const struct ledger_note survived = {
		.key = name, .entry_ms = left.ms, .entry_n = left.n};
	struct error err = {0};
	int64_t n = 0;

	if (!is_lower(place->top, known) &&
		(!is_lower(place->mark, forwarder->marked[key]) ||
			is_there(forwarder, key, known)))
		return FORWARD_ALL_THERE;
	while (ledger_set_back(forwarder->options.ledger, &survived, &n, &err) != LEDGER_DONE) {
		log_warn("replay cannot be marked yet: %s", err.text);
		err = (struct error){0};
		if (!forwarder_rest(forwarder, RETRY_US))
			return FORWARD_STOPPED;
	}
	forwarder->marked[key] = left;
	forwarder->to_mark[key] = (struct stream_id){0};
	char had[STREAM_ID_TEXT_MAX];
	char has[STREAM_ID_TEXT_MAX];
	stream_id_format(known, had);
	stream_id_format(left, has);
	log_warn("redis lost what it had acknowledged stream=%s had=%s has=%s: %lld %s "
		 "forwarded again",
		name, had, has, (long long)n, plural(n, "delivery is", "deliveries are"));
	(void)pthread_mutex_lock(&forwarder->lock);
	forwarder->state.n_losses++;
	forwarder->state.n_set_back += (uint64_t)n;
	(void)pthread_mutex_unlock(&forwarder->lock);
	return FORWARD_LOST;
}

void forward_expect_all(struct forwarder *forwarder)
{
	char name[LEDGER_NAME_MAX];

	ledger_name(forwarder->options.ledger, 0, name);
	(void)snprintf(forwarder->writer, sizeof(forwarder->writer), "%.*s",
		(int)strcspn(name, "-"), name);
	for (size_t key = 0; key < stream_n_keys(forwarder->stream); key++) {
		forwarder->marked[key] = noted(forwarder, stream_key(forwarder->stream, key));
		forwarder->to_mark[key] = (struct stream_id){0};
	}
}

enum stream_result forward_check_all(struct forwarder *forwarder, struct error *err)
{
	enum stream_result result =
		stream_look(forwarder->stream, forwarder->writer, forwarder->places, err);

	forward_note_marks(forwarder);
	for (size_t key = 0; key < stream_n_keys(forwarder->stream); key++) {
		if (result != STREAM_DONE || forward_check(forwarder, key) == FORWARD_STOPPED)
			break;
	}
	return result;
}

/* One line when they begin to be refused and one when they are taken again. */
void forward_note_marks(struct forwarder *forwarder)
{
	const char *trouble = stream_marks_trouble(forwarder->stream);
	bool refused = trouble != NULL;

	(void)pthread_mutex_lock(&forwarder->lock);
	bool changed = refused != forwarder->state.marks_refused;
	forwarder->state.marks_refused = refused;
	(void)pthread_mutex_unlock(&forwarder->lock);
	if (refused || changed)
		memset(forwarder->marked, 0,
			stream_n_keys(forwarder->stream) * sizeof(*forwarder->marked));
	if (changed && refused)
		log_error("redis refuses the marks by which its losses are seen: %s; "
			  "deliveries go on",
			trouble);
	else if (changed)
		log_info("redis takes marks again");
}

void forward_mark_later(struct forwarder *forwarder, const char *key, struct stream_id id)
{
	size_t place;

	if (stream_find_key(forwarder->stream, key, &place))
		forwarder->to_mark[place] = id;
}

static void note_marked(struct forwarder *forwarder, size_t key)
{
	if (forwarder->to_mark[key].ms)
		forwarder->marked[key] = forwarder->to_mark[key];
	forwarder->to_mark[key] = (struct stream_id){0};
}

void forward_marked(
	struct forwarder *forwarder, const struct stream_addition *additions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		note_marked(forwarder, additions[i].key);
}

enum stream_result forward_mark(struct forwarder *forwarder, struct error *err)
{
	enum stream_result result =
		stream_mark(forwarder->stream, forwarder->writer, forwarder->to_mark, err);
	bool marked = result == STREAM_DONE && !stream_marks_trouble(forwarder->stream);

	forward_note_marks(forwarder);
	for (size_t key = 0; marked && key < stream_n_keys(forwarder->stream); key++)
		note_marked(forwarder, key);
	return result;
}

/* False: not now. */
static bool bury(struct forwarder *forwarder, const struct stream_entry *entry)
{
	const char *delivery = stream_entry_field(entry, "delivery");
	const char *reason = stream_entry_field(entry, "reason");
	struct ledger_note position = {.key = forwarder->dead_key};
	struct stream_id id;
	struct error err = {0};

	if (!stream_id_parse(entry->id, strlen(entry->id), &id))
		return true;
	position.entry_ms = id.ms;
	position.entry_n = id.n;
	if (ledger_bury(forwarder->options.ledger, delivery, reason ? reason : "not said",
		    &position, &err) != LEDGER_DONE) {
		log_warn("dead event cannot be noted yet: %s", err.text);
		return false;
	}
	log_error("event dead delivery=%s reason=%s: dorad deliveries --state dead lists it",
		LOG_QUOTE(delivery), LOG_QUOTE(reason));
	(void)pthread_mutex_lock(&forwarder->lock);
	forwarder->state.n_buried++;
	(void)pthread_mutex_unlock(&forwarder->lock);
	return true;
}

/* One line when it begins to be refused and one when it is read again. */
static void note_dead(
	struct forwarder *forwarder, enum stream_result result, const struct error *words)
{
	struct forwarder_state *state = &forwarder->state;
	bool refused = result != STREAM_DONE;

	(void)pthread_mutex_lock(&forwarder->lock);
	bool changed = refused != state->dead_refused;
	state->dead_refused = refused;
	state->n_failures[result] += refused;
	(void)pthread_mutex_unlock(&forwarder->lock);
	if (changed && refused)
		log_error("dead events cannot be read result=%s: %s; they wait in %s, "
			  "deliveries go on",
			stream_result_name(result), words->text, forwarder->dead_key);
	else if (changed)
		log_info("dead events can be read again");
}

enum stream_result forward_bury(struct forwarder *forwarder, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct stream_entries entries;
	struct error words = {0};
	enum stream_result result = stream_read_dead(forwarder->stream,
		noted(forwarder, forwarder->dead_key), DEAD_COUNT, arena, &entries, &words);

	if (result == STREAM_BROKEN || result == STREAM_NOT_MASTER) {
		error_setf(err, "%s", words.text);
		return result;
	}
	note_dead(forwarder, result, &words);
	for (size_t i = 0; result == STREAM_DONE && i < entries.n; i++) {
		if (!bury(forwarder, &entries.items[i]))
			break;
	}
	return STREAM_DONE;
}
