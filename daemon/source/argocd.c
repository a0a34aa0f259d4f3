/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argo CD's notifications. What they send is a template of the administrator's; ours
 * (contrib/senders/argocd) has the parts of an Application that are read here, under their own
 * names, so that a whole Application will do as well. One sync operation is a deployment.
 */
#include "event/digest.h"
#include "observe.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

#define OPERATION "status.operationState."
#define RESULT OPERATION "syncResult."
#define SHA1_DIGITS 40
#define SHA_ROOM 255 /* of the field sha */

/* Synced is not deployed until what was synced is healthy. */
static enum outcome read_outcome(const struct reader *app)
{
	const char *phase = reader_string(app, OPERATION "phase");
	const char *health = reader_text(app, "status.health.status");

	if (is_one_of(phase, LIST("Error", "Failed")))
		return OUTCOME_FAILED;
	if (is_one_of(phase, LIST("Running", "Terminating")))
		return OUTCOME_STARTED;
	if (!is_one_of(phase, LIST("Succeeded")))
		return OUTCOME_NONE;
	if (is_one_of(health, LIST("Degraded")))
		return OUTCOME_FAILED;
	/* Templates without health are sent when it has succeeded. */
	if (!health || is_one_of(health, LIST("Healthy")))
		return OUTCOME_SUCCEEDED;
	return OUTCOME_STARTED;
}

/* An annotation of the Application; its name may have dots, so no path. */
static const char *annotation(const struct reader *app, const char *name)
{
	const char *text = json_string_value(
		json_object_get(reader_find(app, "metadata.annotations"), name));

	return text && *text ? text : NULL;
}

/* The one commit that the tags of its images name; NULL: none or several. */
static const char *images_sha(struct intake *in, const struct reader *app)
{
	static const char list[] = "status.summary.images";
	size_t n = reader_count(app, list);
	const char *only = NULL;

	for (size_t i = 0; i < n; i++) {
		struct reader image = reader_entry(app, list, i);
		const char *sha = image_sha(in, reader_text(&image, ""));

		if (sha && only && strcmp(sha, only) != 0)
			return NULL;
		only = sha ? sha : only;
	}
	return only;
}

/* One, or "a+b+c": together they say what was deployed, and whether it was before. */
static const char *revisions(struct intake *in, const struct reader *app)
{
	static const char list[] = RESULT "revisions";
	const char *all = reader_text(app, RESULT "revision");
	size_t n = all ? 0 : reader_count(app, list);
	char hex[DIGEST_HEX_MAX];

	for (size_t i = 0; i < n; i++) {
		struct reader revision = reader_entry(app, list, i);
		const char *text = reader_text(&revision, "");

		if (text)
			all = arena_printf(
				in->arena, "%s%s%s", all ? all : "", all ? "+" : "", text);
	}
	if (!all || strlen(all) <= SHA_ROOM)
		return all;
	digest_hex(all, strlen(all), hex);
	return arena_strdup(in->arena, hex);
}

/*
 * The commit of the application, not of its manifests, where anything says so; else what Argo
 * CD itself tells revisions by. The version of a chart is no commit: its values may differ.
 */
static const char *commit_of(struct intake *in, const struct reader *app)
{
	const char *revision = reader_text(app, RESULT "revision");
	const char *sha = sha_or_null(in, annotation(app, "dorad/sha"));

	if (!sha)
		sha = images_sha(in, app);
	if (sha)
		return sha;
	if (!revision)
		return revisions(in, app);
	sha = sha_or_null(in, revision);
	return sha && strlen(sha) >= SHA1_DIGITS ? sha : NULL;
}

static const char *environment_of(const struct reader *app)
{
	const char *given = annotation(app, "dorad/environment");
	const char *cluster = reader_text(app, "spec.destination.name");

	if (!given)
		given = READER_FIRST(app, "metadata.labels.environment", "metadata.labels.env");
	if (given)
		return given;
	if (cluster && strcmp(cluster, "in-cluster") != 0)
		return cluster;
	return READER_FIRST(app, "spec.destination.namespace", "spec.destination.server");
}

