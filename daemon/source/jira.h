/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_JIRA_H
#define DORAD_SOURCE_JIRA_H

#include "observe.h"

/* What the two files of the source share: which event it is in jira.c, issues here. */

/* The site, of an address within it; "" and said so where there is none. */
const char *jira_host(struct intake *in, const struct reader *holder, const char *path);

/* issue: {"id", "key", "self", "fields"}; body: what it came in. */
enum verdict jira_on_issue(
	struct intake *in, const struct reader *body, const struct reader *issue);
enum verdict jira_on_comment(
	struct intake *in, const struct reader *body, const struct reader *issue);

#endif
