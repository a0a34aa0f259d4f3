/* SPDX-License-Identifier: Apache-2.0 */
#include "visit_priv.h"

#include "base/log.h"
#include "frame_priv.h"
#include "portal/address.h"
#include "portal/month.h"
#include "static_priv.h"
#include "version_priv.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HTML "text/html; charset=utf-8"
#define PLAIN "text/plain; charset=utf-8"

/* Nothing but our own style and pictures, no scripts, in nobody's frame. */
#define PAGE_POLICY                                                                  \
	"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " \
	"base-uri 'none'; frame-ancestors 'none'"

/* Pages change when the numbers do: ask each time, and be told quickly that nothing has. */
#define REVALIDATE "private, no-cache"

static visit_page *const pages[] = {
	[ROUTE_READY] = page_ready,
	[ROUTE_DIRECTORY] = page_directory,
	[ROUTE_ASSURANCE] = page_assurance,
	[ROUTE_DATA] = page_data,
	[ROUTE_SCOPE] = page_scope,
	[ROUTE_CHART] = page_chart,
	[ROUTE_MONTH] = page_month,
	[ROUTE_REASONS] = page_reasons,
	[ROUTE_API_DIRECTORY] = api_directory,
	[ROUTE_API_SCOPE] = api_scope,
	[ROUTE_API_MONTHS] = api_months,
	[ROUTE_API_TRENDS] = api_trends,
	[ROUTE_API_EXPLAIN] = api_explain,
	[ROUTE_API_ASSURANCE] = api_assurance,
	[ROUTE_API_DATA] = api_data,
	[ROUTE_DORA_METRIC] = dora_metric,
	[ROUTE_DORA_BENCHMARK] = dora_benchmark,
};

static void release_markup(void *markup)
{
	markup_destroy(markup);
}

struct markup *visit_markup(struct visit *visit)
{
	return arena_own(visit->arena, markup_create(), release_markup);
}

void visit_answer(struct visit *visit, const char *type, const char *bytes, size_t n)
{
	if (visit->status == 0)
		visit->status = 200;
	if (!visit->policy)
		visit->policy = PAGE_POLICY;
	if (!visit->cache)
		visit->cache = REVALIDATE;
	visit->type = type;
	visit->body = bytes;
	visit->n_body = n;
}

void visit_answer_markup(struct visit *visit, const char *type, struct markup *markup)
{
	size_t n;
	const char *bytes = markup_bytes(markup, &n);

	visit_answer(visit, type, bytes, n);
}

const char *visit_parameter(const struct visit *visit, const char *name)
{
	return address_parameter(visit->arena, visit->view->query, name);
}

static void release_rows(void *rows)
{
	store_rows_destroy(rows);
}

static void note_whom(struct visit *visit, const struct store_ask *ask)
{
	visit->asked = true;
	visit->is_replica = store_value(ask->rows, 0, VERSION_IS_REPLICA) != NULL;
	visit->behind_s = store_value(ask->rows, 0, VERSION_BEHIND_S);
	visit->version = store_value(ask->rows, 0, VERSION_TEXT);
}

/* The first asks of a visit also say whom they ask. */
static enum store_class ask_first(
	struct visit *visit, struct store_ask *asks, size_t n_asks, struct error *err)
{
	struct store_ask *all = arena_alloc(visit->arena, (n_asks + 1) * sizeof(*all));

	memcpy(all, asks, n_asks * sizeof(*all));
	all[n_asks] = version_ask(&visit->route);
	enum store_class class = store_batch(visit->store, all, n_asks + 1, err);
	if (class != STORE_FINE)
		return class;
	memcpy(asks, all, n_asks * sizeof(*asks));
	(void)arena_own(visit->arena, all[n_asks].rows, release_rows);
	note_whom(visit, &all[n_asks]);
	return class;
}

const char *visit_version_now(struct visit *visit)
{
	struct store_ask ask = version_ask(&visit->route);

	if (store_batch(visit->store, &ask, 1, NULL) != STORE_FINE)
		return NULL;
	(void)arena_own(visit->arena, ask.rows, release_rows);
	return store_value(ask.rows, 0, VERSION_TEXT);
}

