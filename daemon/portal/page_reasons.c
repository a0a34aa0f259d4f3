/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/address.h"
#include "portal/month.h"
#include "reason_priv.h"
#include "section_priv.h"
#include "sheet_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Facts of a page. */
#define PAGE_SIZE 100
#define PAGE_SIZE_TEXT "100"
#define MOST_PAGES 100000

/* A metric's page has the facts of its own number and of those beside it. */
#define MOST_PARTS 3

/* clang-format off */
/*
 * $1 name, $2 first day, $3 offset: those that count first. The scope stands in the text, so
 * that only what is about it is planned.
 */
#define FACTS(scope, part, n_things) \
	"SELECT e.fact_id, e.service, e.counted, e.kind, e.rule, e.evidence, e.url," \
	" to_char(e.anchor AT TIME ZONE s.report_tz, 'FMDD Mon, HH24:MI') AS anchor," \
	" count(*) OVER () AS n, " n_things " AS n_things" \
	" FROM dorad.reason_" part " AS e CROSS JOIN dorad.status AS s" \
	" WHERE e.scope = '" scope "' AND e.name = $1 AND e.month = $2::date" \
	" ORDER BY e.counted DESC, e.anchor, e.fact_id, e.service" \
	" LIMIT " PAGE_SIZE_TEXT " OFFSET $3::integer"
#define EACH "count(*) OVER (PARTITION BY e.counted)"
/* One that hit several services of a team is one (METRICS.md section 3): so many ids. */
#define EACH_ONCE \
	"dense_rank() OVER (PARTITION BY e.counted ORDER BY e.fact_id)" \
	" + dense_rank() OVER (PARTITION BY e.counted ORDER BY e.fact_id DESC) - 1"
#define PART(part) {part, FACTS("service", part, EACH), FACTS("team", part, EACH)}
#define INCIDENTS(part) {part, FACTS("service", part, EACH), FACTS("team", part, EACH_ONCE)}
/* clang-format on */

static const struct part {
	const char *name;
	const char *of_service;
	const char *of_team;
} parts[METRIC_N][MOST_PARTS] = {
	[METRIC_FREQUENCY] = {PART("deployments")},
	[METRIC_LEAD_TIME] = {PART("lead_time")},
	[METRIC_FAIL_RATE] = {PART("fail_rate"), PART("rework_deploy_rate")},
	[METRIC_RESTORE] = {INCIDENTS("restore"), INCIDENTS("incidents_started"),
		INCIDENTS("incidents_open")},
	[METRIC_UNPLANNED] = {PART("unplanned_rate")},
};

static const struct {
	const char *part;
	const char *title;
	const char *counted; /* heading of those that count */
	const char *left_out;
} titles[] = {
	{"deployments", NULL, "Counted", "Not counted as deployments"},
	{"lead_time", NULL, "Counted", "Without a lead time"},
	{"fail_rate", NULL, "Counted", "Not counted"},
	{"rework_deploy_rate", "Rework rate", "Counted", "Not counted"},
	{"restore", NULL, "Counted", "Not counted"},
	{"incidents_started", "Incidents that began", "Counted", "Not counted"},
	{"incidents_open", "Open at the end", "Open then", "Not open then"},
	{"unplanned_rate", NULL, "Counted", "Not counted"},
};

static void fact(struct visit *visit, struct sheet *sheet, const struct scope *scope,
	const struct store_rows *rows, int i)
{
	const char *service = rows_text(rows, i, "service");

	sheet_row(sheet);
	sheet_cell(sheet);
	frame_link_out(sheet->markup, rows_text(rows, i, "url"), rows_text(rows, i, "fact_id"));
	markup_close(sheet->markup);
	if (scope->is_team) {
		sheet_cell(sheet);
		if (service)
			section_scope_link(visit, sheet->markup, false, service, NULL);
		markup_close(sheet->markup);
	}
	sheet_text(sheet, rows_text(rows, i, "anchor"));
	sheet_text(sheet, reason_kind(rows_text(rows, i, "kind")));
	sheet_text(sheet,
		reason_rule(rows_text(rows, i, "rule"), rows_is_true(rows, i, "counted")));
	sheet_cell(sheet);
	reason_details(sheet->markup, rows_text(rows, i, "evidence"));
	markup_close(sheet->markup);
	sheet_row_end(sheet);
}

/* Those of one kind, counted or not; a table of its own. */
static void facts(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_rows *rows, bool counted, const char *title)
{
	static const char *const of_service[] = {
		"Fact", "When", "Kind", "Why", "Details", NULL};
	static const char *const of_team[] = {
		"Fact", "Service", "When", "Kind", "Why", "Details", NULL};
	char n[WORDS_TEXT];
	double things = NAN;

	for (int i = 0; i < store_n_rows(rows); i++) {
		if (rows_is_true(rows, i, "counted") == counted)
			things = rows_number(rows, i, "n_things");
	}
	if (isnan(things))
		return;
	markup_open(markup, "h3", NULL);
	markup_textf(markup, "%s: %s", title, words_count(llround(things), n));
	markup_close(markup);
	struct sheet sheet =
		sheet_open(markup, "facts", title, scope->is_team ? of_team : of_service);
	for (int i = 0; i < store_n_rows(rows); i++) {
		if (rows_is_true(rows, i, "counted") == counted)
			fact(visit, &sheet, scope, rows, i);
	}
	sheet_close(&sheet);
}

