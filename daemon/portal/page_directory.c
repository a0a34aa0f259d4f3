/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/address.h"
#include "section_priv.h"
#include "sheet_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names a page of the directory holds. */
#define PAGE_SIZE 100
#define PAGE_SIZE_TEXT "100"
#define MOST_PAGES 10000

/*
 * Trends of the last complete month as "metric direction,...", only those that move: a word and
 * an arrow, never a value, for here two stand beside each other.
 */
static const char teams_sql[] =
	"WITH page AS ("
	" SELECT d.team AS name, d.title, cardinality(d.services) AS n_services,"
	"  count(*) OVER () AS n"
	" FROM dorad.dim_team AS d"
	" WHERE $1 = ''"
	"  OR strpos(lower((d.title || ' ' || d.team) COLLATE \"default\"), lower($1)) > 0"
	" ORDER BY lower(d.title COLLATE \"default\"), d.team"
	" LIMIT " PAGE_SIZE_TEXT " OFFSET $2::integer"
	")"
	" SELECT p.*, a.assurance, m.moving"
	" FROM page AS p"
	" LEFT JOIN LATERAL (SELECT month, assurance FROM dorad.assurance_team AS a"
	"  WHERE a.team = p.name ORDER BY month DESC LIMIT 1) AS a ON true"
	" LEFT JOIN LATERAL (SELECT string_agg(t.metric || ' ' || t.direction, ',') AS moving"
	"  FROM dorad.trend_team AS t WHERE t.team = p.name AND t.month = a.month"
	"  AND t.direction IN ('improving', 'worsening')) AS m ON true"
	" ORDER BY lower(p.title COLLATE \"default\"), p.name";
static const char services_sql[] =
	"WITH page AS ("
	" SELECT d.service AS name, d.title, d.team, d.phase, d.links, count(*) OVER () AS n"
	" FROM dorad.dim_service AS d"
	" WHERE $1 = ''"
	"  OR strpos(lower((d.title || ' ' || d.service) COLLATE \"default\"), lower($1)) > 0"
	" ORDER BY lower(d.title COLLATE \"default\"), d.service"
	" LIMIT " PAGE_SIZE_TEXT " OFFSET $2::integer"
	")"
	" SELECT p.*, t.title AS team_title, a.assurance, m.moving"
	" FROM page AS p"
	" LEFT JOIN dorad.dim_team AS t ON t.team = p.team"
	" LEFT JOIN LATERAL (SELECT month, assurance FROM dorad.assurance_service AS a"
	"  WHERE a.service = p.name ORDER BY month DESC LIMIT 1) AS a ON true"
	" LEFT JOIN LATERAL (SELECT string_agg(t.metric || ' ' || t.direction, ',') AS moving"
	"  FROM dorad.trend_service AS t WHERE t.service = p.name AND t.month = a.month"
	"  AND t.direction IN ('improving', 'worsening')) AS m ON true"
	" ORDER BY lower(p.title COLLATE \"default\"), p.name";

static const char clock_sql[] =
	"SELECT to_char(as_of AT TIME ZONE report_tz, 'FMDD FMMonth YYYY, HH24:MI') AS as_of,"
	" report_tz"
	" FROM dorad.status";

/* "lead_time worsening,unplanned worsening" in the order of a page: words for each. */
static void moving(struct markup *markup, const char *list)
{
	markup_open(markup, "ul", "class", "moving", NULL);
	for (enum metric metric = 0; metric < METRIC_N; metric++) {
		const struct metric_words *words = metric_words(metric);
		size_t n = strlen(words->trend);

		for (const char *rest = list; rest; rest = strchr(rest, ',')) {
			rest += *rest == ',';
			if (strncmp(rest, words->trend, n) != 0 || rest[n] != ' ')
				continue;
			enum trend_direction direction =
				rest[n + 1] == 'i' ? TREND_IMPROVING : TREND_WORSENING;

			markup_open(
				markup, "li", "class", section_trend_class(direction), NULL);
			markup_open(markup, "span", "aria-hidden", "true", NULL);
			markup_text(markup, trend_arrow(metric, direction));
			markup_close(markup);
			markup_textf(
				markup, " %s %s", words->short_title, trend_phrase(direction));
			markup_close(markup);
		}
	}
	markup_close(markup);
}

static void trends_cell(struct sheet *sheet, const struct store_rows *rows, int i)
{
	const char *list = rows_text(rows, i, "moving");
	const char *assurance = rows_text(rows, i, "assurance");

	const char *phase = rows_text(rows, i, "phase"); /* NULL: of a team */

	sheet_cell(sheet);
	if (phase && strcmp(phase, "retired") == 0) {
		markup_element(sheet->markup, "span", "faint", "no longer measured");
	} else if (list) {
		moving(sheet->markup, list);
	} else if (!assurance || strcmp(assurance, "not_enough_data") == 0) {
		markup_element(sheet->markup, "span", "faint",
			assurance ? "too little data" : "no complete month yet");
	} else {
		markup_open(sheet->markup, "span", "aria-hidden", "true", NULL);
		markup_text(sheet->markup, trend_arrow(METRIC_FREQUENCY, TREND_STEADY));
		markup_close(sheet->markup);
		markup_text(sheet->markup, " steady");
	}
	markup_close(sheet->markup);
}

static void name_cell(struct visit *visit, struct sheet *sheet, const struct store_rows *rows,
	int i, bool team)
{
	const char *name = rows_text(rows, i, "name");
	const char *title = rows_text(rows, i, "title");

	sheet_cell(sheet);
	section_scope_link(visit, sheet->markup, team, name, title);
	if (strcmp(name, title) != 0)
		markup_element(sheet->markup, "code", NULL, name);
	markup_close(sheet->markup);
}