enum visit_result visit_ask(
	struct visit *visit, struct store_ask *asks, size_t n_asks, struct error *err)
{
	enum store_class class = visit->asked ? store_batch(visit->store, asks, n_asks, err)
					      : ask_first(visit, asks, n_asks, err);

	if (class == STORE_POISON) /* a value of the request's that Postgres cannot read */
		return VISIT_WRONG;
	if (class != STORE_FINE)
		return VISIT_DOWN;
	for (size_t i = 0; i < n_asks; i++)
		(void)arena_own(visit->arena, asks[i].rows, release_rows);
	return VISIT_DONE;
}

static void release_kept(void *kept)
{
	kept_drop(kept);
}

enum visit_result visit_ask_kept(struct visit *visit, enum keep_what what,
	struct store_ask *asks, size_t n_asks, struct error *err)
{
	struct kept *kept;
	const struct keep_question question = {.what = what, .asks = asks, .n_asks = n_asks};

	if (keep_ask(visit->keep, &question, visit->store, &kept, err) != STORE_FINE)
		return VISIT_DOWN;
	(void)arena_own(visit->arena, kept, release_kept);
	visit->is_aged = true;
	for (size_t i = 0; i < n_asks; i++)
		asks[i].rows = kept_rows(kept, i);
	return VISIT_DONE;
}

/* ---- what goes wrong ---- */

static const char *title_of(int status)
{
	switch (status) {
	case 400:
		return "That cannot be answered";
	case 401:
		return "Please sign in";
	case 404:
		return "There is no such page";
	case 405:
		return "That cannot be done here";
	default:
		return "The numbers are out of reach";
	}
}

static void problem_page(struct visit *visit, const char *title, const char *detail)
{
	struct markup *markup = frame_open(visit, title, FRAME_NONE);

	markup_element(markup, "h1", NULL, title);
	markup_element(markup, "p", "lead", detail);
	if (visit->status == 404) {
		markup_open(markup, "p", NULL);
		markup_open(markup, "a", "href",
			address_join(visit->arena, visit->settings->prefix, "", (char *)NULL),
			NULL);
		markup_text(markup, "All services and teams");
		markup_close_n(markup, 2);
	}
	frame_close(visit, markup, NULL);
	visit_answer_markup(visit, HTML, markup);
}

/* RFC 9457; OpenDORA has a form of its own. */
static void problem_json(struct visit *visit, const char *title, const char *detail)
{
	bool is_dora = visit->route.page >= ROUTE_DORA_METRIC;
	json_auto_t *problem = is_dora
		? json_pack("{s:s, s:s}", "message", detail, "reference", "-")
		: json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title,
			  "status", visit->status, "detail", detail);
	char *text = json_dumps(problem, JSON_COMPACT);

	(void)arena_own(visit->arena, text, free);
	visit_answer(visit, is_dora ? "application/json" : "application/problem+json", text,
		strlen(text));
}

void visit_problem(struct visit *visit, int status, const char *detail)
{
	const char *title = title_of(status);

	visit->status = status;
	visit->cache = "no-store";
	visit->policy = NULL;
	if (visit->route.page >= ROUTE_API_DIRECTORY)
		problem_json(visit, title, detail);
	else if (visit->route.page == ROUTE_CHART || visit->route.page == ROUTE_READY ||
		visit->route.page == ROUTE_METRICS)
		visit_answer(visit, PLAIN, detail, strlen(detail));
	else
		problem_page(visit, title, detail);
}

/* ---- pages that need no database ---- */

static void constant(struct visit *visit, const char *type, const char *text, const char *cache)
{
	visit->cache = cache;
	visit_answer(visit, type, text, strlen(text));
}

