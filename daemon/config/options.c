/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include "config/config.h"

#define AT(field) offsetof(struct config, field)
#define IN_ENDPOINT(field) offsetof(struct config_endpoint, field)

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const auth_names[] = {
	"signature", "bearer", "token", "basic", "path", "query", "none", NULL};

static const struct option options[] = {
	{OPTION_OF_FILE, "redis", OPTION_STRING, AT(redis), NULL, 0, 0, NULL, false,
		"where the streams are: unix://[USER@]/PATH, redis://[USER@]HOST:PORT[/DB], "
		"sentinel://[USER@]HOST:PORT[,HOST:PORT...]/NAME, or "
		"cluster://[USER@]HOST:PORT[,HOST:PORT...]; needed"},
	{OPTION_OF_FILE, "redis_password", OPTION_FILE, AT(redis_password), NULL, 0, 0, NULL,
		false, "file with the password for Redis"},
	{OPTION_OF_FILE, "stream_prefix", OPTION_STRING, AT(stream_prefix), "dorad", 0, 0, NULL,
		false, "what the streams' names begin with"},
	{OPTION_OF_FILE, "shards", OPTION_INTEGER, AT(shards), "0", 0, 1024, NULL, false,
		"how many shards the streams are spread over, the same for receivers and "
		"workers; a cluster needs some, workers share them out; 0: not sharded"},
	{OPTION_OF_FILE, "log_level", OPTION_CHOICE, AT(log_level), "info", 0, 0, log_levels,
		false, "lines below this are not written"},

	{OPTION_OF_FILE, "receive.listen", OPTION_STRINGS, AT(receive.listen), "127.0.0.1:8080",
		0, 0, NULL, false, "addresses for webhooks: HOST:PORT, unix:/PATH, or systemd"},
	{OPTION_OF_FILE, "receive.metrics_listen", OPTION_STRINGS, AT(receive.metrics_listen),
		NULL, 0, 0, NULL, false,
		"where /metrics is served instead of beside the webhooks"},
	{OPTION_OF_FILE, "receive.trusted_proxies", OPTION_STRINGS, AT(receive.trusted_proxies),
		NULL, 0, 0, NULL, false,
		"addresses or networks whose X-Forwarded-For is believed"},
	{OPTION_OF_FILE, "receive.proxy_protocol", OPTION_BOOL, AT(receive.proxy_protocol),
		"no", 0, 0, NULL, false, "trusted proxies speak the PROXY protocol, version 2"},
	{OPTION_OF_FILE, "receive.tls.certificate", OPTION_FILE, AT(receive.tls_certificate),
		NULL, 0, 0, NULL, true,
		"PEM file: certificate and chain; with it the addresses speak TLS"},
	{OPTION_OF_FILE, "receive.tls.key", OPTION_FILE, AT(receive.tls_key), NULL, 0, 0, NULL,
		true, "PEM file: the certificate's key"},
	{OPTION_OF_FILE, "receive.tls.client_ca", OPTION_FILE, AT(receive.tls_client_ca), NULL,
		0, 0, NULL, true,
		"PEM file: whoever connects must show a certificate signed by one of these"},
	{OPTION_OF_FILE, "receive.ledger", OPTION_FILE, AT(receive.ledger),
		"/var/lib/dorad/ledger.db", 0, 0, NULL, false,
		"the SQLite file that keeps deliveries"},
	{OPTION_OF_FILE, "receive.retention.age", OPTION_DURATION, AT(receive.retention_age_us),
		"30d", HOUR, 3650 * DAY, NULL, true, "how long a forwarded delivery is kept"},
	{OPTION_OF_FILE, "receive.retention.size", OPTION_BYTES, AT(receive.retention_bytes),
		"20GiB", MIB, 1024 * 1024 * GIB, NULL, true,
		"how large the ledger may grow before the oldest forwarded deliveries go"},
	{OPTION_OF_FILE, "receive.max_body", OPTION_BYTES, AT(receive.max_body_bytes), "25MiB",
		KIB, 256 * MIB, NULL, false,
		"largest request body; a larger one is answered 413"},
	{OPTION_OF_FILE, "receive.threads", OPTION_INTEGER, AT(receive.threads), "1", 1, 64,
		NULL, false, "threads that speak HTTP"},
	{OPTION_OF_FILE, "receive.max_connections", OPTION_INTEGER, AT(receive.max_connections),
		"10000", 1, 1000000, NULL, false, "connections at one time"},
	{OPTION_OF_FILE, "receive.max_connections_per_address", OPTION_INTEGER,
		AT(receive.max_connections_per_address), "1000", 1, 1000000, NULL, false,
		"connections at one time from one address"},
	{OPTION_OF_FILE, "receive.max_in_flight", OPTION_BYTES, AT(receive.max_in_flight_bytes),
		"256MiB", MIB, 64 * GIB, NULL, false,
		"memory for requests that are being received: their heads and bodies"},
	{OPTION_OF_FILE, "receive.drain", OPTION_DURATION, AT(receive.drain_us), "10s", SECOND,
		5 * MINUTE, NULL, true, "how long a stop waits for requests that have begun"},

	{OPTION_OF_ENDPOINT, "source", OPTION_STRING, IN_ENDPOINT(source), NULL, 0, 0, NULL,
		true,
		"who sends: github, gitlab, jira, servicenow, ... (dorad normalise --help "
		"lists them); needed"},
	{OPTION_OF_ENDPOINT, "secrets", OPTION_STRINGS, IN_ENDPOINT(secrets), NULL, 0, 0, NULL,
		true, "files, one secret in each; any of them verifies"},
	{OPTION_OF_ENDPOINT, "auth", OPTION_CHOICE, IN_ENDPOINT(auth), NULL, 0, 0, auth_names,
		true,
		"how the sender proves itself; default: signature where it can sign, else "
		"bearer"},
	{OPTION_OF_ENDPOINT, "public_without_secret", OPTION_BOOL,
		IN_ENDPOINT(public_without_secret), "no", 0, 0, NULL, true,
		"auth: none is meant, though the address is not loopback: anyone may write "
		"anything"},
	{OPTION_OF_ENDPOINT, "public_url", OPTION_STRING, IN_ENDPOINT(public_url), NULL, 0, 0,
		NULL, true, "the address as the sender has it (Trello signs it)"},
	{OPTION_OF_ENDPOINT, "keep_alive", OPTION_BOOL, IN_ENDPOINT(keep_alive), "no", 0, 0,
		NULL, true,
		"leave the connection open after an answer; only for senders that retry"},
	{OPTION_OF_ENDPOINT, "keep_titles", OPTION_BOOL, IN_ENDPOINT(keep_titles), "no", 0, 0,
		NULL, true, "incidents keep their titles"},
	{OPTION_OF_ENDPOINT, "rollout", OPTION_STRING, IN_ENDPOINT(rollout), NULL, 0, 0, NULL,
		true,
		"what the parts of one roll-out have in common; default: the source's own way"},
	{OPTION_OF_ENDPOINT, "services", OPTION_STRINGS, IN_ENDPOINT(services), NULL, 0, 0,
		NULL, true, "source events: services it may speak of; default: all"},
	{OPTION_OF_ENDPOINT, "kinds", OPTION_STRINGS, IN_ENDPOINT(kinds), NULL, 0, 0, NULL,
		true, "source events: kinds of events it may send; default: all"},
	{OPTION_OF_ENDPOINT, "sources", OPTION_STRINGS, IN_ENDPOINT(sources), NULL, 0, 0, NULL,
		true, "source events: values of CloudEvents' source it may use; default: all"},

	{OPTION_OF_FILE, "rollup.postgres", OPTION_STRING, AT(rollup.postgres), NULL, 0, 0,
		NULL, false,
		"libpq connection string of the writer; needed by rollup and catalog"},
	{OPTION_OF_FILE, "rollup.catalog", OPTION_FILE, AT(rollup.catalog), NULL, 0, 0, NULL,
		true, "catalog.yaml; applied at start and whenever it changed"},
	{OPTION_OF_FILE, "rollup.instance", OPTION_STRING, AT(rollup.instance), "1", 0, 0, NULL,
		false, "tells several workers of one host apart"},
	{OPTION_OF_FILE, "rollup.batch", OPTION_INTEGER, AT(rollup.batch), "2000", 1, 100000,
		NULL, true, "most events one transaction takes"},
	{OPTION_OF_FILE, "rollup.dead_after", OPTION_DURATION, AT(rollup.dead_after_us), "60s",
		SECOND, DAY, NULL, true,
		"idle time after which another worker's entries are taken over"},
	{OPTION_OF_FILE, "rollup.metrics_listen", OPTION_STRINGS, AT(rollup.metrics_listen),
		NULL, 0, 0, NULL, false, "where the worker serves /metrics; default: nowhere"},

	{OPTION_OF_FILE, "portal.listen", OPTION_STRINGS, AT(portal.listen), "127.0.0.1:8081",
		0, 0, NULL, false, "addresses for people: HOST:PORT, unix:/PATH, or systemd"},
	{OPTION_OF_FILE, "portal.metrics_listen", OPTION_STRINGS, AT(portal.metrics_listen),
		NULL, 0, 0, NULL, false,
		"where /metrics is served instead of beside the pages"},
	{OPTION_OF_FILE, "portal.postgres", OPTION_STRING, AT(portal.postgres), NULL, 0, 0,
		NULL, false,
		"libpq connection string of a reader; needed by portal and explain"},
	{OPTION_OF_FILE, "portal.token", OPTION_FILE, AT(portal.token), NULL, 0, 0, NULL, true,
		"file with the bearer token that every request must show; default: none asked"},
	{OPTION_OF_FILE, "portal.trusted_header", OPTION_STRING, AT(portal.trusted_header),
		NULL, 0, 0, NULL, true,
		"header by which a trusted proxy names the person; requests without are "
		"refused"},
	{OPTION_OF_FILE, "portal.trusted_proxies", OPTION_STRINGS, AT(portal.trusted_proxies),
		NULL, 0, 0, NULL, false, "addresses or networks whose headers are believed"},
	{OPTION_OF_FILE, "portal.open", OPTION_BOOL, AT(portal.open), "no", 0, 0, NULL, true,
		"whoever reaches the addresses may read, though others than this machine can; "
		"with portal.token or portal.trusted_header nothing changes"},
	{OPTION_OF_FILE, "portal.base_url", OPTION_STRING, AT(portal.base_url), NULL, 0, 0,
		NULL, true, "the portal's address as people reach it, for absolute links"},

	{OPTION_OF_FILE, "migrate.postgres", OPTION_STRING, AT(migrate.postgres), NULL, 0, 0,
		NULL, false,
		"libpq connection string of the schema's owner; default: rollup.postgres"},
};

const struct option *option_at(size_t i)
{
	return i < ARRAY_LEN(options) ? &options[i] : NULL;
}
