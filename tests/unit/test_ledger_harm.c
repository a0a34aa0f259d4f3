/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include "base/xalloc.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
	run_sql("PRAGMA user_version = 2");
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
	char pattern[160];
	glob_t files;

	(void)snprintf(pattern, sizeof(pattern), "%s.corrupt-*Z", path);
	found[0] = '\0';
	if (glob(pattern, 0, NULL, &files) == 0)
		(void)snprintf(found, sizeof(found), "%s", files.gl_pathv[0]);
	globfree(&files);
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
	CHECK_INT(ledger_count_rows(ledger), 0);
	CHECK_INT(keep(ledger, "new"), 1);
	CHECK_INT(ledger_recover(ledger, aside, &salvage, NULL), LEDGER_DONE);
	printf("# read %d, lost %d\n", (int)salvage.n_read, (int)salvage.n_lost);
	CHECK(salvage.n_read >= 36);
	CHECK_INT(salvage.n_read + salvage.n_lost, 40);
	CHECK_INT(count(ledger).backlog, 1 + salvage.n_read);
	ledger_close(ledger);
}

static int64_t ask_sql(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *select = NULL;

	CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &select, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_step(select), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(select, 0);
	(void)sqlite3_finalize(select);
	sqlite3_close(db);
	return number;
}

/* Four hundred rows, one after the other recovered from a file with a leaf of them broken. */
static struct ledger_salvage recover_without(const char *leaf_sql)
{
	struct ledger_salvage salvage;
	char aside[128];
	begin();
	struct ledger *ledger = opened();

	for (int i = 0; i < 400; i++)
		keep(ledger, "x");
	ledger_close(ledger);
	run_sql("UPDATE sqlite_sequence SET seq = 4611686018427387904");
	run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
	if (leaf_sql)
		overwrite((ask_sql(leaf_sql) - 1) * 4096, 1);
	(void)snprintf(aside, sizeof(aside), "%s-old", path);
	CHECK(rename(path, aside) == 0);
	ledger = opened();
	CHECK_INT(ledger_recover(ledger, aside, &salvage, NULL), LEDGER_DONE);
	printf("# read %d, lost %d\n", (int)salvage.n_read, (int)salvage.n_lost);
	CHECK_INT(count(ledger).backlog, salvage.n_read);
	ledger_close(ledger);
	return salvage;
}

#define LEAVES "SELECT pageno FROM dbstat WHERE name = 'delivery' AND pagetype = 'leaf'"

static void a_last_number_that_is_garbage_is_not_walked_to(void)
{
	struct ledger_salvage salvage = recover_without(NULL);

	CHECK_INT(salvage.n_read, 400);
	CHECK_INT(salvage.n_lost, 0);
}

static void behind_a_broken_leaf_the_rest_is_recovered(void)
{
	struct ledger_salvage salvage =
		recover_without(LEAVES " ORDER BY path LIMIT 1 OFFSET 1");

	CHECK(salvage.n_read >= 300);
	CHECK_INT(salvage.n_read + salvage.n_lost, 400);
}

