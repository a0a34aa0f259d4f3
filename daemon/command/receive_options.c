/* SPDX-License-Identifier: Apache-2.0 */
#include "receive.h"

#include "base/xalloc.h"

struct http_tls receive_tls(const struct config *config)
{
	return (struct http_tls){
		.certificate = config->receive.tls_certificate,
		.key = config->receive.tls_key,
		.client_ca = config->receive.tls_client_ca,
	};
}

struct http_options receive_options(
	const struct config *config, struct http_listen **out_listen)
{
	const struct config_strings *listen = &config->receive.listen;
	const struct config_strings *metrics = &config->receive.metrics_listen;
	struct http_listen *all = xcalloc(listen->n + metrics->n + 1, sizeof(*all));

	for (size_t i = 0; i < listen->n; i++)
		all[i] = (struct http_listen){
			.address = listen->items[i], .tag = RECEIVE_LISTENER_ALL};
	for (size_t i = 0; i < metrics->n; i++)
		all[listen->n + i] = (struct http_listen){
			.address = metrics->items[i],
			.tag = RECEIVE_LISTENER_METRICS,
			.plain = true,
		};
	*out_listen = all;
	return (struct http_options){
		.listen = all,
		.n_listen = listen->n + metrics->n,
		.tls = receive_tls(config),
		.trusted_proxies = (const char *const *)config->receive.trusted_proxies.items,
		.n_trusted_proxies = config->receive.trusted_proxies.n,
		.proxy_protocol = config->receive.proxy_protocol,
		.threads = (int)config->receive.threads,
		.limits = {.connections = (size_t)config->receive.max_connections,
			.per_address = (size_t)config->receive.max_connections_per_address,
			.body_bytes = config->receive.max_body_bytes,
			.in_flight_bytes = config->receive.max_in_flight_bytes,
			.drain_us = config->receive.drain_us},
	};
}
