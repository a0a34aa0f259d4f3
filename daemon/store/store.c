/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "store_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Attempts at one transaction before the caller hears of it (RELIABILITY.md section 5). */
#define MOST_ATTEMPTS 10

static bool sleep_for(void *context, int64_t for_us)
{
	struct timespec rest = timespec_of_us(for_us);

	(void)context;
	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
	return true;
}

/* libpq ends its messages with a newline and spreads them over lines. */
static void one_line(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = *text == '\n' ? ' ' : *text;
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static void on_notice(void *context, const PGresult *notice)
{
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
	bool warning = severity && strcmp(severity, "WARNING") == 0;

	(void)context;
	log_line(warning ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "postgres text=%s",
		LOG_QUOTE(text));
}

struct store *store_create(const struct store_options *options, struct error *err)
{
	struct conninfo conninfo;

	if (!conninfo_make(options, &conninfo, err))
		return NULL;

	struct store *store = xcalloc(1, sizeof(*store));
	store->conninfo = conninfo;
	store->account = options->account;
	store->read_only = options->read_only;
	store->batch_timeout_s = options->batch_timeout_s;
	store->pause = options->pause ? options->pause : sleep_for;
	store->waiting = options->waiting;
	store->context = options->context;
	return store;
}

static void disconnect(struct store *store)
{
	PQfinish(store->connection);
	store->connection = NULL;
	store->stale = false;
	store->n_prepared = 0;
}

void store_destroy(struct store *store)
{
	if (!store)
		return;

	disconnect(store);
	conninfo_clear(&store->conninfo);
	free(store);
}

/*
 * A pooler such as PgBouncer gives each transaction whatever server process is free. Its
 * process numbers are not the servers', and that tells; one that is strict refuses our options
 * besides.
 */
static bool is_pooled(PGconn *connection)
{
	PGresult *result = PQexec(connection, "SELECT pg_backend_pid()");
	bool pooled = PQresultStatus(result) == PGRES_TUPLES_OK &&
		strtol(PQgetvalue(result, 0, 0), NULL, 10) != PQbackendPID(connection);

	PQclear(result);
	return pooled;
}

static PGconn *open_connection(const struct store *store)
{
	bool other = account_take(&store->conninfo, store->account);
	PGconn *connection = PQconnectdbParams((const char *const *)store->conninfo.names,
		(const char *const *)store->conninfo.values, 0);

	if (other)
		account_leave();
	return connection;
}

enum store_class store_connect(struct store *store, struct error *err)
{
	if (store->connection && !store->stale && PQstatus(store->connection) == CONNECTION_OK)
		return STORE_FINE;

	disconnect(store);
	PGconn *connection = open_connection(store);
	if (PQstatus(connection) != CONNECTION_OK &&
		strstr(PQerrorMessage(connection), "unsupported startup parameter")) {
		PQfinish(connection);
		conninfo_drop_options(&store->conninfo);
		connection = open_connection(store);
	}
	if (PQstatus(connection) != CONNECTION_OK) {
		char words[400];

		one_line(PQerrorMessage(connection), words, sizeof(words));
		error_setf(err, "postgres: %s", words);
		PQfinish(connection);
		return STORE_AGAIN;
	}
	(void)PQsetNoticeReceiver(connection, on_notice, NULL);
	store->connection = connection;
	store->pooled = is_pooled(connection);
	return STORE_FINE;
}

enum store_class store_failed(struct store *store, const PGresult *result, struct error *err)
{
	const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	bool lost = PQstatus(store->connection) != CONNECTION_OK;
	char words[400];

	if (sqlstate)
		one_line(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), words,
			sizeof(words));
	else
		one_line(PQerrorMessage(store->connection), words, sizeof(words));
	/* No detail: it may quote the row. */
	error_setf(
		err, "postgres%s%s: %s", sqlstate ? " " : "", sqlstate ? sqlstate : "", words);
	if (store_wants_new_connection(sqlstate, lost))
		store->stale = true;
	return store_classify(sqlstate, lost);
}

/* Takes the result over. */
static enum store_class take(
	struct store *store, PGresult *result, struct store_rows **out, struct error *err)
{
	ExecStatusType status = PQresultStatus(result); /* of NULL: a fatal error */

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		enum store_class class = store_failed(store, result, err);
		PQclear(result);
		return class;
	}
	if (out) {
		*out = store_rows_of(result);
	} else {
		PQclear(result);
	}
	return STORE_FINE;
}

static enum store_class ready(struct store *store, struct error *err)
{
	return store->inside ? STORE_FINE : store_connect(store, err);
}

enum store_class store_script(struct store *store, const char *sql, struct error *err)
{
	enum store_class class = ready(store, err);

	if (class != STORE_FINE)
		return class;
	bool sent = PQsendQuery(store->connection, sql);
	return take(store, sent ? store_await(store) : NULL, NULL, err);
}

