/* SPDX-License-Identifier: Apache-2.0 */
#include "attempt.h"

/* Made with another program: HMAC of "Hello, World!" under EVERYBODY, and of the body of the
 * Trello test. */
#define SHA512_OF_HELLO                                                    \
	"11ed355a617e98134e842012a7944ccf59c10256cb182357bd7e3a42013ff07c" \
	"376f8c14cf5cc1923da20b51d64256b2fb8ebbf100aa67a61326f61fea8111bc"
#define SHA512_OF_OTHER                                                    \
	"1bd72747fa9f9627a716d44d4320fb24a8c886cf3653b8cdb44b9bebade18d7a" \
	"65f475bd73c3bc0f8bf8eaab474b0c045dc17393709d811cf05dd4cb69310568"
#define TRELLO_OF_HELLO "Nk/zpn2Y8GgDrCF/6hCilKngtKI="

static void github_signs_the_raw_body(void)
{
	struct attempt good = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256",
			"sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};
	struct attempt form = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256",
			"sha256="
			"d4ad297179aefdd878f333cc81690d023589d4c5846c6129bdaaf3bd6ca37805"}},
		.body = "payload=%7B%22zen%22%3A%22caf%C3%A9+%2B+tea%22%7D"};

	expect(&good, 0, NULL);
	expect(&form, 0, NULL);
	good.headers[0][1] =
		"sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";
	expect(&good, 0, NULL);
	good.body = "Hello, World?";
	expect(&good, 0, "bad_signature");
}

static void any_of_several_secrets_verifies_and_is_named(void)
{
	struct attempt good = {"github", AUTH_SIGNATURE, {"new one", "another", EVERYBODY},
		{{"x-hub-signature-256",
			"sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&good, 2, NULL);
}

static void a_signature_that_is_missing_old_cut_or_doubled_is_refused(void)
{
	const char *const values[] = {
		"",
		"sha256=",
		"sha256=757107",
		"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1g",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1700",
	};
	struct attempt bad = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256", NULL}}, .body = "Hello, World!"};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		bad.headers[0][1] = values[i];
		expect(&bad, 0, "bad_signature");
	}
	struct attempt old = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}},
		.body = "Hello, World!"};
	expect(&old, 0, "no_signature");
	struct attempt twice = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256",
			 "sha256="
			 "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
			{"x-hub-signature-256",
				"sha256="
				"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e"
				"17"}},
		.body = "Hello, World!"};
	expect(&twice, 0, "no_signature");
}

static void jira_signs_like_websub(void)
{
	struct attempt good = {"jira", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature",
			"sha256="
			"a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"}},
		.body = "Hello World!"};

	expect(&good, 0, NULL);
}

