/* SPDX-License-Identifier: Apache-2.0 */
#include "mac_priv.h"

#include "base/xalloc.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct mac {
	EVP_MAC_CTX *keyed;
};

struct mac *mac_create(const char *hash, const void *key, size_t n_key)
{
	struct mac *mac = xcalloc(1, sizeof(*mac));
	char name[16];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	assert(hmac && strlen(hash) < sizeof(name));
	memcpy(name, hash, strlen(hash) + 1);
	mac->keyed = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	int ok = mac->keyed && EVP_MAC_init(mac->keyed, key, n_key, params);
	assert(ok); /* fails only without memory, or without a hash that every build has */
	return mac;
}

void mac_destroy(struct mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->keyed);
	free(mac);
}

size_t mac_size(const struct mac *mac)
{
	return EVP_MAC_CTX_get_mac_size(mac->keyed);
}

size_t mac_of(const struct mac *mac, const struct mac_part *parts, size_t n_parts,
	unsigned char out[static MAC_MAX])
{
	EVP_MAC_CTX *context = EVP_MAC_CTX_dup(mac->keyed);
	size_t length = 0;
	int ok = context != NULL;

	for (size_t i = 0; ok && i < n_parts; i++)
		ok = EVP_MAC_update(context, parts[i].bytes, parts[i].n);
	ok = ok && EVP_MAC_final(context, out, &length, MAC_MAX);
	assert(ok); /* memory again */
	EVP_MAC_CTX_free(context);
	return length;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, size_t n, unsigned char *out, size_t room)
{
	if (n % 2 != 0 || n / 2 > room)
		return -1;
	for (size_t i = 0; i < n / 2; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return (int)(n / 2);
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* OpenSSL's decoder counts the padding into the length and lets spaces through; a secret wants
 * neither. */
int base64_decode(const char *text, size_t n, unsigned char *out, size_t room)
{
	unsigned bits = 0;
	int n_bits = 0;
	size_t length = 0;

	for (int padding = 0; n > 0 && text[n - 1] == '=' && padding < 2; padding++)
		n--;
	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return -1;
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		if (length == room)
			return -1;
		out[length++] = (unsigned char)(bits >> n_bits & 0xff);
	}
	/* RFC 4648 section 3.5: one text for one value, so bits left over must be zero. */
	return (bits & ((1U << n_bits) - 1)) != 0 ? -1 : (int)length;
}
