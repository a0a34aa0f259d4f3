/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_CONNINFO_H
#define DORAD_STORE_CONNINFO_H

#include "store/store.h"

/* Ready for PQconnectdbParams(); both ended by NULL, all owned. */
struct conninfo {
	char **names;
	char **values;

	/* The session's settings for where there is no session: of one transaction, as
	 * "; SET LOCAL ..." and as one "SELECT set_config(...)". */
	char *local;
	char *select;
};

/*
 * What the options' conninfo says, and the defaults of RELIABILITY.md section 5 for what it
 * leaves out; session settings of ours come before its own, so that its own win. Pure. False:
 * not readable.
 */
bool conninfo_make(
	const struct store_options *options, struct conninfo *out, struct error *err);
/* Without `options`, which a pooler refuses. */
void conninfo_drop_options(struct conninfo *conninfo);

const char *conninfo_value(const struct conninfo *conninfo, const char *name); /* NULL: unset */
void conninfo_clear(struct conninfo *conninfo);

#endif
