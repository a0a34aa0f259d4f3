/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For a build without libFuzzer: gives a target every file of the folders that are named, and
 * N mutations of each (-n N), always the same ones. One line of TAP a folder. A file that is
 * named itself is given as it is, which is how a finding is looked into.
 */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>

#include <sys/stat.h>

#define INPUT_MAX (1 << 20)

/* What the bytes of most formats here turn on. */
static const char telling[] = "\0\r\n\t \"'%&+,-./0:;<=>?@[\\]{}\x7f\x80\xff";

static uint64_t state;

/* xorshift64*: the same inputs on every machine. */
static size_t below(size_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)((state * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void give(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1); /* so that a sanitizer sees a read past its end */

	memcpy(copy, bytes, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

/* One change in place; n is never more than INPUT_MAX. */
static size_t mutate(uint8_t *bytes, size_t n)
{
	size_t at = below(n + 1);
	size_t length = 1 + below(8);

	switch (below(5)) {
	case 0: /* a byte becomes another */
		if (at < n)
			bytes[at] = (uint8_t)below(256);
		return n;
	case 1:
		if (at < n)
			bytes[at] = (uint8_t)telling[below(sizeof(telling) - 1)];
		return n;
	case 2: /* some go */
		if (at + length > n)
			return at;
		memmove(bytes + at, bytes + at + length, n - at - length);
		return n - length;
	case 3: /* some come twice */
		if (at + length > n || n + length > INPUT_MAX)
			return n;
		memmove(bytes + at + length, bytes + at, n - at);
		return n + length;
	default: /* one comes between */
		if (n == INPUT_MAX)
			return n;
		memmove(bytes + at + 1, bytes + at, n - at);
		bytes[at] = (uint8_t)telling[below(sizeof(telling) - 1)];
		return n + 1;
	}
}

/* False: there is no such file. */
static bool give_file(const char *path, long mutations)
{
	static uint8_t original[INPUT_MAX];
	static uint8_t changed[INPUT_MAX];
	FILE *file = fopen(path, "rb");

	if (!file)
		return false;
	size_t n = fread(original, 1, sizeof(original), file);
	(void)fclose(file);
	give(original, n);
	for (long i = 0; i < mutations; i++) {
		size_t n_changed = n;

		memcpy(changed, original, n);
		for (size_t times = 1 + below(4); times > 0; times--)
			n_changed = mutate(changed, n_changed);
		give(changed, n_changed);
	}
	return true;
}

/* How many files; 0: it is no folder, or empty. */
static size_t give_folder(const char *path, long mutations)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	size_t given = 0;

	for (int i = 0; i < n; i++) {
		char name[PATH_MAX];

		if (entries[i]->d_name[0] != '.' &&
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name) <
				(int)sizeof(name) &&
			give_file(name, mutations))
			given++;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return given;
}

int main(int argc, char **argv)
{
	long mutations = 0;
	int n = 0;
	bool failed = false;

	state = UINT64_C(88172645463325252);
	for (int i = 1; i < argc; i++) {
		struct stat status;

		if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
			mutations = strtol(argv[++i], NULL, 10);
			continue;
		}
		bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
		size_t given = folder ? give_folder(argv[i], mutations)
				      : (size_t)give_file(argv[i], 0);
		failed = failed || given == 0;
		printf("%s %d - %zu inputs of %s and %ld mutations of each\n",
			given ? "ok" : "not ok", ++n, given, argv[i], folder ? mutations : 0);
	}
	printf("1..%d\n", n);
	return failed || n == 0;
}
