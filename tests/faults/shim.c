/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loaded before the C library (LD_PRELOAD), to make calls fail that hardly ever fail, and to
 * write down what reached the disk. Told what to do by the environment:
 *
 *   SHIM_PATH=TEXT    files whose name contains it are watched (default: ledger.db)
 *   SHIM_TRACE=FILE   writes, syncs and truncations of watched files, answers "200" on sockets
 *                     and commands XADD are appended to FILE (see struct record)
 *   SHIM_CALL=NAME    write, sync, truncate, open, accept or malloc: the SHIM_NTH call of it
 *   SHIM_NTH=N        fails, the first is 1; file calls count on watched files only
 *   SHIM_ERRNO=N      with this errno; 0: only delayed; -1: write half of it
 *   SHIM_ALWAYS=1     and so do all later ones
 *   SHIM_SLEEP_MS=N   after waiting so long
 *   SHIM_COUNT=FILE   how often each call was made is written there at the end
 *   SHIM_CLOCK=FILE   the wall clock is off by as many seconds as FILE says (a decimal number);
 *                     the monotonic clock is not
 */
/* Both names of a call are ours: the headers must not make one of them. */
#undef _FILE_OFFSET_BITS
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *const call_names[N_CALLS] = {
	"write", "sync", "truncate", "open", "accept", "malloc"};

/* In the trace: this, then `size` bytes (written data, or a name). */
struct record {
	/* o name, w write, b sync begins, s and is done, f it failed, t truncate, a answer,
	 * x bytes to Redis */
	char what;
	char pad[7];
	int64_t file;   /* which name; 0 for an answer */
	int64_t offset; /* of a sync: the thread */
	int64_t size;
};

static struct {
	atomic_bool ready;
	const char *path;
	int trace;
	int call; /* -1: none */
	long nth;
	int error;
	bool always;
	long sleep_ms;
	const char *count;
	int clock;
} shim = {.trace = -1, .call = -1, .clock = -1};

static atomic_long made[N_CALLS];
static atomic_int names[MAX_FILES]; /* by descriptor: 0 not watched, else the name's number */
static atomic_int n_names;

static pthread_mutex_t trace_lock = PTHREAD_MUTEX_INITIALIZER;

