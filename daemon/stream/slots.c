/* SPDX-License-Identifier: Apache-2.0 */
#include "slots_priv.h"

#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Polynomial 0x1021, nothing reflected, from 0: what the cluster specification names. */
static unsigned crc16(const char *text, size_t n)
{
	unsigned crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned)(unsigned char)text[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
	}
	return crc;
}

unsigned slot_of(const char *key)
{
	const char *open = strchr(key, '{');
	const char *close = open ? strchr(open + 1, '}') : NULL;

	if (close && close > open + 1)
		return crc16(open + 1, (size_t)(close - open - 1)) % SLOTS;
	return crc16(key, strlen(key)) % SLOTS;
}

/* Its place in the map's nodes, from 1. */
static uint16_t place_of(struct slot_map *map, const char *name, int port)
{
	for (size_t i = 0; i < map->n_nodes; i++) {
		if (map->nodes[i].port == port && strcmp(map->nodes[i].name, name) == 0)
			return (uint16_t)(i + 1);
	}
	map->nodes = xreallocarray(map->nodes, map->n_nodes + 1, sizeof(*map->nodes));
	map->nodes[map->n_nodes++] = (struct address_host){.name = xstrdup(name), .port = port};
	return (uint16_t)map->n_nodes;
}

static bool is_slot(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 &&
		reply->integer < SLOTS;
}

/* [name, port, ...]; a name that is nil, empty or "?" means the host that was asked. */
static bool read_node(
	const redisReply *reply, const char *asked, const char **out_name, int *out_port)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
		reply->element[1]->type != REDIS_REPLY_INTEGER ||
		reply->element[1]->integer < 1 || reply->element[1]->integer > 65535)
		return false;
	const redisReply *name = reply->element[0];
	bool says =
		name->type == REDIS_REPLY_STRING && name->len && strcmp(name->str, "?") != 0;

	*out_name = says ? name->str : asked;
	*out_port = (int)reply->element[1]->integer;
	return true;
}

/* [first, last, master, replicas ...] */
static bool read_range(const redisReply *range, const char *asked, struct slot_map *out)
{
	const char *name;
	int port;

	if (range->type != REDIS_REPLY_ARRAY || range->elements < 3 ||
		!is_slot(range->element[0]) || !is_slot(range->element[1]) ||
		!read_node(range->element[2], asked, &name, &port))
		return false;
	uint16_t place = place_of(out, name, port);
	for (long long slot = range->element[0]->integer; slot <= range->element[1]->integer;
		slot++)
		out->owner[slot] = place;
	return true;
}

bool slot_map_read(
	const redisReply *reply, const char *asked, struct slot_map *out, struct error *err)
{
	*out = (struct slot_map){0};
	bool good = reply->type == REDIS_REPLY_ARRAY;

	for (size_t i = 0; good && i < reply->elements; i++)
		good = read_range(reply->element[i], asked, out);
	if (good && out->n_nodes)
		return true;
	error_setf(err,
		good ? "the cluster has given its slots to nobody yet"
		     : "its CLUSTER SLOTS is not what Redis 7 answers");
	slot_map_clear(out);
	return false;
}

void slot_map_clear(struct slot_map *map)
{
	for (size_t i = 0; i < map->n_nodes; i++)
		free(map->nodes[i].name);
	free(map->nodes);
	*map = (struct slot_map){0};
}

/* Digits up to the end or a space. */
static bool number(const char *text, long most, long *out, const char **end)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	*out = strtol(text, &after, 10);
	*end = after;
	return *out <= most && (*after == '\0' || *after == ' ');
}

bool redirect_read(const char *text, const char *asked, struct redirect *out)
{
	const char *rest;
	long slot;
	long port;

	*out = (struct redirect){.ask = strncmp(text, "ASK ", 4) == 0};
	if (!out->ask && strncmp(text, "MOVED ", 6) != 0)
		return false;
	if (!number(text + (out->ask ? 4 : 6), SLOTS - 1, &slot, &rest) || *rest != ' ')
		return false;
	const char *name = rest + 1;
	const char *colon = strrchr(name, ':'); /* an IPv6 address has more of them */

	if (!colon || !number(colon + 1, 65535, &port, &rest) || port == 0)
		return false;
	size_t n = (size_t)(colon - name);
	if (n >= 2 && name[0] == '[' && name[n - 1] == ']') {
		name++;
		n -= 2;
	}
	if (n == 0 || (n == 1 && name[0] == '?')) {
		name = asked;
		n = strlen(asked);
	}
	if (n >= sizeof(out->name))
		return false;
	memcpy(out->name, name, n);
	out->slot = (unsigned)slot;
	out->port = (int)port;
	return true;
}
