/* SPDX-License-Identifier: Apache-2.0 */
#include "rows_priv.h"

#include "ledger/list.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const char *const state_names[LEDGER_N_STATES] = {
	[LEDGER_STATE_KEPT] = "kept",
	[LEDGER_STATE_FORWARDED] = "forwarded",
	[LEDGER_STATE_IGNORED] = "ignored",
	[LEDGER_STATE_QUARANTINED] = "quarantined",
	[LEDGER_STATE_DEAD] = "dead",
};

const char *ledger_state_name(enum ledger_state state)
{
	return state_names[state];
}

bool ledger_state_from_name(const char *name, enum ledger_state *out)
{
	for (int state = 0; state < LEDGER_N_STATES; state++) {
		if (strcmp(state_names[state], name) == 0) {
			*out = (enum ledger_state)state;
			return true;
		}
	}
	return false;
}

const char *column_text(sqlite3_stmt *select, int column, struct arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(select, column);

	return text ? arena_strdup(arena, text) : NULL;
}

void row_read(struct db *db, sqlite3_stmt *select, struct arena *arena, struct ledger_row *out)
{
	const char *headers = (const char *)sqlite3_column_text(select, 11);
	const char *encoding = (const char *)sqlite3_column_text(select, 12);
	struct error err = {0};

	*out = (struct ledger_row){
		.seq = sqlite3_column_int64(select, 0),
		.received_us = sqlite3_column_int64(select, 1),
		.endpoint = column_text(select, 2, arena),
		.source = column_text(select, 3, arena),
		.delivery_id = column_text(select, 4, arena),
		.kind = column_text(select, 5, arena),
		.reason = column_text(select, 6, arena),
		.n_body = (size_t)sqlite3_column_int64(select, 8),
		.n_made = (size_t)sqlite3_column_int64(select, 9),
		.n_bad = (size_t)sqlite3_column_int64(select, 10),
	};
	const char *state = (const char *)sqlite3_column_text(select, 7);
	bool known = ledger_state_from_name(state ? state : "", &out->state);
	assert(known); /* the table's CHECK holds it */
	if (headers)
		out->headers = headers_unpack(headers, arena, &out->n_headers);
	if (encoding) {
		const struct body_packed packed = {
			.encoding = encoding,
			.bytes = sqlite3_column_blob(select, 13),
			.n = (size_t)sqlite3_column_bytes(select, 13),
		};
		out->body = body_unpack(db->unpacker, &packed, out->n_body, arena, &err);
	} else {
		error_setf(&err, "the body is gone");
	}
	if (!out->body)
		out->unreadable = arena_strdup(arena, err.text);
}

static int read_made(struct db *db, struct arena *arena, struct ledger_row *row)
{
	static const char sql[] =
		"SELECT m.kind, m.source, m.id, m.subject, m.revision, m.time_us, m.withdrawn,"
		"	s.key, m.entry_ms, m.entry_n"
		"	FROM made AS m JOIN stream AS s USING (stream)"
		"	WHERE m.seq = ? ORDER BY m.n";
	sqlite3_stmt *select = db_statement(db, sql);
	struct ledger_made *made = arena_alloc(arena, (row->n_made + 1) * sizeof(*made));
	size_t n = 0;
	int code;

	if (!select)
		return db_code(db);
	bind_number(select, 1, row->seq);
	while ((code = sqlite3_step(select)) == SQLITE_ROW && n < row->n_made) {
		const char *kind = (const char *)sqlite3_column_text(select, 0);

		if (!dora_kind_from_name(kind, strlen(kind), &made[n].kind))
			continue;
		made[n].source = column_text(select, 1, arena);
		made[n].id = column_text(select, 2, arena);
		made[n].subject = column_text(select, 3, arena);
		made[n].revision = sqlite3_column_int64(select, 4);
		made[n].time_us = sqlite3_column_int64(select, 5);
		made[n].withdrawn = sqlite3_column_int64(select, 6) != 0;
		made[n].key = column_text(select, 7, arena);
		made[n].entry_ms = (uint64_t)sqlite3_column_int64(select, 8);
		made[n++].entry_n = (uint64_t)sqlite3_column_int64(select, 9);
	}
	row->made = made;
	row->n_made = n;
	int reset = sqlite3_reset(select);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : reset;
}

static int read_bad(struct db *db, struct arena *arena, struct ledger_row *row)
{
	static const char sql[] =
		"SELECT line, reason FROM bad_line WHERE seq = ? ORDER BY line";
	sqlite3_stmt *select = db_statement(db, sql);
	struct bad_line *bad = arena_alloc(arena, (row->n_bad + 1) * sizeof(*bad));
	size_t n = 0;
	int code;

	if (!select)
		return db_code(db);
	bind_number(select, 1, row->seq);
	while ((code = sqlite3_step(select)) == SQLITE_ROW && n < row->n_bad) {
		bad[n].line = (size_t)sqlite3_column_int64(select, 0);
		bad[n++].reason = column_text(select, 1, arena);
	}
	row->bad = bad;
	row->n_bad = n;
	int reset = sqlite3_reset(select);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : reset;
}

/* What it made, and its bad lines. SQLITE_OK or not. */
static int read_rest(struct db *db, struct arena *arena, struct ledger_row *row)
{
	int code = read_made(db, arena, row);

	return code == SQLITE_OK ? read_bad(db, arena, row) : code;
}

static const char next_live[] =
	"SELECT " ROW_COLUMNS ", 0 FROM delivery AS d LEFT JOIN body AS b USING (seq)"
	"	WHERE d.seq > (SELECT cursor FROM ledger) AND d.seq < ?2"
	"	ORDER BY d.seq LIMIT ?1";

