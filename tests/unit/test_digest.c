/* SPDX-License-Identifier: Apache-2.0 */
#include "event/digest.h"
#include "event/dora_event.h"

#include "tap.h"

#include <stdlib.h>

static void the_canonical_form_has_sorted_keys_and_no_spaces(void)
{
	json_t *value =
		json_loads("{\"b\": [1, true], \"a\": {\"d\": null, \"c\": \"é\"}}", 0, NULL);
	size_t n;
	char *text = canonical_text(value, &n);
	char hex[DIGEST_HEX_MAX];

	CHECK_STR(text, "{\"a\":{\"c\":\"é\",\"d\":null},\"b\":[1,true]}");
	CHECK_INT(n, strlen(text));
	digest_hex("abc", 3, hex); /* FIPS 180-4, the first example */
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	free(text);
	json_decref(value);
}

static void each_kind_has_its_name(void)
{
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		const char *name = dora_kind_name((enum dora_kind)kind);
		enum dora_kind again;

		CHECK(dora_kind_from_name(name, strlen(name), &again));
		CHECK_INT(again, kind);
		CHECK(!dora_kind_from_name(name, strlen(name) - 1, &again));
	}
}

int main(void)
{
	RUN(the_canonical_form_has_sorted_keys_and_no_spaces);
	RUN(each_kind_has_its_name);
	return tap_done();
}
