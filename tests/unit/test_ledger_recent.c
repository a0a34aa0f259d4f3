/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include "recent_priv.h"

#include <semaphore.h>
#include <stdatomic.h>

/* The short cut from the commit to the forwarder: what it gives is what the file has. */
static sem_t answered;
static atomic_int n_freed;

static void on_kept(void *context, enum ledger_result result, int64_t seq)
{
	(void)context;
	CHECK_INT(result, LEDGER_DONE);
	CHECK(seq > 0);
	(void)sem_post(&answered);
}

static void free_body(char *body, size_t n)
{
	(void)n;
	free(body);
	atomic_fetch_add(&n_freed, 1);
}

/* As the receiver keeps one; returns when it is answered and held. */
static void receive(struct ledger *ledger, const char *text, size_t n)
{
	struct ledger_entry entry = entry_of("gh", NULL, n);

	entry.body = calloc(1, n + 1);
	(void)snprintf(entry.body, n + 1, "%s", text);
	entry.free_body = free_body;
	ledger_keep(ledger, &entry, on_kept, NULL);
	(void)sem_wait(&answered);
	/* A job of the next batch that is synced ends after all of this one's. */
	const struct ledger_note note = {.key = "dorad:other"};
	CHECK_INT(ledger_bury(ledger, NULL, NULL, &note, NULL), LEDGER_DONE);
}

static void what_was_just_kept_comes_from_memory_as_the_file_has_it(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct ledger_row row;
	begin();
	atomic_store(&n_freed, 0);
	struct ledger *ledger = opened();

	receive(ledger, "one", 3);
	receive(ledger, "two", 3);
	CHECK_INT(atomic_load(&n_freed), 0);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 2);
	for (size_t i = 0; i < rows.n; i++) {
		CHECK(ledger_find(ledger, (int64_t)i + 1, arena, &row, NULL));
		CHECK_INT(rows.items[i].seq, row.seq);
		CHECK_INT(rows.items[i].received_us, row.received_us);
		CHECK_STR(rows.items[i].endpoint, row.endpoint);
		CHECK_STR(rows.items[i].source, row.source);
		CHECK_STR(rows.items[i].delivery_id, row.delivery_id);
		CHECK_STR(rows.items[i].kind, row.kind);
		CHECK_INT(rows.items[i].state, row.state);
		CHECK_INT(rows.items[i].again, row.again);
		CHECK_INT(rows.items[i].n_headers, row.n_headers);
		CHECK_STR(rows.items[i].headers[0].value, row.headers[0].value);
		CHECK_INT(rows.items[i].n_body, row.n_body);
		CHECK(memcmp(rows.items[i].body, row.body, row.n_body) == 0);
		CHECK_INT(rows.items[i].n_made + rows.items[i].n_bad, 0);
	}
	/* Taken and not settled, they are read again, from the file. */
	rows = next(ledger, arena);
	CHECK_INT(rows.n, 2);
	CHECK_STR(arena_strndup(arena, rows.items[1].body, 3), "two");
	forward(ledger, 1, "a", 10);
	forward(ledger, 2, "b", 11);
	CHECK_INT(next(ledger, arena).n, 0);
	ledger_close(ledger);
}

static void a_row_of_another_writer_in_between_is_not_passed_over(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	receive(ledger, "one", 3);
	keep(ledger, "two"); /* as a command does */
	receive(ledger, "three", 5);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK_INT(rows.items[0].seq, 1);
	forward(ledger, 1, "a", 10);
	rows = next(ledger, arena);
	CHECK_INT(rows.n, 2);
	CHECK_STR(arena_strndup(arena, rows.items[0].body, 3), "two");
	forward(ledger, 2, "b", 11);
	rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK_INT(rows.items[0].seq, 3);
}

static void no_more_is_held_than_there_is_room_for(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_window wide = {.rows = 100, .bytes = (size_t)64 << 20};
	const size_t large = (size_t)1 << 20;
	struct ledger_rows rows;
	begin();
	atomic_store(&n_freed, 0);
	struct ledger *ledger = opened();

	for (int i = 0; i < 6; i++)
		receive(ledger, "large", large);
	CHECK_INT(atomic_load(&n_freed), 2); /* 4 MiB are held */
	CHECK(ledger_next(ledger, &wide, arena, &rows, NULL));
	CHECK_INT(rows.n, 4);
	for (int i = 1; i <= 4; i++)
		forward(ledger, i, "a", (uint64_t)i);
	CHECK(ledger_next(ledger, &wide, arena, &rows, NULL));
	CHECK_INT(rows.n, 2);
	CHECK_INT(rows.items[1].n_body, large);
	receive(ledger, "last", 4);
	ledger_close(ledger); /* with one still held */
	CHECK_INT(atomic_load(&n_freed), 3);
}

static void release(void *owner)
{
	(void)owner;
	atomic_fetch_add(&n_freed, 1);
}

/* The forwarder may be about to say so while the writer sets the file aside. */
static void a_cursor_of_a_file_that_was_set_aside_moves_nothing(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_entry kept = {.endpoint = "gh", .source = "github"};
	struct held held = {.seq = 1, .kept = &kept, .owner = arena, .release = release};
	struct ledger_row items[1];
	struct recent recent = {0};

	recent_init(&recent);
	recent_settled(&recent, 499, 0);
	recent_clear(&recent);
	recent_settled(&recent, 0, 1);
	CHECK(recent_hold(&recent, &held));
	recent_settled(&recent, 500, 0);
	const struct ledger_window one = {.rows = 1, .bytes = 1};
	CHECK_INT(recent_take(&recent, &one, arena, items), 1);
	CHECK_INT(items[0].seq, 1);
	recent_destroy(&recent);
}

int main(void)
{
	(void)sem_init(&answered, 0, 0);
	RUN(what_was_just_kept_comes_from_memory_as_the_file_has_it);
	RUN(a_row_of_another_writer_in_between_is_not_passed_over);
	RUN(no_more_is_held_than_there_is_room_for);
	RUN(a_cursor_of_a_file_that_was_set_aside_moves_nothing);
	remove_all();
	return tap_done();
}
