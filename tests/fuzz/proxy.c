/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy_priv.h"

#include "fuzz.h"

#include <string.h>

/*
 * What proxies say: a PROXY header is complete at one length only and never asks to read beyond
 * it; X-Forwarded-For of the same bytes ends at an address that was in it, or where it began.
 */
static void check_header(const uint8_t *bytes, size_t n)
{
	size_t have = 0;
	struct address peer = {.family = AF_UNIX};

	for (;;) {
		enum proxy_step step = proxy_read(bytes, have, &peer);

		if (step != PROXY_MORE)
			return;
		size_t wanted = proxy_wants(bytes, have);
		FUZZ_WANT(wanted > 0 && have + wanted <= PROXY_MAX_BYTES);
		if (have + wanted > n)
			return;
		have += wanted;
	}
}

static void check_forwarded(const char *text)
{
	struct network trusted[2];
	struct networks networks = {trusted, 2};
	struct address address = {.family = AF_UNIX};
	char said[ADDRESS_TEXT_MAX];

	FUZZ_WANT(
		network_parse("unix", &trusted[0]) && network_parse("10.0.0.0/8", &trusted[1]));
	proxy_forwarded_for(&networks, &text, 1, &address);
	address_text(&address, said);
	struct address again;
	FUZZ_WANT(address.family == AF_UNIX || address_parse(said, strlen(said), &again));
	if (address.family != AF_UNIX)
		FUZZ_WANT(memcmp(again.bytes, address.bytes, sizeof(again.bytes)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = malloc(n + 1);

	FUZZ_WANT(text != NULL);
	memcpy(text, bytes, n);
	text[n] = '\0';
	check_header(bytes, n);
	check_forwarded(text);
	free(text);
	return 0;
}
