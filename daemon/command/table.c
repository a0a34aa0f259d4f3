/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

/* In the order of dorad --help. */
const struct command *const commands[] = {
	&init_command,
	&check_command,
	&status_command,
	&migrate_command,
	&normalise_command,
	&receive_command,
	&rollup_command,
	&portal_command,
	&import_command,
	&catalog_command,
	&explain_command,
	&correct_command,
	&deliveries_command,
	&replay_command,
};

const size_t n_commands = ARRAY_LEN(commands);
