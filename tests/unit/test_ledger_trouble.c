/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include "ledger_priv.h"

#include <semaphore.h>
#include <signal.h>
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

int main(void)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sem_init(&answered, 0, 0);
	RUN(a_visitor_does_not_move_a_log_that_its_owner_doubts);
	RUN(a_disk_that_fails_is_tried_four_times_a_second_and_no_more);
	remove_all();
	return tap_done();
}
