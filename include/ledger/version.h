/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_VERSION_H
#define DORAD_LEDGER_VERSION_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct ledger_versions {
	int64_t there; /* of the file; 0: there is none */
	int64_t ours;  /* what this program makes of it when it opens it */
};

/* Reads it, and changes nothing. False: err says why it cannot be read. */
bool ledger_versions(const char *path, struct ledger_versions *out, struct error *err);

#endif
