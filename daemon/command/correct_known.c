/* SPDX-License-Identifier: Apache-2.0 */
#include "correct.h"

#include "database.h"

#include <string.h>

/* Corrections that stand: not withdrawn, and no later one of the same target and field. */
#define STANDING                                                                          \
	"SELECT event_id AS id, target_kind AS kind, target_id AS target,"                \
	" nullif(target_service, '') AS service, field, value, by_whom AS by, reason, at" \
	" FROM dorad_data.correction"

int correct_list(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, true);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	if (!store)
		return EXIT_FAILED;
	if (store_query(store, STANDING " ORDER BY at, event_id", NULL, 0, &rows, &err) !=
		STORE_FINE)
		return command_fail(line, "%s", err.text);
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_of_rows(rows);
	sheet_print(sheet, command_wants_json(line), stdout);
	return EXIT_DONE;
}

int correct_withdraw(const struct command_line *line, struct correction *correction)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};

	if (!config)
		return EXIT_FAILED;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, true);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	if (!store)
		return EXIT_FAILED;
	const char *withdraws = correction->id;
	if (store_query(store, STANDING " WHERE event_id = $1", &withdraws, 1, &rows, &err) !=
		STORE_FINE)
		return command_fail(line, "%s", err.text);
	if (store_n_rows(rows) == 0)
		return command_fail(line,
			"%s stands nowhere; dorad correct list shows those that do", withdraws);

	correction->kind = store_value(rows, 0, 1);
	correction->id = store_value(rows, 0, 2);
	correction->service = store_value(rows, 0, 3);
	if (!correction->reason)
		correction->reason = "withdrawn";
	json_auto_t *events = json_array();
	(void)json_array_append_new(
		events, correct_event(correction, store_value(rows, 0, 4), NULL, withdraws));
	return correct_deliver(line, config, correction, events);
}

static const char *query_of(const char *kind)
{
	if (strcmp(kind, "deployment") == 0)
		return "SELECT 1 FROM dorad_data.deployment_fact"
		       " WHERE deployment_id = $1 AND service = coalesce($2, service)"
		       " UNION ALL SELECT 1 FROM dorad_data.deployment_member"
		       " WHERE deployment_id = $1 AND service = coalesce($2, service)";
	if (strcmp(kind, "incident") == 0)
		return "SELECT 1 FROM dorad_data.incident_fact"
		       " WHERE incident_id = $1 AND ($2::text IS NULL OR $2 = ANY (services))";
	return "SELECT 1 FROM dorad_data.item_fact WHERE item_id = $1"
	       " AND ($2::text IS NULL OR $2 = ANY (services))";
}

bool correct_target_is_known(const struct command_line *line, const struct config *config,
	const struct correction *correction)
{
	const char *const values[] = {correction->id, correction->service};
	struct error err = {0};

	if (command_option(line, "--unknown", 0))
		return true;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, true);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	if (!store)
		return false;
	if (store_query(store, query_of(correction->kind), values, 2, &rows, &err) !=
		STORE_FINE) {
		(void)command_fail(line, "%s", err.text);
		return false;
	}
	if (store_n_rows(rows))
		return true;
	(void)command_fail(line,
		"no %s %s%s%s is known; dorad explain shows ids. --unknown keeps it all the "
		"same",
		correction->kind, correction->id, correction->service ? " of " : "",
		correction->service ? correction->service : "");
	return false;
}