static void a_broken_last_leaf_and_a_garbage_number_end_in_time(void)
{
	struct ledger_salvage salvage = recover_without(LEAVES " ORDER BY path DESC LIMIT 1");

	CHECK(salvage.n_read >= 300);
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

static int n_aside(void)
{
	char pattern[160];
	glob_t files;

	(void)snprintf(pattern, sizeof(pattern), "%s.corrupt-*Z", path);
	int n = glob(pattern, 0, NULL, &files) == 0 ? (int)files.gl_pathc : 0;
	globfree(&files);
	return n;
}

/* A disk on which the next file is soon no better. */
static void one_set_aside_does_not_take_the_place_of_another(void)
{
	begin();

	for (int i = 0; i < 3; i++) {
		ledger_close(opened());
		overwrite(0, 1);
	}
	ledger_close(opened());
	CHECK_INT(n_aside(), 3);
}

/* What SQLite cannot know to be wrong. */
static void a_length_that_cannot_be_is_words_and_takes_no_memory(void)
{
	static char body[4000];
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	begin();
	struct ledger *ledger = opened();

	memset(body, 'x', sizeof(body) - 1); /* is compressed where that can be */
	keep(ledger, body);
	ledger_close(ledger);
	run_sql("UPDATE delivery SET n_body = 1 << 46");
	ledger = opened();
	struct ledger_rows rows = next(ledger, arena);
	CHECK_INT(rows.n, 1);
	CHECK(rows.items[0].body == NULL);
	CHECK(strstr(rows.items[0].unreadable, "70368744177664") != NULL);
	ledger_close(ledger);
}

static size_t copy(const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *in = fopen(from, "r");
	FILE *out = fopen(to, "w");
	size_t n = in ? fread(bytes, 1, sizeof(bytes), in) : 0;

	CHECK(out && fwrite(bytes, 1, n, out) == n);
	fclose(in);
	fclose(out);
	return n;
}

/* RELIABILITY.md section 10, row 3. File and log as a power cut would leave them, the log cut
 * anywhere within its last commit. */
static void a_torn_log_keeps_all_that_was_committed_before_it(void)
{
	char to[128];
	char wal[128];
	char cut_wal[160];
	char index[160];
	struct stat before;
	begin();
	struct ledger *ledger = opened();

	(void)snprintf(to, sizeof(to), "%s/cut.db", folder);
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	(void)snprintf(cut_wal, sizeof(cut_wal), "%s-wal", to);
	(void)snprintf(index, sizeof(index), "%s-shm", to);
	keep(ledger, "a");
	keep(ledger, "b");
	CHECK(stat(wal, &before) == 0);
	keep(ledger, "c");
	(void)copy(path, to);
	off_t size = (off_t)copy(wal, cut_wal);
	for (off_t at = size; at >= before.st_size; at -= 97) {
		CHECK_INT(copy(wal, cut_wal), size);
		CHECK(truncate(cut_wal, at) == 0);
		(void)unlink(index);
		CLEANUP(ledger_closep) struct ledger *visitor = ledger_visit(to, false, NULL);
		CHECK(visitor != NULL);
		CHECK_INT(visitor ? ledger_count_rows(visitor) : -1, at == size ? 3 : 2);
	}
	ledger_close(ledger);
}

/* A process that ends while it reads row 1, by a signal, or, 0, for want of memory. */
static void die_reading(int with)
{
	(void)fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		struct ledger *ledger = opened();
		ledger_reading(ledger, 1);
		if (with == 0)
			out_of_memory();
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
	bool crashed = ledger_crashed_on(ledger, 1) != NULL;

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

static void a_kill_or_want_of_memory_says_little_of_the_row(void)
{
	begin();
	struct ledger *ledger = opened();
	keep(ledger, "x");
	ledger_close(ledger);

	for (int i = 0; i < 4; i++)
		die_reading(i % 2 ? 0 : SIGKILL);
	die_reading(SIGABRT);
	CHECK(is_crashed()); /* the fifth end in a row */
	die_reading(SIGKILL);
	die_reading(SIGKILL);
	CHECK(!is_crashed());
}

int main(void)
{
	RUN(a_ledger_of_a_later_version_is_refused_untouched);
	RUN(another_programs_database_is_refused);
	RUN(a_corrupt_ledger_is_set_aside_whole_and_salvaged);
	RUN(a_last_number_that_is_garbage_is_not_walked_to);
	RUN(behind_a_broken_leaf_the_rest_is_recovered);
	RUN(a_broken_last_leaf_and_a_garbage_number_end_in_time);
	RUN(a_garbled_header_does_not_keep_the_receiver_from_starting);
	RUN(one_set_aside_does_not_take_the_place_of_another);
	RUN(a_length_that_cannot_be_is_words_and_takes_no_memory);
	RUN(a_torn_log_keeps_all_that_was_committed_before_it);
	RUN(two_crashes_on_a_row_condemn_it);
	RUN(a_kill_or_want_of_memory_says_little_of_the_row);
	remove_all();
	return tap_done();
}
