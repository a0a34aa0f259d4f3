/* SPDX-License-Identifier: Apache-2.0 */
#include "section_priv.h"

#include "portal/address.h"
#include "portal/month.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Months of a table that are seen at once. */
#define NEWEST 6

#define MOST_COLUMNS 5

/* How a figure is written. */
enum form {
	FORM_END, /* no further column */
	FORM_COUNT,
	FORM_SECONDS,
	FORM_SHARE,
	FORM_RATE,
	FORM_METRIC, /* as the metric itself: "3 of 14" */
};

struct column {
	const char *title;
	enum form form;
	enum figure figure;
};

static const struct column tables[METRIC_N][MOST_COLUMNS + 1] = {
	[METRIC_FREQUENCY] =
		{
			{"Count", FORM_COUNT, FIGURE_DEPLOYMENTS},
			{"How often", FORM_RATE, FIGURE_DEPLOYMENTS_PER_DAY},
			{"Rollbacks", FORM_COUNT, FIGURE_ROLLBACKS},
			{"Hotfixes", FORM_COUNT, FIGURE_HOTFIXES},
			{"Failed", FORM_COUNT, FIGURE_FAILED_ATTEMPTS},
		},
	[METRIC_LEAD_TIME] =
		{
			{"Median", FORM_SECONDS, FIGURE_LEAD_TIME_P50},
			{"85% within", FORM_SECONDS, FIGURE_LEAD_TIME_P85},
			{"95% within", FORM_SECONDS, FIGURE_LEAD_TIME_P95},
			{"Changes", FORM_COUNT, FIGURE_LEAD_TIME_N},
		},
	[METRIC_FAIL_RATE] =
		{
			{"Failed", FORM_METRIC, FIGURE_FAIL_RATE},
			{"Share", FORM_SHARE, FIGURE_FAIL_RATE},
			{"By time alone", FORM_COUNT, FIGURE_FAILED_INFERRED},
			{"Rework rate", FORM_SHARE, FIGURE_REWORK_RATE},
		},
	[METRIC_RESTORE] =
		{
			{"Median", FORM_SECONDS, FIGURE_RESTORE_P50},
			{"85% within", FORM_SECONDS, FIGURE_RESTORE_P85},
			{"Incidents", FORM_COUNT, FIGURE_RESTORE_N},
			{"Began", FORM_COUNT, FIGURE_INCIDENTS_STARTED},
			{"Open", FORM_COUNT, FIGURE_INCIDENTS_OPEN_END},
		},
	[METRIC_UNPLANNED] =
		{
			{"Unplanned", FORM_METRIC, FIGURE_UNPLANNED_RATE},
			{"Share", FORM_SHARE, FIGURE_UNPLANNED_RATE},
			{"Failure demand", FORM_COUNT, FIGURE_ITEMS_FAILURE_DEMAND},
			{"Ad hoc", FORM_COUNT, FIGURE_ITEMS_ADHOC_VALUE},
		},
};

static const char *written(const struct month_row *row, enum metric metric,
	const struct column *column, char out[static WORDS_TEXT])
{
	double value = row->figures[column->figure];

	switch (column->form) {
	case FORM_END:
		break;
	case FORM_COUNT:
		return words_count(llround(value), out);
	case FORM_SECONDS:
		return words_duration(value, out);
	case FORM_SHARE:
		return words_share(value, out);
	case FORM_RATE:
		return words_rate(value, out);
	case FORM_METRIC:
		return metric_text(row, metric, out);
	}
	__builtin_unreachable();
}

/* Where the reasons of a number are. */
static const char *reasons_address(struct visit *visit, const struct scope *scope,
	const struct month_row *row, enum metric metric)
{
	char slug[MONTH_TEXT];

	month_slug(row->month, slug);
	return address_join(visit->arena, visit->settings->prefix, route_plural(scope->is_team),
		scope->name, slug, metric_words(metric)->slug, (char *)NULL);
}

static void link_to(struct markup *markup, const char *address, const char *text)
{
	markup_open(markup, "a", "href", address, NULL);
	markup_text(markup, text);
	markup_close(markup);
}

void section_number(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row, enum metric metric, const char *text)
{
	link_to(markup, reasons_address(visit, scope, row, metric), text);
}

