/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jira Cloud and Data Center, their webhooks and the web requests of automation. Names of
 * fields,
 * statuses and types may be in any language: status categories have a key that is not.
 */
#include "jira.h"

#include <string.h>

/* OAuth apps are told addresses of the gateway, which many sites share: then it is the
 * site. */
const char *jira_host(struct intake *in, const struct reader *holder, const char *path)
{
	static const char gateway[] = "https://api.atlassian.com/ex/jira/";
	const char *self = reader_text(holder, path);
	const char *site = after_prefix(self, gateway);
	const char *host =
		site ? arena_strndup(in->arena, site, strcspn(site, "/")) : host_of(in, self);

	if (!host || !*host)
		reader_complain(holder, path, "an address at the site");
	return host ? host : "";
}

/* A version is no deployment, unless the catalogue's deployments: say so. */
static enum verdict on_version(
	struct intake *in, const struct reader *body, const struct reader *issue)
{
	const char *host = jira_host(in, body, "version.self");
	bool released = strcmp(in->out->kind, "jira:version_released") == 0;

	(void)issue;
	in->dora_source = arena_printf(in->arena, "/jira/%s", host);
	struct dora_event *event = observe(in, DORA_DEPLOYMENT,
		entity_key(in, "jira/%s/version/%s", host, reader_id(body, "version.id")),
		reader_time(body, "timestamp"));
	dora_put_text(event, "origin.system", "jira");
	dora_put_text(event, "origin.host", host);
	/* The project's number: its key is not in the body. */
	dora_put_text(event, "origin.project", reader_id(body, "version.projectId"));
	dora_put_text(event, "status", released ? "succeeded" : "cancelled");
	dora_put_text(event, "ref", reader_text(body, "version.name"));
	dora_put_text(event, "via", "version");
	observe_id(in, event, "%020lld/%s", (long long)event->time_us,
		released ? "released" : "unreleased");
	return VERDICT_EVENTS;
}

static const struct {
	const char *kind;
	enum verdict (*normalise)(
		struct intake *in, const struct reader *body, const struct reader *issue);
} handlers[] = {
	{"comment_created", jira_on_comment},
	{"comment_updated", jira_on_comment},
	{"jira:issue_created", jira_on_issue},
	{"jira:issue_deleted", jira_on_issue},
	{"jira:issue_updated", jira_on_issue},
	{"jira:version_released", on_version},
	{"jira:version_unreleased", on_version},
};

/* Automation sends {"issue": ...}, or the issue bare; neither names an event. */
static enum verdict on_automation(struct intake *in, const struct reader *body)
{
	struct reader issue = reader_at(body, "issue");

	in->out->kind = "automation";
	if (issue.value)
		return jira_on_issue(in, body, &issue);
	if (reader_has(body, "fields.status") && reader_has(body, "id"))
		return jira_on_issue(in, body, body);
	return ignored(in, "the body has neither webhookEvent nor an issue");
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *kind = reader_text(body, "webhookEvent");
	struct reader issue = reader_at(body, "issue");

	if (!kind)
		return on_automation(in, body);
	in->out->kind = arena_strdup(in->arena, kind);
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		if (strcmp(handlers[i].kind, kind) == 0)
			return handlers[i].normalise(in, body, &issue);
	}
	return ignored(in, "%.80s: not a kind that is measured", kind);
}

static enum verdict normalise_bytes(struct intake *in)
{
	if (in->delivery->n_body == 0)
		return ignored(in, "an empty body: choose issue data in the automation rule");
	const json_t *root =
		intake_parse(in, in->delivery->body, in->delivery->n_body, in->source->wanted);
	struct reader body = intake_reader(in, root);
	return root ? normalise(in, &body) : malformed(in, "%s", in->err.text);
}

static const struct wanted wanted[] = {
	{"timestamp"},
	{"webhookEvent"},
	OBJECT("issue", JIRA_ISSUE),
	JIRA_ISSUE,
	OBJECT("changelog", {"id"},
		OBJECT("items", {"field"}, {"fieldId"}, {"from"}, {"to"}, {"toString"})),
	OBJECT("comment", {"body"}),
	OBJECT("version", {"id"}, {"self"}, {"name"}, {"projectId"}),
	{0},
};

const struct source source_jira = {
	.name = "jira",
	.delivery_header = "x-atlassian-webhook-identifier",
	.wanted = wanted,
	.normalise = normalise,
	.normalise_bytes = normalise_bytes,
};
