/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_JOURNAL_H
#define DORAD_COMMAND_JOURNAL_H

/*
 * Where standard error is systemd's journal: from now on each line of the log is an entry of
 * its own, and each of its fields a field of it: endpoint=github as DORAD_ENDPOINT=github.
 * Before threads start.
 */
void journal_find(void);

#endif
