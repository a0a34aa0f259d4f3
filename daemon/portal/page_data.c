/* SPDX-License-Identifier: Apache-2.0 */
#include "section_priv.h"
#include "sheet_priv.h"

#include <math.h>
#include <string.h>

/* What came in and did not count, over everything; and what stopped coming in. */
static const char clock_sql[] =
	"SELECT to_char(as_of AT TIME ZONE report_tz, 'FMDD FMMonth YYYY, HH24:MI') AS as_of,"
	" report_tz"
	" FROM dorad.status";
static const char total_sql[] = "SELECT reason, n FROM dorad.quality_total ORDER BY reason";
static const char unmapped_sql[] =
	"SELECT u.system, u.host, u.name, u.kind, u.events,"
	" to_char(u.last_event_at AT TIME ZONE s.report_tz, 'FMDD FMMon YYYY') AS last,"
	" count(*) OVER () AS n"
	" FROM dorad.quality_unmapped AS u CROSS JOIN dorad.status AS s"
	" ORDER BY u.events DESC, u.system, u.name, u.kind LIMIT 200";
static const char silent_sql[] =
	"SELECT q.system, q.host, q.name,"
	" to_char(q.last_event_at AT TIME ZONE s.report_tz, 'FMDD FMMon YYYY') AS last,"
	" extract(epoch FROM q.usual_gap) AS usual_s, extract(epoch FROM q.silent_for) AS "
	"silent_s,"
	" count(*) OVER () AS n"
	" FROM dorad.quality_silent AS q CROSS JOIN dorad.status AS s"
	" WHERE q.is_silent AND q.silent_for > interval '1 day' ORDER BY q.silent_for DESC, "
	"q.system, q.name LIMIT 200";

static const char receivers_sql[] =
	"SELECT r.ledger, r.backlog, r.quarantined, r.dead,"
	" to_char(r.said_at AT TIME ZONE s.report_tz, 'FMDD FMMon YYYY, HH24:MI') AS said"
	" FROM dorad.quality_receiver AS r CROSS JOIN dorad.status AS s ORDER BY r.ledger";

static const struct {
	const char *reason;
	const char *words;
} reasons[] = {
	{"deployments_cancelled", "deployments that were cancelled"},
	{"deployments_excluded_by_correction", "deployments taken out by an operator"},
	{"deployments_not_counted_env_or_phase",
		"parts of deployments to an environment that is not production, or of a "
		"service "
		"not in use"},
	{"deployments_without_outcome", "parts of deployments that never ended"},
	{"incidents_excluded_cancelled", "incidents that were cancelled"},
	{"incidents_excluded_correction", "incidents taken out by an operator"},
	{"incidents_excluded_duplicate", "incidents that repeat another"},
	{"incidents_excluded_environment", "incidents outside production"},
	{"incidents_excluded_not_an_incident", "tickets that no rule makes incidents"},
	{"incidents_excluded_severity", "incidents that were not severe enough"},
	{"incidents_excluded_unmapped", "incidents of no known service"},
	{"items_cancelled", "work items that were cancelled"},
	{"items_excluded_by_correction", "work items taken out by an operator"},
	{"items_excluded_type", "work items of a type that does not count (epics, sub-tasks)"},
	{"items_unmapped", "work items of no known service or team"},
	{"unknown_changes", "changes that a deployment lists and nobody saw land"},
};

static const char *reason_words(const char *reason)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (strcmp(reasons[i].reason, reason) == 0)
			return reasons[i].words;
	}
	return reason;
}

static void totals(struct markup *markup, const struct store_rows *rows)
{
	char n[WORDS_TEXT];

	markup_element(markup, "h2", NULL, "Received and not counted");
	if (store_n_rows(rows) == 0) {
		markup_element(markup, "p", "faint", "Nothing was left out.");
		return;
	}
	markup_open(markup, "dl", "class", "values", NULL);
	for (int i = 0; i < store_n_rows(rows); i++) {
		markup_open(markup, "div", NULL);
		markup_element(markup, "dt", NULL, reason_words(rows_text(rows, i, "reason")));
		markup_element(
			markup, "dd", NULL, words_count(llround(rows_number(rows, i, "n")), n));
		markup_close(markup);
	}
	markup_close(markup);
}

/* A list that is cut says so. */
static void list_heading(struct markup *markup, const char *title, const char *which,
	const struct store_rows *rows)
{
	int shown = store_n_rows(rows);
	double all = shown ? rows_number(rows, 0, "n") : 0;
	char n[WORDS_TEXT];

	markup_open(markup, "h2", NULL);
	markup_text(markup, title);
	if (all > shown) {
		markup_open(markup, "span", "class", "mark", NULL);
		markup_textf(
			markup, "the %d %s of %s", shown, which, words_count(llround(all), n));
		markup_close(markup);
	}
	markup_close(markup);
}

