/* SPDX-License-Identifier: Apache-2.0 */
#include "made_priv.h"
#include "rows_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_BACK_ROWS 2000

static int write_bad(struct db *db, const struct ledger_outcome *outcome)
{
	static const char clear[] = "DELETE FROM bad_line WHERE seq = ?";
	static const char sql[] =
		"INSERT OR REPLACE INTO bad_line (seq, line, reason) VALUES (?, ?, ?)";
	int code = outcome->again == LEDGER_AGAIN_NO ? SQLITE_OK
						     : run_with(db, clear, outcome->seq);

	for (size_t i = 0; i < outcome->n_bad && code == SQLITE_OK; i++) {
		sqlite3_stmt *insert = db_statement(db, sql);

		if (!insert)
			return db_code(db);
		bind_number(insert, 1, outcome->seq);
		bind_number(insert, 2, (int64_t)outcome->bad[i].line);
		bind_text(insert, 3, outcome->bad[i].reason);
		code = db_done(db, insert);
	}
	return code;
}

/* Corrections are an operator's word: they stay (DESIGN.md, ledger). */
static bool stays(const struct ledger_outcome *outcome)
{
	for (size_t i = 0; i < outcome->n_made; i++) {
		if (outcome->made[i].kind == DORA_CORRECTION)
			return true;
	}
	return false;
}

static int write_outcome(
	struct db *db, struct made_rows *rows, const struct ledger_outcome *outcome)
{
	static const char sql[] =
		"UPDATE delivery SET state = ?2, reason = ?3, kind = coalesce(?4, kind),"
		"	n_events = ?5, n_bad = ?6, stays = ?7"
		"	WHERE seq = ?1";
	static const char unmark[] = "DELETE FROM again WHERE seq = ?";
	sqlite3_stmt *update = db_statement(db, sql);

	if (!update)
		return db_code(db);
	bind_number(update, 1, outcome->seq);
	bind_text(update, 2, ledger_state_name(outcome->state));
	bind_text(update, 3, outcome->reason);
	bind_text(update, 4, outcome->kind);
	bind_number(update, 5, (int64_t)outcome->n_made);
	bind_number(update, 6, (int64_t)outcome->n_bad);
	bind_number(update, 7, stays(outcome));
	int code = db_done(db, update);
	if (code == SQLITE_OK)
		code = write_made(db, rows, outcome);
	if (code == SQLITE_OK)
		code = write_bad(db, outcome);
	if (code == SQLITE_OK && outcome->again != LEDGER_AGAIN_NO)
		code = run_with(db, unmark, outcome->seq);
	return code;
}

static int write_note(struct db *db, const struct ledger_note *note)
{
	static const char sql[] =
		"INSERT INTO stream (key, entry_ms, entry_n) VALUES (?, ?, ?)"
		"	ON CONFLICT (key) DO UPDATE"
		"	SET entry_ms = excluded.entry_ms, entry_n = excluded.entry_n";
	sqlite3_stmt *upsert = db_statement(db, sql);

	if (!upsert)
		return db_code(db);
	bind_text(upsert, 1, note->key);
	bind_number(upsert, 2, (int64_t)note->entry_ms);
	bind_number(upsert, 3, (int64_t)note->entry_n);
	return db_done(db, upsert);
}

struct settling {
	const struct ledger_settlement *settlement;
	int64_t cursor; /* where it is then; 0: not moved */
};

static int settle(struct ledger *ledger, struct db *db, void *context)
{
	static const char advance[] = "UPDATE ledger SET cursor = max(cursor, ?)";
	struct settling *settling = context;
	const struct ledger_settlement *settlement = settling->settlement;
	struct made_rows rows = {0};
	int64_t cursor = 0;
	int code = SQLITE_OK;

	/* The numbers of another file mean other rows. */
	if (settlement->generation != atomic_load(&ledger->generation))
		return SQLITE_OK;
	for (size_t i = 0; i < settlement->n && code == SQLITE_OK; i++) {
		const struct ledger_outcome *outcome = &settlement->outcomes[i];

		code = write_outcome(db, &rows, outcome);
		if (outcome->again == LEDGER_AGAIN_NO && outcome->seq > cursor)
			cursor = outcome->seq;
	}
	if (code == SQLITE_OK)
		code = flush_made(db, &rows);
	for (size_t i = 0; i < settlement->n_notes && code == SQLITE_OK; i++)
		code = write_note(db, &settlement->notes[i]);
	if (code == SQLITE_OK && cursor)
		code = run_with(db, advance, cursor);
	settling->cursor = cursor;
	return code;
}

enum ledger_result ledger_settle(
	struct ledger *ledger, const struct ledger_settlement *settlement, struct error *err)
{
	struct settling settling = {.settlement = settlement};
	enum ledger_result result =
		ledger_write_lightly(ledger, !settlement->hurry, settle, &settling, err);

	if (result == LEDGER_DONE && settling.cursor)
		recent_settled(&ledger->recent, settling.cursor, settlement->generation);
	return result;
}

