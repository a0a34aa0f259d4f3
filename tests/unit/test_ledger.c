/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>

static void what_was_kept_comes_back_byte_for_byte(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	static char large[300000];
	char binary[] = {'{', 0, '}', (char)0xff, '\n'};
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)("abc\n"[i % 4]);
	const struct ledger_entry entries[] = {
		entry_of("gh", binary, sizeof(binary)),
		entry_of("gh", large, sizeof(large)),
		entry_of("gh", "", 0),
	};
	int64_t seqs[3];

	CHECK_INT(ledger_keep_now(ledger, entries, 3, seqs, NULL), LEDGER_DONE);
	CHECK_INT(seqs[0], 1);
	CHECK_INT(seqs[2], 3);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 3);
	CHECK_INT(rows.items[0].n_body, sizeof(binary));
	CHECK(memcmp(rows.items[0].body, binary, sizeof(binary)) == 0);
	CHECK_INT(rows.items[1].n_body, sizeof(large));
	CHECK(memcmp(rows.items[1].body, large, sizeof(large)) == 0);
	CHECK_INT(rows.items[2].n_body, 0);
	CHECK(rows.items[2].body != NULL);
	CHECK_STR(rows.items[0].headers[0].name, "x-github-event");
	CHECK_STR(rows.items[0].headers[0].value, "push");
	CHECK_STR(rows.items[0].headers[1].value, "");
	CHECK_STR(rows.items[0].endpoint, "gh");
	CHECK_STR(rows.items[0].source, "github");
	CHECK_INT(rows.items[0].received_us, noon_us);
}

static void the_files_are_private(void)
{
	struct stat file;
	char wal[128];
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "x");
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	CHECK(stat(path, &file) == 0 && (file.st_mode & 0777) == 0600);
	CHECK(stat(wal, &file) == 0 && (file.st_mode & 0777) == 0600);
}

#define N_THREADS 8
#define N_EACH 50

static atomic_int n_done;

/* How many descriptors this process has of a file. */
static int n_open(const char *name, const char *tail)
{
	char wanted[160];
	char found[256];
	int n = 0;

	(void)snprintf(wanted, sizeof(wanted), "%s%s", name, tail);
	for (int fd = 0; fd < 100; fd++) {
		char at[40];

		(void)snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
		ssize_t length = readlink(at, found, sizeof(found) - 1);
		found[length > 0 ? length : 0] = '\0';
		n += strcmp(found, wanted) == 0;
	}
	return n;
}

/* To a larger disk, say. What belongs to it lies beside the file, and what lies beside the link
 * is none of it. */
static void a_ledger_may_be_a_link_to_another_place(void)
{
	char real[128];
	begin();

	ledger_close(opened());
	(void)snprintf(real, sizeof(real), "%s/real", folder);
	CHECK(rename(path, real) == 0); /* its empty log stays behind */
	CHECK(symlink(real, path) == 0);
	struct ledger *ledger = opened();
	CHECK_INT(keep(ledger, "x"), 1);
	CHECK_INT(n_open(path, "-wal"), 0);
	CHECK(n_open(real, "-wal") > 2);
	CHECK_INT(n_open(path, "-reserve"), 0);
	CHECK_INT(n_open(real, "-reserve"), 1);
	CHECK_INT(ledger_owner(real), getpid());
	CHECK_INT(ledger_owner(path), getpid());
	ledger_close(ledger);
}

static void on_kept(void *context, enum ledger_result result, int64_t seq)
{
	(void)context;
	if (result == LEDGER_DONE && seq > 0)
		n_done++;
}

static void *keep_many(void *context)
{
	struct ledger *ledger = context;

	for (int i = 0; i < N_EACH; i++) {
		struct ledger_entry entry = entry_of("gh", "body", 4);
		ledger_keep(ledger, &entry, on_kept, NULL);
	}
	return NULL;
}

