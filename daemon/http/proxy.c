/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy_priv.h"

#include <string.h>

/* haproxy's doc/proxy-protocol.txt, section 2.2: signature, version and command, family,
 * length, then source address, destination address, ports. */
#define HEADER_BYTES 16
#define SIGNATURE_BYTES 12

static const unsigned char signature[SIGNATURE_BYTES] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

enum {
	COMMAND_LOCAL = 0x20,
	COMMAND_PROXY = 0x21,
	FAMILY_TCP4 = 0x11,
	FAMILY_TCP6 = 0x21,
	TCP4_BYTES = 12,
	TCP6_BYTES = 36,
};

static void read_address(const unsigned char *bytes, size_t length, struct address *out)
{
	unsigned char family = bytes[13];
	struct sockaddr_storage from = {0};

	if (family == FAMILY_TCP4 && length >= TCP4_BYTES) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		memcpy(&in.sin_addr, bytes + HEADER_BYTES, 4);
		memcpy(&from, &in, sizeof(in));
	} else if (family == FAMILY_TCP6 && length >= TCP6_BYTES) {
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		memcpy(&in6.sin6_addr, bytes + HEADER_BYTES, 16);
		memcpy(&from, &in6, sizeof(in6));
	} else {
		return;
	}
	*out = address_of(&from);
}

static size_t length_of(const unsigned char *bytes)
{
	return HEADER_BYTES + ((size_t)bytes[14] << 8 | bytes[15]);
}

size_t proxy_wants(const unsigned char *bytes, size_t n)
{
	return n < HEADER_BYTES ? HEADER_BYTES - n : length_of(bytes) - n;
}

enum proxy_step proxy_read(const unsigned char *bytes, size_t n, struct address *out)
{
	if (memcmp(bytes, signature, n < SIGNATURE_BYTES ? n : SIGNATURE_BYTES) != 0)
		return PROXY_REFUSED;
	if (n > SIGNATURE_BYTES && bytes[SIGNATURE_BYTES] != COMMAND_LOCAL &&
		bytes[SIGNATURE_BYTES] != COMMAND_PROXY)
		return PROXY_REFUSED;
	if (n < HEADER_BYTES)
		return PROXY_MORE;

	if (length_of(bytes) > PROXY_MAX_BYTES)
		return PROXY_REFUSED;
	if (n < length_of(bytes))
		return PROXY_MORE;
	if (bytes[SIGNATURE_BYTES] == COMMAND_PROXY)
		read_address(bytes, length_of(bytes) - HEADER_BYTES, out);
	return PROXY_DONE;
}

/* The last entry of a list that ends at *n, trimmed; *n becomes its beginning's comma. */
static void last_entry(const char *list, size_t *n, const char **entry, size_t *n_entry)
{
	size_t end = *n;
	size_t start = end;

	while (start > 0 && list[start - 1] != ',')
		start--;
	*n = start > 0 ? start - 1 : 0;
	while (start < end && (list[start] == ' ' || list[start] == '\t'))
		start++;
	while (end > start && (list[end - 1] == ' ' || list[end - 1] == '\t'))
		end--;
	*entry = list + start;
	*n_entry = end - start;
}

void proxy_forwarded_for(const struct networks *trusted, const char *const *values, size_t n,
	struct address *address)
{
	for (size_t i = n; i > 0; i--) {
		const char *list = values[i - 1];
		size_t left = strlen(list);

		while (left > 0) {
			const char *entry;
			size_t n_entry;
			struct address found;

			if (!networks_hold(trusted, address))
				return;
			last_entry(list, &left, &entry, &n_entry);
			if (!address_parse(entry, n_entry, &found))
				return;
			*address = found;
		}
	}
}
