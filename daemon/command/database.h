/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_DATABASE_H
#define DORAD_COMMAND_DATABASE_H

#include "command/command.h"
#include "sheet.h"
#include "store/store.h"

/* The accounts of the units that write and read: root at the database's socket is these. */
#define COMMAND_ACCOUNT "dorad"
#define COMMAND_READER "dorad_reader"

/*
 * A command's connection to Postgres, made at once, without a limit on statements. NULL: said
 * why on standard error; the command returns EXIT_FAILED.
 */
struct store *command_store(
	const struct command_line *line, const char *conninfo, bool read_only);

/* The same with rollup.postgres of the configuration, whose schema must be this program's. */
struct store *command_rollup_store(
	const struct command_line *line, const struct config *config, bool read_only);

/* What a query gave, ready to print. */
struct sheet *sheet_of_rows(const struct store_rows *rows);

#endif
