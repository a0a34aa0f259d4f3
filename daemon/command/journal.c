/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include "base/log.h"

#ifdef HAVE_SYSTEMD

#define SD_JOURNAL_SUPPRESS_LOCATION

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

/* A line has a handful; what else it says is in the message. */
#define MOST_FIELDS 16

#define LONGEST_KEY 32
#define LONGEST_VALUE 160 /* as log_quote() gives it */

struct field {
	char text[sizeof("DORAD_=") + LONGEST_KEY + LONGEST_VALUE];
};

/* Steps over one word of the line. True: it was a field, key=value or key="value". */
static bool next_field(const char **rest, struct field *out)
{
	const char *word = *rest + strspn(*rest, " ");
	size_t n_key = strspn(word, "abcdefghijklmnopqrstuvwxyz_");

	if (!n_key || n_key > LONGEST_KEY || word[n_key] != '=') {
		*rest = word + strcspn(word, " ");
		return false;
	}
	const char *value = word + n_key + 1;
	bool quoted = *value == '"';
	value += quoted;
	size_t n = strcspn(value, quoted ? "\"" : " ");
	*rest = value + n + (quoted && value[n]);

	int end = snprintf(out->text, sizeof(out->text), "DORAD_%.*s=%.*s", (int)n_key, word,
		(int)(n < LONGEST_VALUE ? n : LONGEST_VALUE), value);
	for (char *letter = out->text; end > 0 && *letter != '='; letter++) {
		if (*letter >= 'a' && *letter <= 'z')
			*letter = (char)(*letter - 'a' + 'A');
	}
	return true;
}

static struct iovec part(char *text)
{
	return (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

static bool send_entry(enum log_level level, const char *line)
{
	char priority[16];
	char identifier[] = "SYSLOG_IDENTIFIER=dorad";
	char message[4096 + sizeof("MESSAGE=")]; /* log.h: a line is no longer */
	struct field fields[MOST_FIELDS];
	struct iovec parts[3 + MOST_FIELDS];
	size_t n = 0;

	(void)snprintf(priority, sizeof(priority), "PRIORITY=%d", (int)level);
	(void)snprintf(message, sizeof(message), "MESSAGE=%s", line);
	parts[0] = part(priority);
	parts[1] = part(identifier);
	parts[2] = part(message);
	for (const char *rest = line; *rest && n < MOST_FIELDS;) {
		if (!next_field(&rest, &fields[n]))
			continue;
		parts[3 + n] = part(fields[n].text);
		n++;
	}
	return sd_journal_sendv(parts, (int)(3 + n)) == 0;
}

void journal_find(void)
{
	/* The device and inode of the standard error that is the journal's.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat standard_error;
	char own[64];

	if (!stream || fstat(STDERR_FILENO, &standard_error) != 0)
		return;
	(void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)standard_error.st_dev,
		(unsigned long long)standard_error.st_ino);
	if (strcmp(own, stream) == 0)
		log_set_sink(send_entry);
}

#else

void journal_find(void)
{
}

#endif
