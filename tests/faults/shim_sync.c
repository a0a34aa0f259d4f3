/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A sync that fails does so as Linux has it: what was written before is lost to the disk for
 * good, later syncs succeed, and of the failed one each other descriptor of the file is told
 * once.
 */
#include "shim.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Failed syncs, and of how many a descriptor was told. */
enum kind { KIND_DATABASE, KIND_LOG, KIND_OTHER, N_KINDS };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long n_failed[N_KINDS];
static atomic_int kinds[MAX_FILES];
static long n_told[MAX_FILES];

static enum kind kind_of(const char *path)
{
	if (strstr(path, "-wal"))
		return KIND_LOG;
	return strstr(path, "-shm") || strstr(path, ".lock") ? KIND_OTHER : KIND_DATABASE;
}

void sync_note_open(int fd, const char *path)
{
	enum kind kind = kind_of(path);

	(void)pthread_mutex_lock(&lock);
	atomic_store(&kinds[fd], (int)kind);
	n_told[fd] = n_failed[kind];
	(void)pthread_mutex_unlock(&lock);
}

/* What this thread or another has just failed over is told to this descriptor, too. */
static bool is_told(int fd, int file, int64_t thread, bool failed)
{
	long *all = &n_failed[atomic_load(&kinds[fd])];

	(void)pthread_mutex_lock(&lock);
	*all += failed;
	if (failed)
		put('f', file, thread, NULL, 0);
	bool told = n_told[fd] != *all;
	n_told[fd] = *all;
	if (!told)
		put('s', file, thread, NULL, 0);
	(void)pthread_mutex_unlock(&lock);
	return told;
}

static int sync_file(int fd, long number)
{
	int file = watched(fd);

	if (!file)
		return (int)syscall(number, fd);
	bool failed = fails(CALL_SYNC);
	int error = failed ? errno : 0;
	/* What another thread writes meanwhile may have come too late for it. */
	int64_t thread = syscall(SYS_gettid);
	put('b', file, thread, NULL, 0);
	int result = (int)syscall(number, fd);
	if (result == 0 && is_told(fd, file, thread, failed)) {
		errno = error ? error : failed_errno();
		return -1;
	}
	return result;
}

int fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}
