/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_CONFIG_H
#define DORAD_CONFIG_CONFIG_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * dorad.yaml, read whole and checked against the table of options (config/options.h) before
 * anything starts. Strings belong to the config; NULL where an option is not set and has no
 * default.
 */
struct config_strings {
	char **items;
	size_t n;
};

struct config_endpoint {
	char *name;
	int line; /* where the file speaks of it */
	int column;
	char *source;
	struct config_strings secrets; /* file names, never values */
	char *auth;                    /* NULL: the source's own way */
	char *public_url;              /* what Trello signs with */
	char *rollout;
	bool keep_alive;
	bool keep_titles;
	bool public_without_secret; /* auth: none on an address others can reach, said in so
				       many words */
	struct config_strings services;
	struct config_strings kinds;
	struct config_strings sources;
};

struct config {
	char *path; /* of the file, for messages */
	char *redis;
	char *redis_password;
	char *stream_prefix;
	int64_t shards;
	char *log_level;
	struct {
		struct config_strings listen;
		struct config_strings
			metrics_listen; /* where /metrics is served apart; empty: on listen */
		struct config_strings trusted_proxies;
		bool proxy_protocol;
		char *tls_certificate;
		char *tls_key;
		char *tls_client_ca;
		char *ledger;
		int64_t retention_age_us;
		int64_t retention_bytes;
		int64_t max_body_bytes;
		int64_t threads;
		int64_t max_connections;
		int64_t max_connections_per_address;
		int64_t max_in_flight_bytes;
		int64_t drain_us;
		struct config_endpoint *endpoints;
		size_t n_endpoints;
	} receive;
	struct {
		char *postgres;
		char *catalog;
		char *instance;        /* consumer name is <host>:<instance> */
		int64_t batch;         /* most events a transaction takes */
		int64_t dead_after_us; /* idle time after which another's pending entries are
					  taken over */
		struct config_strings metrics_listen;
	} rollup;
	struct {
		struct config_strings listen;
		struct config_strings metrics_listen;
		char *postgres;
		char *token;          /* file with a bearer token; NULL: none asked */
		char *trusted_header; /* header that an authenticating proxy sets; NULL: none
					 asked */
		struct config_strings trusted_proxies;
		bool open;      /* an address others can reach may do without either */
		char *base_url; /* as people reach it, for links; NULL: relative */
	} portal;
	struct {
		char *postgres; /* default: rollup.postgres */
	} migrate;
};

/* NULL: err says file:line:column, what was found and what was expected. Files that hold one
 * secret are named by their paths (config/secret.h). */
struct config *config_load(const char *path, struct error *err);
/* The same of bytes already read, with names as they were given; path is for the messages.
 * Pure. */
struct config *config_parse(const char *path, const char *bytes, size_t n, struct error *err);
void config_destroy(struct config *config); /* NULL is fine */

/*
 * A reload: what only a restart can change keeps in fresh the value that it has in running, so
 * that fresh says how the daemon goes on. The names of those that differ, of the section and of
 * no section, with commas between; the caller frees them. NULL: none does.
 */
char *config_carry(struct config *fresh, const struct config *running, const char *section);
DEFINE_CLEANUP(struct config *, config_destroy);

#endif
