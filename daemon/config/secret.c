/* SPDX-License-Identifier: Apache-2.0 */
#include "config/secret.h"

#include "base/xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *config_secret_path(const struct config *config, const char *name)
{
	// NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	if (strchr(name, '/'))
		return xstrdup(name);
	if (credentials && *credentials)
		return xasprintf("%s/" SECRET_CREDENTIAL_PREFIX "%s", credentials, name);
	const char *slash = strrchr(config->path, '/');
	return xasprintf("%.*ssecrets/%s", slash ? (int)(slash + 1 - config->path) : 0,
		config->path, name);
}

char *config_secret_read(const struct config *config, const char *name, struct error *err)
{
	char *path = config_secret_path(config, name);
	FILE *file = fopen(path, "re");
	char *secret = xcalloc(1, SECRET_MAX_BYTES + 2);
	if (file) /* no second copy that nobody wipes */
		(void)setvbuf(file, NULL, _IONBF, 0);
	size_t n = file ? fread(secret, 1, SECRET_MAX_BYTES + 1, file) : 0;
	const char *fault = NULL;
	bool unreadable = !file || ferror(file);
	struct stat mode = {0};

	if (file && fstat(fileno(file), &mode) == 0 && mode.st_mode & S_IRWXO)
		fault = "everyone on this machine may use this secret: chmod o= on it";
	else if (unreadable)
		fault = strerror(errno); // NOLINT(concurrency-mt-unsafe): glibc's is safe
	else if (n > SECRET_MAX_BYTES)
		fault = "too large for a secret";
	else if (memchr(secret, '\0', n))
		fault = "holds a NUL; want text";
	if (!fault && n && secret[n - 1] == '\n')
		secret[--n] = '\0';
	if (!fault && n && secret[n - 1] == '\r')
		secret[--n] = '\0';
	if (!fault && !n)
		fault = "empty; want a secret in it";

	if (file)
		(void)fclose(file);
	if (fault) {
		error_setf(err, "%s: %s%s", path, fault,
			unreadable
				? "; want a file with the secret in it, that this user may read"
				: "");
		explicit_bzero(secret, SECRET_MAX_BYTES + 2);
		free(secret);
		secret = NULL;
	}
	free(path);
	return secret;
}
