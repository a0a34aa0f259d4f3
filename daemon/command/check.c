/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdio.h>

static int check(const struct command_line *line)
{
	CLEANUP(config_destroyp) struct config *config = command_config(line);

	if (!config)
		return EXIT_FAILED;
	printf("%s: good\n", config->path);
	return EXIT_DONE;
}

const struct command check_command = {
	.name = "check",
	.arguments = "",
	.summary = "is the configuration good?",
	.run = check,
};
