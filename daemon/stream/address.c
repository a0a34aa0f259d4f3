/* SPDX-License-Identifier: Apache-2.0 */
#include "address_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define REDIS_PORT 6379
#define SENTINEL_PORT 26379

#define FORMS                                                               \
	"want unix://[user@]/path, redis://[user@]host[:port][/database], " \
	"sentinel://[user@]host[:port],host[:port].../master or "           \
	"cluster://[user@]host[:port],host[:port]..."

static bool number(const char *text, size_t n, int most, int *out)
{
	int value = 0;

	if (n == 0 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	if (value > most)
		return false;
	*out = value;
	return true;
}

/* host, host:port, [::1]:port */
static bool add_host(struct address *address, const char *text, size_t n, int port)
{
	const char *name = text;
	const char *colon = memchr(text, ':', n);
	size_t name_length = colon ? (size_t)(colon - text) : n;
	size_t rest = name_length; /* where the port begins, with its colon */

	if (n && text[0] == '[') {
		const char *end = memchr(text, ']', n);

		if (!end)
			return false;
		name = text + 1;
		name_length = (size_t)(end - name);
		rest = (size_t)(end + 1 - text);
	}
	if (name_length == 0)
		return false;
	if (rest < n &&
		(text[rest] != ':' || !number(text + rest + 1, n - rest - 1, 65535, &port)))
		return false;
	address->hosts =
		xreallocarray(address->hosts, address->n_hosts + 1, sizeof(*address->hosts));
	address->hosts[address->n_hosts++] =
		(struct address_host){.name = xstrndup(name, name_length), .port = port};
	return true;
}

/* user@, which is taken off *rest. */
static bool user(const char **rest, struct address *out, struct error *err)
{
	const char *at = memrchr(*rest, '@', strcspn(*rest, "/"));

	if (!at)
		return true;
	if (memchr(*rest, ':', (size_t)(at - *rest))) {
		error_setf(err,
			"a password does not belong in the address: put it in a file "
			"and name that with redis_password");
		return false;
	}
	out->user = xstrndup(*rest, (size_t)(at - *rest));
	*rest = at + 1;
	return true;
}

static bool server(const char *host, struct address *out, struct error *err)
{
	if (!user(&host, out, err))
		return false;
	const char *slash = strchr(host, '/');
	size_t n = slash ? (size_t)(slash - host) : strlen(host);

	if (slash && slash[1] && !number(slash + 1, strlen(slash + 1), 99999, &out->database)) {
		error_setf(err, "database %s: want a number", slash + 1);
		return false;
	}
	if (!add_host(out, host, n, REDIS_PORT)) {
		error_setf(err, "%s", FORMS);
		return false;
	}
	return true;
}

/* Some, with commas between them, up to end. */
static bool hosts(
	const char *rest, const char *end, int port, struct address *out, struct error *err)
{
	do {
		const char *comma = memchr(rest, ',', (size_t)(end - rest));
		const char *last = comma ? comma : end;

		if (!add_host(out, rest, (size_t)(last - rest), port)) {
			error_setf(err, "%s", FORMS);
			return false;
		}
		rest = last + 1;
	} while (rest <= end);
	return true;
}

static bool sentinels(const char *rest, struct address *out, struct error *err)
{
	if (!user(&rest, out, err))
		return false;
	const char *slash = strchr(rest, '/');

	if (!slash || !slash[1]) {
		error_setf(err, "no name of a master after the sentinels; %s", FORMS);
		return false;
	}
	out->master = xstrdup(slash + 1);
	return hosts(rest, slash, SENTINEL_PORT, out, err);
}

static bool cluster(const char *rest, struct address *out, struct error *err)
{
	out->cluster = true;
	if (!user(&rest, out, err))
		return false;
	if (strchr(rest, '/')) {
		error_setf(err, "a cluster has no databases; %s", FORMS);
		return false;
	}
	return hosts(rest, rest + strlen(rest), REDIS_PORT, out, err);
}

static const char *after(const char *url, const char *scheme)
{
	size_t n = strlen(scheme);

	return strncmp(url, scheme, n) == 0 ? url + n : NULL;
}

static bool parse(const char *url, struct address *out, struct error *err)
{
	const char *rest;

	if ((rest = after(url, "redis://")))
		return server(rest, out, err);
	if ((rest = after(url, "sentinel://")))
		return sentinels(rest, out, err);
	if ((rest = after(url, "cluster://")))
		return cluster(rest, out, err);
	if ((rest = after(url, "unix://")) || (rest = after(url, "unix:"))) {
		if (!user(&rest, out, err))
			return false;
		if (rest[0] != '/') {
			error_setf(err, "%s: want a whole path, unix:///run/redis/redis.sock",
				url);
			return false;
		}
		out->path = xstrdup(rest);
		return true;
	}
	if (after(url, "rediss://"))
		error_setf(err,
			"this build speaks no TLS to Redis: use a unix socket, or a TLS "
			"tunnel on this host");
	else
		error_setf(err, "%s", FORMS);
	return false;
}

bool stream_address_parse(const char *url, struct address *out, struct error *err)
{
	*out = (struct address){0};
	if (parse(url, out, err))
		return true;
	stream_address_clear(out);
	return false;
}

void stream_address_clear(struct address *address)
{
	for (size_t i = 0; i < address->n_hosts; i++)
		free(address->hosts[i].name);
	free(address->hosts);
	free(address->path);
	free(address->master);
	free(address->user);
	*address = (struct address){0};
}
