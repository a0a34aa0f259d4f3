/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GITLAB_H
#define DORAD_SOURCE_GITLAB_H

#include "observe.h"

/* What the files of the source share: deployments, pipelines, code and issues. */

/* The instance; NULL and said so in err: the delivery does not name it. */
const char *gitlab_host(struct intake *in, const struct reader *body);
/* "gitlab/gitlab.example/42": the project by its number, which survives a rename. */
const char *gitlab_project(struct intake *in, const struct reader *body);
void gitlab_put_origin(struct intake *in, struct dora_event *event, const struct reader *body);

/* Of a job's, a pipeline's or a deployment's status. */
enum outcome gitlab_outcome(const char *status);
/* The event's id: by its time, and within one moment by its rank. time_us 0, without a time of
 * its own: the same whenever it comes. */
void gitlab_name_outcome(struct intake *in, struct dora_event *event, int64_t time_us,
	enum outcome outcome, const char *status);
/* GitLab's tier is its sure word; a merge request's ref is never what runs in production. */
void gitlab_put_environment_class(struct dora_event *event, const char *tier, const char *ref);
void gitlab_put_rollout(
	struct intake *in, struct dora_event *event, const char *project, const char *sha);

enum verdict gitlab_on_pipeline(struct intake *in, const struct reader *body);
enum verdict gitlab_on_job(struct intake *in, const struct reader *body);
enum verdict gitlab_on_push(struct intake *in, const struct reader *body);
enum verdict gitlab_on_merge_request(struct intake *in, const struct reader *body);
enum verdict gitlab_on_issue(struct intake *in, const struct reader *body);
enum verdict gitlab_on_note(struct intake *in, const struct reader *body);

#endif
