/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_FIELDS_PRIV_H
#define DORAD_CONFIG_FIELDS_PRIV_H

#include "base/error.h"
#include "config/options.h"
#include "config/tree.h"

/* Options as fields of a struct config or config_endpoint: set, defaulted, freed. Pure. */
struct loading {
	const char *path; /* of the file, for messages */
	struct error *err;
};

/* Gives the option what node says. False: err has the place, what was found and wanted. */
bool fields_take(struct loading *loading, void *object, const struct option *option,
	const struct tree *node);

/* Numbers and flags have their defaults before the file is read, texts and lists after. */
void fields_set_defaults(void *object, enum option_place place, bool before);

bool fields_same(const void *one, const void *other, const struct option *option);
void fields_copy(void *to, const void *from, const struct option *option);

void fields_clear(void *object, enum option_place place);

#endif
