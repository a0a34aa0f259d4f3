/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/list.h"

#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char path[96];

static const int64_t noon_us = INT64_C(1780351162000000);
static const int64_t year_us = INT64_C(365) * 86400 * 1000000;

static void remove_all(void)
{
	char command[160];

	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		exit(1);
}

/* A fresh folder for each promise. */
static void begin(void)
{
	if (folder[0])
		remove_all();
	(void)snprintf(folder, sizeof(folder), "/tmp/dorad-ledger-XXXXXX");
	if (!mkdtemp(folder))
		exit(1);
	(void)snprintf(path, sizeof(path), "%s/ledger.db", folder);
}

static struct ledger *opened_with(int64_t age_us, int64_t bytes)
{
	const struct ledger_options options = {
		.path = path, .retention_age_us = age_us, .retention_bytes = bytes};
	struct ledger *ledger = NULL;
	struct error err = {0};

	if (ledger_open(&options, &ledger, &err) != LEDGER_OPENED) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return ledger;
}

static struct ledger *opened(void)
{
	return opened_with(100 * year_us, 0);
}

static const struct header headers[] = {{"x-github-event", "push"}, {"x-empty", ""}};

static struct ledger_entry entry_of(const char *endpoint, const char *body, size_t n)
{
	return (struct ledger_entry){
		.endpoint = endpoint,
		.source = "github",
		.delivery_id = "d-1",
		.kind = "push",
		.headers = headers,
		.n_headers = 2,
		.body = (char *)(uintptr_t)body,
		.n_body = n,
		.received_us = noon_us,
	};
}

static int64_t keep(struct ledger *ledger, const char *body)
{
	const struct ledger_entry entry = entry_of("gh", body, strlen(body));
	int64_t seq = 0;

	CHECK_INT(ledger_keep_now(ledger, &entry, 1, &seq, NULL), LEDGER_DONE);
	return seq;
}

static const struct ledger_window whole = {.rows = 100, .bytes = 1 << 20};

static struct ledger_rows next(struct ledger *ledger, struct arena *arena)
{
	struct ledger_rows rows = {0};

	CHECK(ledger_next(ledger, &whole, arena, &rows, NULL));
	return rows;
}

static struct ledger_made made_of(const char *id, uint64_t ms)
{
	return (struct ledger_made){
		.kind = DORA_CHANGE,
		.source = "/github/h",
		.id = id,
		.subject = "s",
		.time_us = noon_us,
		.key = "dorad:change",
		.entry_ms = ms,
	};
}

static void forward(struct ledger *ledger, int64_t seq, const char *id, uint64_t ms)
{
	const struct ledger_made made = made_of(id, ms);
	const struct ledger_outcome outcome = {
		.seq = seq, .state = LEDGER_STATE_FORWARDED, .made = &made, .n_made = 1};
	const struct ledger_note note = {.key = made.key, .entry_ms = ms};

	CHECK_INT(ledger_settle(ledger, &outcome, 1, &note, 1, NULL), LEDGER_DONE);
}

static int64_t mark(struct ledger *ledger, const struct ledger_filter *filter)
{
	int64_t n = -1;

	CHECK_INT(ledger_mark(ledger, filter, NULL, NULL, &n, NULL), LEDGER_DONE);
	return n;
}

static struct ledger_counts count(struct ledger *ledger)
{
	struct ledger_counts counts = {0};

	CHECK(ledger_count(ledger, &counts, NULL));
	return counts;
}

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

static void the_cursor_passes_only_what_was_settled(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "a");
	keep(ledger, "b");
	keep(ledger, "c");
	forward(ledger, 1, "one", 10);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 2);
	CHECK_INT(rows.items[0].seq, 2);
	CHECK_INT(count(ledger).backlog, 2);
	ledger_close(ledger);

	ledger = opened();
	CHECK_INT(next(ledger, arena).n, 2);
	struct ledger_row row;
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_FORWARDED);
	CHECK_INT(row.n_made, 1);
	CHECK_STR(row.made[0].id, "one");
	CHECK_STR(row.made[0].key, "dorad:change");
	CHECK_INT(row.made[0].entry_ms, 10);
	CHECK(!ledger_find(ledger, 99, arena, &row, NULL));
	ledger_close(ledger);
}

