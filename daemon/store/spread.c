/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spread.h"

#include "base/xalloc.h"
#include "store_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct spread {
	struct store *const *stores;
	struct pollfd *files; /* of each store; fd < 0: it is at rest */
	size_t n_stores;
	const char *const *statements;
	size_t n;
	size_t next; /* the first that is not begun */
	size_t n_busy;
	enum store_class class; /* of what failed first */
	struct error *err;
};

static void fail(struct spread *spread, enum store_class class, const struct error *why)
{
	if (spread->class != STORE_FINE)
		return;
	spread->class = class;
	error_setf(spread->err, "%s", why->text);
	for (size_t i = 0; i < spread->n_stores; i++) {
		if (spread->files[i].fd >= 0)
			store_cancel(spread->stores[i]);
	}
}

static void begin(struct spread *spread, size_t i)
{
	struct store *store = spread->stores[i];
	const char *statement = spread->statements[spread->next++];
	struct error why = {0};
	char *script = NULL;

	/* Through a pooler a session's settings come with each transaction. */
	if (store->pooled)
		script = xasprintf("BEGIN%s; %s; COMMIT", store->conninfo.local, statement);
	if (PQsendQuery(store->connection, script ? script : statement)) {
		spread->files[i].fd = PQsocket(store->connection);
		spread->n_busy++;
	} else {
		fail(spread, store_failed(store, NULL, &why), &why);
	}
	free(script);
}

/* Its statement is done, or its connection lost. */
static void end(struct spread *spread, size_t i)
{
	struct store *store = spread->stores[i];
	PGresult *result;

	spread->files[i].fd = -1;
	spread->n_busy--;
	while ((result = PQgetResult(store->connection))) {
		ExecStatusType status = PQresultStatus(result);
		struct error why = {0};

		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
			fail(spread, store_failed(store, result, &why), &why);
			if (store->pooled)
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

		if (spread->files[i].fd < 0 || !spread->files[i].revents)
			continue;
		if (!PQconsumeInput(connection) || !PQisBusy(connection))
			end(spread, i);
	}
}

static void run(struct spread *spread)
{
	do {
		for (size_t i = 0; i < spread->n_stores && spread->class == STORE_FINE &&
			spread->next < spread->n;
			i++) {
			if (spread->files[i].fd < 0)
				begin(spread, i);
		}
		if (spread->n_busy)
			wait_for_some(spread);
	} while (spread->n_busy || (spread->class == STORE_FINE && spread->next < spread->n));
}

enum store_class store_spread(struct store *const *stores, size_t n_stores,
	const char *const *statements, size_t n, struct error *err)
{
	struct spread spread = {.stores = stores,
		.n_stores = n_stores,
		.statements = statements,
		.n = n,
		.err = err};

	for (size_t i = 0; i < n_stores; i++) {
		enum store_class class = store_connect(stores[i], err);
		if (class != STORE_FINE)
			return class;
	}
	spread.files = xcalloc(n_stores, sizeof(*spread.files));
	for (size_t i = 0; i < n_stores; i++)
		spread.files[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	run(&spread);
	free(spread.files);
	return spread.class;
}
