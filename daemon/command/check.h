/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_CHECK_H
#define DORAD_COMMAND_CHECK_H

#include "config/config.h"
#include "sheet.h"

#include <stdbool.h>

/* What was looked at so far; bad: somebody must mend something before dorad runs. */
struct findings {
	struct sheet *sheet;
	bool bad;
};

enum finding {
	FINDING_GOOD,
	FINDING_PENDING, /* an upgrade will do it */
	FINDING_WARNING, /* it runs, but read this */
	FINDING_BAD,
};

void check_note(
	struct findings *findings, const char *what, enum finding finding, const char *words);

/* What this program will do to the ledger and the database when it takes over. */
void check_upgrade(struct findings *findings, const struct config *config);

#endif
