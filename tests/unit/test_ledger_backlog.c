/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include "ledger_priv.h"

/* What SQLite did so far for a connection's statements, in steps of its machine. */
static int64_t steps_of(const struct db *db)
{
	int64_t steps = 0;

	for (int i = 0; i < db->n_cached; i++)
		steps += sqlite3_stmt_status(
			db->cache[i].statement, SQLITE_STMTSTATUS_VM_STEP, 0);
	return steps;
}

#define N_WAITING 20000
#define N_QUARANTINED 2000
#define FEW_STEPS 3000

static struct ledger_entry waiting[N_WAITING];
static struct ledger_outcome refused[N_QUARANTINED];

/* Redis has been away for days; and before that a sender sent what nobody can read. */
static void fill(void)
{
	struct ledger *ledger = opened();

	for (int i = 0; i < N_WAITING; i++)
		waiting[i] = entry_of("gh", "x", 1);
	for (int i = 0; i < N_QUARANTINED; i++)
		refused[i] = (struct ledger_outcome){
			.seq = i + 1, .state = LEDGER_STATE_QUARANTINED, .reason = "no JSON"};
	CHECK_INT(ledger_keep_now(ledger, waiting, N_WAITING, NULL, NULL), LEDGER_DONE);
	CHECK_INT(settle(ledger, refused, N_QUARANTINED, NULL), LEDGER_DONE);
	ledger_close(ledger);
}

static void what_is_counted_every_few_seconds_does_not_cost_what_waits(void)
{
	begin();
	fill();
	CLEANUP(ledger_closep) struct ledger *ledger = ledger_visit(path, false, NULL);

	CHECK_INT(count(ledger).backlog, N_WAITING - N_QUARANTINED);
	CHECK_INT(count(ledger).quarantined, N_QUARANTINED);
	int64_t before = steps_of(ledger->writing);
	CHECK_INT(count(ledger).dead, 0);
	int64_t steps = steps_of(ledger->writing) - before;
	/* The quarantined are counted one by one, in an index of only these. */
	printf("# %d steps\n", (int)steps);
	CHECK(steps < 10 * N_QUARANTINED);
}

static void retention_that_may_delete_nothing_does_not_look_at_all_that_waits(void)
{
	begin();
	fill();
	CLEANUP(ledger_closep) struct ledger *ledger = ledger_visit(path, false, NULL);

	ledger_set_retention(ledger, 1, 1); /* all of it is too old, and too much */
	CHECK(!space_expire(ledger, false));
	int64_t before = steps_of(ledger->writing);
	CHECK(!space_expire(ledger, false));
	int64_t steps = steps_of(ledger->writing) - before;
	printf("# %d steps\n", (int)steps);
	CHECK(steps < FEW_STEPS);
	CHECK_INT(ledger_count_rows(ledger), N_WAITING);
}

/* For a day the machine believed to be in another year. */
static void rows_of_a_clock_that_was_wrong_go_for_want_of_room(void)
{
	struct ledger_outcome outcomes[3];
	begin();
	struct ledger *ledger = opened();

	for (int i = 0; i < 3; i++) {
		struct ledger_entry entry = entry_of("gh", "x", 1);

		entry.received_us = now_us(CLOCK_REALTIME) + (i < 2 ? 10 * year_us : 0);
		CHECK_INT(ledger_keep_now(ledger, &entry, 1, NULL, NULL), LEDGER_DONE);
		outcomes[i] = (struct ledger_outcome){
			.seq = i + 1, .state = LEDGER_STATE_IGNORED, .reason = "r"};
	}
	CHECK_INT(settle(ledger, outcomes, 2, NULL), LEDGER_DONE);
	ledger_close(ledger);
	ledger = ledger_visit(path, false, NULL);
	ledger_set_retention(ledger, 100 * year_us, 1); /* too much of it */
	CHECK(!space_expire(ledger, false));
	CHECK_INT(ledger_count_rows(ledger), 1);
	ledger_close(ledger);
}