/* Owner, phase, and where else to look. */
static void service_cells(
	struct visit *visit, struct sheet *sheet, const struct store_rows *rows, int i)
{
	const char *owner = rows_text(rows, i, "team");

	sheet_cell(sheet);
	if (owner)
		section_scope_link(
			visit, sheet->markup, true, owner, rows_text(rows, i, "team_title"));
	else
		markup_element(sheet->markup, "span", "faint", "nobody");
	markup_close(sheet->markup);
	sheet_text(sheet, section_phase(rows_text(rows, i, "phase")));
	sheet_cell(sheet);
	markup_open(sheet->markup, "ul", NULL);
	section_links(sheet->markup, rows_text(rows, i, "links"));
	markup_close_n(sheet->markup, 2);
}

static void listing(
	struct visit *visit, struct markup *markup, const struct store_rows *rows, bool team)
{
	static const char *const of_team[] = {"Team", "Services", "Trends", NULL};
	static const char *const of_service[] = {
		"Service", "Owner", "Phase", "Links", "Trends", NULL};
	char n[WORDS_TEXT];
	struct sheet sheet = sheet_open(markup, team ? "listing" : "listing five",
		team ? "Teams" : "Services", team ? of_team : of_service);

	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		name_cell(visit, &sheet, rows, i, team);
		if (team)
			sheet_text(&sheet,
				words_n((int64_t)rows_number(rows, i, "n_services"), "service",
					"services", n));
		else
			service_cells(visit, &sheet, rows, i);
		trends_cell(&sheet, rows, i);
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

/* Links to the other pages of a list that is longer than one. */
static void pages(
	struct visit *visit, struct markup *markup, const char *query, int n, int page)
{
	int last = (n + PAGE_SIZE - 1) / PAGE_SIZE;
	char *front = address_join(visit->arena, visit->settings->prefix, "", (char *)NULL);

	if (last < 2)
		return;
	if (*query)
		front = address_with(visit->arena, front, "q", query);
	markup_open(markup, "nav", "class", "pages", "aria-label", "Pages of the list", NULL);
	for (int i = 1; i <= last; i++) {
		char number[16];

		(void)snprintf(number, sizeof(number), "%d", i);
		markup_open(markup, "a", "href",
			address_with(visit->arena, front, "page", number), NULL);
		markup_set(markup, "aria-current", i == page ? "page" : NULL);
		markup_text(markup, number);
		markup_close(markup);
	}
	markup_close(markup);
}

static void section(struct visit *visit, struct markup *markup, const struct store_rows *rows,
	bool team, const char *query)
{
	bool any = store_n_rows(rows) > 0;

	markup_open(markup, "section", "id", route_plural(team), NULL);
	markup_element(markup, "h2", NULL, team ? "Teams" : "Services");
	if (any)
		listing(visit, markup, rows, team);
	else if (*query)
		markup_textf(markup, "No %s matches.", route_singular(team));
	else
		markup_textf(markup,
			"None yet. The catalogue names %s; a service also appears with the "
			"first "
			"deployment that names it.",
			team ? "teams" : "services");
	markup_close(markup);
}

/* Which page of the list is asked for, from 1. */
static int page_asked(const struct visit *visit)
{
	const char *text = visit_parameter(visit, "page");
	long page = text ? strtol(text, NULL, 10) : 1;

	return page < 1 ? 1 : page > MOST_PAGES ? MOST_PAGES : (int)page;
}

enum visit_result page_directory(struct visit *visit, struct error *err)
{
	const char *asked = visit_parameter(visit, "q");
	const char *query = asked ? asked : "";
	int page = page_asked(visit);
	const char *offset = arena_printf(visit->arena, "%d", (page - 1) * PAGE_SIZE);
	struct store_ask asks[] = {
		{.sql = clock_sql},
		{.sql = teams_sql, .values = {query, offset}, .n_values = 2},
		{.sql = services_sql, .values = {query, offset}, .n_values = 2},
	};
	enum visit_result result = visit_ask(visit, asks, ARRAY_LEN(asks), err);

	if (result != VISIT_DONE)
		return result;

	struct markup *markup = frame_open(visit, NULL, FRAME_DIRECTORY);
	const struct frame_clock clock = {.as_of = rows_text(asks[0].rows, 0, "as_of"),
		.zone = rows_text(asks[0].rows, 0, "report_tz")};
	int n_teams = store_n_rows(asks[1].rows) ? (int)rows_number(asks[1].rows, 0, "n") : 0;
	int n_services =
		store_n_rows(asks[2].rows) ? (int)rows_number(asks[2].rows, 0, "n") : 0;

	markup_element(markup, "h1", NULL, *query ? "What was found" : "Services and teams");
	markup_element(markup, "p", "lead",
		"In the order of the alphabet. Each is compared with its own past, never with "
		"another.");
	/* One list may be longer than the other: there are some, and none on this page. */
	if (n_teams || page == 1)
		section(visit, markup, asks[1].rows, true, query);
	if (n_services || page == 1)
		section(visit, markup, asks[2].rows, false, query);
	if (!n_teams && !n_services && page > 1)
		markup_element(markup, "p", NULL, "The list ends before this page.");
	pages(visit, markup, query, n_teams > n_services ? n_teams : n_services, page);
	frame_close(visit, markup, &clock);
	visit_answer_markup(visit, "text/html; charset=utf-8", markup);
	return VISIT_DONE;
}
