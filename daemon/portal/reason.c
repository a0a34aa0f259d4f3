/* SPDX-License-Identifier: Apache-2.0 */
#include "reason_priv.h"

#include "portal/words.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct phrase {
	const char *word;
	const char *phrase;
};

static const struct phrase rules[] = {
	/* R13, R16: what a deployment is, and where its changes come from */
	{"baseline", "the first one known: its backlog has no lead times"},
	{"changes_listed", "it lists its changes"},
	{"explicit", "the deployment lists it"},
	{"failed", "something speaks against it"},
	{"failed: correction", "an operator says that it failed"},
	{"first_in_lane", "the first one there"},
	{"flag", "the sender says so"},
	{"inferred", "first deployed with this commit"},
	{"new_sha", "a commit that had not been there"},
	{"not failed: correction", "an operator says that it did not fail"},
	{"no evidence", "nothing speaks against it"},
	{"older_sha", "an older commit again"},
	{"same_sha", "the same commit again"},
	{"unknown", "its commits are not known"},
	{"unknown_sha", "its commit is not known"},
	{"rework: hotfix", "rework: a hotfix"},
	{"rework: rollback", "rework: a rollback"},
	/* section 4: what an incident is held against */
	{"correction", "corrected by an operator"},
	{"excluded_cause", "its cause was no deployment"},
	{"explicit_change_request", "the change request that caused it is named"},
	{"explicit_deployment", "the deployment that caused it is named"},
	{"explicit_other_service", "another service's deployment caused it"},
	{"explicit_sha", "the commit that caused it is named"},
	{"latest_deployment", "by time alone: the latest deployment before it"},
	{"none", "no deployment near it"},
	{"rollback", "a rollback ended it"},
	/* section 5: how a work item is classed */
	{"added_after_sprint_start", "added after the sprint began"},
	{"catalog", "by a rule of the catalogue"},
	{"default", "nothing says otherwise"},
	{"label", "by its label"},
	{"linked_incident", "linked to an incident"},
	{"override", "classed by hand"},
	{"priority", "by its priority"},
	{"type", "by its type"},
};

/* Why something does not count. */
static const struct phrase exclusions[] = {
	{"cancelled", "cancelled"},
	{"correction", "taken out by an operator"},
	{"duplicate", "a duplicate of another"},
	{"environment", "not production"},
	{"failed", "the attempt failed"},
	{"no evidence", "no change, and nothing speaks against it"},
	{"no_outcome", "it never ended"},
	{"not_an_incident", "no rule makes it an incident"},
	{"not_done", "not done"},
	{"phase", "the service was not in use"},
	{"planned", "neither a change nor a rollback"},
	{"severity", "not severe enough"},
	{"type", "of a type that does not count"},
	{"unmapped", "no service or team is known"},
	{"without_start", "nobody said when it began"},
};

static const struct phrase kinds[] = {
	{"adhoc_value", "ad hoc"},
	{"attempt", "failed attempt"},
	{"failure_demand", "failure demand"},
	{"redeploy", "redeployment"},
};

static const struct phrase evidences[] = {
	{"change_request", "unsuccessful change request"},
	{"correction", "corrected by an operator"},
	{"incident:explicit_change_request", "incident, by its change request"},
	{"incident:explicit_deployment", "incident that names it"},
	{"incident:explicit_sha", "incident that names its commit"},
	{"incident:latest_deployment", "incident soon after it"},
	{"incident:rollback", "incident that a rollback ended"},
	{"incident:correction", "incident, put to it by an operator"},
	{"rollback", "rolled back"},
};

static const struct phrase details[] = {
	{"committed_at", "committed"},
	{"deployment", "delivered by"},
	{"deployments", "held against"},
	{"environment", "environment"},
	{"labels", "labels"},
	{"landed_at", "landed"},
	{"lead_source", "changes"},
	{"linked_incidents", "linked to"},
	{"priority", "priority"},
	{"reopens", "reopened"},
	{"restored_at", "restored"},
	{"rolled_back_by", "rolled back by"},
	{"rolls_back", "takes back"},
	{"seconds", "took"},
	{"severity", "severity"},
	{"sha", "commit"},
	{"started_at", "began"},
	{"type", "type"},
};

