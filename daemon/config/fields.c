/* SPDX-License-Identifier: Apache-2.0 */
#include "fields_priv.h"

#include "base/xalloc.h"
#include "config/config.h"
#include "config/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void strings_add(struct config_strings *strings, const char *text, size_t n)
{
	strings->items = xreallocarray(strings->items, strings->n + 1, sizeof(char *));
	strings->items[strings->n++] = xstrndup(text, n);
}

static void *field(void *object, const struct option *option)
{
	return (char *)object + option->offset;
}

static bool is_text(const struct option *option)
{
	return option->type == OPTION_STRING || option->type == OPTION_FILE ||
		option->type == OPTION_CHOICE;
}

static bool set_number(void *object, const struct option *option, const char *text)
{
	int64_t value = 0;
	bool ok = false;

	if (option->type == OPTION_INTEGER)
		ok = value_integer(text, &value);
	else if (option->type == OPTION_BYTES)
		ok = value_bytes(text, &value);
	else if (option->type == OPTION_DURATION)
		ok = value_duration_us(text, &value);
	if (!ok || value < option->min || value > option->max)
		return false;
	memcpy(field(object, option), &value, sizeof(value));
	return true;
}

static bool set_text(void *object, const struct option *option, const char *text)
{
	char *copy;

	if (!*text)
		return false;
	for (size_t i = 0; option->choices; i++) {
		if (!option->choices[i])
			return false;
		if (strcmp(option->choices[i], text) == 0)
			break;
	}
	copy = xstrdup(text);
	memcpy(field(object, option), &copy, sizeof(copy));
	return true;
}

/* False: text is not what the option takes. */
static bool set(void *object, const struct option *option, const char *text)
{
	bool flag;

	switch (option->type) {
	case OPTION_STRING:
	case OPTION_FILE:
	case OPTION_CHOICE:
		return set_text(object, option, text);
	case OPTION_STRINGS:
		if (!*text)
			return false;
		strings_add(field(object, option), text, strlen(text));
		return true;
	case OPTION_INTEGER:
	case OPTION_BYTES:
	case OPTION_DURATION:
		return set_number(object, option, text);
	case OPTION_BOOL:
		if (!value_bool(text, &flag))
			return false;
		memcpy(field(object, option), &flag, sizeof(flag));
		return true;
	}
	__builtin_unreachable();
}

static void describe_number(const struct option *option, char *out, size_t n)
{
	if (option->type == OPTION_INTEGER)
		(void)snprintf(out, n, "a whole number from %" PRId64 " to %" PRId64,
			option->min, option->max);
	else if (option->type == OPTION_BYTES)
		(void)snprintf(out, n,
			"a size like 25MiB, from %" PRId64 " to %" PRId64 " bytes", option->min,
			option->max);
	else
		(void)snprintf(out, n,
			"a duration like 30s, 15m, 4h or 7d, from %" PRId64 "s to %" PRId64 "s",
			option->min / 1000000, option->max / 1000000);
}

static void describe_choices(const struct option *option, char *out, size_t n)
{
	size_t used = (size_t)snprintf(out, n, "one of");

	for (size_t i = 0; option->choices[i] && used < n; i++)
		used += (size_t)snprintf(out + used, n - used, " %s", option->choices[i]);
}

static void describe(const struct option *option, char *out, size_t n)
{
	switch (option->type) {
	case OPTION_STRING:
		(void)snprintf(out, n, "a text");
		return;
	case OPTION_FILE:
		(void)snprintf(out, n, "a file's name");
		return;
	case OPTION_STRINGS:
		(void)snprintf(out, n, "a text, or a list of them");
		return;
	case OPTION_BOOL:
		(void)snprintf(out, n, "yes or no");
		return;
	case OPTION_CHOICE:
		describe_choices(option, out, n);
		return;
	case OPTION_INTEGER:
	case OPTION_BYTES:
	case OPTION_DURATION:
		describe_number(option, out, n);
		return;
	}
	__builtin_unreachable();
}

static bool refuse(
	struct loading *loading, const struct tree *node, const struct option *option)
{
	char wanted[200];

	describe(option, wanted, sizeof(wanted));
	if (node->kind != TREE_SCALAR)
		return tree_complain(loading->err, loading->path, node,
			"%s: found a %s, want %s", option->name,
			node->kind == TREE_LIST ? "list" : "map", wanted);
	return tree_complain(loading->err, loading->path, node, "%s: found \"%s\", want %s",
		option->name, node->text, wanted);
}

bool fields_take(struct loading *loading, void *object, const struct option *option,
	const struct tree *node)
{
	if (option->type == OPTION_STRINGS && node->kind == TREE_LIST) {
		for (size_t i = 0; i < node->n; i++) {
			if (node->items[i]->kind != TREE_SCALAR ||
				!set(object, option, node->items[i]->text))
				return refuse(loading, node->items[i], option);
		}
		return true;
	}
	if (node->kind != TREE_SCALAR || tree_is_null(node) || !set(object, option, node->text))
		return refuse(loading, node, option);
	return true;
}

static bool is_unset(void *object, const struct option *option)
{
	static const struct config_strings none;

	if (option->type == OPTION_STRINGS)
		return memcmp(field(object, option), &none, sizeof(none)) == 0;
	return *(char **)field(object, option) == NULL;
}

void fields_set_defaults(void *object, enum option_place place, bool before)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		bool number = option->type == OPTION_INTEGER || option->type == OPTION_BYTES ||
			option->type == OPTION_DURATION || option->type == OPTION_BOOL;

		if (option->place != place || !option->initial || number != before)
			continue;
		if (number || is_unset(object, option))
			(void)set(object, option, option->initial);
	}
}

static void clear(void *object, const struct option *option)
{
	if (option->type == OPTION_STRINGS) {
		struct config_strings *strings = field(object, option);

		for (size_t i = 0; i < strings->n; i++)
			free(strings->items[i]);
		free(strings->items);
		*strings = (struct config_strings){0};
	} else if (is_text(option)) {
		free(*(char **)field(object, option));
		*(char **)field(object, option) = NULL;
	}
}

void fields_clear(void *object, enum option_place place)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		if (option->place == place)
			clear(object, option);
	}
}

static bool same_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

bool fields_same(const void *one, const void *other, const struct option *option)
{
	const void *a = (const char *)one + option->offset;
	const void *b = (const char *)other + option->offset;

	if (option->type == OPTION_STRINGS) {
		const struct config_strings *list = a;
		const struct config_strings *other_list = b;
		size_t i = 0;

		while (i < list->n && i < other_list->n &&
			strcmp(list->items[i], other_list->items[i]) == 0)
			i++;
		return i == list->n && i == other_list->n;
	}
	if (is_text(option))
		return same_text(*(char *const *)a, *(char *const *)b);
	return memcmp(a, b, option->type == OPTION_BOOL ? sizeof(bool) : sizeof(int64_t)) == 0;
}

void fields_copy(void *to, const void *from, const struct option *option)
{
	const void *source = (const char *)from + option->offset;

	clear(to, option);
	if (option->type == OPTION_STRINGS) {
		const struct config_strings *list = source;

		for (size_t i = 0; i < list->n; i++)
			strings_add(field(to, option), list->items[i], strlen(list->items[i]));
	} else if (is_text(option)) {
		const char *text = *(char *const *)source;
		char *copy = text ? xstrdup(text) : NULL;

		memcpy(field(to, option), &copy, sizeof(copy));
	} else {
		memcpy(field(to, option), source,
			option->type == OPTION_BOOL ? sizeof(bool) : sizeof(int64_t));
	}
}
