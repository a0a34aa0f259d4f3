/* SPDX-License-Identifier: Apache-2.0 */
#include "again_priv.h"

#include <time.h>

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool take(
	struct shelf *shelf, struct visit *visit, const char *key, struct shelf_page *out)
{
	if (!shelf_has(shelf, key))
		return false;
	if (shelf_take(shelf, key, NULL, now_us(), visit->arena, out))
		return true;
	const char *version = visit_version_now(visit);
	return version && shelf_take(shelf, key, version, 0, visit->arena, out);
}

bool again_take(struct shelf *shelf, struct visit *visit, const char *key)
{
	struct shelf_page page;

	if (!take(shelf, visit, key, &page))
		return false;
	visit->policy = page.policy;
	visit->cache = page.cache;
	visit->link = page.link;
	visit->etag = page.etag;
	visit->for_all = page.for_all;
	visit_answer(visit, page.type, page.body, page.n_body);
	return true;
}

void again_put(
	struct shelf *shelf, const struct visit *visit, const char *key, int64_t began_us)
{
	int64_t ended_us = now_us();
	const struct shelf_page page = {.type = visit->type,
		.policy = visit->policy,
		.cache = visit->cache,
		.link = visit->link,
		.etag = visit->etag,
		.for_all = visit->for_all,
		.until_us = visit->is_dear ? ended_us + keep_for_us(ended_us - began_us) : 0,
		.body = visit->body,
		.n_body = visit->n_body};

	if (visit->etag && visit->version && !visit->is_aged)
		shelf_put(shelf, key, visit->version, &page);
}
