/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/markup.h"

#include "tap.h"

static const char *written(struct markup *markup)
{
	size_t n;
	const char *bytes = markup_bytes(markup, &n);

	CHECK_INT(n, strlen(bytes));
	return bytes;
}

static void a_text_cannot_become_markup(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();

	markup_element(markup, "p", NULL, "</p><script>alert('&\"')</script>");
	CHECK_STR(written(markup),
		"<p>&lt;/p&gt;&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;</p>");
}

static void a_value_cannot_end_its_attribute(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();

	markup_open(markup, "a", "href", "\" onclick='x' a=\"", NULL);
	markup_set(markup, "title", "<b>&");
	markup_set(markup, "class", NULL);
	markup_close(markup);
	CHECK_STR(written(markup),
		"<a href=\"&quot; onclick=&#39;x&#39; a=&quot;\" "
		"title=\"&lt;b&gt;&amp;\"></a>");
}

static void void_elements_are_closed_at_once(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();

	markup_open(markup, "head", NULL);
	markup_open(markup, "meta", "charset", "utf-8", NULL);
	markup_open(markup, "link", "rel", "icon", NULL);
	markup_element(markup, "title", NULL, "x");
	markup_close(markup);
	CHECK_STR(written(markup),
		"<head><meta charset=\"utf-8\"><link rel=\"icon\"><title>x</title></head>");
}

static void what_is_no_text_becomes_a_replacement_character(void)
{
	static const struct {
		const char *bytes;
		const char *want;
	} cases[] = {
		{"caf\xC3\xA9 \xF0\x9F\x9A\x80", "caf\xC3\xA9 \xF0\x9F\x9A\x80"},
		{"tab\tnewline\n", "tab\tnewline\n"},
		{"a\x01z", "a\xEF\xBF\xBDz"},
		{"a\xFFz", "a\xEF\xBF\xBDz"},
		{"a\xC3", "a\xEF\xBF\xBD"},
		{"a\xC0\xAFz", "a\xEF\xBF\xBD\xEF\xBF\xBDz"},
		{"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
		{"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(markup_destroyp) struct markup *markup = markup_create();

		markup_text(markup, cases[i].bytes);
		CHECK_STR(written(markup), cases[i].want);
	}
}

static void long_formatted_texts_are_whole(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	char text[1001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		markup_textf(markup, "%s", text);
	CHECK_INT(strlen(written(markup)), 100000);
}

int main(void)
{
	RUN(a_text_cannot_become_markup);
	RUN(a_value_cannot_end_its_attribute);
	RUN(void_elements_are_closed_at_once);
	RUN(what_is_no_text_becomes_a_replacement_character);
	RUN(long_formatted_texts_are_whole);
	return tap_done();
}
