/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ROLLUP_LEASE_H
#define DORAD_COMMAND_ROLLUP_LEASE_H

#include "rollup.h"

/*
 * Where the streams are sharded, each worker of a daemon has a share of the
 * shards, renewed every two seconds and dealt out again when a worker comes or goes. --once
 * reads all.
 */
enum rollup_progress rollup_lease(struct rollup *rollup);
void rollup_leave(struct rollup *rollup);

#endif
