/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_priv.h"

/* Numbers that one transaction goes through: deliveries wait for it. */
#define MARK_SPAN 2000

void bind_named(sqlite3_stmt *statement, const char *name, int64_t number)
{
	bind_number(statement, sqlite3_bind_parameter_index(statement, name), number);
}

void filter_bind(sqlite3_stmt *statement, const struct ledger_filter *filter, int64_t after)
{
	bind_text(statement, sqlite3_bind_parameter_index(statement, ":endpoint"),
		filter->endpoint);
	bind_text(statement, sqlite3_bind_parameter_index(statement, ":state"), filter->state);
	bind_named(statement, ":since", filter->since_us);
	bind_named(statement, ":until", filter->until_us);
	bind_named(statement, ":from", filter->seq > after ? filter->seq : after + 1);
	bind_named(statement, ":to", filter->seq ? filter->seq : INT64_MAX);
}

struct marking {
	const struct ledger_filter *filter;
	int64_t first; /* the next row that is meant, or later; 0: there is none */
	int64_t n;     /* out */
};

/* Outside of the transaction: among millions it may take long to find the next. */
static bool find_first(
	struct ledger *ledger, struct marking *marking, int64_t after, struct error *err)
{
	static const char sql[] =
		"SELECT d.seq FROM delivery AS d"
		"	WHERE " FILTER_WHERE "	AND +d.seq <= (SELECT cursor FROM ledger)"
		"	ORDER BY d.seq LIMIT 1";
	struct db *db = ledger_begin_reading(ledger);
	sqlite3_stmt *select = db ? db_statement(db, sql) : NULL;
	int code = SQLITE_CANTOPEN;

	marking->first = 0;
	if (select) {
		filter_bind(select, marking->filter, after);
		code = sqlite3_step(select);
		if (code == SQLITE_ROW)
			marking->first = sqlite3_column_int64(select, 0);
		(void)sqlite3_reset(select);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		ledger_reading_failed(ledger, db, err);
	ledger_end_reading(ledger);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* A row of which only some lines were bad, asked for as quarantined, is retried in these lines
 * only; a row that is marked for more already stays so (1 is all, 2 bad lines). */
static int mark(struct ledger *ledger, struct db *db, void *context)
{
	static const char sql[] =
		"INSERT INTO again (seq, how)"
		"	SELECT d.seq, CASE WHEN :state = 'quarantined' AND d.state = "
		"'forwarded'"
		"		THEN 2 ELSE 1 END"
		"	FROM delivery AS d"
		"	WHERE " FILTER_WHERE "	AND +d.seq <= (SELECT cursor FROM ledger)"
		"	ON CONFLICT (seq) DO UPDATE SET how = min(how, excluded.how)";
	struct marking *marking = context;
	sqlite3_stmt *insert = db_statement(db, sql);

	(void)ledger;
	if (!insert)
		return db_code(db);
	filter_bind(insert, marking->filter, marking->first - 1);
	if (!marking->filter->seq)
		bind_named(insert, ":to", marking->first + MARK_SPAN - 1);
	int code = db_done(db, insert);
	marking->n = sqlite3_changes64(db->handle);
	return code;
}

enum ledger_result ledger_mark(struct ledger *ledger, const struct ledger_filter *filter,
	void (*on_progress)(void *context, int64_t n_marked), void *context,
	int64_t *out_marked, struct error *err)
{
	struct marking marking = {.filter = filter};
	enum ledger_result result = LEDGER_DONE;
	int64_t after = 0;

	*out_marked = 0;
	while (result == LEDGER_DONE) {
		if (!find_first(ledger, &marking, after, err))
			return LEDGER_FAILED;
		if (!marking.first)
			return LEDGER_DONE;
		result = ledger_write(ledger, mark, &marking, err);
		if (result != LEDGER_DONE)
			break;
		*out_marked += marking.n;
		after = marking.first + MARK_SPAN - 1;
		if (on_progress)
			on_progress(context, *out_marked);
	}
	return result;
}
