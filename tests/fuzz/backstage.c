/* SPDX-License-Identifier: Apache-2.0 */
#include "config/backstage.h"

#include "base/xalloc.h"
#include "config/catalog.h"
#include "fuzz.h"

#include <string.h>

/*
 * Backstage's files: refused with a place, or what is written of them is YAML that can be read,
 * the same each time. Where it is a catalogue, it has the services that were counted.
 */
#define PATH "catalog-info.yaml"

static void remark(void *context, const char *words)
{
	FUZZ_WANT(strncmp(words, PATH ":", strlen(PATH ":")) == 0);
	(*(size_t *)context)++;
}

/* NULL: refused. The caller frees it. */
static char *import(const char *bytes, size_t n, struct error *err, size_t *out_n_services)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct backstage *backstage = backstage_create(arena);
	char *text = NULL;
	size_t n_text = 0;
	size_t n_remarks = 0;

	if (!backstage_read(backstage, PATH, bytes, n, err))
		return NULL;
	backstage_settle(backstage, remark, &n_remarks);
	*out_n_services = backstage_n_services(backstage);
	FILE *to = open_memstream(&text, &n_text);
	FUZZ_WANT(to);
	backstage_write(backstage, to);
	(void)fclose(to);
	return text;
}

static void check_written(const char *text, size_t n_services)
{
	struct error err = {0};
	json_t *catalog = catalog_parse("catalog.yaml", text, strlen(text), &err);

	if (catalog)
		FUZZ_WANT(json_array_size(json_object_get(catalog, "services")) == n_services);
	else /* a value that ours does not take; never its form */
		FUZZ_WANT(!strstr(err.text, "found character") &&
			!strstr(err.text, "did not find") && !strstr(err.text, "mapping"));
	json_decref(catalog);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error err = {0};
	struct error again_err = {0};
	size_t n_services = 0;
	size_t n_again = 0;
	char *text = import((const char *)bytes, n, &err, &n_services);
	char *again = import((const char *)bytes, n, &again_err, &n_again);

	FUZZ_WANT(!text == !again && n_services == n_again);
	FUZZ_WANT(strcmp(err.text, again_err.text) == 0);
	if (text) {
		FUZZ_WANT(strcmp(text, again) == 0);
		check_written(text, n_services);
	} else {
		FUZZ_WANT(strncmp(err.text, PATH ":", strlen(PATH ":")) == 0);
	}
	free(text);
	free(again);
	return 0;
}
