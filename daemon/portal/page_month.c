/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_priv.h"
#include "portal/month.h"
#include "revision_priv.h"
#include "section_priv.h"

#include <math.h>

#define MOST_FACTS "100"

/* What the row was before it changed, after its month was over. */
static const char revisions_sql[] = "SELECT to_char(r.stood_until AT TIME ZONE s.report_tz, "
				    "'FMDD FMMonth YYYY') AS changed,"
				    " r.was, r.became, r.because"
				    " FROM dorad.revisions AS r CROSS JOIN dorad.status AS s"
				    " WHERE r.scope = $1 AND r.name = $2 AND r.month = $3::date"
				    " ORDER BY r.stood_until DESC LIMIT 20";

static void metric_line(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row, enum metric metric)
{
	char spoken[METRIC_SPOKEN];

	markup_open(markup, "div", NULL);
	markup_element(markup, "dt", NULL, metric_words(metric)->title);
	markup_open(markup, "dd", NULL);
	if (isnan(metric_value(row, metric)))
		markup_text(markup, metric_spoken(row, metric, spoken));
	else
		section_number(
			visit, markup, scope, row, metric, metric_spoken(row, metric, spoken));
	markup_close_n(markup, 2);
}

/* The neighbours in time, where they have rows. */
static void neighbours(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row)
{
	char title[MONTH_TEXT];
	char slug[MONTH_TEXT];

	markup_open(markup, "nav", "class", "pages", "aria-label", "Months", NULL);
	for (int step = -1; step <= 1; step += 2) {
		const struct month_row *other = scope_row(scope, row->month + step);

		if (!other)
			continue;
		month_title(other->month, title);
		month_slug(other->month, slug);
		/* U+2190, U+2192 */
		const char *text = arena_printf(
			visit->arena, step < 0 ? "\xE2\x86\x90 %s" : "%s \xE2\x86\x92", title);
		frame_link(visit, markup, text, route_plural(scope->is_team), scope->name, slug,
			(char *)NULL);
	}
	markup_close(markup);
}

static void draw(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row, const struct store_ask *asks)
{
	char title[MONTH_TEXT];

	month_title(row->month, title);
	markup_open(markup, "p", "class", "kind", NULL);
	markup_textf(markup, "%s ", scope->is_team ? "Team" : "Service");
	section_scope_link(visit, markup, scope->is_team, scope->name, scope->title);
	markup_close(markup);
	markup_open(markup, "h1", NULL);
	markup_textf(markup, "%s%s", title, row->complete ? "" : " so far");
	markup_close(markup);
	neighbours(visit, markup, scope, row);
	markup_open(markup, "dl", "class", "values", NULL);
	for (enum metric metric = 0; metric < METRIC_N; metric++)
		metric_line(visit, markup, scope, row, metric);
	markup_close(markup);
	markup_open(markup, "section", "class", "happened", NULL);
	markup_element(markup, "h2", NULL, "What happened");
	facts_draw(visit, markup, scope, asks);
	markup_close(markup);
	revisions_draw(markup, asks[FACTS_ASKS].rows);
}

enum visit_result page_month(struct visit *visit, struct error *err)
{
	struct scope *scope = arena_alloc(visit->arena, sizeof(*scope));
	struct store_ask asks[FACTS_ASKS + 1];
	char slug[MONTH_TEXT];
	char title[MONTH_TEXT];

	month_slug(visit->route.month, slug);
	month_title(visit->route.month, title);
	facts_ask(visit, slug, MOST_FACTS, asks);
	asks[FACTS_ASKS] = (struct store_ask){.sql = revisions_sql,
		.values = {route_singular(visit->route.is_team), visit->route.name,
			arena_printf(visit->arena, "%s-01", slug)},
		.n_values = 3};
	enum visit_result result = scope_read(visit, scope, asks, ARRAY_LEN(asks), err);
	if (result != VISIT_DONE)
		return result;

	const struct month_row *row = scope_row(scope, visit->route.month);
	if (!row)
		return VISIT_UNKNOWN;
	struct markup *markup = frame_open(
		visit, arena_printf(visit->arena, "%s, %s", title, scope->title), FRAME_NONE);
	draw(visit, markup, scope, row, asks);
	frame_close(visit, markup, &scope->clock);
	visit_answer_markup(visit, "text/html; charset=utf-8", markup);
	return VISIT_DONE;
}
