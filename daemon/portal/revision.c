/* SPDX-License-Identifier: Apache-2.0 */
#include "revision_priv.h"

#include "base/cleanup.h"
#include "frame_priv.h"
#include "portal/figure.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Facts that are named at once; more are folded away. */
#define MOST_NAMED 3

/* Facts that a revision keeps, at most. */
#define MOST_KEPT 20

static double number(const json_t *value)
{
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *yes_or_no(const json_t *value)
{
	return json_is_true(value) ? "yes" : "no";
}

/* "deployments 14, then 15; fail rate 7.1%, then 6.7%" of the columns that changed. */
static void changes(struct markup *markup, const json_t *was, const json_t *became)
{
	const char *between = "";

	for (enum figure figure = 0; figure < FIGURE_N; figure++) {
		const char *column = figure_column(figure);
		const json_t *before = json_object_get(was, column);
		char text[FIGURE_CHANGE_TEXT];

		if (!before)
			continue;
		figure_change(
			figure, number(before), number(json_object_get(became, column)), text);
		markup_textf(markup, "%s%s", between, text);
		between = "; ";
	}
	const char *phase = json_string_value(json_object_get(was, "phase"));
	const char *now = json_string_value(json_object_get(became, "phase"));
	if (phase && now)
		markup_textf(markup, "%sphase %s, then %s", between, phase, now);
	between = phase && now ? "; " : between;
	const json_t *measured = json_object_get(was, "delivery_measured");
	if (measured)
		markup_textf(markup, "%sdeployments are measured: %s, then %s", between,
			yes_or_no(measured),
			yes_or_no(json_object_get(became, "delivery_measured")));
}

/* "deployment 17", of work_item "work item 17" */
static void fact(struct markup *markup, const json_t *pair)
{
	const char *kind = json_string_value(json_array_get(pair, 0));
	const char *id = json_string_value(json_array_get(pair, 1));

	if (kind && strcmp(kind, "work_item") == 0)
		kind = "work item";
	else if (kind && strcmp(kind, "change_request") == 0)
		kind = "change request";
	markup_textf(markup, "%s ", kind ? kind : "?");
	frame_name(markup, id ? id : "");
}

static void facts(struct markup *markup, const json_t *because, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		if (i > begin)
			markup_text(markup, ", ");
		fact(markup, json_array_get(because, i));
	}
}

static void reasons(struct markup *markup, const json_t *because)
{
	size_t n = json_array_size(because);

	if (n == 0)
		return;
	if (n <= MOST_NAMED) {
		markup_text(markup, ". Because of ");
		facts(markup, because, 0, n);
		markup_text(markup, ".");
		return;
	}
	markup_text(markup, ".");
	markup_open(markup, "details", NULL);
	markup_open(markup, "summary", NULL);
	markup_textf(markup, "Because of %zu facts%s", n, n == MOST_KEPT ? " or more" : "");
	markup_close(markup);
	facts(markup, because, 0, n);
	markup_close(markup);
}

static void revision(struct markup *markup, const struct store_rows *rows, int i)
{
	json_auto_t *was = json_loads(rows_text(rows, i, "was"), 0, NULL);
	json_auto_t *became = json_loads(rows_text(rows, i, "became"), JSON_DECODE_ANY, NULL);
	json_auto_t *because = json_loads(rows_text(rows, i, "because"), 0, NULL);

	markup_open(markup, "li", NULL);
	markup_textf(markup, "%s: ", rows_text(rows, i, "changed"));
	if (json_is_object(became))
		changes(markup, was, became);
	else
		markup_text(markup, "the month went away");
	reasons(markup, because);
	markup_close(markup);
}

void revisions_draw(struct markup *markup, const struct store_rows *rows)
{
	if (store_n_rows(rows) == 0)
		return;
	markup_open(markup, "section", "id", "changes", NULL);
	markup_element(markup, "h2", NULL, "How this month has changed since it was over");
	markup_open(markup, "ul", "class", "plain", NULL);
	for (int i = 0; i < store_n_rows(rows); i++)
		revision(markup, rows, i);
	markup_close_n(markup, 2);
}
