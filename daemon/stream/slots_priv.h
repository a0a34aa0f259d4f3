/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_SLOTS_PRIV_H
#define DORAD_STREAM_SLOTS_PRIV_H

#include "address_priv.h"

#include <hiredis/hiredis.h>
#include <stdint.h>

/*
 * What of a Redis Cluster is arithmetic and reading: which slot a key is in, who owns which
 * slot, where a redirection points. No I/O.
 */
#define SLOTS 16384

/* CRC16 (XMODEM) of what stands between the first { and the next }, if anything does, else of
 * the whole key. */
unsigned slot_of(const char *key);

struct slot_map {
	struct address_host *nodes; /* each that owns a slot, once */
	size_t n_nodes;
	uint16_t owner[SLOTS]; /* place in nodes, from 1; 0: nobody's */
};

/* From the answer to CLUSTER SLOTS. asked: the host that gave it, for where it does not say
 * its own name. False: err says what is wrong; *out is then empty. */
bool slot_map_read(
	const redisReply *reply, const char *asked, struct slot_map *out, struct error *err);
void slot_map_clear(struct slot_map *map); /* zeroed is fine */

#define REDIRECT_NAME_MAX 256

struct redirect {
	bool ask; /* this once (ASK); else from now on (MOVED) */
	unsigned slot;
	char name[REDIRECT_NAME_MAX];
	int port;
};

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 [::1]:6381", "MOVED 3999 :6381" (the asked host). */
bool redirect_read(const char *text, const char *asked, struct redirect *out);

#endif
