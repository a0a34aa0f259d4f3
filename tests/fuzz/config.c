/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "config/options.h"
#include "fuzz.h"

#include <string.h>

/*
 * dorad.yaml: it is refused with its place in the file, or all of it lies within the bounds
 * that the table of options gives; the same again for the same bytes.
 */
#define PATH "dorad.yaml"

static void check_number(const struct option *option, const void *base)
{
	int64_t value;

	memcpy(&value, (const char *)base + option->offset, sizeof(value));
	FUZZ_WANT(value >= option->min && value <= option->max);
}

static void check_choice(const struct option *option, const void *base)
{
	const char *text;
	bool known = false;

	memcpy(&text, (const char *)base + option->offset, sizeof(text));
	for (size_t i = 0; text && option->choices[i]; i++)
		known = known || strcmp(text, option->choices[i]) == 0;
	FUZZ_WANT(!text || known);
}

static void check_options(enum option_place place, const void *base)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		if (option->place != place)
			continue;
		switch (option->type) {
		case OPTION_INTEGER:
		case OPTION_BYTES:
		case OPTION_DURATION:
			check_number(option, base);
			break;
		case OPTION_CHOICE:
			check_choice(option, base);
			break;
		case OPTION_STRING:
		case OPTION_FILE:
		case OPTION_STRINGS:
		case OPTION_BOOL:
			break;
		}
	}
}

static void check_endpoint(const struct config_endpoint *endpoint)
{
	check_options(OPTION_OF_ENDPOINT, endpoint);
	FUZZ_WANT(endpoint->line >= 1);
	FUZZ_WANT(endpoint->source);
	FUZZ_WANT(*endpoint->name && !strpbrk(endpoint->name, "/?#% \n"));
	for (size_t i = 0; i < endpoint->secrets.n; i++)
		FUZZ_WANT(endpoint->secrets.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error err = {0};
	struct error again_err = {0};
	struct config *config = config_parse(PATH, (const char *)bytes, n, &err);
	struct config *again = config_parse(PATH, (const char *)bytes, n, &again_err);

	FUZZ_WANT(!config == !again && strcmp(err.text, again_err.text) == 0);
	FUZZ_WANT(!config == (err.text[0] != '\0'));
	if (!config)
		FUZZ_WANT(strncmp(err.text, PATH ":", strlen(PATH ":")) == 0);
	if (config) {
		check_options(OPTION_OF_FILE, config);
		for (size_t i = 0; i < config->receive.n_endpoints; i++)
			check_endpoint(&config->receive.endpoints[i]);
	}
	config_destroy(config);
	config_destroy(again);
	return 0;
}
