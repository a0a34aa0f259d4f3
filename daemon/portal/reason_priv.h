/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_REASON_PRIV_H
#define DORAD_PORTAL_REASON_PRIV_H

#include "portal/markup.h"

#include <stdbool.h>

/* Words of the database (METRICS.md sections 3 to 5) for people. */

/* A rule that counted a fact, or the reason it was left out; NULL: "". */
const char *reason_rule(const char *rule, bool counted);

/* Rules that counted a fact, "none,rollback": in each of the services that it is about. NULL is
 * fine: nothing. */
void reason_rules(struct markup *markup, const char *list);

/* What kind of fact: change, rollback, failure_demand ... */
const char *reason_kind(const char *kind);

/* [[what, id], ...]: what says that a deployment failed. */
void reason_evidence(struct markup *markup, const char *json);

/* What a rule went by: {"seconds": 123, "deployment": "x", ...}. */
void reason_details(struct markup *markup, const char *json);

#endif