static void servicenow_signs_in_hex_or_base64(void)
{
	struct attempt hex = {"servicenow", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-dorad-signature",
			"sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};
	struct attempt base64 = hex;

	base64.headers[0][1] = "sha256b64=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
	expect(&hex, 0, NULL);
	expect(&base64, 0, NULL);
	base64.headers[0][1] = "sha256b64=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhd=";
	expect(&base64, 0, "bad_signature");
}

static void one_of_pagerdutys_signatures_is_enough(void)
{
	struct attempt good = {"pagerduty", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-pagerduty-signature",
			"v1=0000000000000000000000000000000000000000000000000000000000000000, "
			"v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&good, 0, NULL);
	good.headers[0][1] =
		"v2=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	expect(&good, 0, "bad_signature");
}

static void flux_may_choose_its_hash(void)
{
	struct attempt good = {"flux", AUTH_SIGNATURE, {"k"},
		{{"x-signature",
			"sha224=2ae71fa4b5dd7e4fadf9a5c6c76d5f5f1ba3f9b0b58b5b1e6f5c1c3e"}},
		.body = "Hello, World!"};

	expect(&good, 0, "bad_signature");
	good.secrets[0] = EVERYBODY;
	good.headers[0][1] =
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	expect(&good, 0, NULL);
	good.headers[0][1] = "sha512=" SHA512_OF_HELLO;
	expect(&good, 0, NULL);
	good.headers[0][1] = "sha224=521ccf8ea4c080404499759ec7ba64965405a9973667cd2704197281";
	expect(&good, 0, NULL);
	good.headers[0][1] = "sha384="
			     "8ae941e23ce94331d5a5986b762bbdb2039fec41c133145d"
			     "a82908f381ba612379307f45738b252be379438ef60839c2";
	expect(&good, 0, NULL);
	good.headers[0][1] = "sha1=51f7ad1d6f5b3fbd1bd9f3a0c2f1e8d8f4c0b1a2";
	expect(&good, 0, "bad_signature");
}

static void trello_signs_the_body_and_its_callback_address(void)
{
	struct attempt good = {"trello", AUTH_SIGNATURE, {"oauth secret"},
		{{"x-trello-webhook", TRELLO_OF_HELLO}}, .body = "{\"caf\xc3\xa9\":1}",
		.public_url = "https://dora.example.com/webhooks/trello"};
	struct error err = {0};
	const char *secret = "s";

	expect(&good, 0, NULL);
	good.public_url = "https://dora.example.com/webhooks/trello/";
	expect(&good, 0, "bad_signature");
	CHECK(auth_keys_create(source_find("trello"), AUTH_SIGNATURE, &secret, 1, NULL, &err) ==
		NULL);
	CHECK_STR(err.text,
		"trello signs its callback address too; want public_url: https://...");
}

static void a_request_without_its_header_is_known_to_fail_before_its_body(void)
{
	const char *secret = "x";
	struct error err = {0};
	struct auth_request bare = {.body = "", .now_us = NOW_US};
	CLEANUP(auth_keys_destroyp)
	struct auth_keys *keys =
		auth_keys_create(source_find("github"), AUTH_SIGNATURE, &secret, 1, NULL, &err);

	CHECK(!auth_may_succeed(keys, &bare));
	static const char *const hopeless[] = {"", "sha256=", "sha256=00", "sha1=00",
		"nonsense",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000ff"};
	for (size_t i = 0; i < ARRAY_LEN(hopeless); i++) {
		struct header header = {"x-hub-signature-256", hopeless[i]};

		bare.headers = &header;
		bare.n_headers = 1;
		CHECK(!auth_may_succeed(keys, &bare));
	}
	struct header hope = {"x-hub-signature-256",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000"};
	bare.headers = &hope;
	CHECK(auth_may_succeed(keys, &bare));
}

static void of_a_list_the_hash_of_the_first_signature_counts(void)
{
	struct attempt mixed = {"flux", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-signature",
			"sha512=" SHA512_OF_HELLO ",sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&mixed, 0, NULL);
	mixed.headers[0][1] =
		"sha512=" SHA512_OF_OTHER
		",sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	expect(&mixed, 0, "bad_signature");
}

static void the_ninth_signature_of_a_list_is_not_looked_at(void)
{
#define WRONG "v1=0000000000000000000000000000000000000000000000000000000000000000,"
#define RIGHT "v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	struct attempt list = {"pagerduty", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-pagerduty-signature", WRONG WRONG WRONG WRONG WRONG WRONG WRONG RIGHT}},
		.body = "Hello, World!"};

	expect(&list, 0, NULL);
	list.headers[0][1] = WRONG WRONG WRONG WRONG WRONG WRONG WRONG WRONG RIGHT;
	expect(&list, 0, "bad_signature");
	list.headers[0][1] = ", ,, " RIGHT " ,";
	expect(&list, 0, NULL);
}

int main(void)
{
	RUN(github_signs_the_raw_body);
	RUN(any_of_several_secrets_verifies_and_is_named);
	RUN(a_signature_that_is_missing_old_cut_or_doubled_is_refused);
	RUN(jira_signs_like_websub);
	RUN(servicenow_signs_in_hex_or_base64);
	RUN(one_of_pagerdutys_signatures_is_enough);
	RUN(flux_may_choose_its_hash);
	RUN(trello_signs_the_body_and_its_callback_address);
	RUN(a_request_without_its_header_is_known_to_fail_before_its_body);
	RUN(of_a_list_the_hash_of_the_first_signature_counts);
	RUN(the_ninth_signature_of_a_list_is_not_looked_at);
	return tap_done();
}
