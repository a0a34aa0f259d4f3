/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_VISIT_PRIV_H
#define DORAD_PORTAL_VISIT_PRIV_H

#include "base/arena.h"
#include "http/http.h"
#include "keep_priv.h"
#include "portal/access.h"
#include "portal/markup.h"
#include "portal/route.h"
#include "store/batch.h"

/* What may change while the portal runs: a reload makes new ones, and the old go with the last
 * page that is made by them. */
struct settings {
	int holders;         /* the portal, and who makes a page; under its lock */
	uint64_t generation; /* which of them: what was made by others is not shown again */
	struct access access;
	char *prefix;   /* path of base_url, without a slash at its end: "" or "/dorad" */
	char *base_url; /* the same whole; NULL: not configured */
};

/* One request being answered, in a worker's thread. */
struct visit {
	struct arena *arena;
	const struct http_view *view;
	const struct settings *settings;
	struct store *store; /* NULL where no database is needed */
	struct keep *keep;
	struct route route;
	bool asked; /* Postgres, once at least */
	const char
		*version; /* of the database that the answer shows; NULL: it cannot be told */
	bool is_aged;     /* it shows kept rows, too, which are older than that */
	bool is_dear;     /* the same for everybody, and long in the making */
	bool is_replica;  /* it was one that follows another */
	const char *behind_s; /* by so many seconds; NULL: it does not know */

	/* The answer. Strings are constants or the arena's. */
	int status;
	const char *type;
	const char *policy;   /* Content-Security-Policy */
	const char *cache;    /* Cache-Control */
	const char *location; /* of a redirect, or NULL */
	const char *link;     /* Link, or NULL */
	const char *etag;     /* ETag, or NULL */
	bool for_all;         /* other origins' scripts may read it (CORS) */
	const char *body;
	size_t n_body;
};

/* How a page came out. */
enum visit_result {
	VISIT_DONE,
	VISIT_UNKNOWN, /* no such service, team or month: 404 */
	VISIT_WRONG,   /* the request is: 400; err says how */
	VISIT_DOWN,    /* Postgres failed: 503; err has its words for the log */
};

typedef enum visit_result visit_page(struct visit *visit, struct error *err);

/* Makes the answer, whatever it is. err: words for the log, if any. */
void visit_serve(struct visit *visit, struct error *err);

/* Fills the answer: 200 unless visit->status was set. bytes must hold as long as the arena. */
void visit_answer(struct visit *visit, const char *type, const char *bytes, size_t n);
/* The same, of a page; the arena takes the markup over. */
void visit_answer_markup(struct visit *visit, const char *type, struct markup *markup);

/* The version that the database has now, as in visit->version; NULL: it cannot be told. */
const char *visit_version_now(struct visit *visit);

/* An answer that says what went wrong, in the form that was asked for. */
void visit_problem(struct visit *visit, int status, const char *detail);

/* A parameter of the query, decoded; NULL: none. */
const char *visit_parameter(const struct visit *visit, const char *name);

/* A markup that the arena destroys. */
struct markup *visit_markup(struct visit *visit);

/* All asks at once, their rows the arena's. */
enum visit_result visit_ask(
	struct visit *visit, struct store_ask *asks, size_t n_asks, struct error *err);

/* The same for asks that are the same for everybody, and dear: see keep_priv.h. */
enum visit_result visit_ask_kept(struct visit *visit, enum keep_what what,
	struct store_ask *asks, size_t n_asks, struct error *err);

visit_page page_assurance, page_chart, page_data, page_directory, page_month, page_ready,
	page_reasons, page_scope;
visit_page api_assurance, api_data, api_directory, api_explain, api_months, api_scope,
	api_trends;
visit_page dora_benchmark, dora_metric;

#endif
