/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_DUMPS_H
#define DORAD_COMMAND_DUMPS_H

/* A daemon has secrets in memory: it leaves no core, and none of its user's other processes may
 * look into it. Before the first secret is read. */
void dumps_forbid(void);

#endif