static void draw_part(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_rows *rows, const char *name, int page)
{
	size_t i = 0;

	while (strcmp(titles[i].part, name) != 0)
		i++;
	markup_open(markup, "section", "id", name, NULL);
	if (titles[i].title)
		markup_element(markup, "h2", NULL, titles[i].title);
	else
		markup_element(markup, "h2", NULL, "The facts");
	if (store_n_rows(rows) == 0) {
		markup_element(markup, "p", "faint",
			page > 1 ? "None on this page: the list ends before it." : "None.");
	} else {
		facts(visit, markup, scope, rows, true, titles[i].counted);
		facts(visit, markup, scope, rows, false, titles[i].left_out);
	}
	markup_close(markup);
}

/* How many more pages there are, for the longest of the parts. */
static void pages(struct visit *visit, struct markup *markup, const struct store_ask *asks,
	int n_parts, int page)
{
	int last = 1;

	for (int i = 0; i < n_parts; i++) {
		int n = store_n_rows(asks[i].rows) ? (int)rows_number(asks[i].rows, 0, "n") : 0;

		if ((n + PAGE_SIZE - 1) / PAGE_SIZE > last)
			last = (n + PAGE_SIZE - 1) / PAGE_SIZE;
	}
	if (last == 1)
		return;
	markup_open(markup, "nav", "class", "pages", "aria-label", "Pages of the list", NULL);
	for (int i = 1; i <= last; i++) {
		markup_open(
			markup, "a", "href", arena_printf(visit->arena, "?page=%d", i), NULL);
		markup_set(markup, "aria-current", i == page ? "page" : NULL);
		markup_textf(markup, "%d", i);
		markup_close(markup);
	}
	markup_close(markup);
}

static void introduce(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row, enum metric metric)
{
	char title[MONTH_TEXT];
	char slug[MONTH_TEXT];
	char value[WORDS_TEXT];
	char spoken[METRIC_SPOKEN];

	month_title(row->month, title);
	month_slug(row->month, slug);
	markup_open(markup, "p", "class", "kind", NULL);
	markup_textf(markup, "%s ", scope->is_team ? "Team" : "Service");
	section_scope_link(visit, markup, scope->is_team, scope->name, scope->title);
	markup_text(markup, ", ");
	frame_link(visit, markup, title, route_plural(scope->is_team), scope->name, slug,
		(char *)NULL);
	markup_close(markup);
	markup_open(markup, "h1", NULL);
	markup_textf(markup, "%s: %s", metric_words(metric)->title,
		isnan(metric_value(row, metric)) ? "no value"
						 : metric_text(row, metric, value));
	markup_close(markup);
	markup_open(markup, "p", "class", "lead", NULL);
	markup_textf(markup, "%s%s: %s.", title, row->complete ? "" : " so far",
		metric_spoken(row, metric, spoken));
	markup_close(markup);
	markup_element(markup, "p", NULL, metric_words(metric)->rule);
}

static int page_asked(const struct visit *visit)
{
	const char *text = visit_parameter(visit, "page");
	long page = text ? strtol(text, NULL, 10) : 1;

	return page < 1 ? 1 : page > MOST_PAGES ? MOST_PAGES : (int)page;
}

enum visit_result page_reasons(struct visit *visit, struct error *err)
{
	struct scope *scope = arena_alloc(visit->arena, sizeof(*scope));
	enum metric metric = visit->route.metric;
	struct store_ask asks[MOST_PARTS];
	int n_parts = 0;
	int page = page_asked(visit);
	char slug[MONTH_TEXT];

	month_slug(visit->route.month, slug);
	for (; n_parts < MOST_PARTS && parts[metric][n_parts].name; n_parts++) {
		const struct part *part = &parts[metric][n_parts];

		asks[n_parts] = (struct store_ask){
			.sql = visit->route.is_team ? part->of_team : part->of_service,
			.values = {visit->route.name, arena_printf(visit->arena, "%s-01", slug),
				arena_printf(visit->arena, "%d", (page - 1) * PAGE_SIZE)},
			.n_values = 3};
	}
	enum visit_result result = scope_read(visit, scope, asks, (size_t)n_parts, err);
	if (result != VISIT_DONE)
		return result;

	const struct month_row *row = scope_row(scope, visit->route.month);
	if (!row)
		return VISIT_UNKNOWN;
	struct markup *markup = frame_open(visit,
		arena_printf(visit->arena, "%s, %s, %s", metric_words(metric)->title, slug,
			scope->title),
		FRAME_NONE);
	introduce(visit, markup, scope, row, metric);
	for (int i = 0; i < n_parts; i++)
		draw_part(visit, markup, scope, asks[i].rows, parts[metric][i].name, page);
	pages(visit, markup, asks, n_parts, page);
	frame_close(visit, markup, &scope->clock);
	visit_answer_markup(visit, "text/html; charset=utf-8", markup);
	return VISIT_DONE;
}
