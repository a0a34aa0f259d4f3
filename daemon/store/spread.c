/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spread.h"

#include "base/xalloc.h"
#include "store_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct kept {
	char *statement;
	struct kept *next;
};

struct spread {
	struct store **stores; /* the keeper is the last */
	struct pollfd *files;  /* of each store; fd < 0: it is at rest */
	size_t n_stores;
	size_t keeper;
	struct kept *first, **last;    /* for the keeper, not begun */
	const char *const *statements; /* for the others */
	size_t n;
	size_t next;            /* the first that is not begun */
	size_t n_busy;          /* without the keeper */
	enum store_class class; /* of what failed first */
	struct error why;
};

static bool is_busy(const struct spread *spread, size_t i)
{
	return spread->files[i].fd >= 0;
}

static void cancel(struct spread *spread)
{
	for (size_t i = 0; i < spread->n_stores; i++) {
		if (is_busy(spread, i))
			store_cancel(spread->stores[i]);
	}
}

static void fail(struct spread *spread, enum store_class class, const struct error *why)
{
	if (spread->class != STORE_FINE)
		return;
	spread->class = class;
	spread->why = *why;
	cancel(spread);
}

static void post(struct spread *spread, size_t i, const char *statement)
{
	struct store *store = spread->stores[i];
	struct error why = {0};

	if (PQsendQuery(store->connection, statement)) {
		spread->files[i].fd = PQsocket(store->connection);
		spread->n_busy += i != spread->keeper;
	} else {
		fail(spread, store_failed(store, NULL, &why), &why);
	}
}

static void begin(struct spread *spread, size_t i)
{
	struct store *store = spread->stores[i];
	const char *statement = spread->statements[spread->next++];
	char *script = NULL;

	/* Through a pooler a session's settings come with each transaction. */
	if (store->pooled)
		script = xasprintf("BEGIN%s; %s; COMMIT", store->conninfo.local, statement);
	post(spread, i, script ? script : statement);
	free(script);
}

static void begin_kept(struct spread *spread)
{
	struct kept *kept = spread->first;

	spread->first = kept->next;
	if (!spread->first)
		spread->last = &spread->first;
	post(spread, spread->keeper, kept->statement);
	free(kept->statement);
	free(kept);
}

/* Its statement is done, or its connection lost. */
static void end(struct spread *spread, size_t i)
{
	struct store *store = spread->stores[i];
	PGresult *result;

	spread->files[i].fd = -1;
	spread->n_busy -= i != spread->keeper;
	while ((result = PQgetResult(store->connection))) {
		ExecStatusType status = PQresultStatus(result);
		struct error why = {0};

		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
			fail(spread, store_failed(store, result, &why), &why);
			if (store->pooled && i != spread->keeper)
				store->stale = true; /* its transaction has not ended */
		}
		PQclear(result);
	}
}

static void wait_for_some(struct spread *spread)
{
	int n = poll(spread->files, spread->n_stores, -1);

	if (n < 0 && errno != EINTR)
		abort(); /* no memory */
	for (size_t i = 0; i < spread->n_stores && n > 0; i++) {
		PGconn *connection = spread->stores[i]->connection;

		if (!is_busy(spread, i) || !spread->files[i].revents)
			continue;
		if (!PQconsumeInput(connection) || !PQisBusy(connection))
			end(spread, i);
	}
}

static void begin_some(struct spread *spread)
{
	for (size_t i = 0;
		i < spread->keeper && spread->class == STORE_FINE && spread->next < spread->n;
		i++) {
		if (!is_busy(spread, i))
			begin(spread, i);
	}
	if (spread->class == STORE_FINE && spread->first && !is_busy(spread, spread->keeper))
		begin_kept(spread);
}

static bool is_done(const struct spread *spread, bool keeper_too)
{
	if (spread->class != STORE_FINE)
		return !spread->n_busy && !is_busy(spread, spread->keeper);
	if (keeper_too && (spread->first || is_busy(spread, spread->keeper)))
		return false;
	return !spread->n_busy && spread->next == spread->n;
}

static enum store_class run(struct spread *spread, bool keeper_too, struct error *err)
{
	for (begin_some(spread); !is_done(spread, keeper_too); begin_some(spread))
		wait_for_some(spread);
	if (spread->class != STORE_FINE)
		error_setf(err, "%s", spread->why.text);
	return spread->class;
}

enum store_class spread_run(
	struct spread *spread, const char *const *statements, size_t n, struct error *err)
{
	spread->statements = statements;
	spread->n = n;
	spread->next = 0;
	return run(spread, false, err);
}

enum store_class spread_finish(struct spread *spread, struct error *err)
{
	return run(spread, true, err);
}

void spread_keep(struct spread *spread, const char *statement)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));

	kept->statement = xstrdup(statement);
	*spread->last = kept;
	spread->last = &kept->next;
}

struct spread *spread_create(
	struct store *const *stores, size_t n_stores, struct store *keeper, struct error *err)
{
	for (size_t i = 0; i < n_stores; i++) {
		if (store_connect(stores[i], err) != STORE_FINE)
			return NULL;
	}

	struct spread *spread = xcalloc(1, sizeof(*spread));
	spread->keeper = n_stores;
	spread->n_stores = n_stores + 1;
	spread->last = &spread->first;
	spread->stores = xcalloc(spread->n_stores, sizeof(struct store *));
	spread->files = xcalloc(spread->n_stores, sizeof(*spread->files));
	for (size_t i = 0; i < spread->n_stores; i++) {
		spread->stores[i] = i < n_stores ? stores[i] : keeper;
		spread->files[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	}
	return spread;
}

void spread_destroy(struct spread *spread)
{
	if (!spread)
		return;

	spread->n = spread->next;
	while (spread->first) {
		struct kept *kept = spread->first;

		spread->first = kept->next;
		free(kept->statement);
		free(kept);
	}
	cancel(spread);
	(void)run(spread, true, NULL);
	free(spread->stores);
	free(spread->files);
	free(spread);
}
