/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_MAC_PRIV_H
#define DORAD_SOURCE_MAC_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#define MAC_MAX 64 /* bytes of the longest, SHA-512 */

/* A keyed HMAC, prepared once and copied for each use. Safe to share between threads. */
struct mac;

struct mac *mac_create(const char *hash, const void *key, size_t n_key);
void mac_destroy(struct mac *mac); /* wipes the key; NULL is fine */

size_t mac_size(const struct mac *mac); /* bytes of what it makes */

struct mac_part {
	const void *bytes;
	size_t n;
};

/* The MAC of the parts one after the other; returns its length. */
size_t mac_of(const struct mac *mac, const struct mac_part *parts, size_t n_parts,
	unsigned char out[static MAC_MAX]);

/* Decoders of what stands in headers. -1: not of that form, or longer than room. */
int hex_decode(const char *text, size_t n, unsigned char *out, size_t room);
int base64_decode(
	const char *text, size_t n, unsigned char *out, size_t room); /* "=" may be missing */

#endif
