/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flux's notification-controller, providers generic and generic-hmac. A Kustomization or a
 * HelmRelease that was reconciled to a revision is a deployment. An Alert may add to an event's
 * metadata (spec.eventMetadata): environment, cluster, service, sha.
 */
#include "observe.h"
#include "version.h"

#include <string.h>

/*
 * The controllers try again for ever: what waits for something else is not listed. Nor is
 * RollbackSucceeded: Helm goes back by itself from an upgrade that failed, which was told, to
 * the release before, which is no deployment anew and none that was taken away.
 */
static const struct choice reasons[] = {
	{"ReconciliationSucceeded", OUTCOME_SUCCEEDED},
	{"InstallSucceeded", OUTCOME_SUCCEEDED},
	{"UpgradeSucceeded", OUTCOME_SUCCEEDED},
	{"BuildFailed", OUTCOME_FAILED},
	{"HealthCheckFailed", OUTCOME_FAILED},
	{"InstallFailed", OUTCOME_FAILED},
	{"PruneFailed", OUTCOME_FAILED},
	{"ReconciliationFailed", OUTCOME_FAILED},
	{"RollbackFailed", OUTCOME_FAILED},
	{"TestFailed", OUTCOME_FAILED},
	{"UpgradeFailed", OUTCOME_FAILED},
	{"ValidationFailed", OUTCOME_FAILED},
};

/* "revision" of "kustomize.toolkit.fluxcd.io/revision": names have dots, so no path. */
static const char *metadata(const struct reader *body, const char *wanted)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)reader_find(body, "metadata"), name, value) {
		const char *slash = strrchr(name, '/');
		const char *text = json_string_value(value);

		if (strcmp(slash ? slash + 1 : name, wanted) == 0 && text && *text)
			return text;
	}
	return NULL;
}

/*
 * Of "main@sha1:<sha>", formerly "main/<sha>". A digest ("latest@sha256:...") is of an
 * artifact: what it was built from stands in originRevision.
 */
static const char *revision_sha(struct intake *in, const char *revision)
{
	const char *digest = revision ? strstr(revision, "@sha256:") : NULL;
	const char *last = revision;

	if (!revision || digest)
		return NULL;
	for (const char *at = revision; *at; at++) {
		if (*at == '/' || *at == ':')
			last = at + 1;
	}
	return version_sha(in, last);
}

static const char *commit_of(struct intake *in, const struct reader *body)
{
	const char *sha = sha_or_null(in, metadata(body, "sha"));

	if (!sha)
		sha = revision_sha(in, metadata(body, "originRevision"));
	return sha ? sha : revision_sha(in, metadata(body, "revision"));
}

static const char *environment_of(const struct reader *body)
{
	static const char *const names[] = {"environment", "env", "cluster"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = metadata(body, names[i]);

		if (text)
			return text;
	}
	return reader_text(body, "involvedObject.namespace");
}

/* By uid, which no other cluster has; old controllers left it out. */
static const char *object_key(struct intake *in, const struct reader *body)
{
	const char *uid = reader_text(body, "involvedObject.uid");
	const char *cluster = metadata(body, "cluster");
	const char *space = reader_text(body, "involvedObject.namespace");

	if (uid)
		return uid;
	return arena_printf(in->arena, "%s%s%s%s%s", cluster ? cluster : "", cluster ? "/" : "",
		space ? space : "", space ? "/" : "",
		reader_string(body, "involvedObject.name"));
}

/*
 * Each success is a deployment: the same revision again may be how people go back to it, or a
 * chart with other values. Failures of a revision are one attempt however often it is tried.
 */
static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *kind = reader_string(body, "involvedObject.kind");
	const char *reason = reader_string(body, "reason");
	const char *revision = metadata(body, "revision");
	int64_t at_us = reader_time(body, "timestamp");
	int outcome;

	in->out->kind = arena_printf(in->arena, "%s %s", kind, reason);
	if (!is_one_of(kind, LIST("Kustomization", "HelmRelease")))
		return ignored(in, "%.60s: neither a Kustomization nor a HelmRelease", kind);
	if (!choice_find(reasons, ARRAY_LEN(reasons), reason, &outcome))
		return ignored(in, "%.60s: nothing new was deployed", reason);
	if (!revision)
		return ignored(in, "%.60s: of no revision", reason);

	in->dora_source = "/flux";
	const char *object = object_key(in, body);
	bool failed = outcome == OUTCOME_FAILED;
	const char *entity = entity_key(in, "flux/%s/%s/%s", object, revision,
		failed ? "failed" : arena_printf(in->arena, "%lld", (long long)at_us));
	struct dora_event *event = observe(in, DORA_DEPLOYMENT, entity, at_us);
	dora_put_text(event, "origin.system", "flux");
	dora_put_text(event, "origin.host", metadata(body, "cluster"));
	dora_put_text(event, "origin.project", reader_text(body, "involvedObject.namespace"));
	const char *name = reader_string(body, "involvedObject.name");
	const char *service = metadata(body, "service");
	dora_put_text(event, "origin.ci", service ? service : name);
	dora_put_text(event, "origin.ci_id", reader_text(body, "involvedObject.uid"));
	dora_put_text(event, "environment", environment_of(body));
	dora_put_text(event, "status", outcome_word((enum outcome)outcome));
	dora_put_text(event, "sha", commit_of(in, body));
	dora_put_text(event, "ref", revision);
	dora_put_text(event, "via", "sync");
	observe_id(in, event, "%020lld", (long long)at_us);
	return VERDICT_EVENTS;
}

static const struct wanted wanted[] = {
	OBJECT("involvedObject", {"kind"}, {"namespace"}, {"name"}, {"uid"}),
	{"reason"},
	{"timestamp"},
	{"metadata"},
	{0},
};

const struct source source_flux = {
	.name = "flux",
	.headers = LIST("gotk-component"),
	.wanted = wanted,
	.normalise = normalise,
};