static void heading(struct markup *markup, const char *text)
{
	markup_open(markup, "th", "scope", "col", NULL);
	markup_text(markup, text);
	markup_close(markup);
}

static void table_row(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row, enum metric metric)
{
	char slug[MONTH_TEXT];
	char title[MONTH_TEXT];
	char text[WORDS_TEXT];

	month_slug(row->month, slug);
	month_short(row->month, title);
	const char *reasons = reasons_address(visit, scope, row, metric);
	markup_open(markup, "tr", NULL);
	markup_open(markup, "th", "scope", "row", NULL);
	frame_link(visit, markup, title, route_plural(scope->is_team), scope->name, slug,
		(char *)NULL);
	if (!row->complete)
		markup_element(markup, "span", "mark", "so far");
	else if (!row->settled && metric == METRIC_FAIL_RATE)
		markup_element(markup, "span", "mark", "may rise");
	markup_close(markup);
	for (const struct column *column = tables[metric]; column->form != FORM_END; column++) {
		markup_open(markup, "td", NULL);
		if (isnan(row->figures[column->figure]))
			markup_text(markup, "\xE2\x80\x93"); /* U+2013 */
		else
			link_to(markup, reasons, written(row, metric, column, text));
		markup_close(markup);
	}
	markup_close(markup);
}

/* The rows from `end` - 1 down to `begin`: the newest first. */
static void table(struct visit *visit, struct markup *markup, const struct scope *scope,
	enum metric metric, size_t begin, size_t end)
{
	markup_open(markup, "div", "class", "wide", NULL);
	markup_open(markup, "table", NULL);
	markup_open(markup, "caption", "class", "unseen", NULL);
	markup_textf(markup, "%s by month%s", metric_words(metric)->title,
		begin == 0 && end < scope->n_rows ? ", earlier" : "");
	markup_close(markup);
	markup_open(markup, "thead", NULL);
	markup_open(markup, "tr", NULL);
	heading(markup, "Month");
	for (const struct column *column = tables[metric]; column->form != FORM_END; column++)
		heading(markup, column->title);
	markup_close_n(markup, 2);
	markup_open(markup, "tbody", NULL);
	for (size_t i = end; i-- > begin;)
		table_row(visit, markup, scope, &scope->rows[i], metric);
	markup_close_n(markup, 3);
}

void section_tables(struct visit *visit, struct markup *markup, const struct scope *scope,
	enum metric metric)
{
	size_t split = scope->n_rows > NEWEST ? scope->n_rows - NEWEST : 0;

	if (scope->n_rows == 0)
		return;
	table(visit, markup, scope, metric, split, scope->n_rows);
	if (split == 0)
		return;
	markup_open(markup, "details", NULL);
	markup_element(markup, "summary", NULL, "Earlier months");
	table(visit, markup, scope, metric, 0, split);
	markup_close(markup);
}

void section_scope_link(struct visit *visit, struct markup *markup, bool is_team,
	const char *name, const char *title)
{
	markup_open(markup, "bdi", NULL);
	frame_link(
		visit, markup, title ? title : name, route_plural(is_team), name, (char *)NULL);
	markup_close(markup);
}

void section_links(struct markup *markup, const char *links)
{
	json_auto_t *object = links ? json_loads(links, 0, NULL) : NULL;
	const char *name;
	json_t *url;

	json_object_foreach(object, name, url) {
		if (!json_is_string(url))
			continue;
		markup_open(markup, "li", NULL);
		frame_link_out(markup, json_string_value(url), name);
		markup_close(markup);
	}
}

const char *section_phase(const char *phase)
{
	if (strcmp(phase, "development") == 0)
		return "In development";
	return strcmp(phase, "retired") == 0 ? "Retired" : "Live";
}

const char *section_trend_class(enum trend_direction direction)
{
	switch (direction) {
	case TREND_WORSENING:
		return "trend worse";
	case TREND_IMPROVING:
		return "trend better";
	case TREND_UNKNOWN:
	case TREND_NOT_ENOUGH_DATA:
	case TREND_STEADY:
		return "trend";
	}
	__builtin_unreachable();
}
