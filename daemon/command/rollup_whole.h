/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ROLLUP_WHOLE_H
#define DORAD_COMMAND_ROLLUP_WHOLE_H

#include "command/command.h"

/* dorad rollup --rebuild (rollup_rebuild.c) and --verify: exit codes. */
int rollup_rebuild(const struct command_line *line);
int rollup_verify(const struct command_line *line);

#endif
