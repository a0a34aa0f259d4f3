/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define OWNER_BYTES 32

/* Two crashes on a row, or five ends without one: a kill -9, a power cut and a machine without
 * memory say nothing of the row, but what takes all memory for itself looks the same. */
#define MOST_CRASHES 2
#define MOST_ENDS 5

/* How often, and after what time, an owner tries again while there is none but who asks. */
#define TRIES 50
#define TRY_US 5000

/* The file's content. The first bytes are text for a person who looks. */
struct page {
	char owner[OWNER_BYTES]; /* "<pid>\n" */
	int64_t seq;             /* being read; 0: none */
	pid_t thread;            /* by which */
	uint32_t crashes;        /* of a process that read this row */
	uint32_t ends;           /* of any kind, while it was read */
	uint32_t doubted;        /* the log; until its owner or the next has written it anew */
};

struct lock {
	int fd;
	struct page *page;
	int64_t suspect; /* the row that was being read when the last owner ended */
	uint32_t crashes;
	uint32_t ends;
};

/* The one thing a signal handler can reach. Set while the lock is held. */
static struct page *volatile crash_page;

static const int crash_signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
static struct sigaction crash_before[ARRAY_LEN(crash_signals)];

/* Notes the crash and lets it happen: the old disposition is back when this returns, and the
 * instruction that failed is run once more. */
static void on_crash(int signal_number, siginfo_t *info, void *context)
{
	struct page *page = crash_page;

	(void)context;

	if (page && page->seq && page->thread == gettid())
		page->crashes++;
	crash_page = NULL;
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++) {
		if (crash_signals[i] == signal_number)
			(void)sigaction(signal_number, &crash_before[i], NULL);
	}
	if (info->si_code <=
		0) /* sent, as abort() does: there is no instruction to fail again */
		(void)raise(signal_number);
}

static void watch_for_crashes(struct page *page)
{
	struct sigaction action = {
		.sa_sigaction = on_crash, .sa_flags = SA_ONSTACK | SA_SIGINFO};

	crash_page = page;
	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
		(void)sigaction(crash_signals[i], &action, &crash_before[i]);
}

static void stop_watching(void)
{
	crash_page = NULL;
	for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
		(void)sigaction(crash_signals[i], &crash_before[i], NULL);
}

/* ledger.db -> ledger.lock; any other name gets .lock behind it. */
static char *lock_path(const char *ledger_path)
{
	char *real = ledger_real_path(ledger_path);
	size_t n = strlen(real);

	if (n > 3 && strcmp(real + n - 3, ".db") == 0)
		n -= 3;
	char *path = xasprintf("%.*s.lock", (int)n, real);
	free(real);
	return path;
}

/* The process that wrote itself in; 0: cannot be read. */
static int64_t read_owner(int fd)
{
	char owner[OWNER_BYTES + 1] = "";
	ssize_t n = pread(fd, owner, OWNER_BYTES, 0);

	return n > 0 ? strtoll(owner, NULL, 10) : 0;
}

int64_t ledger_owner(const char *path)
{
	char *name = lock_path(path);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int64_t owner = 0;

	free(name);
	if (fd < 0)
		return 0;
	/* Refused only while the owner's lock stands; this one goes with the descriptor. */
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		owner = read_owner(fd);
	(void)close(fd);
	return owner;
}

static void say_holder(int fd, const char *path, struct error *err)
{
	error_setf(err,
		"%s: process %lld has this ledger open; stop it first, or name another ledger",
		path, (long long)read_owner(fd));
}

/* Memory that nobody else sees serves as well, but for the memory of crashes. */
static struct page *map_page(int fd)
{
	struct page *page = MAP_FAILED;

	if (posix_fallocate(fd, 0, PAGE_BYTES) == 0)
		page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}

/* But for what is said of the log, which outlives its owner. */
static void clear_page(struct page *page)
{
	*page = (struct page){.doubted = page->doubted};
}

