/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_TABLE_H
#define DORAD_COMMAND_TABLE_H

#include "command/command.h"

/* Each is defined at the end of the file of its name. */
extern const struct command catalog_command;
extern const struct command check_command;
extern const struct command correct_command;
extern const struct command deliveries_command;
extern const struct command explain_command;
extern const struct command import_command;
extern const struct command init_command;
extern const struct command migrate_command;
extern const struct command normalise_command;
extern const struct command portal_command;
extern const struct command receive_command;
extern const struct command replay_command;
extern const struct command rollup_command;
extern const struct command status_command;

extern const struct command *const commands[];
extern const size_t n_commands;

#endif