static const char *page_of(struct intake *in, const struct reader *app, const char *argocd)
{
	const char *space = reader_text(app, "metadata.namespace");
	const char *name = reader_text(app, "metadata.name");
	size_t n = strlen(argocd);
	while (n && argocd[n - 1] == '/')
		n--;
	return arena_printf(in->arena, "%.*s/applications/%s%s%s", (int)n, argocd,
		space ? space : "", space ? "/" : "", name);
}

/* The order of ids at one instant: that it came to be healthy stands. */
static int rank(enum outcome outcome)
{
	return outcome == OUTCOME_SUCCEEDED ? 3 : outcome == OUTCOME_FAILED ? 2 : 1;
}

/*
 * All that is said of an operation once it is over is said of one instant, its end: what became
 * of it is then decided by the order of ids, failed before succeeded. So an application that is
 * degraded long after it was healthy does not undo its deployment.
 */
static enum verdict on_application(
	struct intake *in, const struct reader *app, const char *argocd)
{
	const char *host = host_of(in, argocd);
	const char *name = reader_string(app, "metadata.name");
	const char *uid = reader_text(app, "metadata.uid");
	const char *space = reader_text(app, "metadata.namespace");
	enum outcome outcome = read_outcome(app);
	int64_t started_us = 0;
	int64_t at_us;

	if (outcome == OUTCOME_NONE)
		return ignored(in, "an operation that has not begun");
	bool has_start = reader_time_at(app, OPERATION "startedAt", &started_us);
	at_us = started_us;
	if (!has_start || outcome != OUTCOME_STARTED)
		at_us = reader_time(app, OPERATION "finishedAt");
	in->dora_source = host ? arena_printf(in->arena, "/argocd/%s", host) : "/argocd";
	const char *object = uid
		? uid
		: arena_printf(in->arena, "%s%s%s%s%s", host ? host : "", host ? "/" : "",
			  space ? space : "", space ? "/" : "", name);
	struct dora_event *event = observe(in, DORA_DEPLOYMENT,
		entity_key(in, "argocd/%s/%lld", object,
			(long long)(has_start ? started_us : at_us)),
		at_us);
	dora_put_text(event, "origin.system", "argocd");
	dora_put_text(event, "origin.host", host);
	dora_put_text(event, "origin.project", reader_text(app, "spec.project"));
	dora_put_text(event, "origin.ci", name);
	dora_put_text(event, "origin.ci_id", uid);
	dora_put_text(event, "environment", environment_of(app));
	dora_put_text(event, "status", outcome_word(outcome));
	dora_put_text(event, "sha", commit_of(in, app));
	dora_put_text(event, "ref", revisions(in, app));
	dora_put_text(event, "via", "sync");
	dora_put_text(event, "url", host ? page_of(in, app, argocd) : NULL);
	observe_id(in, event, "%d-%s", rank(outcome), outcome_word(outcome));
	return VERDICT_EVENTS;
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *argocd = READER_FIRST(body, "argocdUrl", "context.argocdUrl", "argocd_url");
	struct reader app = reader_at(body, "app");

	if (!reader_has(body, "app"))
		app = *body;
	if (!reader_has(&app, "metadata.name"))
		return ignored(in,
			"it does not say which application: "
			"see contrib/senders/argocd for a template that does");
	in->out->kind = reader_text(&app, OPERATION "phase");
	if (!reader_has(&app, "status.operationState"))
		return ignored(in, "an application that was never synced");
	return on_application(in, &app, argocd);
}

#define APPLICATION_FIELDS                                                                    \
	OBJECT("metadata", {"name"}, {"namespace"}, {"uid"}, {"annotations"},                 \
		OBJECT("labels", {"environment"}, {"env"})),                                  \
		OBJECT("spec", {"project"},                                                   \
			OBJECT("destination", {"name"}, {"namespace"}, {"server"})),          \
		OBJECT("status", OBJECT("health", {"status"}), OBJECT("summary", {"images"}), \
			OBJECT("operationState", {"phase"}, {"startedAt"}, {"finishedAt"},    \
				OBJECT("syncResult", {"revision"}, {"revisions"})))

static const struct wanted wanted[] = {
	{"argocdUrl"},
	{"argocd_url"},
	OBJECT("context", {"argocdUrl"}),
	OBJECT("app", APPLICATION_FIELDS),
	APPLICATION_FIELDS,
	{0},
};

const struct source source_argocd = {
	.name = "argocd",
	.wanted = wanted,
	.normalise = normalise,
};
