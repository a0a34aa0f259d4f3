/* SPDX-License-Identifier: Apache-2.0 */
#include "listen_priv.h"

#include "address_priv.h"
#include "base/xalloc.h"
#include "http/server.h"

#include <stdlib.h>
#include <string.h>

#include <sys/un.h>

const char *listen_split(const char *address, char **host)
{
	const char *colon = strrchr(address, ':');
	const char *start = address;
	size_t n = colon ? (size_t)(colon - address) : 0;

	if (!colon || colon[1] == '\0')
		return NULL;
	if (n > 1 && start[0] == '[' && start[n - 1] == ']') {
		start++;
		n -= 2;
	} else if (memchr(start, ':', n)) {
		return NULL; /* ::1:8080 may be meant in two ways */
	}
	*host = n == 0 || (n == 1 && *start == '*') ? NULL : xstrndup(start, n);
	return colon + 1;
}

bool listen_is_systemd(const char *address, const char **out_name)
{
	bool named = strncmp(address, "systemd:", 8) == 0;

	*out_name = named ? address + 8 : NULL;
	return named || strcmp(address, "systemd") == 0;
}

/* getaddrinfo() would take 65616 for 80, and the name of a service that some file lists. */
static bool is_port(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 5 && text[n] == '\0' && strtol(text, NULL, 10) <= UINT16_MAX;
}

bool listen_check(const char *address, struct error *err)
{
	static const struct sockaddr_un at;
	const char *name;
	char *host = NULL;

	if (listen_is_systemd(address, &name))
		return true;
	if (strncmp(address, "unix:", 5) == 0) {
		if (address[5] == '/' && strlen(address + 5) < sizeof(at.sun_path))
			return true;
		error_setf(err, "listen %s: want unix:/PATH of at most %zu bytes", address,
			sizeof(at.sun_path) - 1);
		return false;
	}
	const char *port = listen_split(address, &host);
	free(host);
	if (port && is_port(port))
		return true;
	error_setf(err,
		port ? "listen %s: want a port from 1 to 65535, as a number"
		     : "listen %s: want HOST:PORT ([HOST]:PORT for IPv6), unix:/PATH or "
		       "systemd",
		address);
	return false;
}

bool http_address_is_local(const char *address)
{
	char *host = NULL;
	struct address at;

	if (strncmp(address, "unix:", 5) == 0)
		return true;
	bool local = listen_split(address, &host) && host &&
		(strcmp(host, "localhost") == 0 ||
			(address_parse(host, strlen(host), &at) && address_is_local(&at)));
	free(host);
	return local;
}