/* COMMIT of a transaction in which something failed is answered ROLLBACK, as a success. */
static enum store_class commit(struct store *store, struct error *err)
{
	bool sent = PQsendQuery(store->connection, "COMMIT");
	PGresult *result = sent ? store_await(store) : NULL;

	if (PQresultStatus(result) == PGRES_COMMAND_OK &&
		strcmp(PQcmdStatus(result), "COMMIT") != 0) {
		PQclear(result);
		error_setf(err, "postgres: a failed transaction was not given up");
		return STORE_WRONG;
	}
	return take(store, result, NULL, err);
}

static enum store_class begin(struct store *store, struct error *err)
{
	const char *words = store->read_only ? "BEGIN READ ONLY" : "BEGIN";
	enum store_class class = ready(store, err);

	if (class != STORE_FINE || !store->pooled)
		return class == STORE_FINE ? store_script(store, words, err) : class;
	char *script = xasprintf("%s%s", words, store->conninfo.local);
	class = store_script(store, script, err);
	free(script);
	if (class != STORE_FINE)
		store->stale = true; /* the transaction may have begun */
	return class;
}

static enum store_class attempt(
	struct store *store, store_work *work, void *context, struct error *err)
{
	enum store_class class = begin(store, err);

	if (class != STORE_FINE)
		return class;

	store->inside = true;
	class = work(store, context, err);
	if (class == STORE_FINE)
		class = commit(store, err);
	else if (store_script(store, "ROLLBACK", NULL) != STORE_FINE)
		store->stale = true; /* no connection, no transaction left behind */
	store->inside = false;
	return class;
}

struct question {
	const char *sql;
	const char *const *values;
	int n_values;
	struct store_rows **out;
};

static enum store_class ask(struct store *store, void *context, struct error *err)
{
	const struct question *question = context;

	bool sent = PQsendQueryParams(store->connection, question->sql, question->n_values,
		NULL, question->values, NULL, NULL, 0);

	return take(store, sent ? store_await(store) : NULL, question->out, err);
}

enum store_class store_query(struct store *store, const char *sql, const char *const *values,
	int n_values, struct store_rows **out, struct error *err)
{
	struct question question = {sql, values, n_values, out};
	enum store_class class = ready(store, err);

	if (class != STORE_FINE)
		return class;
	/* The settings that a session has come with a transaction. */
	if (store->pooled && !store->inside)
		return attempt(store, ask, &question, err);
	return ask(store, &question, err);
}

static uint32_t random_number(void)
{
	uint32_t number = 0;

	(void)!getrandom(&number, sizeof(number), 0); /* only spreads waits */
	return number;
}

enum store_class store_transact(
	struct store *store, store_work *work, void *context, struct error *err)
{
	for (int n = 1;; n++) {
		struct error words = {0};
		enum store_class class = attempt(store, work, context, &words);

		if (class != STORE_AGAIN && class != STORE_LATER) {
			if (class != STORE_FINE)
				error_setf(err, "%s", words.text);
			return class;
		}

		int64_t wait_us = store_backoff_us(class, n, random_number());
		if (n == MOST_ATTEMPTS || !store->pause(store->context, wait_us)) {
			error_setf(err, "%s", words.text);
			return class;
		}
		log_warn("store attempt=%d class=%s waited_ms=%d error=%s", n,
			store_class_name(class), (int)(wait_us / 1000), LOG_QUOTE(words.text));
	}
}

struct store_rows *store_rows_of(PGresult *result)
{
	struct store_rows *rows = xcalloc(1, sizeof(*rows));

	rows->result = result;
	return rows;
}

void store_rows_destroy(struct store_rows *rows)
{
	if (!rows)
		return;

	PQclear(rows->result);
	free(rows);
}

int store_n_rows(const struct store_rows *rows)
{
	return PQntuples(rows->result);
}

int store_n_columns(const struct store_rows *rows)
{
	return PQnfields(rows->result);
}

const char *store_column_name(const struct store_rows *rows, int column)
{
	return PQfname(rows->result, column);
}

const char *store_value(const struct store_rows *rows, int row, int column)
{
	if (PQgetisnull(rows->result, row, column))
		return NULL;
	return PQgetvalue(rows->result, row, column);
}

/* Type numbers are fixed in Postgres's pg_type.dat and part of its protocol. */
bool store_column_is_number(const struct store_rows *rows, int column)
{
	Oid type = PQftype(rows->result, column);

	return type == 20 || type == 21 || type == 23 || type == 700 || type == 701 ||
		type == 1700;
}

bool store_column_is_bool(const struct store_rows *rows, int column)
{
	return PQftype(rows->result, column) == 16;
}

bool store_column_is_json(const struct store_rows *rows, int column)
{
	Oid type = PQftype(rows->result, column);

	return type == 114 || type == 3802;
}