static void a_window_is_bounded_by_bytes_but_one_row_always_comes(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_window small = {.rows = 10, .bytes = 3};
	struct ledger_rows rows;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "larger than three");
	keep(ledger, "b");
	CHECK(ledger_next(ledger, &small, arena, &rows, NULL));
	CHECK_INT(rows.n, 1);
}

static void live_rows_come_before_marked_ones(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_filter all = {0};
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "a");
	forward(ledger, 1, "one", 10);
	keep(ledger, "b");
	CHECK_INT(mark(ledger, &all), 1); /* the second needs no mark */
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK_INT(rows.items[0].seq, 2);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_NO);
	forward(ledger, 2, "two", 11);
	rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK_INT(rows.items[0].seq, 1);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_ALL);
	CHECK_STR(rows.items[0].made[0].id, "one");
	const struct ledger_made made = made_of("one", 12);
	const struct ledger_outcome outcome = {
		.seq = 1,
		.again = LEDGER_AGAIN_ALL,
		.state = LEDGER_STATE_FORWARDED,
		.made = &made,
		.n_made = 1,
	};
	CHECK_INT(ledger_settle(ledger, &outcome, 1, NULL, 0, NULL), LEDGER_DONE);
	CHECK_INT(next(ledger, arena).n, 0);
	CHECK_INT(count(ledger).again, 0);
	CHECK_INT(count(ledger).backlog, 0);
}

static void collect(void *context, const struct ledger_summary *summary)
{
	char *text = context;
	size_t used = strlen(text);

	(void)snprintf(text + used, 200 - used, "%d%s ", (int)summary->seq, summary->state);
}

static void a_row_with_bad_lines_is_forwarded_and_listed_as_quarantined(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_made made = made_of("one", 10);
	struct bad_line bad[] = {{2, "not JSON"}, {5, "no id"}};
	const struct ledger_outcome outcome = {
		.seq = 1,
		.state = LEDGER_STATE_FORWARDED,
		.made = &made,
		.n_made = 1,
		.bad = bad,
		.n_bad = 2,
	};
	const struct ledger_filter troubled = {.state = "quarantined"};
	char text[200] = "";
	struct ledger_row row;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "a");
	keep(ledger, "b");
	CHECK_INT(ledger_settle(ledger, &outcome, 1, NULL, 0, NULL), LEDGER_DONE);
	forward(ledger, 2, "two", 11);
	CHECK(ledger_list(ledger, &troubled, collect, text, NULL));
	CHECK_STR(text, "1quarantined ");
	CHECK_INT(count(ledger).quarantined, 1);
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_FORWARDED);
	CHECK_INT(row.n_bad, 2);
	CHECK_INT(row.bad[1].line, 5);
	CHECK_STR(row.bad[1].reason, "no id");
	CHECK_INT(mark(ledger, &troubled), 1);
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_BAD_ONLY);
	const struct ledger_filter forwarded = {.state = "forwarded"};
	CHECK_INT(mark(ledger, &forwarded), 2);
	CHECK_INT(mark(ledger, &troubled), 1); /* all of it stays asked for */
	rows = next(ledger, arena);
	CHECK_INT(rows.items[0].again, LEDGER_AGAIN_ALL);
}

static void a_list_is_filtered_and_the_last_so_many_come_oldest_first(void)
{
	char text[200] = "";
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	for (int i = 0; i < 5; i++) {
		struct ledger_entry entry = entry_of(i % 2 ? "odd" : "even", "x", 1);
		entry.received_us = noon_us + i;
		CHECK_INT(ledger_keep_now(ledger, &entry, 1, NULL, NULL), LEDGER_DONE);
	}
	const struct ledger_filter last = {.last = 2};
	CHECK(ledger_list(ledger, &last, collect, text, NULL));
	CHECK_STR(text, "4kept 5kept ");
	text[0] = '\0';
	const struct ledger_filter odd = {.endpoint = "odd"};
	CHECK(ledger_list(ledger, &odd, collect, text, NULL));
	CHECK_STR(text, "2kept 4kept ");
	text[0] = '\0';
	const struct ledger_filter span = {.since_us = noon_us + 1, .until_us = noon_us + 3};
	CHECK(ledger_list(ledger, &span, collect, text, NULL));
	CHECK_STR(text, "2kept 3kept ");
}

static int n_listed;

static void count_listed(void *context, const struct ledger_summary *summary)
{
	(void)context;
	n_listed += summary->seq == n_listed + 1;
}

