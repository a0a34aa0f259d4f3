/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_priv.h"
#include "portal/chart.h"
#include "portal/month.h"
#include "section_priv.h"

#include <math.h>
#include <string.h>

/* Rows of each list of what happened; all of them are on the month's page. */
#define MOST_FACTS "8"

/* By their names, which an index leads to, rather than by their owner. */
static const char services_sql[] =
	"SELECT service, title, phase FROM dorad.dim_service"
	" WHERE service = ANY ((SELECT services FROM dorad.dim_team WHERE team = $1)::text[])"
	" ORDER BY lower(title COLLATE \"default\"), service";

/* Who owns it, its phase, and where else to look. */
static void about(struct visit *visit, struct markup *markup, const struct scope *scope)
{
	markup_open(markup, "ul", "class", "about", NULL);
	if (strcmp(scope->title, scope->name) != 0) {
		markup_open(markup, "li", NULL);
		markup_element(markup, "code", NULL, scope->name);
		markup_close(markup);
	}
	if (!scope->is_team) {
		markup_open(markup, "li", NULL);
		markup_text(markup, scope->team ? "Owned by " : "Owned by nobody");
		if (scope->team)
			section_scope_link(visit, markup, true, scope->team, scope->team_title);
		markup_close(markup);
	}
	if (scope->phase) {
		markup_open(markup, "li", NULL);
		markup_text(markup, section_phase(scope->phase));
		markup_close(markup);
	}
	section_links(markup, scope->links);
	markup_close(markup);
}

/* ---- what the trends say together ---- */

/* "lead time and unplanned work", of the metrics that go that way. */
static const char *going(
	struct visit *visit, const struct scope *scope, enum trend_direction direction)
{
	const char *list = NULL;
	int left = 0;

	for (enum metric metric = 0; metric < METRIC_N; metric++)
		left += scope->trends[metric].direction == direction;
	for (enum metric metric = 0; metric < METRIC_N; metric++) {
		const char *title = metric_words(metric)->short_title;

		if (scope->trends[metric].direction != direction)
			continue;
		left--;
		list = list ? arena_printf(visit->arena, "%s%s%s", list, left ? ", " : " and ",
				      title)
			    : title;
	}
	return list;
}

/* What is over needs nobody's help. */
static void farewell(struct markup *markup, const struct scope *scope)
{
	char title[MONTH_TEXT];

	markup_open(markup, "p", "class", "lead", NULL);
	markup_text(markup, "Retired: it is no longer measured.");
	if (scope->n_rows) {
		month_title(scope->rows[scope->n_rows - 1].month, title);
		markup_textf(markup, " What is below ended in %s.", title);
	}
	markup_close(markup);
}

static bool is_retired(const struct scope *scope)
{
	return scope->phase && strcmp(scope->phase, "retired") == 0;
}

static void verdict(struct visit *visit, struct markup *markup, const struct scope *scope)
{
	const char *worse = going(visit, scope, TREND_WORSENING);
	const char *better = going(visit, scope, TREND_IMPROVING);
	bool sliding = scope->assurance && strcmp(scope->assurance, "sliding") == 0;
	char number[WORDS_TEXT];

	markup_open(markup, "p", "class", "lead", NULL);
	if (worse)
		markup_textf(markup, "Getting worse: %s.%s", worse, better ? " " : "");
	if (better)
		markup_textf(markup, "Getting better: %s.", better);
	if (sliding && scope->assurance_running > 1)
		markup_textf(markup, " Sliding for %s months running: time to talk.",
			words_small(scope->assurance_running, number));
	else if (sliding)
		markup_text(markup,
			" Sliding for the first month: that may be chance, and is worth a "
			"question.");
	if (!worse && !better && !scope->assurance)
		markup_text(markup, "The first month is not over: there are no trends yet.");
	else if (!worse && !better && strcmp(scope->assurance, "not_enough_data") == 0)
		markup_text(markup, "There is too little data yet to see where this is going.");
	else if (!worse && !better)
		markup_text(markup, "Steady: no clear change for better or worse.");
	markup_close(markup);
}

/* ---- a metric ---- */

