/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_FORWARD_HERE_H
#define DORAD_COMMAND_FORWARD_HERE_H

#include "command/command.h"
#include "ledger/ledger.h"

/*
 * Forwards all that the ledger has to forward, where no receiver runs: the command holds the
 * ledger and is the receiver, as far as forwarding goes. n_rows: of which the command
 * knows, for
 * its progress. False: said why; what is not forwarded waits for dorad receive.
 */
bool forward_here(const struct command_line *line, const struct config *config,
	struct ledger *ledger, int64_t n_rows);

#endif
