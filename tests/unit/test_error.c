/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "tap.h"

#include <stdio.h>

/* What is left of so many x and a character of two, three or four bytes over and over. */
static size_t kept(const char *character, int n_before, bool prefixed)
{
	struct error err = {0};
	char text[2048] = "";
	size_t n = (size_t)n_before;

	memset(text, 'x', n);
	while (n + strlen(character) < sizeof(text)) {
		memcpy(text + n, character, strlen(character));
		n += strlen(character);
	}
	text[n] = '\0';
	error_setf(&err, "%s", prefixed ? "y" : text);
	if (prefixed)
		error_prefixf(&err, "%s", text);
	size_t length = strlen(err.text);

	CHECK((length - (size_t)n_before) % strlen(character) == 0);
	return length;
}

static void words_that_do_not_fit_are_not_cut_within_a_character(void)
{
	static const char *const characters[] = {
		"z", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x9A\x80"};
	const size_t room = sizeof(((struct error *)NULL)->text) - 1;

	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		for (int before = 0; before < 4; before++) {
			CHECK(kept(characters[i], before, false) + strlen(characters[i]) >
				room);
			CHECK(kept(characters[i], before, true) + strlen(characters[i]) > room);
		}
	}
}

static void the_first_words_stay_and_the_place_goes_before_them(void)
{
	struct error err = {0};

	error_setf(&err, "want %d", 3);
	error_setf(&err, "later");
	error_prefixf(&err, "%s", "file:1:2");
	CHECK_STR(err.text, "file:1:2: want 3");
}

int main(void)
{
	RUN(words_that_do_not_fit_are_not_cut_within_a_character);
	RUN(the_first_words_stay_and_the_place_goes_before_them);
	return tap_done();
}