/* The last complete month with a value, as a headline. */
static void headline(struct visit *visit, struct markup *markup, const struct scope *scope,
	enum metric metric)
{
	const struct metric_words *words = metric_words(metric);
	const struct month_row *row = NULL;
	char title[MONTH_TEXT];
	char value[WORDS_TEXT];
	char n[WORDS_TEXT];

	for (size_t i = scope->n_rows; i-- > 0 && !row;) {
		if (scope->rows[i].complete)
			row = &scope->rows[i];
	}
	markup_open(markup, "p", "class", "headline", NULL);
	if (row && !isnan(metric_value(row, metric))) {
		month_title(row->month, title);
		markup_open(markup, "strong", NULL);
		section_number(
			visit, markup, scope, row, metric, metric_text(row, metric, value));
		markup_close(markup);
		if (words->unit == METRIC_UNIT_SECONDS)
			markup_textf(markup, " in %s, median of %s", title,
				words_n(metric_n(row, metric), words->one, words->many, n));
		else if (words->unit == METRIC_UNIT_SHARE)
			markup_textf(markup, " %s in %s, %s", words->many, title,
				words_share(metric_value(row, metric), n));
		else
			markup_textf(markup, " in %s, %s", title,
				words_rate(row->figures[FIGURE_DEPLOYMENTS_PER_DAY], n));
	} else if (row) {
		month_title(row->month, title);
		markup_textf(markup, "No value in %s: %s.", title, words->nothing);
	} else {
		markup_textf(markup, "No value yet: %s.", words->nothing);
	}
	markup_close(markup);
}

static void sentence(struct markup *markup, const struct scope *scope, enum metric metric)
{
	const struct trend *trend = &scope->trends[metric];
	char words[TREND_SENTENCE];

	bool is_over = is_retired(scope) && trend->month;
	char title[MONTH_TEXT];

	markup_open(markup, "p", "class",
		is_over ? "trend" : section_trend_class(trend->direction), NULL);
	markup_open(markup, "span", "class", "arrow", "aria-hidden", "true", NULL);
	markup_text(markup, trend_arrow(metric, trend->direction));
	markup_close(markup);
	if (is_over) {
		month_title(trend->month, title);
		markup_textf(markup, " At the end of %s:", title);
	}
	markup_textf(markup, " %s",
		trend_sentence(metric, trend, scope->rows, scope->n_rows, words));
	markup_close(markup);
}

static void draw(struct visit *visit, struct markup *markup, const struct scope *scope,
	enum metric metric)
{
	const struct metric_words *words = metric_words(metric);
	const struct chart chart = {.metric = metric,
		.rows = scope->rows,
		.n_rows = scope->n_rows,
		.trend = &scope->trends[metric],
		.title = arena_printf(visit->arena, "%s, %s", words->title, scope->title),
		.address = scope_address(visit, scope)};

	markup_open(markup, "section", "class", "metric", "id", words->slug, NULL);
	markup_element(markup, "h2", NULL, words->title);
	headline(visit, markup, scope, metric);
	sentence(markup, scope, metric);
	chart_draw(markup, &chart);
	section_tables(visit, markup, scope, metric);
	markup_close(markup);
}

/* A service that nobody uses yet has nothing to deliver to. */
static void absent(struct markup *markup)
{
	markup_open(markup, "section", "class", "note", NULL);
	markup_element(markup, "h2", NULL, "Why the others are absent");
	markup_element(markup, "p", NULL,
		"This service is still in development and nothing has been deployed for it "
		"yet, "
		"so frequency, lead time, fail rate and time to restore have nothing to "
		"measure. They appear with the first deployment. Unplanned work can be seen "
		"from the start.");
	markup_close(markup);
}

/* What a chart's marks mean: five charts leave a place for it. */
static void legend(struct markup *markup)
{
	markup_open(markup, "section", "class", "note", NULL);
	markup_element(markup, "h2", NULL, "How to read this");
	markup_element(markup, "p", NULL,
		"Each bar or point is a calendar month; the number beneath it says how many it "
		"rests on. Where there is no mark nothing was measured; a flat bar was "
		"measured "
		"to be zero. The hatched month is not over. A dashed line is a trend, where "
		"there is one: the months are compared with those before them, and with "
		"nothing "
		"else.");
	markup_element(
		markup, "p", NULL, "Every number leads to the facts that it is made of.");
	markup_close(markup);
}

