/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

/* A disk that takes no more: files may not become larger than this. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static sem_t answered;

static void on_kept(void *context, enum ledger_result result, int64_t seq)
{
	CHECK_INT(result, LEDGER_DONE);
	CHECK_INT(seq, 2);
	(void)context;
	(void)sem_post(&answered);
}

static void wait_for_errors(struct ledger *ledger, uint64_t n)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct ledger_health health;

	do {
		(void)nanosleep(&moment, NULL);
		ledger_health(ledger, &health);
	} while (health.n_errors < n);
}

static void a_disk_that_fails_is_tried_four_times_a_second_and_no_more(void)
{
	const struct ledger_entry entry = entry_of("gh", "x", 1);
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "before");
	limit_files(4096);
	ledger_keep(ledger, &entry, on_kept, NULL);
	wait_for_errors(ledger, 1);
	int64_t begun_us = now_us(CLOCK_MONOTONIC);
	wait_for_errors(ledger, 6);
	int64_t took_us = now_us(CLOCK_MONOTONIC) - begun_us;
	printf("# five more errors in %d ms\n", (int)(took_us / 1000));
	CHECK(took_us > 750000);
	limit_files(RLIM_INFINITY);
	(void)sem_wait(&answered);
	ledger_close(ledger);
}

static void wait_until_mended(struct ledger *ledger)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct ledger_health health;

	do {
		(void)nanosleep(&moment, NULL);
		ledger_health(ledger, &health);
	} while (health.full || health.failing);
}

/* Trouble that no delivery meets, and that no delivery sees mended. */
static void fail_and_mend_unseen(struct ledger *ledger)
{
	const struct ledger_outcome outcome = {.seq = 1, .state = LEDGER_STATE_IGNORED};

	limit_files(4096);
	CHECK_INT(settle(ledger, &outcome, 1, NULL), LEDGER_FAILED);
	limit_files(RLIM_INFINITY);
	wait_until_mended(ledger);
}

/* As if it had been so long before. */
static void put_back_clock(int64_t *at_us, struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	*at_us -= LEDGER_PATIENCE_US + 1000000;
	(void)pthread_mutex_unlock(&writer->lock);
}

static sem_t refused;

static void on_second(void *context, enum ledger_result result, int64_t seq)
{
	(void)seq;
	*(enum ledger_result *)context = result;
	(void)sem_post(&refused);
}

/* What becomes of a delivery that comes while another one waits. */
static enum ledger_result keep_a_second(struct ledger *ledger)
{
	const struct ledger_entry entry = entry_of("gh", "x", 1);
	enum ledger_result result = LEDGER_LATE;
	struct ledger_health health;

	ledger_health(ledger, &health);
	limit_files(4096);
	ledger_keep(ledger, &entry, on_second, &(enum ledger_result){LEDGER_LATE});
	wait_for_errors(ledger, health.n_errors + 1);
	ledger_keep(ledger, &entry, on_second, &result);
	limit_files(RLIM_INFINITY);
	(void)sem_wait(&refused);
	(void)sem_wait(&refused);
	return result;
}

static void trouble_that_comes_back_at_once_is_said_at_once(void)
{
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "before");
	fail_and_mend_unseen(ledger);
	put_back_clock(&ledger->writer.bad_since_us, &ledger->writer);
	CHECK_INT(keep_a_second(ledger), LEDGER_FAILED);
	ledger_close(ledger);
}

static void new_trouble_has_its_time_where_nobody_saw_the_old_one_mended(void)
{
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "before");
	fail_and_mend_unseen(ledger);
	put_back_clock(&ledger->writer.bad_since_us, &ledger->writer);
	put_back_clock(&ledger->writer.mended_us, &ledger->writer);
	CHECK_INT(keep_a_second(ledger), LEDGER_DONE);
	ledger_close(ledger);
}

static ssize_t write_over_quota(int fd, const void *bytes, size_t n, off_t at)
{
	(void)fd;
	(void)bytes;
	(void)n;
	(void)at;
	errno = EDQUOT;
	return -1;
}

/* What SQLite calls to write; NULL: its own again. */
static void write_through(ssize_t (*call)(int, const void *, size_t, off_t))
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	(void)vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)call);
	CHECK_INT(vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)call), SQLITE_OK);
}

