/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_API_PRIV_H
#define DORAD_PORTAL_API_PRIV_H

#include "visit_priv.h"

#include <jansson.h>

/* Answers with a JSON document; takes it over. */
void api_answer(struct visit *visit, json_t *document);

/* The address of a service's or team's page, as whole as it is known. */
json_t *api_url(struct visit *visit, bool is_team, const char *name);

/* A month's parameter: true and *out, 0 where it is absent. False: err says what is wrong. */
bool api_month(const struct visit *visit, const char *name, int *out, struct error *err);

#endif