static bool serve_constant(struct visit *visit)
{
	static const char day[] = "public, max-age=86400";

	if (visit->route.page == ROUTE_HEALTH)
		constant(visit, PLAIN, "alive\n", "no-store");
	else if (visit->route.page == ROUTE_ICON)
		constant(visit, "image/svg+xml", icon_text, day);
	else if (visit->route.page == ROUTE_STYLE)
		constant(visit, "text/css; charset=utf-8", style_text,
			"public, max-age=31536000, immutable");
	else if (visit->route.page == ROUTE_ROBOTS)
		constant(visit, PLAIN, "User-agent: *\nDisallow: /\n", day);
	else if (visit->route.page == ROUTE_OPENAPI)
		constant(visit, "application/yaml", openapi_text, "public, max-age=3600");
	else
		return false;
	return true;
}

static bool serve_without_database(struct visit *visit)
{
	if (serve_constant(visit))
		return true;
	if (visit->route.page == ROUTE_UP) {
		visit->status = 308;
		visit->location = arena_printf(visit->arena, "%s/#%s", visit->settings->prefix,
			route_plural(visit->route.is_team));
		visit_answer(visit, NULL, NULL, 0);
		return true;
	}
	if (visit->route.page == ROUTE_NONE || visit->route.page == ROUTE_API_NONE ||
		visit->route.page == ROUTE_DORA_NONE) {
		visit_problem(visit, 404, "The address may be mistyped, or from elsewhere.");
		return true;
	}
	return false;
}

static const char *unknown_words(struct visit *visit)
{
	if (!visit->route.name)
		return "There is nothing of that name.";
	return arena_printf(visit->arena,
		"Nothing is known of a %s called \"%s\"%s. It is named here once the catalogue "
		"lists it, or once something it did has been counted.",
		route_singular(visit->route.is_team), visit->route.name,
		visit->route.month ? " in that month" : "");
}

static const char alias_sql[] = "SELECT service FROM dorad.portal_alias WHERE alias = $1";

/* The same page of the service that a name is another one of; NULL: it is none. Told from where
 * the page is, so that it leads there through whatever proxy, under whatever prefix. */
static const char *moved(struct visit *visit)
{
	struct store_ask ask = {.sql = alias_sql, .values = {visit->route.name}, .n_values = 1};

	if (!visit->route.name || visit->route.is_team ||
		visit_ask(visit, &ask, 1, NULL) != VISIT_DONE || store_n_rows(ask.rows) == 0)
		return NULL;
	const char *name =
		address_join(visit->arena, "", store_value(ask.rows, 0, 0), (char *)NULL);
	const char *rest = visit->view->path;
	const char *up = "";

	/* Behind /services/NAME, or /api/v1/services/NAME, however it is encoded. */
	for (int i = visit->route.page >= ROUTE_API_DIRECTORY ? 4 : 2; i > 0; i--)
		rest += 1 + strcspn(rest + 1, "/");
	for (const char *c = rest; *c; c++)
		up = *c == '/' ? arena_printf(visit->arena, "../%s", up) : up;
	return arena_printf(visit->arena, "%s%s%s%s%s", up, name + 1, rest,
		visit->view->query ? "?" : "", visit->view->query ? visit->view->query : "");
}

static void unknown(struct visit *visit)
{
	visit->location = moved(visit);
	if (!visit->location) {
		visit_problem(visit, 404, unknown_words(visit));
		return;
	}
	visit->status = 308;
	visit_answer(visit, NULL, NULL, 0);
}

void visit_serve(struct visit *visit, struct error *err)
{
	if (serve_without_database(visit))
		return;
	/* Passed over, a name that cannot be read would ask for everything. */
	if (!address_query_is_sound(visit->arena, visit->view->query)) {
		visit_problem(visit, 400,
			"A parameter is no UTF-8, or has a % that two hexadecimal digits do "
			"not follow.");
		return;
	}

	switch (pages[visit->route.page](visit, err)) {
	case VISIT_DONE:
		return;
	case VISIT_UNKNOWN:
		unknown(visit);
		return;
	case VISIT_WRONG:
		visit_problem(visit, 400, arena_strdup(visit->arena, err->text));
		err->text[0] = '\0';
		return;
	case VISIT_DOWN:
		visit_problem(visit, 503,
			"The database does not answer at the moment. Nothing is lost; please "
			"try "
			"again in a minute.");
		return;
	}
	__builtin_unreachable();
}
