/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "rollup.h"

#include <jansson.h>
#include <stdlib.h>

enum rollup_progress rollup_receivers(struct rollup *rollup)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct dora_field *reports;
	size_t n;
	struct error err = {0};
	enum stream_result result =
		stream_read_reports(rollup->stream, arena, &reports, &n, &err);

	if (result == STREAM_BROKEN || result == STREAM_NOT_MASTER)
		return rollup_stream_failed(rollup, result, "receivers", &err);
	if (result != STREAM_DONE || n == 0) /* only told, never needed */
		return ROLLUP_WORKED;

	json_auto_t *all = json_object();
	for (size_t i = 0; i < n; i++)
		(void)json_object_set_new(all, reports[i].name,
			json_loadb(reports[i].value, reports[i].n, 0, NULL));
	char *text = json_dumps(all, JSON_COMPACT);
	const char *const values[] = {text};
	enum store_class class = store_query(rollup->hand.store,
		"SELECT dorad_data.keep_receivers($1::jsonb)", values, 1, NULL, &err);
	free(text);
	if (class == STORE_AGAIN)
		return rollup_store_failed(rollup, class, "receivers", &err);
	if (class != STORE_FINE)
		log_warn("receivers error=%s: what they say of their ledgers is not kept",
			LOG_QUOTE(err.text));
	return ROLLUP_WORKED;
}
