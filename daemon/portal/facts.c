/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_priv.h"

#include "reason_priv.h"
#include "section_priv.h"
#include "sheet_priv.h"

#include <math.h>
#include <stdio.h>

/* The first cell: what it is, leading to where it is from. */
static void subject(struct sheet *sheet, const char *url, const char *text)
{
	sheet_cell(sheet);
	frame_link_out(sheet->markup, url, text);
	markup_close(sheet->markup);
}

/* Whose it is, where the page is of a team. */
static void service_cell(struct visit *visit, struct sheet *sheet, const char *service)
{
	sheet_cell(sheet);
	section_scope_link(visit, sheet->markup, false, service, NULL);
	markup_close(sheet->markup);
}

static void heading(struct markup *markup, const char *title, const struct store_rows *rows)
{
	char n[WORDS_TEXT];
	int shown = store_n_rows(rows);
	double all = shown ? rows_number(rows, 0, "n") : 0;

	markup_open(markup, "h3", NULL);
	markup_textf(markup, "%s", title);
	if (all > shown) {
		markup_open(markup, "span", "class", "mark", NULL);
		markup_textf(
			markup, "the newest %d of %s", shown, words_count(llround(all), n));
		markup_close(markup);
	}
	markup_close(markup);
}

static void nothing(struct markup *markup, const char *text)
{
	markup_element(markup, "p", "faint", text);
}

static void deployments(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_rows *rows)
{
	static const char *const of_service[] = {
		"Deployment", "Finished", "Kind", "Commit", "Hurt production", NULL};
	static const char *const of_team[] = {
		"Deployment", "Service", "Finished", "Kind", "Commit", "Hurt production", NULL};

	heading(markup, "Deployments", rows);
	if (store_n_rows(rows) == 0) {
		nothing(markup, "None.");
		return;
	}
	struct sheet sheet = sheet_open(
		markup, "facts", "Deployments", scope->is_team ? of_team : of_service);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		subject(&sheet, rows_text(rows, i, "url"), rows_text(rows, i, "deployment_id"));
		if (scope->is_team)
			service_cell(visit, &sheet, rows_text(rows, i, "service"));
		sheet_text(&sheet, rows_text(rows, i, "at"));
		sheet_text(&sheet, reason_kind(rows_text(rows, i, "kind")));
		sheet_cell(&sheet);
		const char *sha = rows_text(rows, i, "sha");
		markup_element(markup, "code", NULL, sha ? sha : "\xE2\x80\x93");
		markup_close(markup);
		sheet_cell(&sheet);
		if (rows_is_true(rows, i, "failed"))
			reason_evidence(markup, rows_text(rows, i, "evidence"));
		else
			markup_text(markup, "no sign of it");
		markup_close(markup);
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void incidents(struct markup *markup, const struct store_rows *rows)
{
	static const char *const titles[] = {
		"Incident", "Began", "Restored", "Open for", "Severity", "Held against", NULL};
	char text[WORDS_TEXT];

	heading(markup, "Incidents", rows);
	if (store_n_rows(rows) == 0) {
		nothing(markup, "None.");
		return;
	}
	struct sheet sheet = sheet_open(markup, "facts", "Incidents", titles);
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *title = rows_text(rows, i, "title");
		const char *restored = rows_text(rows, i, "restored_at");
		double seconds = rows_number(rows, i, "restore_s");

		sheet_row(&sheet);
		subject(&sheet, rows_text(rows, i, "url"),
			title ? title : rows_text(rows, i, "incident_id"));
		sheet_text(&sheet, rows_text(rows, i, "started_at"));
		sheet_text(&sheet, restored ? restored : "still open");
		sheet_text(&sheet, isnan(seconds) ? NULL : words_duration(seconds, text));
		sheet_text(&sheet, rows_text(rows, i, "severity"));
		sheet_cell(&sheet);
		reason_rules(markup, rows_text(rows, i, "attr_rule"));
		markup_close(markup);
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void reviews(struct markup *markup, const struct store_rows *rows)
{
	bool any = false;

	markup_element(markup, "h3", NULL, "Post-incident reviews");
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *url = rows_text(rows, i, "review_url");

		if (!url)
			continue;
		if (!any)
			markup_open(markup, "ul", "class", "plain", NULL);
		any = true;
		markup_open(markup, "li", NULL);
		markup_text(markup, "of ");
		frame_link_out(markup, url, rows_text(rows, i, "incident_id"));
		markup_close(markup);
	}
	if (any)
		markup_close(markup);
	else
		nothing(markup, "None is linked.");
}

static void requests(struct markup *markup, const struct store_rows *rows)
{
	static const char *const titles[] = {
		"Change request", "Began", "Ended", "State", "Closed as", NULL};

	heading(markup, "Change requests", rows);
	if (store_n_rows(rows) == 0) {
		nothing(markup, "None.");
		return;
	}
	struct sheet sheet = sheet_open(markup, "facts", "Change requests", titles);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		subject(&sheet, rows_text(rows, i, "url"), rows_text(rows, i, "cr_id"));
		sheet_text(&sheet, rows_text(rows, i, "actual_start"));
		sheet_text(&sheet, rows_text(rows, i, "actual_end"));
		sheet_text(&sheet, rows_text(rows, i, "state"));
		sheet_text(&sheet, rows_text(rows, i, "close_code"));
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void left_out(struct markup *markup, const struct store_rows *rows)
{
	char n[WORDS_TEXT];

	markup_element(markup, "h3", NULL, "Received and not counted");
	if (store_n_rows(rows) == 0) {
		nothing(markup, "Nothing was left out.");
		return;
	}
	markup_open(markup, "ul", "class", "plain", NULL);
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *what = rows_text(rows, i, "what");
		char many[WORDS_TEXT];

		(void)snprintf(many, sizeof(many), "%ss", what);
		markup_open(markup, "li", NULL);
		markup_textf(markup, "%s: %s",
			words_n(llround(rows_number(rows, i, "n")), what, many, n),
			reason_rule(rows_text(rows, i, "exclusion"), false));
		markup_close(markup);
	}
	markup_close(markup);
}

void facts_draw(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_ask asks[static FACTS_ASKS])
{
	deployments(visit, markup, scope, asks[FACTS_DEPLOYMENTS].rows);
	incidents(markup, asks[FACTS_INCIDENTS].rows);
	reviews(markup, asks[FACTS_INCIDENTS].rows);
	requests(markup, asks[FACTS_REQUESTS].rows);
	left_out(markup, asks[FACTS_LEFT_OUT].rows);
}
