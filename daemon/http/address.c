/* SPDX-License-Identifier: Apache-2.0 */
#include "address_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unmap(struct address *address)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (address->family != AF_INET6 || memcmp(address->bytes, prefix, sizeof(prefix)) != 0)
		return;
	address->family = AF_INET;
	memmove(address->bytes, address->bytes + 12, 4);
	memset(address->bytes + 4, 0, 12);
}

struct address address_of(const struct sockaddr_storage *from)
{
	struct address address = {.family = from->ss_family};

	if (from->ss_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, from, sizeof(in));
		memcpy(address.bytes, &in.sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, from, sizeof(in6));
		memcpy(address.bytes, &in6.sin6_addr, 16);
	}
	unmap(&address);
	return address;
}

/* Cuts brackets and a port off; false: no address has this form. */
static bool cut_port(const char **text, size_t *n)
{
	const char *colon = memchr(*text, ':', *n);

	if (*n > 0 && (*text)[0] == '[') {
		const char *close = memchr(*text, ']', *n);
		if (!close)
			return false;
		*n = (size_t)(close - *text) - 1;
		(*text)++;
	} else if (colon && !memchr(colon + 1, ':', *n - (size_t)(colon + 1 - *text))) {
		*n = (size_t)(colon - *text);
	}
	return *n > 0 && *n < ADDRESS_TEXT_MAX;
}

bool address_parse(const char *text, size_t n, struct address *out)
{
	char copy[ADDRESS_TEXT_MAX];
	struct address address = {.family = AF_INET};

	if (!cut_port(&text, &n) || memchr(text, '\0', n))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (inet_pton(AF_INET, copy, address.bytes) != 1) {
		address.family = AF_INET6;
		if (inet_pton(AF_INET6, copy, address.bytes) != 1)
			return false;
	}
	unmap(&address);
	*out = address;
	return true;
}

bool address_is_local(const struct address *address)
{
	static const uint8_t v6[16] = {[15] = 1};

	return address->family == AF_UNIX ||
		(address->family == AF_INET && address->bytes[0] == 127) ||
		(address->family == AF_INET6 && memcmp(address->bytes, v6, sizeof(v6)) == 0);
}

void address_text(const struct address *address, char out[static ADDRESS_TEXT_MAX])
{
	if (address->family == AF_UNIX || address->family == 0 ||
		!inet_ntop(address->family, address->bytes, out, ADDRESS_TEXT_MAX))
		(void)snprintf(out, ADDRESS_TEXT_MAX, "%s",
			address->family == AF_UNIX ? "unix" : "unknown");
}

uint64_t address_key(const struct address *address)
{
	uint64_t key = 0;

	memcpy(&key, address->bytes, sizeof(key));
	return key;
}

bool network_parse(const char *text, struct network *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct network network = {0};

	if (strcmp(text, "unix") == 0) {
		out->base = (struct address){.family = AF_UNIX};
		out->bits = 0;
		return true;
	}
	if (!address_parse(text, n, &network.base))
		return false;
	network.bits = network.base.family == AF_INET ? 32 : 128;
	if (slash) {
		char *end;
		unsigned long bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end || bits > network.bits)
			return false;
		network.bits = (unsigned)bits;
	}
	*out = network;
	return true;
}

static bool network_holds(const struct network *network, const struct address *address)
{
	size_t whole = network->bits / 8;
	unsigned rest = network->bits % 8;

	if (network->base.family != address->family)
		return false;
	if (memcmp(network->base.bytes, address->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return (network->base.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool networks_hold(const struct networks *networks, const struct address *address)
{
	for (size_t i = 0; i < networks->n; i++) {
		if (network_holds(&networks->items[i], address))
			return true;
	}
	return false;
}
