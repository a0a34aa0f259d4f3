/* SPDX-License-Identifier: Apache-2.0 */
#include "gitlab.h"

#include <string.h>

/* A job as Pipeline Hook and Job Hook both tell it. */
struct job {
	const char *id;
	const char *name;
	const char *status;
	const char *sha;
	const char *ref;
	struct reader environment;
	int64_t finished_us; /* 0: it does not say */
};

static void observe_job(struct intake *in, const struct reader *body, const struct job *job)
{
	const char *project = gitlab_project(in, body);
	enum outcome outcome = gitlab_outcome(job->status);
	struct dora_event *event =
		observe(in, DORA_DEPLOYMENT, entity_key(in, "%s/job/%s", project, job->id),
			job->finished_us ? job->finished_us : in->delivery->received_us);

	gitlab_put_origin(in, event, body);
	dora_put_text(event, "origin.workflow", job->name);
	dora_put_text(event, "environment", reader_text(&job->environment, "name"));
	gitlab_put_environment_class(
		event, reader_text(&job->environment, "deployment_tier"), job->ref);
	dora_put_text(event, "status", outcome_word(outcome));
	dora_put_text(event, "sha", commit_or_null(in, job->sha));
	dora_put_text(event, "ref", job->ref);
	dora_put_text(event, "via", "job");
	gitlab_put_rollout(in, event, project, commit_or_null(in, job->sha));
	gitlab_name_outcome(in, event, job->finished_us, outcome, job->status);
}

static bool is_over(const char *status)
{
	return gitlab_outcome(status) > OUTCOME_STARTED;
}

/* prepare, verify, access and stop change nothing that runs. */
static bool deploys(const struct reader *environment)
{
	const char *action = reader_text(environment, "action");

	return environment->value && (!action || strcmp(action, "start") == 0);
}

static void observe_deploying_jobs(struct intake *in, const struct reader *body)
{
	size_t n = reader_count(body, "builds");

	for (size_t i = 0; i < n; i++) {
		struct reader build = reader_entry(body, "builds", i);
		struct job job = {
			.name = reader_text(&build, "name"),
			.status = reader_text(&build, "status"),
			.sha = reader_text(body, "object_attributes.sha"),
			.ref = reader_text(body, "object_attributes.ref"),
			.environment = reader_at(&build, "environment"),
		};

		if (!deploys(&job.environment) || !is_over(job.status) ||
			!reader_time_at(&build, "finished_at", &job.finished_us))
			continue;
		job.id = reader_id(&build, "id");
		observe_job(in, body, &job);
	}
}

/* Sent at each change of state, so many times; only how it ended is told. */
enum verdict gitlab_on_pipeline(struct intake *in, const struct reader *body)
{
	const char *status = reader_string(body, "object_attributes.status");
	const char *ref = reader_text(body, "object_attributes.ref");

	if (reader_has(body, "merge_request.id") || after_prefix(ref, "refs/merge-requests/"))
		return ignored(in, "pipeline: of a merge request, so no deployment");
	if (*status && !is_over(status))
		return ignored(in, "pipeline %.40s: not over", status);
	const char *project = gitlab_project(in, body);
	int64_t time_us = reader_time(body, "object_attributes.finished_at");
	struct dora_event *event = observe(in, DORA_DEPLOYMENT,
		entity_key(
			in, "%s/pipeline/%s", project, reader_id(body, "object_attributes.id")),
		time_us);
	gitlab_put_origin(in, event, body);
	dora_put_text(event, "origin.workflow", reader_text(body, "object_attributes.name"));
	dora_put_text(event, "status", outcome_word(gitlab_outcome(status)));
	dora_put_text(
		event, "sha", commit_or_null(in, reader_string(body, "object_attributes.sha")));
	dora_put_text(event, "ref", ref);
	dora_put_text(event, "via", "pipeline");
	dora_put_text(event, "url", reader_text(body, "object_attributes.url"));
	gitlab_name_outcome(in, event, time_us, gitlab_outcome(status), status);
	observe_deploying_jobs(in, body);
	return VERDICT_EVENTS;
}

enum verdict gitlab_on_job(struct intake *in, const struct reader *body)
{
	struct job job = {
		.name = reader_text(body, "build_name"),
		.status = reader_string(body, "build_status"),
		.sha = reader_text(body, "sha"),
		.ref = reader_text(body, "ref"),
		.environment = reader_at(body, "environment"),
	};

	if (*job.status && !is_over(job.status))
		return ignored(in, "job %.40s: not over", job.status);
	if (job.environment.value && !deploys(&job.environment))
		return ignored(in, "job: deploys nothing to its environment");
	job.id = reader_id(body, "build_id");
	(void)reader_time_at(body, "build_finished_at", &job.finished_us);
	observe_job(in, body, &job);
	return VERDICT_EVENTS;
}
