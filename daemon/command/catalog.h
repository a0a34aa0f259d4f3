/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_CATALOG_H
#define DORAD_COMMAND_CATALOG_H

#include "command/command.h"

/* catalog_import.c: from Backstage's files; argument 0 is "import". */
int catalog_import(const struct command_line *line);

#endif
