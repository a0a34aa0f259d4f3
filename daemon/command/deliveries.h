/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_DELIVERIES_H
#define DORAD_COMMAND_DELIVERIES_H

#include "command/command.h"
#include "ledger/list.h"

/* dorad deliveries show N: everything about one row. */
int deliveries_show(const struct command_line *line, struct ledger *ledger);

/* dorad deliveries missing: which of the senders' ids on standard input the ledger lacks. */
int deliveries_missing(const struct command_line *line, struct ledger *ledger);

#endif
