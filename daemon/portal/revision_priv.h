/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_REVISION_PRIV_H
#define DORAD_PORTAL_REVISION_PRIV_H

#include "portal/markup.h"
#include "scope_priv.h"

/* How a month has changed since it was over, a section: rows of dorad.revisions with the day as
 * `changed`. Of none, nothing. */
void revisions_draw(struct markup *markup, const struct store_rows *rows);

#endif
