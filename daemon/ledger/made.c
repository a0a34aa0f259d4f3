/* SPDX-License-Identifier: Apache-2.0 */
#include "made_priv.h"

#include <string.h>

int run_with(struct db *db, const char *sql, int64_t seq)
{
	sqlite3_stmt *remove = db_statement(db, sql);

	if (!remove)
		return db_code(db);
	bind_number(remove, 1, seq);
	return db_done(db, remove);
}

/* The stream's number; it is made when it is not there. */
static int find_stream(struct db *db, const char *key, int64_t *out)
{
	static const char find[] = "SELECT stream FROM stream WHERE key = ?";
	static const char make[] =
		"INSERT INTO stream (key, entry_ms, entry_n) VALUES (?, 0, 0)";
	sqlite3_stmt *select = db_statement(db, find);

	if (!select)
		return db_code(db);
	bind_text(select, 1, key);
	int code = sqlite3_step(select);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(select, 0);
	(void)sqlite3_reset(select);
	if (code != SQLITE_DONE)
		return code == SQLITE_ROW ? SQLITE_OK : code;
	sqlite3_stmt *insert = db_statement(db, make);
	if (!insert)
		return db_code(db);
	bind_text(insert, 1, key);
	code = db_done(db, insert);
	*out = sqlite3_last_insert_rowid(db->handle);
	return code;
}

static int stream_number(struct db *db, struct streams *streams, const char *key, int64_t *out)
{
	for (size_t i = 0; i < streams->n; i++) {
		if (strcmp(streams->items[i].key, key) == 0) {
			*out = streams->items[i].number;
			return SQLITE_OK;
		}
	}
	int code = find_stream(db, key, out);
	if (code == SQLITE_OK && streams->n < MOST_STREAMS) {
		streams->items[streams->n].key = key;
		streams->items[streams->n++].number = *out;
	}
	return code;
}

/* Rows of made are written several to a statement: each statement opens its tables anew. */
#define MADE_COLUMNS 12
#define MADE_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define MADE_FOUR_MORE ", " MADE_ROW ", " MADE_ROW ", " MADE_ROW ", " MADE_ROW
/* A live row has made nothing yet, unless it is settled once more because nobody knew whether
 * the first time was committed: then the same rows take their own places. */
#define MADE_INSERT                                                                  \
	"INSERT OR REPLACE INTO made (seq, n, kind, source, id, subject, revision, " \
	"	time_us, withdrawn, stream, entry_ms, entry_n) VALUES " MADE_ROW

static int bind_made(struct db *db, sqlite3_stmt *insert, struct streams *streams, size_t i,
	const struct made_row *row)
{
	const struct ledger_made *made = row->made;
	int at = (int)i * MADE_COLUMNS;
	int64_t stream = 0;
	int code = stream_number(db, streams, made->key, &stream);

	bind_number(insert, at + 1, row->seq);
	bind_number(insert, at + 2, (int64_t)row->n);
	bind_text(insert, at + 3, dora_kind_name(made->kind));
	bind_text(insert, at + 4, made->source);
	bind_text(insert, at + 5, made->id);
	bind_text(insert, at + 6, made->subject);
	bind_number(insert, at + 7, made->revision);
	bind_number(insert, at + 8, made->time_us);
	bind_number(insert, at + 9, made->withdrawn);
	bind_number(insert, at + 10, stream);
	bind_number(insert, at + 11, (int64_t)made->entry_ms);
	bind_number(insert, at + 12, (int64_t)made->entry_n);
	return code;
}

static int insert_made(struct db *db, const char *sql, struct streams *streams,
	const struct made_row *rows, size_t n)
{
	sqlite3_stmt *insert = db_statement(db, sql);
	int code = insert ? SQLITE_OK : db_code(db);

	for (size_t i = 0; i < n && code == SQLITE_OK; i++)
		code = bind_made(db, insert, streams, i, &rows[i]);
	return code == SQLITE_OK ? db_done(db, insert) : code;
}

int flush_made(struct db *db, struct made_rows *rows)
{
	static const char one[] = MADE_INSERT;
	static const char eight[] =
		MADE_INSERT ", " MADE_ROW ", " MADE_ROW ", " MADE_ROW MADE_FOUR_MORE;
	int code = SQLITE_OK;

	if (rows->n == MADE_AT_ONCE) {
		code = insert_made(db, eight, &rows->streams, rows->items, rows->n);
	} else {
		for (size_t i = 0; i < rows->n && code == SQLITE_OK; i++)
			code = insert_made(db, one, &rows->streams, &rows->items[i], 1);
	}
	rows->n = 0;
	return code;
}

int write_made(struct db *db, struct made_rows *rows, const struct ledger_outcome *outcome)
{
	static const char clear[] = "DELETE FROM made WHERE seq = ?";
	int code = outcome->again == LEDGER_AGAIN_NO ? SQLITE_OK
						     : run_with(db, clear, outcome->seq);

	for (size_t i = 0; i < outcome->n_made && code == SQLITE_OK; i++) {
		rows->items[rows->n++] = (struct made_row){
			.seq = outcome->seq, .n = i, .made = &outcome->made[i]};
		if (rows->n == MADE_AT_ONCE)
			code = flush_made(db, rows);
	}
	return code;
}