static const char next_again[] =
	"SELECT " ROW_COLUMNS ", a.how FROM again AS a"
	"	JOIN delivery AS d USING (seq) LEFT JOIN body AS b USING (seq)"
	"	WHERE a.seq < ?2"
	"	ORDER BY a.seq LIMIT ?1";

/* Which rows, and the arena for them. */
struct wanted {
	const struct ledger_window *window;
	int64_t before; /* the first number that is not */
	struct arena *arena;
};

static int read_window(
	struct db *db, const char *sql, const struct wanted *wanted, struct ledger_rows *out)
{
	const struct ledger_window *window = wanted->window;
	sqlite3_stmt *select = db_statement(db, sql);
	size_t bytes = 0;
	int code = SQLITE_DONE;

	if (!select)
		return db_code(db);
	bind_number(select, 1, (int64_t)window->rows);
	bind_number(select, 2, wanted->before);
	while (out->n < window->rows && (code = sqlite3_step(select)) == SQLITE_ROW) {
		size_t n_body = (size_t)sqlite3_column_int64(select, 8);

		if (out->n && bytes + n_body > window->bytes)
			break;
		struct ledger_row *row = &out->items[out->n++];
		row_read(db, select, wanted->arena, row);
		row->again = (enum ledger_again)sqlite3_column_int(select, ROW_N_COLUMNS);
		bytes += n_body;
	}
	int reset = sqlite3_reset(select);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : reset;
}

/* One read transaction: cursor, rows and what they made belong together. */
static int read_next(struct db *db, const struct wanted *wanted, struct ledger_rows *out)
{
	int code = db_run(db, "BEGIN");

	if (code == SQLITE_OK)
		code = read_window(db, next_live, wanted, out);
	if (code == SQLITE_OK && out->n == 0)
		code = read_window(db, next_again, wanted, out);
	for (size_t i = 0; i < out->n && code == SQLITE_OK; i++) {
		if (out->items[i].n_made || out->items[i].n_bad)
			code = read_rest(db, wanted->arena, &out->items[i]);
	}
	if (!sqlite3_get_autocommit(db->handle)) {
		int end = db_run(db, "COMMIT");
		code = code == SQLITE_OK ? end : code;
	}
	return code;
}

/*
 * What was committed, by whomever, need not be synced yet, and may not be sent before it is.
 * Our own rows will be told when they are; others' (ledger_sync_later()) are synced here. After
 * a sync that failed none can be believed, until the writer has mended it.
 */
static bool sync_what_others_kept(struct ledger *ledger, struct db *db, struct error *err)
{
	int code = db_sync(db);

	if (code == SQLITE_OK && !atomic_load(&ledger->writer.log_doubted))
		return true;
	error_setf(err, "%s: cannot be synced: %s", ledger->path,
		sqlite3_errstr(code == SQLITE_OK ? SQLITE_IOERR_FSYNC : code));
	if (code != SQLITE_OK)
		round_doubt(ledger, EIO);
	return false;
}

bool ledger_next(struct ledger *ledger, const struct ledger_window *window, struct arena *arena,
	struct ledger_rows *out, struct error *err)
{
	*out = (struct ledger_rows){
		.items = arena_alloc(arena, window->rows * sizeof(*out->items)),
		.generation = ledger->generation,
	};
	out->n = recent_take(&ledger->recent, window, arena, out->items);
	if (out->n)
		return true;
	const struct wanted wanted = {
		.window = window,
		.before = ledger->owner ? round_first_seq(&ledger->writer) : INT64_MAX,
		.arena = arena,
	};
	struct db *db = ledger_begin_reading(ledger);
	int code = SQLITE_CANTOPEN;
	bool synced = true;
	if (db)
		code = read_next(db, &wanted, out);
	if (code != SQLITE_OK)
		ledger_reading_failed(ledger, db, err);
	else if (out->n && ledger->owner)
		synced = sync_what_others_kept(ledger, db, err);
	ledger_end_reading(ledger);
	return code == SQLITE_OK && synced;
}

bool ledger_find(struct ledger *ledger, int64_t seq, struct arena *arena,
	struct ledger_row *out, struct error *err)
{
	static const char sql[] =
		"SELECT " ROW_COLUMNS ", coalesce(a.how, 0) FROM delivery AS d"
		"	LEFT JOIN body AS b USING (seq) LEFT JOIN again AS a USING (seq)"
		"	WHERE d.seq = ?";
	struct db *db = ledger_begin_reading(ledger);
	sqlite3_stmt *select = db ? db_statement(db, sql) : NULL;
	int code = SQLITE_CANTOPEN;

	if (select) {
		bind_number(select, 1, seq);
		code = sqlite3_step(select);
		if (code == SQLITE_ROW) {
			row_read(db, select, arena, out);
			out->again =
				(enum ledger_again)sqlite3_column_int(select, ROW_N_COLUMNS);
		}
		(void)sqlite3_reset(select);
	}
	int rest = code == SQLITE_ROW ? read_rest(db, arena, out) : SQLITE_OK;
	if ((code != SQLITE_ROW && code != SQLITE_DONE) || rest != SQLITE_OK)
		ledger_reading_failed(ledger, db, err);
	ledger_end_reading(ledger);
	return code == SQLITE_ROW && rest == SQLITE_OK;
}

void ledger_reading(struct ledger *ledger, int64_t seq)
{
	lock_note_reading(ledger->lock, seq);
}

void ledger_read_well(struct ledger *ledger)
{
	lock_note_read(ledger->lock);
}

void ledger_absolve(struct ledger *ledger, int64_t seq)
{
	lock_absolve(ledger->lock, seq);
}

const char *ledger_crashed_on(const struct ledger *ledger, int64_t seq)
{
	return lock_crashed_on(ledger->lock, seq);
}