/* acme/playground, github, github.com */
static void source_cells(struct sheet *sheet, const struct store_rows *rows, int i)
{
	const char *name = rows_text(rows, i, "name");
	const char *host = rows_text(rows, i, "host");

	sheet_cell(sheet);
	frame_name(sheet->markup, name ? name : "(without a name)");
	markup_close(sheet->markup);
	sheet_cell(sheet);
	markup_text(sheet->markup, rows_text(rows, i, "system"));
	if (host)
		markup_textf(sheet->markup, ", %s", host);
	markup_close(sheet->markup);
}

static void unmapped(struct markup *markup, const struct store_rows *rows)
{
	static const char *const words[] = {"Source", "System", "Kind", "Events", "Last", NULL};
	char n[WORDS_TEXT];

	list_heading(markup, "Sources that mean no service", "with most events", rows);
	if (store_n_rows(rows) == 0) {
		markup_element(markup, "p", "faint", "None: everything has a home.");
		return;
	}
	markup_open(markup, "p", NULL);
	markup_text(
		markup, "What they send is kept, and counts once the catalogue names them. ");
	markup_element(markup, "code", NULL, "dorad catalog unmapped");
	markup_text(markup, " prints the lines to add.");
	markup_close(markup);
	struct sheet sheet = sheet_open(markup, "facts", "Sources that mean no service", words);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		source_cells(&sheet, rows, i);
		sheet_text(&sheet, rows_text(rows, i, "kind"));
		sheet_text(&sheet, words_count(llround(rows_number(rows, i, "events")), n));
		sheet_text(&sheet, rows_text(rows, i, "last"));
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void silent(struct markup *markup, const struct store_rows *rows)
{
	static const char *const words[] = {
		"Source", "System", "Last event", "Silent for", "Usually at most", NULL};
	char text[WORDS_TEXT];

	list_heading(markup, "Silent sources", "silent for longest", rows);
	if (store_n_rows(rows) == 0) {
		markup_element(markup, "p", "faint",
			"None: each has sent something as lately as it usually does.");
		return;
	}
	markup_element(markup, "p", NULL,
		"Nothing has come from these for more than three times as long as is usual for "
		"them. A webhook may have been switched off.");
	struct sheet sheet = sheet_open(markup, "facts", "Silent sources", words);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		source_cells(&sheet, rows, i);
		sheet_text(&sheet, rows_text(rows, i, "last"));
		sheet_text(&sheet, words_duration(rows_number(rows, i, "silent_s"), text));
		sheet_text(&sheet, words_duration(rows_number(rows, i, "usual_s"), text));
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void quarantine(struct markup *markup, const struct store_rows *rows)
{
	static const char *const words[] = {
		"Receiver", "Could not be read", "Could not be used", "Wait", "As of", NULL};
	static const char *const columns[] = {"quarantined", "dead", "backlog"};
	char n[WORDS_TEXT];

	markup_element(markup, "h2", NULL, "Deliveries in quarantine");
	markup_open(markup, "p", NULL);
	markup_text(markup,
		"What could not be read stays with the receiver, with the reason. There, ");
	markup_element(markup, "code", NULL, "dorad deliveries --state quarantined");
	markup_text(markup, " lists it.");
	markup_close(markup);
	if (store_n_rows(rows) == 0) {
		markup_element(markup, "p", "faint", "No receiver has said anything yet.");
		return;
	}
	struct sheet sheet = sheet_open(markup, "facts", "Deliveries in quarantine", words);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		sheet_text(&sheet, rows_text(rows, i, "ledger"));
		for (size_t k = 0; k < ARRAY_LEN(columns); k++)
			sheet_text(&sheet,
				words_count(llround(rows_number(rows, i, columns[k])), n));
		sheet_text(&sheet, rows_text(rows, i, "said"));
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

enum visit_result page_data(struct visit *visit, struct error *err)
{
	struct store_ask asks[] = {{.sql = clock_sql}, {.sql = total_sql},
		{.sql = unmapped_sql}, {.sql = silent_sql}, {.sql = receivers_sql}};
	enum visit_result result = visit_ask_kept(visit, KEEP_DATA, asks, ARRAY_LEN(asks), err);

	if (result != VISIT_DONE)
		return result;

	const struct frame_clock clock = {.as_of = rows_text(asks[0].rows, 0, "as_of"),
		.zone = rows_text(asks[0].rows, 0, "report_tz")};
	struct markup *markup = frame_open(visit, "Data", FRAME_DATA);
	markup_element(markup, "h1", NULL, "Data");
	markup_element(markup, "p", "lead",
		"What the numbers rest on: what was received and left out, and what has "
		"stopped "
		"coming.");
	markup_open(markup, "section", NULL);
	totals(markup, asks[1].rows);
	markup_close(markup);
	markup_open(markup, "section", "id", "unmapped", NULL);
	unmapped(markup, asks[2].rows);
	markup_close(markup);
	markup_open(markup, "section", "id", "silent", NULL);
	silent(markup, asks[3].rows);
	markup_close(markup);
	markup_open(markup, "section", "id", "quarantine", NULL);
	quarantine(markup, asks[4].rows);
	markup_close(markup);
	frame_close(visit, markup, &clock);
	visit_answer_markup(visit, "text/html; charset=utf-8", markup);
	return VISIT_DONE;
}
