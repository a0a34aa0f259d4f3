/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schemas/events/ are written from the table of daemon/event/contract.c: with the argument
 * --accept this program writes them, without it compares.
 */
#include "../../daemon/event/contract.h"

#include "tap.h"

#include <stdlib.h>

static bool accept;

static void each_schema_says_what_the_table_says(void)
{
	const char *root = getenv("DORAD_SOURCE_ROOT");

	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		char path[512];
		json_t *want = contract_schema((enum dora_kind)kind);

		(void)snprintf(path, sizeof(path), "%s/schemas/events/%s.schema.json",
			root ? root : ".", dora_kind_name((enum dora_kind)kind));
		if (accept)
			CHECK(json_dump_file(want, path, JSON_INDENT(2)) == 0);
		json_t *got = json_load_file(path, 0, NULL);
		CHECK(got != NULL);
		CHECK(json_equal(got, want));
		if (!tap_ok)
			printf("# %s: run this with --accept and look at what changed\n", path);
		json_decref(got);
		json_decref(want);
	}
}

static void check_order(struct fields fields)
{
	for (size_t i = 0; i < fields.n; i++) {
		const struct field *field = &fields.list[i];

		CHECK(i == 0 || strcmp(fields.list[i - 1].name, field->name) < 0);
		CHECK_INT(field->n_name, strlen(field->name));
		CHECK(field_find(fields, field->name, field->n_name) == field);
		CHECK(field_find(fields, field->name, field->n_name - 1) != field);
		check_order(field->inner);
	}
}

static void the_fields_stand_in_the_order_in_which_they_are_written(void)
{
	for (int kind = 0; kind < DORA_N_KINDS; kind++)
		check_order(contracts[kind].fields);
}

int main(int argc, char **argv)
{
	accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
	RUN(each_schema_says_what_the_table_says);
	RUN(the_fields_stand_in_the_order_in_which_they_are_written);
	return tap_done();
}