static void a_quota_that_is_used_up_is_a_full_disk(void)
{
	const struct ledger_entry entry = entry_of("gh", "x", 1);
	struct ledger_health health;
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "before");
	write_through(write_over_quota);
	ledger_keep(ledger, &entry, on_kept, NULL);
	wait_for_errors(ledger, 3); /* and it stays so until something can be written */
	ledger_health(ledger, &health);
	CHECK(health.full);
	CHECK(!health.failing);
	write_through(NULL);
	(void)sem_wait(&answered);
	ledger_close(ledger);
}

static off_t size_of_file(void)
{
	struct stat file;

	CHECK(stat(path, &file) == 0);
	return file.st_size;
}

/* What stands in it behind a hole would be in the file before what stands before that. */
static void a_visitor_does_not_move_a_log_that_its_owner_doubts(void)
{
	static char body[5 << 20];
	FILE *random = fopen("/dev/urandom", "r");
	begin();
	struct ledger *ledger = opened();
	struct ledger *visitor = ledger_visit(path, false, NULL);
	const struct ledger_entry entry = entry_of("gh", body, sizeof(body));

	CHECK(fread(body, 1, sizeof(body), random) == sizeof(body));
	(void)fclose(random);
	lock_note_doubt(ledger->lock, true);
	CHECK_INT(ledger_keep_now(visitor, &entry, 1, NULL, NULL), LEDGER_DONE);
	CHECK(size_of_file() < (off_t)sizeof(body));
	lock_note_doubt(ledger->lock, false);
	CHECK_INT(ledger_keep_now(visitor, &entry, 1, NULL, NULL), LEDGER_DONE);
	CHECK(size_of_file() > (off_t)sizeof(body));
	ledger_close(visitor);
	ledger_close(ledger);
}

/* The last page in the log, behind the heads of the log and of each page, as an older state of
 * the disk would have it. */
static void lose_end_of_log(const struct ledger *ledger)
{
	static const char older[4096];
	int fd = open(ledger->wal_path, O_WRONLY);

	CHECK(pwrite(fd, older, 4096, 32 + ledger->mover.log * (24 + 4096) - 4096) == 4096);
	(void)close(fd);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[4096];
	FILE *in = fopen(from, "r");
	FILE *out = fopen(to, "w");

	for (size_t n; (n = fread(bytes, 1, sizeof(bytes), in)) > 0;)
		CHECK(fwrite(bytes, 1, n, out) == n);
	(void)fclose(in);
	(void)fclose(out);
}

/* How many rows a power cut would leave. */
static int64_t n_on_disk(const char *log)
{
	char to[128];
	char to_log[136];

	(void)snprintf(to, sizeof(to), "%s-cut", path);
	(void)snprintf(to_log, sizeof(to_log), "%s-wal", to);
	copy_file(path, to);
	copy_file(log, to_log);
	CLEANUP(ledger_closep) struct ledger *visitor = ledger_visit(to, false, NULL);
	return count(visitor).backlog;
}

/* Memory was short between two tries to write it anew. */
static void nothing_is_kept_behind_what_a_doubted_log_has_lost(void)
{
	const struct ledger_entry entry = entry_of("gh", "b", 1);
	begin();
	struct ledger *ledger = opened();

	keep(ledger, "a");
	keep(ledger, "lost");
	lose_end_of_log(ledger);
	atomic_store(&ledger->writer.log_doubted, true);
	ledger_keep(ledger, &entry, on_kept, NULL);
	(void)sem_wait(&answered);
	CHECK_INT(n_on_disk(ledger->wal_path), 2);
	CHECK_INT(count(ledger).backlog, 2);
	ledger_close(ledger);
}

int main(void)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sem_init(&answered, 0, 0);
	(void)sem_init(&refused, 0, 0);
	RUN(trouble_that_comes_back_at_once_is_said_at_once);
	RUN(new_trouble_has_its_time_where_nobody_saw_the_old_one_mended);
	RUN(a_quota_that_is_used_up_is_a_full_disk);
	RUN(a_visitor_does_not_move_a_log_that_its_owner_doubts);
	RUN(nothing_is_kept_behind_what_a_doubted_log_has_lost);
	RUN(a_disk_that_fails_is_tried_four_times_a_second_and_no_more);
	remove_all();
	return tap_done();
}
