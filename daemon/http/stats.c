/* SPDX-License-Identifier: Apache-2.0 */
#include "server_priv.h"

#include "base/cleanup.h"

#include <assert.h>

static const char *const close_names[HTTP_CLOSE_N] = {
	[HTTP_CLOSE_DEADLINE] = "deadline",
	[HTTP_CLOSE_SLOW] = "slow",
	[HTTP_CLOSE_CONNECTIONS] = "connections",
	[HTTP_CLOSE_ADDRESS] = "address",
	[HTTP_CLOSE_BYTES] = "bytes",
	[HTTP_CLOSE_HANDSHAKES] = "handshakes",
	[HTTP_CLOSE_TLS] = "tls",
	[HTTP_CLOSE_PROXY] = "proxy",
	[HTTP_CLOSE_PEER] = "peer",
};

const char *http_close_name(enum http_close why)
{
	assert(why < HTTP_CLOSE_N);
	return close_names[why];
}

static void read_all(const atomic_uint_least64_t *from, uint64_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
}

void http_server_stats(const struct http_server *server, struct http_stats *out)
{
	const struct counters *counters = &server->counters;

	read_all(&counters->accepted, &out->accepted, 1);
	read_all(&counters->requests, &out->requests, 1);
	read_all(counters->answers, out->answers, ARRAY_LEN(out->answers));
	read_all(counters->closed, out->closed, ARRAY_LEN(out->closed));
	read_all(counters->refused, out->refused, ARRAY_LEN(out->refused));
	read_all(&counters->accept_errors, &out->accept_errors, 1);
	read_all(&counters->spooled, &out->spooled, 1);
	out->connections = atomic_load(&counters->connections);
	out->handshakes = atomic_load(&counters->handshakes);
	out->in_flight_bytes = atomic_load(&counters->memory);
	out->spool_bytes = atomic_load(&counters->files);
	out->paused = atomic_load(&server->paused);
}
