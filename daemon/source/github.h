/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GITHUB_H
#define DORAD_SOURCE_GITHUB_H

#include "observe.h"

/* What the two files of the source share: deployments in github.c, code and issues here. */

/* "github/github.com/186853261": the repository by its number, which survives a rename. */
const char *github_repository(struct intake *in, const struct reader *body);
void github_put_origin(struct intake *in, struct dora_event *event, const struct reader *body);

/*
 * A release is told in two parts, in any order: the push of its tag has the commit, and its
 * publication says that it is out. By the tag and the commit's time, which both have, they are
 * one roll-out. A tag that is moved and published again is another.
 */
void github_put_release(struct intake *in, struct dora_event *event, const struct reader *body,
	const char *tag, int64_t committed_us);

enum verdict github_on_push(struct intake *in, const struct reader *body);
enum verdict github_on_pull_request(struct intake *in, const struct reader *body);
enum verdict github_on_issues(struct intake *in, const struct reader *body);
enum verdict github_on_issue_comment(struct intake *in, const struct reader *body);

#endif