static void a_long_list_comes_in_pages_without_a_gap(void)
{
	static struct ledger_entry entries[1234];
	const struct ledger_filter all = {0};
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	for (int i = 0; i < 1234; i++)
		entries[i] = entry_of("gh", "x", 1);
	CHECK_INT(ledger_keep_now(ledger, entries, 1234, NULL, NULL), LEDGER_DONE);
	n_listed = 0;
	CHECK(ledger_list(ledger, &all, count_listed, NULL, NULL));
	CHECK_INT(n_listed, 1234);
}

static void what_redis_lost_is_marked_exactly(void)
{
	struct ledger_note note = {0};
	int64_t n = -1;
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	CHECK(!ledger_noted(ledger, "dorad:change", &note));
	for (int i = 0; i < 5; i++) {
		keep(ledger, "x");
		forward(ledger, i + 1, "id", (uint64_t)(100 + i));
	}
	CHECK(ledger_noted(ledger, "dorad:change", &note));
	CHECK_INT(note.entry_ms, 104);
	const struct ledger_note survived = {.key = "dorad:change", .entry_ms = 102};
	CHECK_INT(ledger_set_back(ledger, &survived, &n, NULL), LEDGER_DONE);
	CHECK_INT(n, 2);
	CHECK_INT(count(ledger).again, 2);
	CHECK(ledger_noted(ledger, "dorad:change", &note));
	CHECK_INT(note.entry_ms, 102);
	const struct ledger_note gone = {.key = "dorad:change"};
	CHECK_INT(ledger_set_back(ledger, &gone, &n, NULL), LEDGER_DONE);
	CHECK_INT(count(ledger).again, 5);
	const struct ledger_note unknown = {.key = "dorad:incident"};
	CHECK_INT(ledger_set_back(ledger, &unknown, &n, NULL), LEDGER_DONE);
	CHECK_INT(n, 0);
}

static void a_dead_event_marks_its_delivery_and_no_other_ledgers(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct ledger_note position = {.key = "dorad:dead", .entry_ms = 7};
	struct ledger_note note = {0};
	struct ledger_row row;
	char name[LEDGER_NAME_MAX];
	begin();
	CLEANUP(ledger_closep) struct ledger *ledger = opened();

	keep(ledger, "x");
	forward(ledger, 1, "id", 1);
	CHECK_INT(ledger_bury(ledger, "ffffffffff-1", "bad", &position, NULL), LEDGER_DONE);
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_FORWARDED);
	ledger_name(ledger, 1, name);
	CHECK_INT(ledger_bury(ledger, name, "no such year", &position, NULL), LEDGER_DONE);
	CHECK(ledger_find(ledger, 1, arena, &row, NULL));
	CHECK_INT(row.state, LEDGER_STATE_DEAD);
	CHECK_STR(row.reason, "no such year");
	CHECK(ledger_noted(ledger, "dorad:dead", &note));
	CHECK_INT(note.entry_ms, 7);
	CHECK_INT(count(ledger).dead, 1);
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
	while (count(ledger).n_rows)
		usleep(10000);
	CHECK_INT(keep(ledger, "b"), 2);
	ledger_close(ledger);
}

static void settle_as(struct ledger *ledger, int64_t seq, enum ledger_state state)
{
	const struct ledger_outcome outcome = {.seq = seq, .state = state, .reason = "r"};

	CHECK_INT(ledger_settle(ledger, &outcome, 1, NULL, 0, NULL), LEDGER_DONE);
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
	CHECK_INT(ledger_settle(ledger, &corrected, 1, NULL, 0, NULL), LEDGER_DONE);
	forward(ledger, 5, "five", 12);
	settle_as(ledger, 6, LEDGER_STATE_DEAD);
	CHECK_INT(mark(ledger, &marked), 1);
	ledger_close(ledger);

	ledger = opened_with(1, 0);
	while (count(ledger).n_rows > 6)
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
	CHECK_INT(ledger_settle(ledger, outcomes, 90, NULL, 0, NULL), LEDGER_DONE);
	ledger_close(ledger);
	ledger = opened_with(100 * year_us, 9000000);
	while (count(ledger).bytes > 9000000)
		usleep(10000);
	CHECK(count(ledger).n_rows >= 10);
	CHECK_INT(count(ledger).backlog, 10);
	ledger_close(ledger);
}

