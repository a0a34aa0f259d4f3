/* SPDX-License-Identifier: Apache-2.0 */
#include "deliveries.h"

#include "ledger_filter.h"
#include "stranger.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The ids of standard input, a line each, as the keys of an object, which keeps their order. */
static json_t *read_ids(void)
{
	json_t *ids = json_object();
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line)
			(void)json_object_set_new_nocheck(ids, line, json_true());
	}
	free(line);
	return ids;
}

static void strike(void *context, const struct ledger_summary *row)
{
	json_t *ids = context;

	if (row->delivery_id)
		(void)json_object_del(ids, row->delivery_id);
}

static void print_ids(json_t *ids, bool as_json)
{
	json_t *array = json_array();
	const char *id;
	json_t *unused;

	json_object_foreach(ids, id, unused) {
		if (as_json)
			json_array_append_new(
				array, json_pack("{s:o}", "delivery_id", stranger_json(id)));
		else
			puts(id);
	}
	if (as_json) {
		(void)json_dumpf(array, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(array);
}

int deliveries_missing(const struct command_line *line, struct ledger *ledger)
{
	struct ledger_filter filter;
	struct error err = {0};

	if (!ledger_filter_read(line, &filter, &err))
		return command_misuse(line, "%s", err.text);
	json_t *ids = read_ids();
	bool listed = ledger_list(ledger, &filter, strike, ids, &err);
	if (listed)
		print_ids(ids, command_wants_json(line));
	json_decref(ids);
	return listed ? EXIT_DONE : command_fail(line, "%s", err.text);
}