static void a_full_disk_takes_rows_of_a_wrong_clock_and_none_of_just_now(void)
{
	struct ledger_outcome outcomes[3];
	char text[200] = "";
	const struct ledger_filter all = {0};
	begin();
	struct ledger *ledger = opened();

	for (int i = 0; i < 3; i++) {
		struct ledger_entry entry = entry_of("gh", "x", 1);

		/* The one in the middle just now, also where this takes seconds. */
		entry.received_us = now_us(CLOCK_REALTIME) + 4000000 + (i - 1) * year_us;
		CHECK_INT(ledger_keep_now(ledger, &entry, 1, NULL, NULL), LEDGER_DONE);
		outcomes[i] = (struct ledger_outcome){
			.seq = i + 1, .state = LEDGER_STATE_IGNORED, .reason = "r"};
	}
	CHECK_INT(settle(ledger, outcomes, 3, NULL), LEDGER_DONE);
	ledger_close(ledger);
	ledger = ledger_visit(path, false, NULL);
	CHECK(!space_expire(ledger, true));
	CHECK(ledger_list(ledger, &all, collect, text, NULL));
	CHECK_STR(text, "2ignored ");
	ledger_close(ledger);
}

static void one_row_is_found_without_a_look_at_the_others(void)
{
	const struct ledger_filter one = {.seq = 7};
	char text[200] = "";
	begin();
	fill();
	CLEANUP(ledger_closep) struct ledger *ledger = ledger_visit(path, false, NULL);

	CHECK(ledger_list(ledger, &one, collect, text, NULL));
	CHECK_INT(mark(ledger, &one), 1);
	printf("# %d steps\n", (int)steps_of(ledger->writing));
	CHECK(steps_of(ledger->writing) < FEW_STEPS);
	CHECK_STR(text, "7quarantined ");
}

/* Deliveries wait for the lock meanwhile. */
static void a_replay_looks_for_the_few_that_it_means_while_others_may_write(void)
{
	const struct ledger_filter last = {.since_us = noon_us + 1};
	static const char other[] = "SELECT count(*) FROM again";
	begin();
	struct ledger *ledger = opened();

	for (int i = 0; i < N_WAITING; i++)
		waiting[i] = entry_of("gh", "x", 1);
	waiting[N_WAITING - 1].received_us = noon_us + 1;
	CHECK_INT(ledger_keep_now(ledger, waiting, N_WAITING, NULL, NULL), LEDGER_DONE);
	const struct ledger_outcome outcome = {
		.seq = N_WAITING, .state = LEDGER_STATE_IGNORED, .reason = "r"};
	CHECK_INT(settle(ledger, &outcome, 1, NULL), LEDGER_DONE);
	ledger_close(ledger);
	ledger = ledger_visit(path, false, NULL);
	CHECK_INT(mark(ledger, &last), 1);
	CHECK_INT(db_number(ledger->writing, other, 0), 1);
	int64_t most = 0;
	for (int i = 0; i < ledger->writing->n_cached; i++) {
		sqlite3_stmt *statement = ledger->writing->cache[i].statement;
		int64_t steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);

		if (!sqlite3_stmt_readonly(statement) && steps > most)
			most = steps;
	}
	printf("# %d steps\n", (int)most);
	CHECK(most < FEW_STEPS);
	ledger_close(ledger);
}

int main(void)
{
	RUN(what_is_counted_every_few_seconds_does_not_cost_what_waits);
	RUN(retention_that_may_delete_nothing_does_not_look_at_all_that_waits);
	RUN(rows_of_a_clock_that_was_wrong_go_for_want_of_room);
	RUN(a_full_disk_takes_rows_of_a_wrong_clock_and_none_of_just_now);
	RUN(one_row_is_found_without_a_look_at_the_others);
	RUN(a_replay_looks_for_the_few_that_it_means_while_others_may_write);
	remove_all();
	return tap_done();
}
