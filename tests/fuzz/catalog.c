/* SPDX-License-Identifier: Apache-2.0 */
#include "config/catalog.h"

#include "fuzz.h"

#include <string.h>

/*
 * catalog.yaml: it is refused with line and column, or gives what the header promises the
 * database; the same again for the same bytes, and what it gives can be written as JSON.
 */
#define PATH "catalog.yaml"

static const char *const whole_lists[] = {"teams", "services", "environments", "deployments",
	"incidents", "statuses", "severities", "work_items", NULL};
static const char *const service_lists[] = {"owners", "phases", "aliases", "sources", NULL};

static void want_lists(const json_t *object, const char *const *names)
{
	for (; *names; names++)
		FUZZ_WANT(json_is_array(json_object_get(object, *names)));
}

/* At most one system is named. */
static void check_systems(const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		size_t n = 0;

		for (const char *const *system = catalog_systems; *system; system++)
			n += json_object_get(item, *system) != NULL;
		FUZZ_WANT(n <= 1);
	}
}

static void check_services(const json_t *services)
{
	size_t i;
	size_t at;
	json_t *service;
	json_t *owner;

	json_array_foreach(services, i, service) {
		FUZZ_WANT(*json_string_value(json_object_get(service, "name")));
		want_lists(service, service_lists);
		check_systems(json_object_get(service, "sources"));
		json_array_foreach(json_object_get(service, "owners"), at, owner) {
			const json_t *team = json_object_get(owner, "team");

			FUZZ_WANT(json_is_string(team) || json_is_null(team));
		}
	}
}

static void check(const json_t *catalog)
{
	FUZZ_WANT(json_is_string(json_object_get(catalog, "report_tz")));
	FUZZ_WANT(json_integer_value(json_object_get(catalog, "attribution_window")) > 0);
	want_lists(catalog, whole_lists);
	check_services(json_object_get(catalog, "services"));
	for (const char *const *rules = whole_lists + 2; *rules; rules++)
		check_systems(json_object_get(catalog, *rules));

	char *text = json_dumps(catalog, 0);
	FUZZ_WANT(text);
	json_t *again = json_loads(text, 0, NULL);
	FUZZ_WANT(json_equal(catalog, again));
	json_decref(again);
	free(text);
}

/* "catalog.yaml:3:7: words" */
static bool has_place(const char *text)
{
	char *end;

	if (strncmp(text, PATH ":", strlen(PATH ":")) != 0)
		return false;
	text += strlen(PATH ":");
	if (strtol(text, &end, 10) < 1 || *end != ':')
		return false;
	return strtol(end + 1, &end, 10) >= 1 && *end == ':';
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error err = {0};
	struct error again_err = {0};
	json_t *catalog = catalog_parse(PATH, (const char *)bytes, n, &err);
	json_t *again = catalog_parse(PATH, (const char *)bytes, n, &again_err);

	FUZZ_WANT(!catalog == !again && strcmp(err.text, again_err.text) == 0);
	FUZZ_WANT(!catalog == (err.text[0] != '\0'));
	if (catalog) {
		FUZZ_WANT(json_equal(catalog, again));
		check(catalog);
	} else {
		FUZZ_WANT(has_place(err.text));
	}
	json_decref(catalog);
	json_decref(again);
	return 0;
}
