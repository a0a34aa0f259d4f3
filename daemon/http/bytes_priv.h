/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_BYTES_PRIV_H
#define DORAD_HTTP_BYTES_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes of bytes (RFC 9110 section 5.6, RFC 3986); one may be in several. */
enum byte_class {
	BYTE_TOKEN = 1, /* tchar */
	BYTE_PATH = 2,  /* pchar and / */
	BYTE_QUERY = 4, /* what clients put there unescaped: visible ASCII without " # < > */
	BYTE_VALUE = 8, /* VCHAR, obs-text, space, tab */
	BYTE_HOST = 16, /* uri-host and port */
	BYTE_DIGIT = 32,
};

extern const uint8_t byte_classes[256];

static inline bool byte_is(char byte, enum byte_class wanted)
{
	return (byte_classes[(unsigned char)byte] & wanted) != 0;
}

/* How many of the first bytes are all in the class. */
static inline size_t bytes_span(const char *bytes, size_t n, enum byte_class wanted)
{
	size_t i = 0;

	while (i < n && byte_is(bytes[i], wanted))
		i++;
	return i;
}

/* 0 to 15, or -1. */
int byte_hex(char byte);

static inline char byte_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

#endif
