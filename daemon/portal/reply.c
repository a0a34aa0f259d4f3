/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_priv.h"

#include "event/digest.h"

#include <string.h>

#define ETAG_HEX 32 /* of the SHA-256: no two pages are alike by chance */

/* Whether If-None-Match names this very page (RFC 9110 section 13.1.2). */
static bool is_known(const struct http_request *request, const char *etag)
{
	const char *known = http_request_header(request, "if-none-match");

	for (const char *rest = known; rest && *rest;) {
		rest += strspn(rest, " \t,");
		if (*rest == '*' || strncmp(rest, etag, strlen(etag)) == 0)
			return true;
		if (strncmp(rest, "W/", 2) == 0 && strncmp(rest + 2, etag, strlen(etag)) == 0)
			return true;
		rest += strcspn(rest, ",");
	}
	return false;
}

struct headers {
	struct http_header list[16];
	size_t n;
};

static void add(struct headers *headers, const char *name, const char *value)
{
	if (value)
		headers->list[headers->n++] = (struct http_header){name, value};
}

/* What every answer says about how it may be used. */
static void add_common(struct headers *headers, const struct visit *visit)
{
	add(headers, "X-Content-Type-Options", "nosniff");
	add(headers, "Referrer-Policy", "no-referrer");
	add(headers, "Content-Security-Policy", visit->policy);
	add(headers, "Cache-Control", visit->cache);
	add(headers, "Location", visit->location);
	add(headers, "Link", visit->link);
	if (visit->for_all) {
		add(headers, "Access-Control-Allow-Origin", "*");
		add(headers, "Access-Control-Allow-Headers", "authorization, x-correlation-id");
		add(headers, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
	}
	if (visit->status == 401)
		add(headers, "WWW-Authenticate", "Basic realm=\"dorad\", charset=\"UTF-8\"");
	if (visit->status == 503)
		add(headers, "Retry-After", "5");
}

void reply_tag(struct visit *visit)
{
	char hex[DIGEST_HEX_MAX];

	if (visit->status != 200 || strcmp(visit->cache, "no-store") == 0)
		return;
	digest_hex(visit->body, visit->n_body, hex);
	visit->etag = arena_printf(visit->arena, "\"%.*s\"", ETAG_HEX, hex);
}

void reply_send(struct http_request *request, const struct visit *visit)
{
	struct headers headers = {0};
	struct http_answer answer = {.status = visit->status,
		.content_type = visit->type,
		.body = visit->body,
		.n_body = visit->n_body,
		.keep_alive = true};

	add_common(&headers, visit);
	add(&headers, "ETag", visit->etag);
	if (visit->etag && is_known(request, visit->etag))
		answer.status = 304;
	answer.headers = headers.list;
	answer.n_headers = headers.n;
	http_reply(request, &answer);
}
