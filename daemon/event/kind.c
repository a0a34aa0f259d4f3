/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dora_event.h"

#include <string.h>

static const char *const names[DORA_N_KINDS] = {
	[DORA_DEPLOYMENT] = "deployment",
	[DORA_CHANGE] = "change",
	[DORA_INCIDENT] = "incident",
	[DORA_WORK_ITEM] = "work_item",
	[DORA_CHANGE_REQUEST] = "change_request",
	[DORA_CORRECTION] = "correction",
};

static const char *const types[DORA_N_KINDS] = {
	[DORA_DEPLOYMENT] = "dorad.deployment.v1",
	[DORA_CHANGE] = "dorad.change.v1",
	[DORA_INCIDENT] = "dorad.incident.v1",
	[DORA_WORK_ITEM] = "dorad.work_item.v1",
	[DORA_CHANGE_REQUEST] = "dorad.change_request.v1",
	[DORA_CORRECTION] = "dorad.correction.v1",
};

const char *dora_kind_name(enum dora_kind kind)
{
	return names[kind];
}

const char *dora_kind_type(enum dora_kind kind)
{
	return types[kind];
}

bool dora_kind_from_name(const char *name, size_t n, enum dora_kind *out)
{
	for (int kind = 0; kind < DORA_N_KINDS; kind++) {
		if (strlen(names[kind]) == n && memcmp(names[kind], name, n) == 0) {
			*out = (enum dora_kind)kind;
			return true;
		}
	}
	return false;
}
