/* SPDX-License-Identifier: Apache-2.0 */
#include "reload.h"

#include "base/log.h"

#include <stdlib.h>

struct config *reload_config(
	const char *path, const struct config *running, const char *section, struct error *err)
{
	struct config *fresh = config_load(path, err);
	char *names = fresh ? config_carry(fresh, running, section) : NULL;

	if (names)
		log_warn("reload config=%s, not taken up: %s; a restart does", path, names);
	free(names);
	return fresh;
}
