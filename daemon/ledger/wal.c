/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)256 << 10)

static int code_of(int error)
{
	return error == ENOSPC || error == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int rewrite(int fd)
{
	char *piece = xmalloc(PIECE_BYTES);
	int code = SQLITE_OK;
	off_t at = 0;
	ssize_t n;

	while (code == SQLITE_OK && (n = pread(fd, piece, PIECE_BYTES, at)) != 0) {
		ssize_t written = n > 0 ? pwrite(fd, piece, (size_t)n, at) : n;

		if (written > 0)
			at += written;
		else if (errno != EINTR)
			code = code_of(errno);
	}
	free(piece);
	if (code == SQLITE_OK && at > 0 && fdatasync(fd) != 0)
		code = SQLITE_IOERR_FSYNC;
	return code;
}

/*
 * After a failed sync the kernel may have dropped what it could not write: its memory has it,
 * the disk does not, and later syncs succeed. What stands in the log behind such a hole would
 * be lost with the power. What a process left that ended meanwhile is no better.
 */
int wal_renew(struct ledger *ledger)
{
	struct db *db = ledger->writing;
	uint64_t n_doubts = round_n_doubts(&ledger->writer);
	int code = db_run(db, "BEGIN IMMEDIATE"); /* nobody writes to it meanwhile */

	if (code == SQLITE_OK) {
		code = rewrite(ledger->writer.committers[0].log);
		(void)db_run(db, "ROLLBACK");
	}
	round_believe(ledger, code == SQLITE_OK, n_doubts);
	return code;
}

/* It is not a file whose locks close() would drop (db.c): SQLite's are on the database and on
 * the log's index. */
bool wal_open(struct ledger *ledger, struct error *err)
{
	for (size_t i = 0; i < WRITER_THREADS; i++) {
		int *log = &ledger->writer.committers[i].log;

		*log = open(ledger->wal_path, O_RDWR | O_CLOEXEC);
		if (*log < 0) {
			error_setf(err, "%s: %s", ledger->wal_path, strerrordesc_np(errno));
			return false;
		}
	}
	(void)wal_renew(ledger); /* else the writer tries again before it keeps anything */
	return true;
}

void wal_close(struct ledger *ledger)
{
	for (size_t i = 0; i < WRITER_THREADS; i++) {
		int *log = &ledger->writer.committers[i].log;

		if (*log >= 0)
			(void)close(*log);
		*log = -1;
	}
}