/* A setting that is a number. */
static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void begin(void)
{
	const char *call = getenv("SHIM_CALL");
	const char *trace = getenv("SHIM_TRACE");

	shim.path = getenv("SHIM_PATH");
	if (!shim.path)
		shim.path = "ledger.db";
	for (int i = 0; call && i < N_CALLS; i++) {
		if (strcmp(call, call_names[i]) == 0)
			shim.call = i;
	}
	shim.nth = number("SHIM_NTH", 0);
	shim.error = (int)number("SHIM_ERRNO", EIO);
	shim.always = getenv("SHIM_ALWAYS") != NULL;
	shim.sleep_ms = number("SHIM_SLEEP_MS", 0);
	shim.count = getenv("SHIM_COUNT");
	if (getenv("SHIM_CLOCK"))
		shim.clock = (int)syscall(
			SYS_openat, AT_FDCWD, getenv("SHIM_CLOCK"), O_RDONLY | O_CLOEXEC, 0);
	if (trace)
		shim.trace = (int)syscall(SYS_openat, AT_FDCWD, trace,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	atomic_store(&shim.ready, true);
}

__attribute__((destructor)) static void end(void)
{
	char text[256];
	int n = 0;

	if (!shim.count)
		return;
	for (int i = 0; i < N_CALLS; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %ld\n", call_names[i],
			atomic_load(&made[i]));
	int fd = (int)syscall(
		SYS_openat, AT_FDCWD, shim.count, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)syscall(SYS_write, fd, text, n);
	(void)syscall(SYS_close, fd);
}

int failed_errno(void)
{
	return shim.error > 0 ? shim.error : EIO;
}

bool fails(enum call call)
{
	if (!atomic_load(&shim.ready))
		return false;
	long n = atomic_fetch_add(&made[call], 1) + 1;
	if (shim.call != (int)call || (n != shim.nth && !(shim.always && n > shim.nth)))
		return false;
	if (shim.sleep_ms) {
		struct timespec time = {.tv_sec = shim.sleep_ms / 1000,
			.tv_nsec = shim.sleep_ms % 1000 * 1000000};
		(void)syscall(SYS_nanosleep, &time, NULL);
	}
	if (shim.error == 0)
		return false;
	errno = failed_errno();
	return true;
}

void put(char what, int64_t file, int64_t offset, const void *bytes, int64_t size)
{
	struct record record = {.what = what, .file = file, .offset = offset, .size = size};

	if (shim.trace < 0)
		return;
	struct iovec parts[] = {
		{&record, sizeof(record)}, {(void *)(uintptr_t)bytes, (size_t)size}};
	(void)pthread_mutex_lock(&trace_lock);
	(void)syscall(SYS_writev, shim.trace, parts, bytes ? 2 : 1);
	(void)pthread_mutex_unlock(&trace_lock);
}

int watched(int fd)
{
	return fd >= 0 && fd < MAX_FILES ? atomic_load(&names[fd]) : 0;
}

static int note_open(int fd, const char *path)
{
	bool watch = fd >= 0 && fd < MAX_FILES && shim.path && strstr(path, shim.path) &&
		!strstr(path, "-reserve");

	if (fd >= 0 && fd < MAX_FILES)
		atomic_store(&names[fd], 0);
	if (watch) {
		int name = atomic_fetch_add(&n_names, 1) + 1;
		put('o', name, 0, path, (int64_t)strlen(path));
		sync_note_open(fd, path);
		atomic_store(&names[fd], name);
	}
	return fd;
}

static int open_any(const char *path, int flags, mode_t mode)
{
	if (shim.path && strstr(path, shim.path) && fails(CALL_OPEN))
		return -1;
	return note_open((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), path);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = va_arg(args, mode_t);
	va_end(args);
	return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = va_arg(args, mode_t);
	va_end(args);
	return open_any(path, flags | O_LARGEFILE, mode);
}

/* Half of it is written, and that is said: as a full disk or a signal does. */
static bool halves(enum call call)
{
	return shim.call == (int)call && shim.error < 0;
}

static ssize_t write_at(int fd, const void *bytes, size_t n, off_t offset)
{
	int file = watched(fd);

	if (file && fails(CALL_WRITE)) {
		if (!halves(CALL_WRITE))
			return -1;
		n /= 2;
	}
	ssize_t written = syscall(SYS_pwrite64, fd, bytes, n, offset);
	if (file && written > 0)
		put('w', file, offset, bytes, written);
	return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	return write_at(fd, bytes, n, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t offset)
{
	return write_at(fd, bytes, n, offset);
}

static void note_answer(const void *bytes, size_t n)
{
	/* Without a body: a delivery's, and not that of a look at /healthz. */
	if (n >= 12 && memcmp(bytes, "HTTP/1.1 200", 12) == 0 &&
		memmem(bytes, n, "ength: 0\r", 9))
		put('a', 0, 0, NULL, 0);
	if (shim.trace >= 0 && memmem(bytes, n, "\r\nXADD\r\n", 8))
		put('x', 0, 0, bytes, (int64_t)n);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	int file = watched(fd);

	if (file) {
		off_t offset = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
		if (fails(CALL_WRITE)) {
			if (!halves(CALL_WRITE))
				return -1;
			n /= 2;
		}
		put('w', file, offset, bytes, (int64_t)n);
	}
	note_answer(bytes, n);
	return syscall(SYS_write, fd, bytes, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	if (n > 0)
		note_answer(parts[0].iov_base, parts[0].iov_len);
	return syscall(SYS_writev, fd, parts, n);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	note_answer(bytes, n);
	return syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (message->msg_iovlen)
		note_answer(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	return syscall(SYS_sendmsg, fd, message, flags);
}

static int truncate_file(int fd, off_t size)
{
	int file = watched(fd);

	if (file && fails(CALL_TRUNCATE))
		return -1;
	int result = (int)syscall(SYS_ftruncate, fd, size);
	if (file && result == 0)
		put('t', file, size, NULL, 0);
	return result;
}

int ftruncate(int fd, off_t size)
{
	return truncate_file(fd, size);
}

int ftruncate64(int fd, off_t size)
{
	return truncate_file(fd, size);
}

int accept4(int fd, struct sockaddr *address, socklen_t *n, int flags)
{
	if (fails(CALL_ACCEPT))
		return -1;
	return (int)syscall(SYS_accept4, fd, address, n, flags);
}

int accept(int fd, struct sockaddr *address, socklen_t *n)
{
	return accept4(fd, address, n, 0);
}

void *malloc(size_t size)
{
	extern void *__libc_malloc(size_t n);

	return fails(CALL_MALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	extern void *__libc_calloc(size_t m, size_t n);

	return fails(CALL_MALLOC) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	extern void *__libc_realloc(void *p, size_t n);

	return fails(CALL_MALLOC) ? NULL : __libc_realloc(old, size);
}

/* What the file says now: a test changes it while the program runs. */
static time_t clock_offset(void)
{
	char text[32] = "";

	return syscall(SYS_pread64, shim.clock, text, sizeof(text) - 1, 0) > 0
		? (time_t)strtol(text, NULL, 10)
		: 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int result = (int)syscall(SYS_clock_gettime, clock, time);

	if (result == 0 && shim.clock >= 0 && clock == CLOCK_REALTIME)
		time->tv_sec += clock_offset();
	return result;
}