bool ledger_noted(struct ledger *ledger, const char *key, struct ledger_note *out)
{
	static const char sql[] = "SELECT entry_ms, entry_n FROM stream WHERE key = ?";
	struct db *db = ledger_begin_reading(ledger);
	sqlite3_stmt *select = db ? db_statement(db, sql) : NULL;
	bool found = false;

	if (select) {
		bind_text(select, 1, key);
		found = sqlite3_step(select) == SQLITE_ROW;
		if (found)
			*out = (struct ledger_note){
				.key = key,
				.entry_ms = (uint64_t)sqlite3_column_int64(select, 0),
				.entry_n = (uint64_t)sqlite3_column_int64(select, 1),
			};
		(void)sqlite3_reset(select);
	}
	ledger_end_reading(ledger);
	return found;
}

struct setting_back {
	const struct ledger_note *survived;
	struct progress {
		uint64_t ms; /* up to which entry */
		uint64_t n;
		int64_t n_marked;
		bool over;
	} before, after; /* a transaction: it may be run twice, and counts once */
};

static int mark_row(struct db *db, int64_t seq)
{
	static const char sql[] = "INSERT INTO again (seq, how) VALUES (?, 1)"
				  "	ON CONFLICT (seq) DO UPDATE SET how = 1";
	return run_with(db, sql, seq);
}

/* Marks the rows of the entries that the statement gives. SQLITE_DONE or not. */
static int mark_each(struct db *db, sqlite3_stmt *select, struct progress *progress)
{
	int64_t last_seq = 0;
	int n = 0;
	int code;

	while ((code = sqlite3_step(select)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(select, 0);
		int marked = seq == last_seq ? SQLITE_OK : mark_row(db, seq);

		if (marked != SQLITE_OK)
			return marked;
		progress->n_marked += seq != last_seq;
		progress->ms = (uint64_t)sqlite3_column_int64(select, 1);
		progress->n = (uint64_t)sqlite3_column_int64(select, 2);
		last_seq = seq;
		n++;
	}
	progress->over = n < SET_BACK_ROWS;
	return code;
}

/* One transaction's worth, in the order of the entries; the last one sets the note back. */
static int set_back(struct ledger *ledger, struct db *db, void *context)
{
	static const char sql[] = "SELECT m.seq, m.entry_ms, m.entry_n FROM made AS m"
				  "	JOIN stream AS s USING (stream)"
				  "	WHERE s.key = ? AND (m.entry_ms, m.entry_n) > (?, ?)"
				  "	ORDER BY m.entry_ms, m.entry_n LIMIT ?";
	struct setting_back *back = context;
	sqlite3_stmt *select = db_statement(db, sql);

	(void)ledger;
	if (!select)
		return db_code(db);
	back->after = back->before;
	bind_text(select, 1, back->survived->key);
	bind_number(select, 2, (int64_t)back->before.ms);
	bind_number(select, 3, (int64_t)back->before.n);
	bind_number(select, 4, SET_BACK_ROWS);
	int code = mark_each(db, select, &back->after);
	(void)sqlite3_reset(select);
	if (code != SQLITE_DONE)
		return code;
	return back->after.over ? write_note(db, back->survived) : SQLITE_OK;
}

enum ledger_result ledger_set_back(struct ledger *ledger, const struct ledger_note *survived,
	int64_t *out_marked, struct error *err)
{
	struct setting_back back = {
		.survived = survived,
		.before = {.ms = survived->entry_ms, .n = survived->entry_n},
	};
	enum ledger_result result = LEDGER_DONE;

	while (result == LEDGER_DONE && !back.before.over) {
		result = ledger_write(ledger, set_back, &back, err);
		if (result == LEDGER_DONE)
			back.before = back.after;
	}
	*out_marked = back.before.n_marked;
	return result;
}

struct burial {
	int64_t seq; /* 0: of another ledger */
	const char *reason;
	const struct ledger_note *position;
};

static int bury(struct ledger *ledger, struct db *db, void *context)
{
	static const char sql[] =
		"UPDATE delivery SET state = 'dead', reason = ?2 WHERE seq = ?1";
	const struct burial *burial = context;
	int code = SQLITE_OK;

	(void)ledger;
	if (burial->seq) {
		sqlite3_stmt *update = db_statement(db, sql);

		if (!update)
			return db_code(db);
		bind_number(update, 1, burial->seq);
		bind_text(update, 2, burial->reason);
		code = db_done(db, update);
	}
	return code == SQLITE_OK ? write_note(db, burial->position) : code;
}

enum ledger_result ledger_bury(struct ledger *ledger, const char *delivery, const char *reason,
	const struct ledger_note *position, struct error *err)
{
	struct burial burial = {.reason = reason, .position = position};
	const char *dash = delivery ? strchr(delivery, '-') : NULL;

	if (dash) {
		char own[LEDGER_NAME_MAX];
		int64_t seq = strtoll(dash + 1, NULL, 10);

		ledger_name(ledger, seq, own);
		if (strcmp(own, delivery) == 0)
			burial.seq = seq;
	}
	return ledger_write(ledger, bury, &burial, err);
}
