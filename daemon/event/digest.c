/* SPDX-License-Identifier: Apache-2.0 */
#include "event/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

void digest_hex(const void *bytes, size_t n, char out[static DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	int ok = EVP_Digest(bytes, n, hash, &length, EVP_sha256(), NULL);
	assert(ok == 1 && length == 32); /* fails only without memory or without SHA-256 */

	for (unsigned i = 0; i < length; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[64] = '\0';
}