static void many_at_once_share_commits_and_each_is_told(void)
{
	pthread_t threads[N_THREADS];
	struct ledger_health health;
	begin();
	struct ledger *ledger = opened();

	n_done = 0;
	for (int i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, keep_many, ledger);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	ledger_close(ledger); /* commits what has queued */
	CHECK_INT(n_done, N_THREADS * N_EACH);

	ledger = opened();
	CHECK_INT(count(ledger).backlog, N_THREADS * N_EACH);
	ledger_health(ledger, &health);
	CHECK_INT(health.n_waiting, 0);
	CHECK(!health.full && !health.failing);
	ledger_close(ledger);
}

static void a_commit_takes_all_that_waits(void)
{
	struct ledger_health health;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	n_done = 0;
	(void)keep_many(ledger);
	(void)keep_many(ledger);
	do {
		usleep(1000);
		ledger_health(ledger, &health);
	} while (health.n_kept < 2 * N_EACH);
	CHECK(health.n_commits < N_EACH);
	CHECK_INT(health.n_refused, 0);
}

static void a_second_owner_is_refused_and_told_who_holds_it(void)
{
	const struct ledger_options options = {.path = path};
	struct ledger *second = NULL;
	struct error err = {0};
	char pid[16];
	begin();
	struct ledger *ledger = opened();

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	CHECK_INT(ledger_open(&options, &second, &err), LEDGER_HELD);
	CHECK(strstr(err.text, pid) != NULL);
	ledger_close(ledger);
	CHECK_INT(ledger_open(&options, &second, NULL), LEDGER_OPENED);
	ledger_close(second);
}

static atomic_bool asking;

/* As ledger_owner() does, again and again. */
static void *ask_for_the_owner(void *unused)
{
	char lock[80];

	(void)unused;
	(void)snprintf(lock, sizeof(lock), "%s/ledger.lock", folder);
	int fd = open(lock, O_RDONLY);
	while (asking) {
		(void)flock(fd, LOCK_SH | LOCK_NB);
		(void)flock(fd, LOCK_UN);
	}
	close(fd);
	return NULL;
}

static void who_asks_for_the_owner_keeps_none_from_opening(void)
{
	pthread_t asker;
	begin();
	ledger_close(opened());

	asking = true;
	CHECK_INT(pthread_create(&asker, NULL, ask_for_the_owner, NULL), 0);
	for (int i = 0; i < 20; i++)
		ledger_close(opened());
	asking = false;
	CHECK_INT(pthread_join(asker, NULL), 0);
}

static void a_visitor_writes_beside_the_owner(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_filter all = {0};
	struct error err = {0};
	begin();

	CHECK(ledger_visit(path, false, &err) == NULL);
	CHECK(strstr(err.text, "dorad receive") != NULL);
	struct ledger *ledger = opened();
	CLEANUP(ledger_closep) struct ledger *visitor = ledger_visit(path, false, NULL);
	CHECK_INT(keep(visitor, "a"), 1);
	CHECK_INT(keep(ledger, "b"), 2);
	CHECK_INT(next(ledger, arena).n, 2);
	forward(ledger, 1, "one", 10);
	CHECK_INT(mark(visitor, &all), 1);
	CHECK_INT(count(ledger).again, 1);
	ledger_close(ledger);
	CHECK_INT(keep(visitor, "c"), 3);
}

static void numbers_never_come_again(void)
{
	begin();
	struct ledger *ledger = opened_with(1, 0);

	keep(ledger, "a");
	forward(ledger, 1, "one", 10);
	ledger_close(ledger);
	ledger = opened_with(1, 0); /* looks at once at what is too old */
	while (ledger_count_rows(ledger))
		usleep(10000);
	CHECK_INT(keep(ledger, "b"), 2);
	ledger_close(ledger);
}

