/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_API_PRIV_H
#define DORAD_PORTAL_API_PRIV_H

#include "visit_priv.h"

#include <jansson.h>

/* Answers with a JSON document; takes it over. */
void api_answer(struct visit *visit, json_t *document);

#endif
