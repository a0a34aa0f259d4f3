/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "base/cleanup.h"
#include "http/reader.h"

#define SAMPLE 64 /* of a phase's oldest, when one has to go */

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

/* Whether one should go before the other: of a crowd before a lone one, so that a flood from a
 * few addresses pays for itself; then the nearer to its deadline: an honest request is never
 * old. */
static bool is_worse(const struct connection *one, const struct connection *other)
{
	size_t crowd = crowd_size(one->member);
	size_t other_crowd = crowd_size(other->member);

	return crowd != other_crowd ? crowd > other_crowd
				    : one->deadline_us < other->deadline_us;
}

/* Of the oldest in a phase, newcomer aside. */
static struct connection *worst_in(struct loop *loop, enum phase phase,
	const struct connection *newcomer, bool same_address)
{
	struct connection *worst = NULL;
	struct connection *one;
	int looked_at = 0;

	TAILQ_FOREACH(one, &loop->phases[phase], link)
	{
		if (one == newcomer || (same_address && one->member != newcomer->member))
			continue;
		if (!worst || is_worse(one, worst))
			worst = one;
		if (++looked_at == SAMPLE)
			break;
	}
	return worst;
}

/* Who has its answer, and who asks for nothing, go before anybody who wants something. */
static struct connection *worst_of(
	struct loop *loop, const struct connection *newcomer, bool same_address)
{
	static const enum phase wanting[] = {
		PHASE_PROXY, PHASE_HANDSHAKE, PHASE_HEAD, PHASE_BODY, PHASE_WRITING};
	struct connection *worst = worst_in(loop, PHASE_LINGER, newcomer, same_address);

	if (!worst)
		worst = worst_in(loop, PHASE_IDLE, newcomer, same_address);
	if (worst)
		return worst;
	for (size_t i = 0; i < ARRAY_LEN(wanting); i++) {
		struct connection *one = worst_in(loop, wanting[i], newcomer, same_address);

		if (one && (!worst || is_worse(one, worst)))
			worst = one;
	}
	return worst;
}

bool evict_worst(struct loop *loop, const struct connection *newcomer, enum http_close why)
{
	struct connection *worst = worst_of(loop, newcomer, why == HTTP_CLOSE_ADDRESS);

	if (!worst)
		return false;
	connection_close(worst, why);
	return true;
}

void evict_worst_handshake(struct loop *loop)
{
	struct connection *worst = worst_in(loop, PHASE_HANDSHAKE, NULL, false);

	if (worst)
		connection_close(worst, HTTP_CLOSE_HANDSHAKES);
}

/* Whether one should go before the other: of the address that holds most, so that many small
 * ones from one place do not cost a lone large one its place; then the larger. */
static bool is_larger(
	const struct http_request *one, const struct http_request *other, enum crowd_what what)
{
	const struct crowd_member *member = one->connection->member;
	const struct crowd_member *other_member = other->connection->member;
	int64_t n = (int64_t)one->held[what];
	int64_t other_n = (int64_t)other->held[what];
	int64_t all = member ? crowd_held(member, what) : n;
	int64_t other_all = other_member ? crowd_held(other_member, what) : other_n;

	return all != other_all ? all > other_all : n > other_n;
}

/* Of the oldest and of the newest: a flood is at one end, and at a cap each piece that comes is
 * a reason to look. */
void evict_largest(struct loop *loop, enum crowd_what what)
{
	struct holders *list = &loop->holding[what];
	struct http_request *largest = TAILQ_FIRST(list);
	struct http_request *old = TAILQ_FIRST(list);
	struct http_request *fresh = TAILQ_LAST(list, holders);

	for (int i = 0; i < SAMPLE && old; i++) {
		if (is_larger(old, largest, what))
			largest = old;
		if (is_larger(fresh, largest, what))
			largest = fresh;
		old = TAILQ_NEXT(old, holding_link[what]);
		fresh = TAILQ_PREV(fresh, holders, holding_link[what]);
	}
	if (largest)
		output_dismiss(largest->connection, 503, HTTP_CLOSE_BYTES);
}
