/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"

#include "store_priv.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

/* A batch is far smaller than the buffers of a socket, so sending all of it before reading
 * anything cannot block for ever (libpq, "Pipeline Mode"). */
#define BEGIN_READING "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

/* One attempt at a batch. */
struct batch {
	struct store *store;
	int64_t until_us; /* it is given up then, 0: never */
	bool is_late;     /* it was, and with it the connection */
};

/* Which asks of a batch are preceded by their preparation: bit i is ask i. */
typedef uint64_t fresh_set;

static bool send_ask(struct store *store, const struct store_ask *ask, bool *out_fresh)
{
	char name[16];
	size_t number = 0;

	*out_fresh = false;
	if (store->pooled)
		return PQsendQueryParams(store->connection, ask->sql, ask->n_values, NULL,
			       ask->values, NULL, NULL, 0) == 1;
	while (number < store->n_prepared && store->prepared[number] != ask->sql)
		number++;
	(void)snprintf(name, sizeof(name), "ask%zu", number);
	*out_fresh = number == store->n_prepared;
	if (*out_fresh) {
		assert(number < STORE_PREPARED);
		/* Should it fail, the connection goes, and with it this list. */
		store->prepared[store->n_prepared++] = ask->sql;
		if (!PQsendPrepare(store->connection, name, ask->sql, 0, NULL))
			return false;
	}
	return PQsendQueryPrepared(
		       store->connection, name, ask->n_values, ask->values, NULL, NULL, 0) == 1;
}

/* What a batch is on the wire: BEGIN (and the settings, through a pooler), for each ask its
 * preparation where that is due and itself, then COMMIT. */
static bool send_all(
	struct store *store, const struct store_ask *asks, size_t n_asks, fresh_set *out_fresh)
{
	PGconn *to = store->connection;

	*out_fresh = 0;
	if (!PQenterPipelineMode(to) ||
		!PQsendQueryParams(to, BEGIN_READING, 0, NULL, NULL, NULL, NULL, 0))
		return false;
	if (store->pooled &&
		!PQsendQueryParams(to, store->conninfo.select, 0, NULL, NULL, NULL, NULL, 0))
		return false;
	for (size_t i = 0; i < n_asks; i++) {
		bool fresh;

		if (!send_ask(store, &asks[i], &fresh))
			return false;
		*out_fresh |= (fresh_set)fresh << i;
	}
	return PQsendQueryParams(to, "COMMIT", 0, NULL, NULL, NULL, NULL, 0) &&
		PQpipelineSync(to);
}

/* The result of the next command, or NULL: of no command, or it did not come in time. */
static PGresult *get_result(struct batch *batch)
{
	if (!batch->is_late)
		batch->is_late = !store_wait(batch->store, batch->until_us);
	return batch->is_late ? NULL : PQgetResult(batch->store->connection);
}

/* What follows a result is a NULL. */
static PGresult *next_result(struct batch *batch)
{
	PGresult *result = get_result(batch);

	for (PGresult *more = result; more;) {
		more = get_result(batch);
		PQclear(more); /* only a lost connection has more to say */
	}
	return result;
}

static enum store_class check(struct batch *batch, const PGresult *result, struct error *err)
{
	ExecStatusType status = PQresultStatus(result);

	if (batch->is_late) {
		error_setf(err, "postgres: no answer in time");
		return STORE_LATER;
	}
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return STORE_FINE;
	return store_failed(batch->store, result, err);
}

static enum store_class take_command(struct batch *batch, struct error *err)
{
	PGresult *result = next_result(batch);
	enum store_class class = check(batch, result, err);

	PQclear(result);
	return class;
}

static enum store_class take_ask(struct batch *batch, struct store_ask *ask, struct error *err)
{
	PGresult *result = next_result(batch);
	enum store_class class = check(batch, result, err);
	if (class == STORE_FINE)
		ask->rows = store_rows_of(result);
	else
		PQclear(result);
	return class;
}

static enum store_class take_asks(struct batch *batch, struct store_ask *asks, size_t n_asks,
	fresh_set fresh, struct error *err)
{
	struct store *store = batch->store;
	enum store_class class = take_command(batch, err); /* BEGIN */

	if (class == STORE_FINE && store->pooled)
		class = take_command(batch, err);
	for (size_t i = 0; i < n_asks && class == STORE_FINE; i++) {
		if (fresh >> i & 1)
			class = take_command(batch, err);
		if (class == STORE_FINE)
			class = take_ask(batch, &asks[i], err);
	}
	if (class == STORE_FINE)
		class = take_command(batch, err);
	PGresult *sync = class == STORE_FINE ? get_result(batch) : NULL;
	if (batch->is_late)
		return check(batch, NULL, err);
	if (class != STORE_FINE)
		return class;
	bool in_step = PQresultStatus(sync) == PGRES_PIPELINE_SYNC &&
		PQexitPipelineMode(store->connection);
	PQclear(sync);
	if (!in_step)
		error_setf(err, "postgres: answers and questions are out of step");
	return in_step ? STORE_FINE : STORE_AGAIN;
}

static enum store_class attempt(
	struct store *store, struct store_ask *asks, size_t n_asks, struct error *err)
{
	enum store_class class = store_connect(store, err);
	fresh_set fresh;

	assert(n_asks <= sizeof(fresh) * 8);
	if (class != STORE_FINE)
		return class;
	struct batch batch = {.store = store,
		.until_us = store->batch_timeout_s
			? store_now_us() + INT64_C(1000000) * store->batch_timeout_s
			: 0};
	class = send_all(store, asks, n_asks, &fresh)
		? take_asks(&batch, asks, n_asks, fresh, err)
		: store_failed(store, NULL, err);
	if (class != STORE_FINE) {
		store_batch_clear(asks, n_asks);
		store->stale = true; /* half a pipeline, or a plan that no longer fits */
	}
	return class;
}

enum store_class store_batch(
	struct store *store, struct store_ask *asks, size_t n_asks, struct error *err)
{
	struct error words = {0};
	bool had_connection = store->connection && !store->stale;
	enum store_class class = attempt(store, asks, n_asks, &words);

	/* It may have been lost while nobody asked, or its plans be older than the schema. */
	if (had_connection && (class == STORE_AGAIN || class == STORE_WRONG)) {
		words = (struct error){0};
		class = attempt(store, asks, n_asks, &words);
	}
	if (class != STORE_FINE)
		error_setf(err, "%s", words.text);
	return class;
}

void store_batch_clear(struct store_ask *asks, size_t n_asks)
{
	for (size_t i = 0; i < n_asks; i++) {
		store_rows_destroy(asks[i].rows);
		asks[i].rows = NULL;
	}
}
