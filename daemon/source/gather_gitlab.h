/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GATHER_GITLAB_H
#define DORAD_SOURCE_GATHER_GITLAB_H

#include "gather_priv.h"

/* What the two files share: deployments and the table in gather_gitlab.c, code and issues in
 * gather_gitlab_code.c. */

/* By its number, else by its address, else the one that came last. NULL: refused in words. */
json_t *gitlab_project_of(struct gather *gather, const struct gather_object *object);

/* The time of a field, cut to seconds; 0: none. */
int64_t gitlab_seconds_at(const struct reader *object, const char *path);

/* One webhook of that project; takes the body over. at_us as of a line. */
void gitlab_put(struct gather *gather, json_t *project, int64_t at_us, json_t *body);

void gitlab_take_commit(struct gather *gather, const struct gather_object *object);
void gitlab_take_merge_request(struct gather *gather, const struct gather_object *object);
void gitlab_take_issue(struct gather *gather, const struct gather_object *object);
void gitlab_push(struct gather *gather, const struct lineage_push *push);
void gitlab_take_tag(struct gather *gather, json_t *project, const struct gather_tag *tag);

#endif
