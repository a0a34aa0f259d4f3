/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Gives a target, for each input in a folder, its documents with each value in each shape: all
 * of them or each Nth (-e N), always the same. With SHAPES_SHOW in the environment each is
 * printed before it is given.
 */
#include "fuzz.h"
#include "shapes.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

static size_t given;
static size_t every = 1;

static void give(const uint8_t *input, size_t at, json_t *documents, size_t place, size_t shape)
{
	json_t *changed = json_deep_copy(documents);
	size_t n;

	shapes_change(changed, place, shape);
	uint8_t *bytes = shapes_write(input, at, changed, &n);
	if (getenv("SHAPES_SHOW"))
		(void)fprintf(stderr, "# %.*s\n", (int)n, (const char *)bytes);
	(void)LLVMFuzzerTestOneInput(bytes, n);
	free(bytes);
	json_decref(changed);
	given++;
}

/* Nothing is given of what is no JSON: bytes are changed elsewhere. */
static void give_file(const char *path)
{
	static uint8_t input[INPUT_MAX];
	FILE *file = fopen(path, "rb");

	FUZZ_WANT(file);
	size_t n = fread(input, 1, sizeof(input), file);
	(void)fclose(file);
	size_t at;
	json_t *documents = shapes_read(input, n, &at);
	size_t n_places = documents ? shapes_places(documents) : 0;
	for (size_t i = 0; i < n_places * shapes_count(); i += every)
		give(input, at, documents, i / shapes_count(), i % shapes_count());
	json_decref(documents);
}

int main(int argc, char **argv)
{
	const char *folder = argv[argc - 1];

	if (argc == 4 && strcmp(argv[1], "-e") == 0)
		every = strtoul(argv[2], NULL, 10);
	FUZZ_WANT((argc == 2 || argc == 4) && every > 0);
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char name[PATH_MAX];

		if (entries[i]->d_name[0] != '.' &&
			snprintf(name, sizeof(name), "%s/%s", folder, entries[i]->d_name) <
				(int)sizeof(name))
			give_file(name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	printf("%s 1 - %zu inputs with a value in another shape\n1..1\n",
		given ? "ok" : "not ok", given);
	return given == 0;
}
