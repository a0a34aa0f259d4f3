/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_GROUP_PRIV_H
#define DORAD_STREAM_GROUP_PRIV_H

#include "stream/group.h"

#include "stream_priv.h"

/* Entries deleted before they were acknowledged, as a batch gathers them. */
struct losses {
	struct arena *arena;
	const char *key; /* whose are added */
	struct stream_loss *items;
	size_t n;
	size_t room;
};

void losses_add(void *context, const char *id);

struct group_reading {
	const struct stream_group *group;
	size_t count;
	int64_t block_ms;
	const char *from; /* ">" new ones, "0" own pending ones */
};

/* XREADGROUP over the group's keys. out's texts are of losses' arena. */
enum stream_result group_read(struct stream *stream, const struct group_reading *reading,
	struct losses *losses, struct stream_batch *out, struct error *err);

#endif
