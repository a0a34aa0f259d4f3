/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include "base/cleanup.h"

#include <string.h>

/* What is too long to be said; contrib/senders of a clone. */
#define SENDERS DORAD_SENDERS "/"

static const struct sender senders[] = {
	{"alertmanager", "Alertmanager", NULL, false,
		"alertmanager.yml, receivers, webhook_configs:\n"
		"  url: @URL@\n"
		"  send_resolved: true\n"
		"  http_config: {authorization: {credentials: @SECRET@}}"},
	{"argocd", "Argo CD", NULL, false,
		"argocd-notifications-cm, service.webhook.dorad:\n"
		"  url: @URL@\n"
		"  headers: [{name: Authorization, value: \"Bearer @SECRET@\"}]\n"
		"with the template, the trigger and the subscription of\n"
		"  " SENDERS "argocd/notifications.yaml"},
	{"cloudevents", "CDEvents, Eventarc", NULL, false,
		"Post CloudEvents, structured or binary, to @URL@\n"
		"  Authorization: Bearer @SECRET@"},
	{"cloudrun", "Cloud Run, by Pub/Sub", "query", false,
		"A sink of the audit log, its topic and a push subscription, as made by\n"
		"  " SENDERS "cloudrun/sink.sh\n"
		"  endpoint: @URL@?token=@SECRET@\n"
		"  filter: resource.type=\"cloud_run_revision\" AND\n"
		"          log_id(\"cloudaudit.googleapis.com/system_event\")\n"
		"Without log_id() every line that the service itself logs is sent too."},
	{"events", "your own programs", NULL, false,
		"Post events (CloudEvents or NDJSON) to @URL@\n"
		"  Authorization: Bearer @SECRET@\n"
		"as " SENDERS "events/README.md shows."},
	{"flux", "Flux", NULL, false,
		"A Provider of notification.toolkit.fluxcd.io:\n"
		"  type: generic-hmac\n"
		"  address: @URL@\n"
		"  secretRef: a Secret whose key `token` is @SECRET@\n"
		"and an Alert for it with eventSeverity: info, as in\n"
		"  " SENDERS "flux/alert.yaml"},
	{"freshservice", "Freshservice", NULL, false,
		"Admin, Workflow Automator, a rule for each of tickets, changes and releases,\n"
		"action Trigger Webhook:\n"
		"  request type: POST, encoding: JSON, content: Advanced\n"
		"  URL: @URL@\n"
		"  custom header: Authorization: Bearer @SECRET@\n"
		"  content: ticket.json, change.json or release.json of\n"
		"           " SENDERS "freshservice"},
	{"github", "GitHub", NULL, false,
		"Organisation (or repository), Settings, Webhooks, Add webhook:\n"
		"  Payload URL: @URL@\n"
		"  Content type: application/json\n"
		"  Secret: @SECRET@\n"
		"  Events: Deployments, Deployment statuses, Issues, Issue comments,\n"
		"          Pull requests, Pushes, Releases, Repositories, Workflow runs\n"
		"GitHub tries once: dorad-redeliver@.timer asks again for what did not arrive"},
	{"gitlab", "GitLab", "token", false,
		"Group (or project), Settings, Webhooks, Add new webhook:\n"
		"  URL: @URL@\n"
		"  Secret token: @SECRET@\n"
		"  Trigger: Push, Issues, Confidential issues, Comments, Confidential\n"
		"           comments, Merge request, Job, Pipeline, Deployment, Releases\n"
		"From GitLab 19.0 a signing token may be used instead: put it into the file "
		"and\n"
		"take `auth: token` out of dorad.yaml."},
	{"jira", "Jira", NULL, false,
		"Settings, System, WebHooks, Create:\n"
		"  URL: @URL@\n"
		"  Secret: @SECRET@\n"
		"  Events: Issue created, updated, deleted; Comment created, updated;\n"
		"          Version released, unreleased"},
	{"opsgenie", "Opsgenie", NULL, false,
		"Settings, Integrations, Webhook:\n"
		"  Webhook URL: @URL@\n"
		"  Custom header: Authorization: Bearer @SECRET@\n"
		"  Alert actions: create, acknowledge, unacknowledge, update priority, add\n"
		"                 tags, remove tags, close, delete\n"
		"  Send the alert's description: no"},
	{"pagerduty", "PagerDuty", NULL, true,
		"Integrations, Generic Webhooks (v3), New Webhook:\n"
		"  Webhook URL: @URL@\n"
		"  Events: every incident.* event\n"
		"PagerDuty then shows a signing secret once: put it into\n"
		"  @SECRET@"},
	{"servicenow", "ServiceNow", NULL, false,
		"System properties:\n"
		"  dorad.url: @URL@\n"
		"  dorad.secret (type password2): @SECRET@\n"
		"and an async Business Rule (insert, update, delete) on incident,\n"
		"change_request, problem and what else counts as work, with the script\n"
		"  " SENDERS "servicenow/business-rule.js"},
	{"trello", "Trello", NULL, true,
		"Trello signs with the OAuth secret of your Power-Up's API key: put it into\n"
		"  @SECRET@\n"
		"then make a webhook for each board, by\n"
		"  " SENDERS "trello/webhook.sh\n"
		"  callbackURL: @URL@"},
};

const struct sender *sender_at(size_t i)
{
	return i < ARRAY_LEN(senders) ? &senders[i] : NULL;
}

const struct sender *sender_find(const char *source)
{
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		if (strcmp(senders[i].source, source) == 0)
			return &senders[i];
	}
	return NULL;
}

void sender_print(const struct sender *sender, const char *url, const char *secret, FILE *to)
{
	bool fresh_line = true;

	for (const char *p = sender->steps; *p;) {
		if (fresh_line)
			fputs("  ", to);
		fresh_line = *p == '\n';
		if (strncmp(p, "@URL@", 5) == 0) {
			fputs(url, to);
			p += 5;
		} else if (strncmp(p, "@SECRET@", 8) == 0) {
			fputs(secret, to);
			p += 8;
		} else {
			fputc(*p++, to);
		}
	}
	fputc('\n', to);
}
