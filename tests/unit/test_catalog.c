/* SPDX-License-Identifier: Apache-2.0 */
#include "config/catalog.h"

#include "tap.h"

#include <stdlib.h>

static json_t *parse(const char *text, struct error *err)
{
	return catalog_parse("c.yaml", text, strlen(text), err);
}

/* The whole catalogue, as compact JSON with sorted keys; the caller frees it. */
static char *text_of(const char *text)
{
	struct error err = {0};
	json_auto_t *catalog = parse(text, &err);

	CHECK_STR(err.text, "");
	CHECK(catalog != NULL);
	return catalog ? json_dumps(catalog, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

/* Member by member, as compact JSON. */
static void check_member(const char *text, const char *member, const char *want)
{
	struct error err = {0};
	json_auto_t *catalog = parse(text, &err);
	char *got = json_dumps(json_object_get(catalog, member),
		JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	CHECK_STR(err.text, "");
	CHECK_STR(got, want);
	free(got);
}

static void check_refused(const char *text, const char *want)
{
	struct error err = {0};

	CHECK(parse(text, &err) == NULL);
	CHECK_STR(err.text, want);
}

static void an_empty_catalogue_has_the_defaults(void)
{
	char *got = text_of("# nothing yet\n");

	CHECK_STR(got,
		"{\"attribution_window\":86400,\"deployments\":[],\"environments\":[],"
		"\"incidents\":[],\"lead_time_start\":\"commit\",\"max_severity\":3,"
		"\"report_tz\":\"UTC\",\"services\":[],\"severities\":[],\"statuses\":[],"
		"\"teams\":[],\"work_items\":[]}");
	free(got);
}

static void one_owner_is_a_list_of_one_since_ever(void)
{
	check_member("teams: [{name: red}]\n"
		     "services: [{name: a, owners: red, phases: live, aliases: b}]\n",
		"services",
		"[{\"aliases\":[\"b\"],\"name\":\"a\",\"owners\":[{\"from\":null,\"team\":"
		"\"red\"}],"
		"\"phases\":[{\"from\":null,\"phase\":\"live\"}],\"sources\":[]}]");
}

static void nobody_may_own_a_service_from_a_day_on(void)
{
	check_member("teams: [{name: red}]\n"
		     "services:\n"
		     "- name: a\n"
		     "  attribution_window: 30m\n"
		     "  owners: [{team: red}, {team: null, from: 2025-05-15 12:00:00+02:00}]\n",
		"services",
		"[{\"aliases\":[],\"attribution_window\":1800,\"name\":\"a\","
		"\"owners\":[{\"from\":null,\"team\":\"red\"},"
		"{\"from\":\"2025-05-15T10:00:00.000000Z\",\"team\":null}],"
		"\"phases\":[],\"sources\":[]}]");
}

static void names_that_look_like_numbers_stay_text(void)
{
	check_member(
		"services: [{name: 1.10, sources: [{github_id: 0186853261}, {jira: 007}]}]",
		"services",
		"[{\"aliases\":[],\"name\":\"1.10\",\"owners\":[],\"phases\":[],"
		"\"sources\":[{\"github_id\":\"0186853261\"},{\"jira\":\"007\"}]}]");
}

static void rules_keep_their_order_and_have_lists(void)
{
	check_member("severities: [{pagerduty: '*', 1: P1, 2: [P2, SEV2]}]", "severities",
		"[{\"1\":[\"P1\"],\"2\":[\"P2\",\"SEV2\"],\"pagerduty\":\"*\"}]");
	check_member("incidents: [{jira: OPS, types: Incident}, {github: a/b, incident: no}]",
		"incidents",
		"[{\"jira\":\"OPS\",\"types\":[\"Incident\"]},"
		"{\"github\":\"a/b\",\"incident\":false}]");
	check_member("work_items:\n- {labels: [toil], class: failure_demand}\n", "work_items",
		"[{\"class\":\"failure_demand\",\"labels\":[\"toil\"]}]");
}

static void an_unknown_key_is_refused_with_those_there_are(void)
{
	check_refused("services:\n- name: a\n  owner: red\n",
		"c.yaml:3:3: a service has no key owner; want name, title, owners, phases,"
		" aliases, attribution_window, links, sources");
	check_refused("report-tz: UTC\n",
		"c.yaml:1:1: a catalogue has no key report-tz; want report_tz,"
		" attribution_window, lead_time_start, max_severity, unmapped, teams, services,"
		" environments, deployments, incidents, statuses, severities, work_items");
}

static void a_key_given_twice_is_refused(void)
{
	check_refused("max_severity: 2\nmax_severity: 3\n",
		"c.yaml:2:1: max_severity stands here twice (first in line 1)");
}

static void a_zone_that_is_not_one_is_refused(void)
{
	const char *want = "c.yaml:1:12: report_tz is Europe/Lundon; want the IANA name of a"
			   " time zone, as Europe/London or UTC";

	check_refused("report_tz: Europe/Lundon\n", want);
	check_refused("report_tz: ../../etc/passwd\n",
		"c.yaml:1:12: report_tz is ../../etc/passwd; want the IANA name of a time zone,"
		" as Europe/London or UTC");
}

static void an_owner_must_be_a_team(void)
{
	check_refused("teams: [{name: red}]\nservices:\n- {name: a, owners: read}\n",
		"c.yaml:3:21: no team read in teams; want one that is listed there, or null");
}

static void a_name_has_one_service(void)
{
	check_refused("services:\n- name: a\n- name: b\n  aliases: [c, a]\n",
		"c.yaml:4:16: the name a is there already, in line 2");
	check_refused("teams:\n- name: a\n- name: a\n",
		"c.yaml:3:9: the team a is there already, in line 2");
}

static void two_owners_from_one_instant_are_refused(void)
{
	check_refused("teams: [{name: r}, {name: b}]\n"
		      "services:\n"
		      "- name: a\n"
		      "  owners:\n"
		      "  - {team: r, from: 2025-05-15}\n"
		      "  - {team: b, from: 2025-05-15T00:00:00Z}\n",
		"c.yaml:6:21: owners has two entries from 2025-05-15T00:00:00.000000Z; want "
		"each"
		" from another instant");
}

static void bad_durations_times_and_numbers_are_refused(void)
{
	check_refused("attribution_window: 1w\n",
		"c.yaml:1:21: attribution_window is 1w; want a duration from 1s to 90d, as 30s,"
		" 15m, 4h or 7d");
	check_refused("attribution_window: 0m\n",
		"c.yaml:1:21: attribution_window is 0m; want a duration from 1s to 90d, as 30s,"
		" 15m, 4h or 7d");
	check_refused("services: [{name: a, phases: [{phase: live, from: soon}]}]\n",
		"c.yaml:1:51: from is soon; want an instant, as 2025-07-10T00:00:00Z");
	check_refused("max_severity: 6\n",
		"c.yaml:1:15: max_severity is 6; want a whole number from 1 to 5");
	check_refused("lead_time_start: deploy\n",
		"c.yaml:1:18: lead_time_start is deploy; want one of commit, merge, review");
}

static void a_source_names_one_system(void)
{
	check_refused("services: [{name: a, sources: [{paths: [x/]}]}]\n",
		"c.yaml:1:32: a source names no system; want one, as {github: ...}");
	check_refused("services: [{name: a, sources: [{github: a/b, gitlab: a/b}]}]\n",
		"c.yaml:1:46: a source names two systems, github and gitlab; want one of them, "
		"or"
		" another entry for the other");
}

static void a_link_leads_to_the_web(void)
{
	check_refused("services: [{name: a, links: {x: 'javascript:alert(1)'}}]\n",
		"c.yaml:1:33: x is javascript:alert(1); want an address that begins with "
		"https://"
		" or http://");
}

static void wrong_shapes_are_said_in_words(void)
{
	check_refused("- a\n", "c.yaml:1:1: the catalogue is no map; want teams, services ...");
	check_refused("services: checkout\n",
		"c.yaml:1:11: services is checkout; want a list, each of it a map");
	check_refused("services: [checkout]\n",
		"c.yaml:1:12: a service is checkout; want a map, as {name: ...}");
	check_refused("services: [{title: x}]\n", "c.yaml:1:12: a service needs name");
	check_refused("services: [{name: [a]}]\n", "c.yaml:1:19: name is a list; want a name");
	check_refused("services: [{name: }]\n", "c.yaml:1:19: name is nothing; want a name");
}

static void a_file_that_is_not_there_is_said_so(void)
{
	struct error err = {0};

	CHECK(catalog_load("/nonexistent/catalog.yaml", &err) == NULL);
	CHECK_STR(err.text, "/nonexistent/catalog.yaml: No such file or directory");
}

int main(void)
{
	RUN(an_empty_catalogue_has_the_defaults);
	RUN(one_owner_is_a_list_of_one_since_ever);
	RUN(nobody_may_own_a_service_from_a_day_on);
	RUN(names_that_look_like_numbers_stay_text);
	RUN(rules_keep_their_order_and_have_lists);
	RUN(an_unknown_key_is_refused_with_those_there_are);
	RUN(a_key_given_twice_is_refused);
	RUN(a_zone_that_is_not_one_is_refused);
	RUN(an_owner_must_be_a_team);
	RUN(a_name_has_one_service);
	RUN(two_owners_from_one_instant_are_refused);
	RUN(bad_durations_times_and_numbers_are_refused);
	RUN(a_source_names_one_system);
	RUN(a_link_leads_to_the_web);
	RUN(wrong_shapes_are_said_in_words);
	RUN(a_file_that_is_not_there_is_said_so);
	return tap_done();
}
