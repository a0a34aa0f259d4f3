/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_IMPORT_TALLY_H
#define DORAD_COMMAND_IMPORT_TALLY_H

#include "base/cleanup.h"
#include "source/source.h"

/* What an import makes: events by kind with their first and last time, what was left out, and
 * what was not understood, by reason. */
struct import_tally;

struct import_tally *import_tally_create(void);
void import_tally_destroy(struct import_tally *tally); /* NULL is fine */
DEFINE_CLEANUP(struct import_tally *, import_tally_destroy);

void import_tally_add(struct import_tally *tally, const struct normalised *made);

int64_t import_tally_n_events(const struct import_tally *tally);
int64_t import_tally_n_refused(const struct import_tally *tally);

void import_tally_print(const struct import_tally *tally, bool json);

#endif
