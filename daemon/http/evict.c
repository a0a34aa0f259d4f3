/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "base/cleanup.h"
#include "http/reader.h"

/* 408 to who had begun a request; who has said nothing is told nothing. */
static void end_overdue(struct connection *connection)
{
	switch (connection->phase) {
	case PHASE_HEAD:
	case PHASE_BODY:
		if (connection->request)
			output_dismiss(connection, 408, HTTP_CLOSE_DEADLINE);
		else
			connection_close(connection, HTTP_CLOSE_DEADLINE);
		return;
	case PHASE_HANDLING:
		output_give_up(connection);
		return;
	case PHASE_PROXY:
	case PHASE_HANDSHAKE:
	case PHASE_WRITING:
		connection_close(connection, HTTP_CLOSE_DEADLINE);
		return;
	case PHASE_LINGER:
	case PHASE_IDLE:
		connection_close(connection, HTTP_CLOSE_N);
		return;
	case PHASE_GONE:
	case PHASE_N:
		break;
	}
	__builtin_unreachable();
}

static bool is_slow(const struct connection *connection, int64_t now)
{
	const struct http_limits *limits = &connection->loop->server->limits;
	int64_t since = now - connection->since_us;

	return since >= limits->floor_after_us &&
		(int64_t)connection->request->body.n <
		limits->floor_bytes_s * (since / 1000) / 1000;
}

static void check_bodies(struct loop *loop, int64_t now)
{
	struct connection *connection = TAILQ_FIRST(&loop->phases[PHASE_BODY]);

	while (connection) {
		struct connection *next = TAILQ_NEXT(connection, link);

		if (connection->deadline_us <= now)
			end_overdue(connection);
		else if (is_slow(connection, now))
			output_dismiss(connection, 408, HTTP_CLOSE_SLOW);
		connection = next;
	}
}

/* After a PROXY header a handshake has what is left of one deadline: not in order. */
static void check_handshakes(struct loop *loop, int64_t now)
{
	struct connection *connection = TAILQ_FIRST(&loop->phases[PHASE_HANDSHAKE]);

	while (connection) {
		struct connection *next = TAILQ_NEXT(connection, link);

		if (connection->deadline_us <= now)
			end_overdue(connection);
		connection = next;
	}
}

void evict_overdue(struct loop *loop, int64_t now)
{
	static const enum phase in_order[] = {PHASE_PROXY, PHASE_HEAD, PHASE_HANDLING,
		PHASE_WRITING, PHASE_LINGER, PHASE_IDLE};

	for (size_t i = 0; i < ARRAY_LEN(in_order); i++) {
		struct connections *list = &loop->phases[in_order[i]];

		while (!TAILQ_EMPTY(list) && TAILQ_FIRST(list)->deadline_us <= now)
			end_overdue(TAILQ_FIRST(list));
	}
	check_handshakes(loop, now);
	check_bodies(loop, now);
}

static struct connection *first_of(
	struct loop *loop, enum phase phase, const struct crowd_member *member)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, &loop->phases[phase], link)
	{
		if (!member || connection->member == member)
			return connection;
	}
	return NULL;
}

bool evict_nearest(struct loop *loop, const struct crowd_member *member, enum http_close why)
{
	/* Who has its answer is closed before anybody who waits for one. */
	static const enum phase phases[] = {
		PHASE_PROXY, PHASE_HANDSHAKE, PHASE_HEAD, PHASE_BODY, PHASE_IDLE};
	struct connection *answered = first_of(loop, PHASE_LINGER, member);
	struct connection *worst = answered;

	for (size_t i = 0; i < ARRAY_LEN(phases) && !answered; i++) {
		struct connection *one = first_of(loop, phases[i], member);

		if (one && (!worst || one->deadline_us < worst->deadline_us))
			worst = one;
	}
	if (!worst)
		return false;
	connection_close(worst, why);
	return true;
}

bool evict_oldest_handshake(struct loop *loop)
{
	struct connection *oldest = TAILQ_FIRST(&loop->phases[PHASE_HANDSHAKE]);

	if (!oldest)
		return false;
	connection_close(oldest, HTTP_CLOSE_HANDSHAKES);
	return true;
}

bool evict_largest(struct loop *loop, bool file)
{
	struct connection *connection;
	struct connection *largest = NULL;
	size_t most = 0;

	TAILQ_FOREACH(connection, &loop->phases[PHASE_BODY], link)
	{
		size_t n = file ? connection->request->file : connection->request->memory;

		if (n > most) {
			most = n;
			largest = connection;
		}
	}
	if (!largest)
		return false;
	output_dismiss(largest, 503, HTTP_CLOSE_BYTES);
	return true;
}
