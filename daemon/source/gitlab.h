/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GITLAB_H
#define DORAD_SOURCE_GITLAB_H

#include "observe.h"

/* What the two files of the source share: deployments in gitlab.c, code and issues here. */

/* The instance; NULL and said so in err: the delivery does not name it. */
const char *gitlab_host(struct intake *in, const struct reader *body);
/* "gitlab/gitlab.example/42": the project by its number, which survives a rename. */
const char *gitlab_project(struct intake *in, const struct reader *body);
void gitlab_put_origin(struct intake *in, struct dora_event *event, const struct reader *body);

enum verdict gitlab_on_push(struct intake *in, const struct reader *body);
enum verdict gitlab_on_merge_request(struct intake *in, const struct reader *body);
enum verdict gitlab_on_issue(struct intake *in, const struct reader *body);
enum verdict gitlab_on_note(struct intake *in, const struct reader *body);

#endif
