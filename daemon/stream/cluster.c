/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

size_t node_find(struct stream *stream, const char *name, int port)
{
	for (size_t i = 0; i < stream->n_nodes; i++) {
		const struct address_host *host = &stream->nodes[i].host;

		if (host->name && host->port == port && strcmp(host->name, name) == 0)
			return i;
	}
	stream->nodes =
		xreallocarray(stream->nodes, stream->n_nodes + 1, sizeof(*stream->nodes));
	stream->nodes[stream->n_nodes] = (struct node){
		.host = {.name = xstrdup(name), .port = port},
		.where = xasprintf("%s:%d", name, port),
	};
	return stream->n_nodes++;
}

bool node_of(const struct stream *stream, const char *key, size_t *out)
{
	if (!stream->owner || !key) {
		*out = 0;
		return stream->n_nodes > 0;
	}
	uint16_t place = stream->owner[slot_of(key)];

	if (place)
		*out = (size_t)place - 1;
	return place != 0;
}

static void take_map(struct stream *stream, const struct slot_map *map)
{
	uint16_t *place = xcalloc(map->n_nodes + 1, sizeof(*place));

	for (size_t i = 0; i < map->n_nodes; i++)
		place[i + 1] =
			(uint16_t)(node_find(stream, map->nodes[i].name, map->nodes[i].port) +
				1);
	if (!stream->owner)
		stream->owner = xcalloc(SLOTS, sizeof(*stream->owner));
	for (size_t slot = 0; slot < SLOTS; slot++)
		stream->owner[slot] = place[map->owner[slot]];
	free(place);
	stream->moved = false;
}

static enum stream_result learn(struct stream *stream, size_t node, struct error *err)
{
	static const char *const words[] = {"CLUSTER", "SLOTS", NULL};
	CLEANUP(reply_freep) redisReply *reply = NULL;
	struct error said = {0};
	struct slot_map map;
	enum stream_result result = node_open(stream, node, err);

	if (result == STREAM_DONE)
		result = ask_node(stream, node, &reply, &said, words);
	if (result == STREAM_WRONG && strstr(said.text, "cluster support disabled")) {
		error_setf(err, "redis at %s is no cluster: want redis://%s, or sentinel://",
			stream->nodes[node].where, stream->nodes[node].where);
		return result;
	}
	if (result != STREAM_DONE) {
		error_setf(err, "%s", said.text);
		return result;
	}
	if (!slot_map_read(reply, stream->nodes[node].host.name, &map, &said)) {
		error_setf(err, "redis at %s: %s", stream->nodes[node].where, said.text);
		return STREAM_LATER;
	}
	take_map(stream, &map);
	slot_map_clear(&map);
	return STREAM_DONE;
}

/* The seeds may all be gone while nodes learned from them live. */
enum stream_result cluster_open(struct stream *stream, struct error *err)
{
	enum stream_result first = STREAM_DONE;
	struct error words = {0};

	for (size_t i = 0; i < stream->address.n_hosts; i++)
		(void)node_find(
			stream, stream->address.hosts[i].name, stream->address.hosts[i].port);
	for (size_t i = 0; i < stream->n_nodes; i++) {
		struct error said = {0};
		enum stream_result result = learn(stream, i, &said);

		if (result == STREAM_DONE)
			return STREAM_DONE;
		if (first == STREAM_DONE)
			first = result;
		error_setf(&words, "%s", said.text); /* the first one's stay */
	}
	error_setf(err, "%s", words.text);
	return first;
}

void cluster_refresh(struct stream *stream)
{
	for (size_t i = 0; i < stream->n_nodes; i++) {
		if (stream->nodes[i].redis && learn(stream, i, NULL) == STREAM_DONE)
			return;
	}
}
