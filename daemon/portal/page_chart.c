/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/chart.h"
#include "scope_priv.h"
#include "static_priv.h"

/* A chart that stands alone: for a README, a wiki, a catalogue. It may be shown anywhere. */
enum visit_result page_chart(struct visit *visit, struct error *err)
{
	struct scope *scope = arena_alloc(visit->arena, sizeof(*scope));
	enum metric metric = visit->route.metric;
	enum visit_result result = scope_read(visit, scope, NULL, 0, err);
	char sentence[TREND_SENTENCE];

	if (result != VISIT_DONE)
		return result;

	struct markup *markup = visit_markup(visit);
	const struct chart chart = {.metric = metric,
		.rows = scope->rows,
		.n_rows = scope->n_rows,
		.trend = &scope->trends[metric],
		.title = arena_printf(
			visit->arena, "%s, %s", metric_words(metric)->title, scope->title)};
	chart_draw_alone(markup, &chart,
		trend_sentence(
			metric, &scope->trends[metric], scope->rows, scope->n_rows, sentence));
	/* Its own style, known by its hash, and nothing else. */
	visit->policy = arena_printf(visit->arena,
		"default-src 'none'; style-src 'sha256-%s'; frame-ancestors *", chart_sha256);
	visit->cache = "private, max-age=300";
	visit_answer_markup(visit, "image/svg+xml", markup);
	return VISIT_DONE;
}

static const char ready_sql[] = "SELECT report_tz FROM dorad.status";

enum visit_result page_ready(struct visit *visit, struct error *err)
{
	struct store_ask ask = {.sql = ready_sql};
	enum visit_result result = visit_ask(visit, &ask, 1, err);

	if (result != VISIT_DONE)
		return result;
	visit->cache = "no-store";
	visit_answer(visit, "text/plain; charset=utf-8", "ready\n", 6);
	return VISIT_DONE;
}
