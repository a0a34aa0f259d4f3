/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_RELOAD_H
#define DORAD_COMMAND_RELOAD_H

#include "base/error.h"
#include "config/config.h"

/*
 * The configuration read again, for a daemon that runs by `running`: what only a restart can
 * change is as it was, and the log says what that is. section: receive, rollup or portal. NULL:
 * err says what is wrong with the file.
 */
struct config *reload_config(
	const char *path, const struct config *running, const char *section, struct error *err);

#endif