static void read_last_words(struct lock *lock)
{
	const struct page *page = lock->page;

	if (page->seq <= 0)
		return;
	lock->suspect = page->seq;
	lock->crashes = page->crashes;
	lock->ends = page->ends + 1;
	log_warn("the last process ended while it read row=%lld crashes=%u ends=%u",
		(long long)lock->suspect, lock->crashes, lock->ends);
}

/* Who asks for the owner (ledger_owner()) shares the lock for a moment, and is none: an owner
 * would not let it be shared. False: errno says why. */
static bool try_lock(int fd)
{
	const struct timespec moment = {.tv_nsec = TRY_US * 1000};

	for (int tries = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK || tries == TRIES || flock(fd, LOCK_SH | LOCK_NB) != 0)
			return false;
		(void)flock(fd, LOCK_UN);
		(void)nanosleep(&moment, NULL);
	}
	return true;
}

enum ledger_opening lock_take(const char *ledger_path, struct lock **out, struct error *err)
{
	char *path = lock_path(ledger_path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	enum ledger_opening opening = LEDGER_BAD;
	struct page *page = NULL;

	if (fd < 0)
		error_setf(err, "%s: %s; want a folder that this user may write to", path,
			strerrordesc_np(errno));
	else if (try_lock(fd))
		opening = LEDGER_OPENED;
	else if (errno == EWOULDBLOCK)
		opening = LEDGER_HELD;
	else
		error_setf(err, "%s: %s", path, strerrordesc_np(errno));
	if (opening == LEDGER_HELD)
		say_holder(fd, path, err);
	if (opening == LEDGER_OPENED && !(page = map_page(fd))) {
		error_setf(err, "%s: %s", path, strerrordesc_np(errno));
		opening = LEDGER_BAD;
	}
	free(path);
	if (opening != LEDGER_OPENED) {
		if (fd >= 0)
			(void)close(fd);
		return opening;
	}

	struct lock *lock = xcalloc(1, sizeof(*lock));
	lock->fd = fd;
	lock->page = page;
	read_last_words(lock);
	clear_page(page);
	(void)snprintf(page->owner, sizeof(page->owner), "%d\n", (int)getpid());
	watch_for_crashes(page);
	*out = lock;
	return LEDGER_OPENED;
}

void lock_drop(struct lock *lock)
{
	if (!lock)
		return;
	stop_watching();
	clear_page(lock->page);
	(void)munmap(lock->page, PAGE_BYTES);
	(void)close(lock->fd); /* and with it the flock */
	free(lock);
}

void lock_note_reading(struct lock *lock, int64_t seq)
{
	bool suspect = seq == lock->suspect;

	static _Thread_local pid_t thread; /* asked for once, not for each row */

	if (!thread)
		thread = gettid();
	lock->page->thread = thread;
	lock->page->crashes = suspect ? lock->crashes : 0;
	lock->page->ends = suspect ? lock->ends : 0;
	__atomic_store_n(&lock->page->seq, seq, __ATOMIC_RELEASE);
}

void lock_note_read(struct lock *lock)
{
	if (lock->page->seq == lock->suspect)
		lock->suspect = 0;
	__atomic_store_n(&lock->page->seq, 0, __ATOMIC_RELEASE);
}

void lock_absolve(struct lock *lock, int64_t seq)
{
	if (lock->suspect == seq)
		lock->suspect = 0;
}

const char *lock_crashed_on(const struct lock *lock, int64_t seq)
{
	if (seq != lock->suspect)
		return NULL;
	if (lock->crashes >= MOST_CRASHES)
		return "crashed the process twice while it was read";
	return lock->ends >= MOST_ENDS ? "saw the process end five times while it was read"
				       : NULL;
}

void lock_note_doubt(struct lock *lock, bool doubted)
{
	__atomic_store_n(&lock->page->doubted, doubted, __ATOMIC_RELEASE);
}

bool lock_says_doubt(const char *ledger_path)
{
	char *name = lock_path(ledger_path);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	bool missing = fd < 0 && errno == ENOENT;
	struct page page;

	free(name);
	if (fd < 0)
		return !missing;
	ssize_t n = pread(fd, &page, sizeof(page), 0);
	(void)close(fd);
	return n != (ssize_t)sizeof(page) || page.doubted;
}