static void retention_leaves_what_is_not_done_or_must_stay(void)
{
	const struct ledger_filter marked = {.seq = 5};
	const struct ledger_filter all = {0};
	char text[200] = "";
	begin();
	struct ledger *ledger = opened();

	for (int i = 0; i < 8; i++)
		keep(ledger, "x");
	forward(ledger, 1, "one", 10);
	settle_as(ledger, 2, LEDGER_STATE_IGNORED);
	settle_as(ledger, 3, LEDGER_STATE_QUARANTINED);
	struct ledger_made correction = made_of("four", 11);
	correction.kind = DORA_CORRECTION;
	const struct ledger_outcome corrected = {
		.seq = 4, .state = LEDGER_STATE_FORWARDED, .made = &correction, .n_made = 1};
	CHECK_INT(settle(ledger, &corrected, 1, NULL), LEDGER_DONE);
	forward(ledger, 5, "five", 12);
	settle_as(ledger, 6, LEDGER_STATE_DEAD);
	CHECK_INT(mark(ledger, &marked), 1);
	ledger_close(ledger);

	ledger = opened_with(1, 0);
	while (ledger_count_rows(ledger) > 6)
		usleep(10000);
	CHECK(ledger_list(ledger, &all, collect, text, NULL));
	CHECK_STR(text, "3quarantined 4forwarded 5forwarded 6dead 7kept 8kept ");
	ledger_close(ledger);
}

static void retention_by_size_deletes_the_oldest(void)
{
	static char body[100000];
	static struct ledger_outcome outcomes[100];
	begin();
	struct ledger *ledger = opened();
	FILE *random = fopen("/dev/urandom", "r");

	for (int i = 0; i < 100; i++) {
		CHECK(fread(body, 1, sizeof(body), random) == sizeof(body));
		struct ledger_entry entry = entry_of("gh", body, sizeof(body));
		entry.received_us = noon_us + i;
		CHECK_INT(ledger_keep_now(ledger, &entry, 1, NULL, NULL), LEDGER_DONE);
		outcomes[i] =
			(struct ledger_outcome){.seq = i + 1, .state = LEDGER_STATE_IGNORED};
	}
	fclose(random);
	CHECK_INT(settle(ledger, outcomes, 90, NULL), LEDGER_DONE);
	ledger_close(ledger);
	ledger = opened_with(100 * year_us, 9000000);
	while (count(ledger).bytes > 9000000)
		usleep(10000);
	CHECK(ledger_count_rows(ledger) >= 10);
	CHECK_INT(count(ledger).backlog, 10);
	ledger_close(ledger);
}

/* A Redis that was away, comes back and forgets its last second: that must still be here. */
static void retention_leaves_what_was_forwarded_just_now_however_old_it_is(void)
{
	const struct ledger_filter all = {0};
	char text[200] = "";
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "x");
	keep(ledger, "x");
	keep(ledger, "x");
	forward(ledger, 1, "one", 10);
	forward(ledger, 2, "two", (uint64_t)time(NULL) * 1000);
	forward(ledger, 3, "three", (uint64_t)(time(NULL) + 86400) * 1000); /* another clock */
	ledger_close(ledger);
	ledger = opened_with(1, 1);
	while (ledger_count_rows(ledger) > 1)
		usleep(10000);
	CHECK(ledger_list(ledger, &all, collect, text, NULL));
	CHECK_STR(text, "2forwarded ");
	ledger_close(ledger);
}

int main(void)
{
	RUN(what_was_kept_comes_back_byte_for_byte);
	RUN(the_files_are_private);
	RUN(a_ledger_may_be_a_link_to_another_place);
	RUN(many_at_once_share_commits_and_each_is_told);
	RUN(a_commit_takes_all_that_waits);
	RUN(a_second_owner_is_refused_and_told_who_holds_it);
	RUN(who_asks_for_the_owner_keeps_none_from_opening);
	RUN(a_visitor_writes_beside_the_owner);
	RUN(numbers_never_come_again);
	RUN(retention_leaves_what_is_not_done_or_must_stay);
	RUN(retention_by_size_deletes_the_oldest);
	RUN(retention_leaves_what_was_forwarded_just_now_however_old_it_is);
	remove_all();
	return tap_done();
}
