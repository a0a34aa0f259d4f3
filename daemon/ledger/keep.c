/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* A delivery on its way into the file. */
struct keeping {
	struct job job;
	struct held held;          /* once committed, until it is forwarded */
	struct ledger_entry entry; /* strings owned */
	ledger_on_kept *on_kept;
	void *context;
	struct recent *recent;
};

static struct keeping *keeping_of(struct job *job)
{
	return (struct keeping *)(void *)job; /* its first member */
}

static int keep_body(
	struct ledger *ledger, struct db *db, const struct ledger_entry *entry, int64_t seq)
{
	static const char sql[] =
		"INSERT INTO body (seq, headers, encoding, bytes) VALUES (?, ?, ?, ?)";
	sqlite3_stmt *insert = db_statement(db, sql);

	if (!insert)
		return db_code(db);
	struct body_packed packed = body_pack(ledger->packer, entry->body, entry->n_body);
	char *headers = headers_pack(entry->headers, entry->n_headers);
	bind_number(insert, 1, seq);
	bind_text(insert, 2, headers);
	bind_text(insert, 3, packed.encoding);
	bind_bytes(insert, 4, packed.bytes, packed.n);
	int code = db_done(db, insert);
	free(headers);
	return code;
}

/* One row. SQLITE_OK or not. */
static int keep_row(struct ledger *ledger, struct db *db, const struct ledger_entry *entry,
	int64_t *out_seq)
{
	static const char sql[] =
		"INSERT INTO delivery"
		"	(received_us, endpoint, source, delivery_id, kind, n_body)"
		"	VALUES (?, ?, ?, ?, ?, ?)";
	sqlite3_stmt *insert = db_statement(db, sql);

	if (!insert)
		return db_code(db);
	bind_number(insert, 1, entry->received_us);
	bind_text(insert, 2, entry->endpoint);
	bind_text(insert, 3, entry->source);
	bind_text(insert, 4, entry->delivery_id);
	bind_text(insert, 5, entry->kind);
	bind_number(insert, 6, (int64_t)entry->n_body);
	int code = db_done(db, insert);
	if (code != SQLITE_OK)
		return code;
	*out_seq = sqlite3_last_insert_rowid(db->handle);
	return keep_body(ledger, db, entry, *out_seq);
}

static int keeping_run(struct ledger *ledger, struct db *db, struct job *job)
{
	struct keeping *keeping = keeping_of(job);

	return keep_row(ledger, db, &keeping->entry, &job->seq);
}

static void keeping_late(struct job *job, enum ledger_result result)
{
	struct keeping *keeping = keeping_of(job);

	keeping->on_kept(keeping->context, result, 0);
}

static void keeping_destroy(void *object)
{
	struct keeping *keeping = object;
	struct ledger_entry *entry = &keeping->entry;

	if (entry->free_body)
		entry->free_body(entry->body, entry->n_body);
	free(keeping); /* and with it the texts */
}

static void keeping_done(struct job *job, enum ledger_result result)
{
	struct keeping *keeping = keeping_of(job);

	if (!job->answered)
		keeping->on_kept(
			keeping->context, result, result == LEDGER_DONE ? job->seq : 0);
	keeping->held.seq = job->seq;
	/* A borrowed body is the caller's again from here on. */
	if (result != LEDGER_DONE || !keeping->entry.free_body ||
		!recent_hold(keeping->recent, &keeping->held))
		keeping_destroy(keeping);
}

static char *append(char **at, const char *text)
{
	char *copy = *at;

	if (!text)
		return NULL;
	*at = stpcpy(copy, text) + 1;
	return copy;
}

static size_t room(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* One block: the job, the headers, the texts. */
static struct keeping *keeping_create(const struct ledger_entry *entry)
{
	size_t n_texts = room(entry->endpoint) + room(entry->source) +
		room(entry->delivery_id) + room(entry->kind);
	size_t n_headers = entry->n_headers * sizeof(struct header);

	for (size_t i = 0; i < entry->n_headers; i++)
		n_texts += room(entry->headers[i].name) + room(entry->headers[i].value);

	struct keeping *keeping = xcalloc(1, sizeof(*keeping) + n_headers + n_texts);
	struct header *headers = (struct header *)(keeping + 1);
	char *at = (char *)(headers + entry->n_headers);

	keeping->entry = *entry;
	keeping->entry.endpoint = append(&at, entry->endpoint);
	keeping->entry.source = append(&at, entry->source);
	keeping->entry.delivery_id = append(&at, entry->delivery_id);
	keeping->entry.kind = append(&at, entry->kind);
	for (size_t i = 0; i < entry->n_headers; i++) {
		headers[i].name = append(&at, entry->headers[i].name);
		headers[i].value = append(&at, entry->headers[i].value);
	}
	keeping->entry.headers = headers;
	return keeping;
}

void ledger_keep(struct ledger *ledger, const struct ledger_entry *entry,
	ledger_on_kept *on_kept, void *context)
{
	struct keeping *keeping = keeping_create(entry);

	keeping->on_kept = on_kept;
	keeping->context = context;
	keeping->recent = &ledger->recent;
	keeping->held = (struct held){
		.kept = &keeping->entry, .owner = keeping, .release = keeping_destroy};
	keeping->job = (struct job){
		.run = keeping_run,
		.done = keeping_done,
		.late = keeping_late,
		.bytes = entry->n_body,
		.waits = true,
	};
	(void)writer_queue(ledger, &keeping->job);
}

struct several {
	const struct ledger_entry *entries;
	size_t n;
	int64_t *seqs;
};

static int keep_several(struct ledger *ledger, struct db *db, void *context)
{
	const struct several *several = context;

	for (size_t i = 0; i < several->n; i++) {
		int64_t seq = 0;
		int code = keep_row(ledger, db, &several->entries[i], &seq);

		if (code != SQLITE_OK)
			return code;
		if (several->seqs)
			several->seqs[i] = seq;
	}
	return SQLITE_OK;
}

/* NOLINTBEGIN(readability-non-const-parameter): keep_several() writes to seqs */
enum ledger_result ledger_keep_now(struct ledger *ledger, const struct ledger_entry *entries,
	size_t n, int64_t *seqs, struct error *err)
{
	struct several several = {.entries = entries, .n = n, .seqs = seqs};

	return ledger_write(ledger, keep_several, &several, err);
}
/* NOLINTEND(readability-non-const-parameter) */
