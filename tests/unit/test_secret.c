/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xalloc.h"
#include "config/secret.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dorad-secret-XXXXXX";
static struct config *config;

static void write_file(const char *name, const char *bytes, size_t n)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	if (!file || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
		abort();
	free(path);
}

static struct config *configuration(void)
{
	char *path = xasprintf("%s/dorad.yaml", folder);
	static const char text[] = "redis: unix:///run/redis.sock\n";
	struct config *parsed = config_parse(path, text, sizeof(text) - 1, NULL);

	free(path);
	return parsed;
}

static void check_path(const char *name, const char *want)
{
	char *path = config_secret_path(config, name);

	CHECK_STR(path, want);
	free(path);
}

static void a_name_with_a_slash_is_a_path(void)
{
	check_path("/etc/dorad/github.secret", "/etc/dorad/github.secret");
	check_path("./github.secret", "./github.secret");
}

static void a_bare_name_is_in_the_folder_secrets_beside_the_configuration(void)
{
	char *want = xasprintf("%s/secrets/github", folder);

	check_path("github", want);
	free(want);
}

static void a_bare_name_is_a_credential_where_systemd_gives_some(void)
{
	(void)setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
	check_path("github", "/run/credentials/x/secret_github");
	check_path("/etc/github", "/etc/github");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

static void check_secret(const char *bytes, size_t n, const char *want)
{
	struct error err = {0};

	write_file("secrets/one", bytes, n);
	char *secret = config_secret_read(config, "one", &err);
	CHECK_STR(secret, want);
	CHECK(want || strstr(err.text, "secrets/one: "));
	free(secret);
}

static void a_newline_at_the_end_is_no_part_of_a_secret(void)
{
	check_secret("word\n", 5, "word");
	check_secret("word\r\n", 6, "word");
	check_secret("word", 4, "word");
	check_secret("two\nlines\n", 10, "two\nlines");
}

static void a_secret_that_everyone_may_read_is_refused_and_says_chmod(void)
{
	char *path = xasprintf("%s/secrets/one", folder);
	struct error err = {0};

	write_file("secrets/one", "word", 4);
	CHECK(chmod(path, 0644) == 0);
	CHECK(config_secret_read(config, "one", &err) == NULL);
	CHECK(strstr(err.text, "chmod o="));
	CHECK(chmod(path, 0600) == 0);
	free(path);
}

static void an_empty_secret_and_one_with_a_NUL_are_refused_by_name(void)
{
	check_secret("", 0, NULL);
	check_secret("\n", 1, NULL);
	check_secret("a\0b", 3, NULL);
}

static void a_file_too_large_for_a_secret_is_refused(void)
{
	static char large[SECRET_MAX_BYTES + 1];

	memset(large, 'x', sizeof(large));
	check_secret(large, sizeof(large), NULL);
}

static void a_missing_file_is_refused_by_name(void)
{
	struct error err = {0};

	CHECK(!config_secret_read(config, "nothing", &err));
	CHECK(strstr(err.text,
		"secrets/nothing: No such file or directory; want a file with the secret in "
		"it, that this user may read"));
}

int main(void)
{
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	(void)umask(0077); /* what everyone may read is refused */
	if (!mkdtemp(folder))
		abort();
	char *secrets = xasprintf("%s/secrets", folder);
	if (mkdir(secrets, 0700) != 0)
		abort();
	config = configuration();

	RUN(a_name_with_a_slash_is_a_path);
	RUN(a_bare_name_is_in_the_folder_secrets_beside_the_configuration);
	RUN(a_bare_name_is_a_credential_where_systemd_gives_some);
	RUN(a_newline_at_the_end_is_no_part_of_a_secret);
	RUN(a_secret_that_everyone_may_read_is_refused_and_says_chmod);
	RUN(an_empty_secret_and_one_with_a_NUL_are_refused_by_name);
	RUN(a_file_too_large_for_a_secret_is_refused);
	RUN(a_missing_file_is_refused_by_name);

	char *one = xasprintf("%s/one", secrets);
	(void)unlink(one);
	(void)rmdir(secrets);
	(void)rmdir(folder);
	free(one);
	free(secrets);
	config_destroy(config);
	return tap_done();
}