/* Nothing was ever measured but work items. */
static bool is_unborn(const struct scope *scope)
{
	if (!scope->phase || strcmp(scope->phase, "development") != 0)
		return false;
	for (size_t i = 0; i < scope->n_rows; i++) {
		if (scope->rows[i].delivery_measured)
			return false;
	}
	return true;
}

/* By name alone: a value of one beside a value of another would be a comparison. */
static void services(struct visit *visit, struct markup *markup, const struct store_rows *rows)
{
	markup_open(markup, "section", "id", "services", NULL);
	markup_element(markup, "h2", NULL, "Services it owns");
	if (store_n_rows(rows) == 0)
		markup_element(markup, "p", "faint", "None at present.");
	markup_open(markup, "ul", "class", "names", NULL);
	for (int i = 0; i < store_n_rows(rows); i++) {
		markup_open(markup, "li", NULL);
		section_scope_link(visit, markup, false, rows_text(rows, i, "service"),
			rows_text(rows, i, "title"));
		if (strcmp(rows_text(rows, i, "phase"), "live") != 0)
			markup_element(markup, "span", "mark",
				section_phase(rows_text(rows, i, "phase")));
		markup_close(markup);
	}
	markup_close_n(markup, 2);
}

/* The month in progress, and the way to the others. */
static void happened(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_ask *asks)
{
	char title[MONTH_TEXT];
	char slug[MONTH_TEXT];

	month_title(scope->month, title);
	month_slug(scope->month, slug);
	markup_open(markup, "section", "class", "happened", "id", "month", NULL);
	markup_open(markup, "h2", NULL);
	markup_textf(markup, "%s so far", title);
	markup_close(markup);
	facts_draw(visit, markup, scope, asks);
	markup_open(markup, "p", NULL);
	frame_link(visit, markup, arena_printf(visit->arena, "All of %s", title),
		route_plural(scope->is_team), scope->name, slug, (char *)NULL);
	if (scope_row(scope, scope->month - 1)) {
		month_title(scope->month - 1, title);
		month_slug(scope->month - 1, slug);
		markup_text(markup, " \xC2\xB7 ");
		frame_link(visit, markup, title, route_plural(scope->is_team), scope->name,
			slug, (char *)NULL);
	}
	markup_close_n(markup, 2);
}

enum visit_result page_scope(struct visit *visit, struct error *err)
{
	struct scope *scope = arena_alloc(visit->arena, sizeof(*scope));
	struct store_ask asks[FACTS_ASKS + 1];

	facts_ask(visit, NULL, MOST_FACTS, asks);
	asks[FACTS_ASKS] = (struct store_ask){
		.sql = services_sql, .values = {visit->route.name}, .n_values = 1};
	enum visit_result result = scope_read(
		visit, scope, asks, visit->route.is_team ? FACTS_ASKS + 1 : FACTS_ASKS, err);
	if (result != VISIT_DONE)
		return result;

	struct markup *markup = frame_open(visit, scope->title, FRAME_NONE);
	markup_element(markup, "p", "kind", scope->is_team ? "Team" : "Service");
	markup_open(markup, "h1", NULL);
	frame_name(markup, scope->title);
	markup_close(markup);
	about(visit, markup, scope);
	if (is_retired(scope))
		farewell(markup, scope);
	else
		verdict(visit, markup, scope);
	markup_open(markup, "div", "class", "metrics", NULL);
	if (is_unborn(scope)) {
		draw(visit, markup, scope, METRIC_UNPLANNED);
		absent(markup);
	} else {
		for (enum metric metric = 0; metric < METRIC_N; metric++)
			draw(visit, markup, scope, metric);
		legend(markup);
	}
	markup_close(markup);
	if (scope->is_team)
		services(visit, markup, asks[FACTS_ASKS].rows);
	if (scope_row(scope, scope->month))
		happened(visit, markup, scope, asks);
	frame_close(visit, markup, &scope->clock);
	visit_answer_markup(visit, "text/html; charset=utf-8", markup);
	return VISIT_DONE;
}
