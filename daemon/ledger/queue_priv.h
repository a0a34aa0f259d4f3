/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_QUEUE_PRIV_H
#define DORAD_LEDGER_QUEUE_PRIV_H

#include "writer_priv.h"

/* All under the lock. What waits, until it is due; and what of it is committed next. */
void queue_remove(struct writer *writer, struct job *job);
void queue_wait(struct ledger *ledger);
void queue_take_batch(struct writer *writer, bool with_deliveries);

#endif