static void run_sql(const char *sql)
{
	sqlite3 *db = NULL;

	CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_ledger_of_a_later_version_is_refused_untouched(void)
{
	const struct ledger_options options = {.path = path};
	struct ledger *ledger;
	struct error err = {0};
	begin();

	ledger_close(opened());
	run_sql("PRAGMA user_version = 99");
	CHECK_INT(ledger_open(&options, &ledger, &err), LEDGER_BAD);
	CHECK(strstr(err.text, "version 99") != NULL);
	CHECK(strstr(err.text, "later dorad") != NULL);
	run_sql("PRAGMA user_version = 1");
	ledger_close(opened());
}

static void another_programs_database_is_refused(void)
{
	const struct ledger_options options = {.path = path};
	struct ledger *ledger;
	struct error err = {0};
	begin();

	run_sql("CREATE TABLE theirs (x)");
	CHECK_INT(ledger_open(&options, &ledger, &err), LEDGER_BAD);
	CHECK(strstr(err.text, "not a ledger") != NULL);
}

static void overwrite(off_t at, size_t n)
{
	static const char garbage[4096] = {0x5a, 0x17, 0x22};
	int fd = open(path, O_WRONLY);

	for (size_t i = 0; i < n; i++)
		CHECK(pwrite(fd, garbage, sizeof(garbage), at + (off_t)(i * 4096)) == 4096);
	close(fd);
}

static char *find_aside(void)
{
	static char found[256];
	char command[160];
	(void)snprintf(command, sizeof(command), "ls %s | grep 'corrupt-[0-9TZ]*$'", folder);
	FILE *list = popen(command, "r");
	char name[128] = "";

	if (list && fgets(name, sizeof(name), list))
		name[strcspn(name, "\n")] = '\0';
	pclose(list);
	(void)snprintf(found, sizeof(found), "%s/%s", folder, name);
	return found;
}

static void a_corrupt_ledger_is_set_aside_whole_and_salvaged(void)
{
	static char body[30000];
	struct ledger_salvage salvage;
	struct stat before;
	struct stat after;
	begin();
	struct ledger *ledger = opened();
	FILE *random = fopen("/dev/urandom", "r");

	for (int i = 0; i < 40; i++) {
		CHECK(fread(body, 1, sizeof(body), random) == sizeof(body));
		struct ledger_entry entry = entry_of("gh", body, sizeof(body));
		CHECK_INT(ledger_keep_now(ledger, &entry, 1, NULL, NULL), LEDGER_DONE);
	}
	fclose(random);
	ledger_close(ledger);
	CHECK(stat(path, &before) == 0);
	overwrite(before.st_size / 2 / 4096 * 4096, 8);

	ledger = opened();
	const char *aside = find_aside();
	CHECK(stat(aside, &after) == 0);
	CHECK_INT(after.st_size, before.st_size);
	CHECK_INT(count(ledger).n_rows, 0);
	CHECK_INT(keep(ledger, "new"), 1);
	CHECK_INT(ledger_recover(ledger, aside, &salvage, NULL), LEDGER_DONE);
	printf("# read %d, lost %d\n", (int)salvage.n_read, (int)salvage.n_lost);
	CHECK(salvage.n_read >= 36);
	CHECK_INT(salvage.n_read + salvage.n_lost, 40);
	CHECK_INT(count(ledger).backlog, 1 + salvage.n_read);
	ledger_close(ledger);
}

static void a_garbled_header_does_not_keep_the_receiver_from_starting(void)
{
	struct ledger *ledger;
	begin();

	ledger = opened();
	keep(ledger, "x");
	ledger_close(ledger);
	overwrite(0, 1);
	ledger = opened();
	CHECK_INT(keep(ledger, "new"), 1);
	ledger_close(ledger);
	CHECK(strstr(find_aside(), "corrupt-") != NULL);
}

/* Copies the ledger as a power cut would leave it: file and log, without the index. */
static void cut_power(struct ledger *ledger, const char *to)
{
	char command[400];

	(void)ledger;
	(void)snprintf(command, sizeof(command),
		"mkdir -p %s && cp %s %s/ledger.db && cp %s-wal %s/ledger.db-wal", to, path, to,
		path, to);
	CHECK_INT(system(command), 0);
}

/* RELIABILITY.md section 10, row 3. */
static void a_torn_log_keeps_all_that_was_committed_before_it(void)
{
	char to[128];
	char wal[160];
	struct stat size;
	struct stat before;
	begin();
	struct ledger *ledger = opened();

	(void)snprintf(to, sizeof(to), "%s/cut", folder);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	keep(ledger, "a");
	keep(ledger, "b");
	CHECK(stat(wal, &before) == 0);
	keep(ledger, "c");
	CHECK(stat(wal, &size) == 0);
	cut_power(ledger, to);
	ledger_close(ledger);

	(void)snprintf(path, sizeof(path), "%s/ledger.db", to);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	char *bytes = malloc((size_t)size.st_size);
	int fd = open(wal, O_RDWR);
	CHECK(read(fd, bytes, (size_t)size.st_size) == size.st_size);
	for (off_t at = size.st_size; at >= before.st_size; at -= 97) {
		char remove[400];

		CHECK(pwrite(fd, bytes, (size_t)size.st_size, 0) == size.st_size);
		CHECK(ftruncate(fd, at) == 0);
		(void)snprintf(remove, sizeof(remove), "%s-shm", path);
		(void)unlink(remove);
		CLEANUP(ledger_closep) struct ledger *visitor = ledger_visit(path, false, NULL);
		CHECK(visitor != NULL);
		int64_t n = visitor ? count(visitor).n_rows : -1;
		CHECK_INT(n, at == size.st_size ? 3 : 2);
	}
	free(bytes);
	close(fd);
}

/* A process that ends while it reads row 1. */
static void die_reading(int with)
{
	(void)fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		struct ledger *ledger = opened();
		ledger_reading(ledger, 1);
		if (with == SIGABRT)
			abort();
		raise(with);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static bool is_crashed(void)
{
	struct ledger *ledger = opened();
	bool crashed = ledger_crashed_on(ledger, 1);

	ledger_reading(ledger, 1); /* as the forwarder does, and is then killed */
	(void)fflush(stdout);
	ledger_close(ledger);
	return crashed;
}

static void two_crashes_on_a_row_condemn_it(void)
{
	begin();
	struct ledger *ledger = opened();
	keep(ledger, "x");
	ledger_close(ledger);

	die_reading(SIGABRT);
	die_reading(SIGABRT);
	CHECK(is_crashed());
	CHECK(!is_crashed()); /* a clean end forgets */
}

static void a_kill_says_little_of_the_row(void)
{
	begin();
	struct ledger *ledger = opened();
	keep(ledger, "x");
	ledger_close(ledger);

	for (int i = 0; i < 4; i++)
		die_reading(SIGKILL);
	die_reading(SIGABRT);
	CHECK(is_crashed()); /* the fifth end in a row */
	die_reading(SIGKILL);
	die_reading(SIGKILL);
	CHECK(!is_crashed());
}

int main(void)
{
	RUN(what_was_kept_comes_back_byte_for_byte);
	RUN(the_files_are_private);
	RUN(many_at_once_share_commits_and_each_is_told);
	RUN(a_commit_takes_all_that_waits);
	RUN(the_cursor_passes_only_what_was_settled);
	RUN(a_window_is_bounded_by_bytes_but_one_row_always_comes);
	RUN(live_rows_come_before_marked_ones);
	RUN(a_row_with_bad_lines_is_forwarded_and_listed_as_quarantined);
	RUN(a_list_is_filtered_and_the_last_so_many_come_oldest_first);
	RUN(a_long_list_comes_in_pages_without_a_gap);
	RUN(what_redis_lost_is_marked_exactly);
	RUN(a_dead_event_marks_its_delivery_and_no_other_ledgers);
	RUN(a_second_owner_is_refused_and_told_who_holds_it);
	RUN(a_visitor_writes_beside_the_owner);
	RUN(numbers_never_come_again);
	RUN(retention_leaves_what_is_not_done_or_must_stay);
	RUN(retention_by_size_deletes_the_oldest);
	RUN(a_ledger_of_a_later_version_is_refused_untouched);
	RUN(another_programs_database_is_refused);
	RUN(a_corrupt_ledger_is_set_aside_whole_and_salvaged);
	RUN(a_garbled_header_does_not_keep_the_receiver_from_starting);
	RUN(a_torn_log_keeps_all_that_was_committed_before_it);
	RUN(two_crashes_on_a_row_condemn_it);
	RUN(a_kill_says_little_of_the_row);
	remove_all();
	return tap_done();
}
