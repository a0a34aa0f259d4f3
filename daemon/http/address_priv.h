/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_ADDRESS_PRIV_H
#define DORAD_HTTP_ADDRESS_PRIV_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

/* Who is at the other end, and which networks are believed. Pure. */
#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN

struct address {
	int family; /* AF_INET, AF_INET6 or AF_UNIX; 0: unknown */
	uint8_t bytes[16];
};

/* An IPv4 address mapped into IPv6 becomes the IPv4 address it is. */
struct address address_of(const struct sockaddr_storage *from);

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]", with or without :port behind. */
bool address_parse(const char *text, size_t n, struct address *out);

bool address_is_local(const struct address *address); /* this machine's own alone reach it */

void address_text(const struct address *address, char out[static ADDRESS_TEXT_MAX]);

/* What one client can have many of, as one number: an IPv4 address, an IPv6 /64. */
uint64_t address_key(const struct address *address);

struct network {
	struct address base;
	unsigned bits;
};

/* An address, an address/bits, or "unix". */
bool network_parse(const char *text, struct network *out);

struct networks {
	struct network *items;
	size_t n;
};

bool networks_hold(const struct networks *networks, const struct address *address);

#endif
