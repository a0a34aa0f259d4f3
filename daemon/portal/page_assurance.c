/* SPDX-License-Identifier: Apache-2.0 */
#include "assurance_priv.h"

#include "portal/month.h"
#include "section_priv.h"
#include "sheet_priv.h"

/* "lead_time 2026-03-01,unplanned 2026-05-01": each metric, and since when. */
static void worsening(struct markup *markup, const char *list)
{
	markup_open(markup, "ul", "class", "moving", NULL);
	for (enum metric metric = 0; metric < METRIC_N; metric++) {
		const struct metric_words *words = metric_words(metric);
		char since[16];
		char title[MONTH_TEXT];
		int month;

		if (!assurance_since(list, metric, since) || !month_parse_date(since, &month))
			continue;
		month_title(month, title);
		markup_open(markup, "li", "class", "trend worse", NULL);
		markup_open(markup, "span", "aria-hidden", "true", NULL);
		markup_text(markup, trend_arrow(metric, TREND_WORSENING));
		markup_close(markup);
		markup_textf(markup, " %s ", words->short_title);
		markup_open(markup, "span", "class", "faint", NULL);
		markup_textf(markup, "since %s", title);
		markup_close_n(markup, 2);
	}
	markup_close(markup);
}

static void row(struct visit *visit, struct sheet *sheet, const struct store_rows *rows, int i,
	bool team)
{
	const char *name = rows_text(rows, i, "name");
	int sliding = (int)rows_number(rows, i, "sliding");
	char number[WORDS_TEXT];

	sheet_row(sheet);
	sheet_cell(sheet);
	section_scope_link(visit, sheet->markup, team, name, rows_text(rows, i, "title"));
	markup_close(sheet->markup);
	sheet_cell(sheet);
	worsening(sheet->markup, rows_text(rows, i, "worsening"));
	markup_close(sheet->markup);
	sheet_cell(sheet);
	if (sliding > 1) {
		markup_open(sheet->markup, "strong", NULL);
		markup_textf(sheet->markup, "Sliding, %s months running",
			words_small(sliding, number));
		markup_close(sheet->markup);
	} else {
		markup_text(sheet->markup, sliding ? "Sliding" : "Watch");
	}
	markup_close(sheet->markup);
	sheet_row_end(sheet);
}

static void listing(
	struct visit *visit, struct markup *markup, const struct store_rows *rows, bool team)
{
	const char *const words[] = {
		team ? "Team" : "Service", "Getting worse", "Taken together", NULL};

	markup_open(markup, "section", "id", route_plural(team), NULL);
	markup_element(markup, "h2", NULL, team ? "Teams" : "Services");
	if (store_n_rows(rows) == 0) {
		markup_textf(markup, "No %s has a trend that goes the wrong way.",
			route_singular(team));
		markup_close(markup);
		return;
	}
	struct sheet sheet = sheet_open(markup, "listing",
		team ? "Teams that may need help" : "Services that may need help", words);
	for (int i = 0; i < store_n_rows(rows); i++)
		row(visit, &sheet, rows, i, team);
	sheet_close(&sheet);
	markup_close(markup);
}

enum visit_result page_assurance(struct visit *visit, struct error *err)
{
	struct store_ask asks[ASSURANCE_ASKS];
	char title[MONTH_TEXT];
	int month;

	assurance_ask(asks);
	enum visit_result result =
		visit_ask_kept(visit, KEEP_ASSURANCE, asks, ARRAY_LEN(asks), err);
	if (result != VISIT_DONE)
		return result;

	const struct store_rows *now = asks[ASSURANCE_CLOCK].rows;
	const char *last = rows_text(now, 0, "last_month");
	const struct frame_clock clock = {
		.as_of = rows_text(now, 0, "as_of"), .zone = rows_text(now, 0, "report_tz")};
	struct markup *markup = frame_open(visit, "Assurance", FRAME_ASSURANCE);
	markup_element(markup, "h1", NULL, "Assurance");
	markup_open(markup, "p", "class", "lead", NULL);
	markup_text(markup, "Who may need help: whose trends go the wrong way");
	if (last && month_parse_date(last, &month)) {
		month_title(month, title);
		markup_textf(markup, ", at the end of %s", title);
	}
	markup_text(markup, ".");
	markup_close(markup);
	markup_element(markup, "p", NULL,
		"In the order of the alphabet, each against its own past, without values: this "
		"is "
		"no ranking. Sliding means that at least two of five measures are getting "
		"worse, "
		"and more than are getting better. About one in fifty slides by chance in any "
		"one "
		"month, so once is a question; two months running is a reason to talk.");
	listing(visit, markup, asks[ASSURANCE_TEAMS].rows, true);
	listing(visit, markup, asks[ASSURANCE_SERVICES].rows, false);
	frame_close(visit, markup, &clock);
	visit_answer_markup(visit, "text/html; charset=utf-8", markup);
	return VISIT_DONE;
}
