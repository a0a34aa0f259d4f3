/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_priv.h"

#define MARK_ROWS 1000

void bind_named(sqlite3_stmt *statement, const char *name, int64_t number)
{
	bind_number(statement, sqlite3_bind_parameter_index(statement, name), number);
}

void filter_bind(sqlite3_stmt *statement, const struct ledger_filter *filter)
{
	bind_text(statement, sqlite3_bind_parameter_index(statement, ":endpoint"),
		filter->endpoint);
	bind_text(statement, sqlite3_bind_parameter_index(statement, ":state"), filter->state);
	bind_named(statement, ":since", filter->since_us);
	bind_named(statement, ":until", filter->until_us);
	bind_named(statement, ":seq", filter->seq);
}

struct marking {
	const struct ledger_filter *filter;
	int64_t after; /* the number up to which rows were looked at */
	int64_t last;  /* out */
	int64_t n;     /* out */
};

static int find_last(struct db *db, struct marking *marking)
{
	static const char sql[] = "SELECT max(seq) FROM (SELECT d.seq FROM delivery AS d"
				  "	WHERE d.seq > :after AND " FILTER_WHERE
				  "	AND d.seq <= (SELECT cursor FROM ledger)"
				  "	ORDER BY d.seq LIMIT :limit)";
	sqlite3_stmt *select = db_statement(db, sql);

	if (!select)
		return db_code(db);
	filter_bind(select, marking->filter);
	bind_named(select, ":after", marking->after);
	bind_named(select, ":limit", MARK_ROWS);
	int code = sqlite3_step(select);
	marking->last = code == SQLITE_ROW ? sqlite3_column_int64(select, 0) : 0;
	int reset = sqlite3_reset(select);
	return code == SQLITE_ROW ? SQLITE_OK : reset;
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
		"	WHERE d.seq > :after AND d.seq <= :last AND " FILTER_WHERE
		"	ON CONFLICT (seq) DO UPDATE SET how = min(how, excluded.how)";
	struct marking *marking = context;
	int code = find_last(db, marking);

	(void)ledger;
	marking->n = 0;
	if (code != SQLITE_OK || !marking->last)
		return code;
	sqlite3_stmt *insert = db_statement(db, sql);
	if (!insert)
		return db_code(db);
	filter_bind(insert, marking->filter);
	bind_named(insert, ":after", marking->after);
	bind_named(insert, ":last", marking->last);
	code = db_done(db, insert);
	marking->n = sqlite3_changes64(db->handle);
	return code;
}

enum ledger_result ledger_mark(struct ledger *ledger, const struct ledger_filter *filter,
	void (*on_progress)(void *context, int64_t n_marked), void *context,
	int64_t *out_marked, struct error *err)
{
	struct marking marking = {.filter = filter};
	enum ledger_result result;

	*out_marked = 0;
	do {
		result = ledger_write(ledger, mark, &marking, err);
		if (result != LEDGER_DONE || !marking.last)
			break;
		*out_marked += marking.n;
		marking.after = marking.last;
		if (on_progress)
			on_progress(context, *out_marked);
	} while (true);
	return result;
}
