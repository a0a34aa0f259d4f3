/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xalloc.h"
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 32 /* as long as the hash of an HMAC-SHA256 */

/* Says why errno says that the file could not be made. */
static bool complain(const struct command_line *line, const char *path)
{
	// NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
	(void)command_fail(line, "%s: %s", path, strerror(errno));
	return false;
}

/* A new file, or NULL with errno set; EEXIST if there is one. */
static FILE *create(const char *path, mode_t mode)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	return file < 0 ? NULL : fdopen(file, "w");
}

static bool close_well(FILE *file)
{
	bool good = !ferror(file) && fflush(file) == 0 && fsync(fileno(file)) == 0;

	return fclose(file) == 0 && good;
}

/* A text in double quotes, as YAML reads it. */
static void put_quoted(const char *text, FILE *to)
{
	fputc('"', to);
	for (; *text; text++) {
		if (strchr("\"\\", *text))
			fputc('\\', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

static char *url_of(const struct init_plan *plan, const struct sender *sender)
{
	return xasprintf("%s/webhooks/%s", plan->url, sender->source);
}

static void put_endpoint(const struct sender *sender, const char *url, FILE *to)
{
	fprintf(to, "    %s: {source: %s, ", sender->source, sender->source);
	if (sender->auth)
		fprintf(to, "auth: %s, ", sender->auth);
	if (strcmp(sender->source, "trello") == 0) {
		fputs("public_url: ", to);
		put_quoted(url, to);
		fputs(", ", to);
	}
	fprintf(to, "secrets: [%s]}\n", sender->source);
}

static void put_config(const struct init_plan *plan, FILE *to)
{
	fputs("# dorad.yaml(5) says what else may stand here.\nredis: ", to);
	put_quoted(plan->redis, to);
	fprintf(to, "\nreceive:\n  listen: [%s]\n  endpoints:\n", plan->receive_listen);
	for (size_t i = 0; i < plan->n_senders; i++) {
		char *url = url_of(plan, plan->senders[i]);

		put_endpoint(plan->senders[i], url, to);
		free(url);
	}
	fputs("rollup:\n  postgres: ", to);
	put_quoted(plan->postgres, to);
	fputs("\n  catalog: ", to);
	char *catalog = xasprintf("%s/catalog.yaml", plan->directory);
	put_quoted(catalog, to);
	free(catalog);
	if (plan->rollup_metrics)
		fprintf(to, "\n  metrics_listen: [%s]", plan->rollup_metrics);
	fprintf(to, "\nportal:\n  listen: [%s]\n  postgres: ", plan->portal_listen);
	put_quoted(plan->postgres, to);
	fputc('\n', to);
}

static const char catalog_text[] =
	"# Whose is what: dorad-catalog.yaml(5). Without services each repository is one of "
	"its\n"
	"# own, owned by nobody; dorad catalog unmapped proposes lines for what has arrived.\n"
	"report_tz: UTC\n"
	"#teams:\n"
	"#  - {name: payments, title: Payments}\n"
	"#services:\n"
	"#  - name: checkout\n"
	"#    owners: payments\n"
	"#    sources: [{github: acme/checkout}]\n"
	"#incidents:\n"
	"#  - {github: acme/checkout, labels: [incident]}\n";

/* The file's name for the steps, or the secret itself. Owned. False: said why. */
static bool make_secret(const struct command_line *line, const struct init_plan *plan,
	const struct sender *sender, char **out)
{
	unsigned char bytes[SECRET_BYTES];
	char hex[2 * SECRET_BYTES + 1];
	char *path = xasprintf("%s/secrets/%s", plan->directory, sender->source);
	FILE *file = create(path, 0600);
	bool kept = !file && errno == EEXIST;
	bool good = kept || file;

	if (file && !sender->own_secret) {
		good = getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes);
		for (size_t i = 0; i < sizeof(bytes); i++)
			(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
		fprintf(file, "%s\n", hex);
	}
	if (file)
		good = close_well(file) && good;
	if (!good)
		(void)complain(line, path);
	bool shows = plan->shows_secrets && !kept && !sender->own_secret;
	*out = shows ? xstrdup(hex)
		     : xasprintf("%s%s%s", sender->own_secret ? "" : "(what is in ", path,
			       sender->own_secret ? "" : ")");
	explicit_bzero(hex, sizeof(hex));
	explicit_bzero(bytes, sizeof(bytes));
	free(path);
	return good;
}

static bool make_directory(const struct command_line *line, const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	return complain(line, path);
}

static bool make_directories(const struct command_line *line, const struct init_plan *plan)
{
	char *secrets = xasprintf("%s/secrets", plan->directory);
	bool good = make_directory(line, plan->directory, 0755) &&
		make_directory(line, secrets, 0700);

	free(secrets);
	return good;
}

/* The configuration is written last: where it is, all is. */
static bool write_config(
	const struct command_line *line, const struct init_plan *plan, const char *path)
{
	char *catalog = xasprintf("%s/catalog.yaml", plan->directory);
	FILE *file = create(catalog, 0644);
	bool good = file || errno == EEXIST;

	if (file) {
		fputs(catalog_text, file);
		good = close_well(file);
	}
	if (!good)
		(void)complain(line, catalog);
	free(catalog);
	if (!good)
		return false;

	file = create(path, 0644);
	if (file) {
		put_config(plan, file);
		good = close_well(file);
	}
	if (!file || !good)
		(void)complain(line, path);
	return file && good;
}

/* For each sender what make_secret() gave, NULL where it did not come to that. The caller hands
 * it to print_steps(). */
static bool make_secrets(
	const struct command_line *line, const struct init_plan *plan, char ***out)
{
	bool good = make_directories(line, plan);

	*out = xcalloc(plan->n_senders, sizeof(char *));
	for (size_t i = 0; good && i < plan->n_senders; i++)
		good = make_secret(line, plan, plan->senders[i], &(*out)[i]);
	return good;
}

/* What to set at each sender, where all went well; frees the secrets in any case. */
static void print_steps(const struct init_plan *plan, char **secrets, bool good)
{
	for (size_t i = 0; i < plan->n_senders; i++) {
		if (good) {
			char *url = url_of(plan, plan->senders[i]);

			printf("\n%s:\n", plan->senders[i]->title);
			sender_print(plan->senders[i], url, secrets[i], stdout);
			free(url);
		}
		if (secrets[i])
			explicit_bzero(secrets[i], strlen(secrets[i]));
		free(secrets[i]);
	}
	free(secrets);
}

bool init_write(const struct command_line *line, const struct init_plan *plan, const char *path)
{
	char **secrets;
	bool good = make_secrets(line, plan, &secrets) && write_config(line, plan, path);

	if (good)
		printf("wrote %s, %s/catalog.yaml and %s/secrets\n", path, plan->directory,
			plan->directory);
	print_steps(plan, secrets, good);
	return good;
}

bool init_add(const struct command_line *line, const struct init_plan *plan, const char *path)
{
	char **secrets;
	bool good = make_secrets(line, plan, &secrets);

	if (good)
		printf("%s: add under receive, endpoints:\n\n", path);
	for (size_t i = 0; good && i < plan->n_senders; i++) {
		char *url = url_of(plan, plan->senders[i]);

		put_endpoint(plan->senders[i], url, stdout);
		free(url);
	}
	print_steps(plan, secrets, good);
	return good;
}
