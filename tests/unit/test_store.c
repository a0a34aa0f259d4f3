/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "../../daemon/store/conninfo.h"

#include "tap.h"

static void a_deadlock_is_tried_again(void)
{
	CHECK_INT(store_classify("40P01", false), STORE_AGAIN);
	CHECK_INT(store_classify("40001", false), STORE_AGAIN);
	CHECK_INT(store_classify("55P03", false), STORE_AGAIN);
	CHECK_INT(store_classify("25P03", true), STORE_AGAIN);
}

static void a_lost_connection_is_tried_again(void)
{
	CHECK_INT(store_classify(NULL, true), STORE_AGAIN);
	CHECK_INT(store_classify("08006", true), STORE_AGAIN);
	CHECK_INT(store_classify("57P01", true), STORE_AGAIN);
	CHECK_INT(store_classify("57P03", false), STORE_AGAIN);
}

static void a_server_out_of_room_is_given_time(void)
{
	CHECK_INT(store_classify("53100", false), STORE_LATER);
	CHECK_INT(store_classify("53300", false), STORE_LATER);
	CHECK_INT(store_classify("25006", false), STORE_LATER);
}

static void too_much_at_once_is_made_smaller(void)
{
	CHECK_INT(store_classify("57014", false), STORE_SHRINK);
	CHECK_INT(store_classify("53200", false), STORE_SHRINK);
}

static void what_can_never_be_stored_is_poison(void)
{
	CHECK_INT(store_classify("22P02", false), STORE_POISON);
	CHECK_INT(store_classify("23514", false), STORE_POISON);
	CHECK_INT(store_classify("54000", false), STORE_POISON);
	CHECK_INT(store_classify("21000", false), STORE_POISON);
}

static void a_schema_that_is_not_there_poisons_nothing(void)
{
	CHECK_INT(store_classify("42883", false), STORE_WRONG);
	CHECK_INT(store_classify("42P01", false), STORE_WRONG);
	CHECK_INT(store_classify("42501", false), STORE_WRONG);
	CHECK_INT(store_classify("XX000", false), STORE_WRONG);
	CHECK_INT(store_classify(NULL, false), STORE_WRONG);
}

static void a_server_that_turned_read_only_is_looked_up_anew(void)
{
	CHECK(store_wants_new_connection("25006", false));
	CHECK(store_wants_new_connection("57P01", false));
	CHECK(store_wants_new_connection(NULL, true));
	CHECK(!store_wants_new_connection("40P01", false));
	CHECK(!store_wants_new_connection(NULL, false));
}

static void waits_double_to_two_seconds_with_full_jitter(void)
{
	CHECK_INT(store_backoff_us(STORE_AGAIN, 1, 0), 0);
	CHECK_INT(store_backoff_us(STORE_AGAIN, 1, UINT32_MAX) / 1000, 19);
	CHECK_INT(store_backoff_us(STORE_AGAIN, 2, 1U << 31), 20000);
	CHECK_INT(store_backoff_us(STORE_AGAIN, 8, UINT32_MAX) / 1000, 1999);
	CHECK_INT(store_backoff_us(STORE_AGAIN, 1000000, UINT32_MAX) / 1000, 1999);
}

static void a_full_disk_is_not_hurried(void)
{
	CHECK_INT(store_backoff_us(STORE_LATER, 1, 0), 250000);
	CHECK_INT(store_backoff_us(STORE_LATER, 20, 0), 15000000);
	CHECK_INT(store_backoff_us(STORE_WRONG, 20, UINT32_MAX) / 1000, 29999);
}

static struct conninfo made(const char *text, bool read_only)
{
	struct store_options options = {.conninfo = text,
		.application = "dorad rollup",
		.read_only = read_only,
		.statement_timeout_s = 30};
	struct conninfo conninfo = {0};

	CHECK(conninfo_make(&options, &conninfo, NULL));
	return conninfo;
}

static void defaults_fill_what_a_connection_string_leaves_out(void)
{
	struct conninfo conninfo = made("host=/run/postgresql dbname=dorad", false);

	CHECK_STR(conninfo_value(&conninfo, "host"), "/run/postgresql");
	CHECK_STR(conninfo_value(&conninfo, "connect_timeout"), "5");
	CHECK_STR(conninfo_value(&conninfo, "tcp_user_timeout"), "15000");
	CHECK_STR(conninfo_value(&conninfo, "application_name"), "dorad rollup");
	CHECK_STR(conninfo_value(&conninfo, "target_session_attrs"), "read-write");
	CHECK(strstr(conninfo_value(&conninfo, "options"), "statement_timeout=30s") != NULL);
	conninfo_clear(&conninfo);
}

static void a_connection_string_beats_the_defaults(void)
{
	struct conninfo conninfo = made("postgresql://ann@db:5433/dorad?connect_timeout=60"
					"&options=-c%20lock_timeout%3D9s",
		true);
	const char *options = conninfo_value(&conninfo, "options");

	CHECK_STR(conninfo_value(&conninfo, "port"), "5433");
	CHECK_STR(conninfo_value(&conninfo, "connect_timeout"), "60");
	CHECK(conninfo_value(&conninfo, "target_session_attrs") == NULL);
	CHECK(strstr(options, "default_transaction_read_only=on") != NULL);
	/* The last -c of a name stands. */
	CHECK(strstr(options, "lock_timeout=9s") > strstr(options, "lock_timeout=5s"));
	conninfo_clear(&conninfo);
}

static void an_unreadable_connection_string_is_refused_with_words(void)
{
	struct store_options options = {.conninfo = "hots=/run", .application = "dorad"};
	struct error err = {0};

	CHECK(store_create(&options, &err) == NULL);
	CHECK(strstr(err.text, "hots") != NULL);
	CHECK(strstr(err.text, "want key words") != NULL);
}

static bool never(void *context, int64_t for_us)
{
	(void)for_us;
	++*(int *)context;
	return false;
}

static enum store_class nothing(struct store *store, void *context, struct error *err)
{
	(void)store;
	(void)context;
	(void)err;
	return STORE_FINE;
}

static void a_server_that_is_away_is_said_so_and_waiting_can_be_refused(void)
{
	int pauses = 0;
	struct store_options options = {.conninfo = "host=/nonexistent dbname=dorad",
		.application = "dorad",
		.pause = never,
		.context = &pauses};
	struct error err = {0};
	CLEANUP(store_destroyp) struct store *store = store_create(&options, NULL);

	CHECK_INT(store_transact(store, nothing, NULL, &err), STORE_AGAIN);
	CHECK_INT(pauses, 1);
	CHECK(strstr(err.text, "/nonexistent") != NULL);
}

int main(void)
{
	RUN(a_deadlock_is_tried_again);
	RUN(a_lost_connection_is_tried_again);
	RUN(a_server_out_of_room_is_given_time);
	RUN(too_much_at_once_is_made_smaller);
	RUN(what_can_never_be_stored_is_poison);
	RUN(a_schema_that_is_not_there_poisons_nothing);
	RUN(a_server_that_turned_read_only_is_looked_up_anew);
	RUN(waits_double_to_two_seconds_with_full_jitter);
	RUN(a_full_disk_is_not_hurried);
	RUN(defaults_fill_what_a_connection_string_leaves_out);
	RUN(a_connection_string_beats_the_defaults);
	RUN(an_unreadable_connection_string_is_refused_with_words);
	RUN(a_server_that_is_away_is_said_so_and_waiting_can_be_refused);
	return tap_done();
}
