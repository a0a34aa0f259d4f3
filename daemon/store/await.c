/* SPDX-License-Identifier: Apache-2.0 */
#include "store_priv.h"

#include <poll.h>
#include <time.h>

/* How often who waits for Postgres is asked whether to go on. */
#define ASK_MS 1000

void store_cancel(struct store *store)
{
	PGcancel *request = PQgetCancel(store->connection);
	char words[256];

	/* Should it fail, the answer is waited for as before. */
	if (request)
		(void)PQcancel(request, words, sizeof(words));
	PQfreeCancel(request);
}

/* Until there is a result, or no connection. */
static void wait_for_answer(struct store *store)
{
	struct pollfd file = {.fd = PQsocket(store->connection), .events = POLLIN};
	bool cancelled = false;

	while (PQisBusy(store->connection)) {
		int n = poll(&file, 1, store->waiting ? ASK_MS : -1);

		if (n > 0 && !PQconsumeInput(store->connection))
			return;
		/* Only after a second: a late cancel would hit the next statement. */
		if (n == 0 && store->waiting && !cancelled && !store->waiting(store->context)) {
			store_cancel(store);
			cancelled = true;
		}
	}
}

int64_t store_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A cancel would need an answer, too: of a server that gives none nothing is asked. */
bool store_wait(struct store *store, int64_t until_us)
{
	struct pollfd file = {.fd = PQsocket(store->connection), .events = POLLIN};

	while (PQisBusy(store->connection)) {
		int64_t left_us = until_us ? until_us - store_now_us() : INT64_MAX;

		if (left_us <= 0)
			return false;
		int n = poll(
			&file, 1, left_us < ASK_MS * 1000 ? (int)(left_us / 1000) + 1 : ASK_MS);
		if (n > 0 && !PQconsumeInput(store->connection))
			return true;
		if (n == 0 && store->waiting && !store->waiting(store->context))
			return false;
	}
	return true;
}

PGresult *store_await(struct store *store)
{
	PGresult *last = NULL;

	for (;;) {
		wait_for_answer(store);
		PGresult *result = PQgetResult(store->connection);
		if (!result)
			return last;
		PQclear(last);
		last = result;
	}
}
