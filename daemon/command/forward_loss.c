/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_priv.h"

#include "base/log.h"

#include <string.h>

#define DEAD_COUNT 256
#define RETRY_US INT64_C(250000)

static struct stream_id noted(struct forwarder *forwarder, const char *key)
{
	struct ledger_note note = {0};

	(void)ledger_noted(forwarder->options.ledger, key, &note);
	return (struct stream_id){.ms = note.entry_ms, .n = note.entry_n};
}

enum forward_check forward_check(struct forwarder *forwarder, size_t key, struct stream_id top)
{
	const char *name = stream_key(forwarder->stream, key);
	struct stream_id known = noted(forwarder, name);
	const struct ledger_note survived = {.key = name, .entry_ms = top.ms, .entry_n = top.n};
	struct error err = {0};
	int64_t n = 0;

	if (stream_id_compare(top, known) >= 0)
		return FORWARD_ALL_THERE;
	while (ledger_set_back(forwarder->options.ledger, &survived, &n, &err) != LEDGER_DONE) {
		log_warn("replay cannot be marked yet: %s", err.text);
		err = (struct error){0};
		if (!forwarder_rest(forwarder, RETRY_US))
			return FORWARD_STOPPED;
	}
	char had[STREAM_ID_TEXT_MAX];
	char has[STREAM_ID_TEXT_MAX];
	stream_id_format(known, had);
	stream_id_format(top, has);
	log_warn("redis lost what it had acknowledged stream=%s had=%s has=%s: %lld deliveries "
		 "are forwarded again",
		name, had, has, (long long)n);
	(void)pthread_mutex_lock(&forwarder->lock);
	forwarder->state.n_losses++;
	forwarder->state.n_set_back += (uint64_t)n;
	(void)pthread_mutex_unlock(&forwarder->lock);
	return FORWARD_LOST;
}

enum stream_result forward_check_all(struct forwarder *forwarder, struct error *err)
{
	enum stream_result result = stream_tops(forwarder->stream, forwarder->tops, err);

	for (size_t key = 0; key < stream_n_keys(forwarder->stream); key++) {
		if (result != STREAM_DONE ||
			forward_check(forwarder, key, forwarder->tops[key]) == FORWARD_STOPPED)
			break;
	}
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

enum stream_result forward_bury(struct forwarder *forwarder, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct stream_entries entries;
	enum stream_result result = stream_read_dead(forwarder->stream,
		noted(forwarder, forwarder->dead_key), DEAD_COUNT, arena, &entries, err);

	for (size_t i = 0; result == STREAM_DONE && i < entries.n; i++) {
		if (!bury(forwarder, &entries.items[i]))
			break;
	}
	return result;
}
