/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_folder.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

/* A disk that takes no more: files may not become larger than this. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static int64_t clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
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
	int64_t begun_us = clock_us();
	wait_for_errors(ledger, 6);
	int64_t took_us = clock_us() - begun_us;
	printf("# five more errors in %d ms\n", (int)(took_us / 1000));
	CHECK(took_us > 750000);
	limit_files(RLIM_INFINITY);
	(void)sem_wait(&answered);
	ledger_close(ledger);
}

int main(void)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sem_init(&answered, 0, 0);
	RUN(a_disk_that_fails_is_tried_four_times_a_second_and_no_more);
	remove_all();
	return tap_done();
}