static const char *find(const struct phrase *phrases, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(phrases[i].word, word) == 0)
			return phrases[i].phrase;
	}
	return NULL;
}

const char *reason_rule(const char *rule, bool counted)
{
	const char *phrase = NULL;

	if (!rule)
		return "";
	if (!counted)
		phrase = find(exclusions, ARRAY_LEN(exclusions), rule);
	if (!phrase)
		phrase = find(rules, ARRAY_LEN(rules), rule);
	return phrase ? phrase : rule;
}

void reason_rules(struct markup *markup, const char *list)
{
	for (const char *rest = list; rest && *rest;) {
		size_t n = strcspn(rest, ",");
		char rule[64];

		(void)snprintf(rule, sizeof(rule), "%.*s", (int)n, rest);
		markup_textf(markup, "%s%s", rest == list ? "" : "; ", reason_rule(rule, true));
		rest += n;
		rest += *rest == ',';
	}
}

const char *reason_kind(const char *kind)
{
	const char *phrase = kind ? find(kinds, ARRAY_LEN(kinds), kind) : "";

	return phrase ? phrase : kind;
}

void reason_evidence(struct markup *markup, const char *json)
{
	json_auto_t *list = json ? json_loads(json, 0, NULL) : NULL;
	const json_t *pair;
	size_t i;

	markup_open(markup, "ul", "class", "evidence", NULL);
	json_array_foreach(list, i, pair) {
		const char *what = json_string_value(json_array_get(pair, 0));
		const char *id = json_string_value(json_array_get(pair, 1));
		const char *phrase = what ? find(evidences, ARRAY_LEN(evidences), what) : NULL;

		if (!what || !id)
			continue;
		markup_open(markup, "li", NULL);
		markup_textf(markup, "%s: ", phrase ? phrase : what);
		markup_element(markup, "bdi", NULL, id);
		markup_close(markup);
	}
	if (json_array_size(list) == 0)
		markup_element(markup, "li", NULL, "corrected by an operator");
	markup_close(markup);
}

/* A string as it is, a list with commas, seconds as a duration, an instant to the minute. */
static void value_text(const char *name, const json_t *value, char *out, size_t size)
{
	size_t n = 0;
	const json_t *each;
	size_t i;

	out[0] = '\0';
	if (strcmp(name, "seconds") == 0 && json_is_number(value)) {
		char text[WORDS_TEXT];

		(void)snprintf(out, size, "%s", words_duration(json_number_value(value), text));
	} else if (strlen(name) > 3 && strcmp(name + strlen(name) - 3, "_at") == 0 &&
		json_string_length(value) >= 16) {
		const char *text = json_string_value(value);

		(void)snprintf(out, size, "%.10s %.5s UTC", text, text + 11);
	} else if (strcmp(name, "sha") == 0 && json_is_string(value)) {
		(void)snprintf(out, size, "%.10s", json_string_value(value));
	} else if (json_is_string(value)) {
		(void)snprintf(out, size, "%s", json_string_value(value));
	} else if (json_is_number(value)) {
		(void)snprintf(out, size, "%g", json_number_value(value));
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, each) {
			if (json_is_string(each) && n < size)
				n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
					json_string_value(each));
		}
	}
}

/* What did not fit ends with a character, not within one, and says that there is more. */
static void end_whole(char *text, size_t size)
{
	static const char more[] = "\xE2\x80\xA6"; /* U+2026 */
	size_t n = strlen(text);

	if (n + 1 < size)
		return;
	n -= sizeof(more) - 1;
	while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--;
	memcpy(text + n, more, sizeof(more));
}

void reason_details(struct markup *markup, const char *json)
{
	json_auto_t *object = json ? json_loads(json, 0, NULL) : NULL;
	bool any = false;

	if (json_is_array(object)) {
		if (json_array_size(object) > 0)
			reason_evidence(markup, json);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		const json_t *value = json_object_get(object, details[i].word);
		char text[400];

		if (!value)
			continue;
		value_text(details[i].word, value, text, sizeof(text));
		if (!text[0] || strcmp(text, "0") == 0)
			continue;
		end_whole(text, sizeof(text));
		markup_textf(markup, "%s%s ", any ? ", " : "", details[i].phrase);
		markup_element(markup, "bdi", NULL, text);
		any = true;
	}
}
