/* SPDX-License-Identifier: Apache-2.0 */
/* Jira's, ServiceNow's and PagerDuty's objects as what their webhooks would have told. */
#include "gathered.h"

#define JIRA ((struct gather_options){.system = "jira"})
#define SERVICENOW ((struct gather_options){.system = "servicenow"})
#define PAGERDUTY ((struct gather_options){.system = "pagerduty"})

/* -- Jira ---------------------------------------------------------------------------------- */

#define STATUSES                                                                          \
	"{'id':'1','statusCategory':{'key':'new'}}{'id':2,'statusCategory':{'key':'"      \
	"indeterminate'}}{'id':'3','statusCategory':{'key':'done'}}{'statusCategory':{}," \
	"'id':'4'}{'statusCategory':{'key':'new'},'id':[]}"
#define DAY(n) "'2026-06-0" #n "T09:00:00.000+0000'"

/* An issue of these fields with these changes. */
#define ISSUE(fields, histories)                                               \
	STATUSES "{'id':'10','key':'S-1','self':'https://a.example/"           \
		 "10','fields':{'created':" DAY(1) ",'updated':" DAY(8) fields \
		"},'changelog':{'histories':[" histories "]}}"
#define CHANGE(day, items) "{'id':'" #day "','created':" DAY(day) ",'items':[" items "]}"
#define ITEM(field, from, to) "{'field':'" field "','fromString':" from ",'toString':" to "}"

static void an_issue_without_its_changelog_is_told_as_it_stands(void)
{
	const char *paths = "body.webhookEvent body.timestamp body.issue.fields.status.id";
#define SNAPSHOT(category, more)                                                           \
	"{'id':'10','key':'S-1','fields':{'updated':" DAY(8) ",'status':{'id':'3','status" \
							     "Category':{'key':'" category \
							     "'}}" more "}}"

	CHECK_STR(told(JIRA, paths, SNAPSHOT("new", "")), "- 1780909200000 3;");
	/* Done is told as of when it came to that. */
	CHECK_STR(told(JIRA, paths, SNAPSHOT("done", ",'resolutiondate':" DAY(5))),
		"- 1780650000000 3;- 1780909200000 3;");
	CHECK_STR(told(JIRA, paths, SNAPSHOT("done", ",'statuscategorychangedate':" DAY(6))),
		"- 1780736400000 3;- 1780909200000 3;");
	CHECK_STR(told(JIRA, paths,
			  SNAPSHOT("done",
				  ",'resolutiondate':" DAY(
					  6) ",'statuscategorychangedate':" DAY(5))),
		"- 1780650000000 3;- 1780909200000 3;");
	CHECK_STR(told(JIRA, paths, SNAPSHOT("done", ",'resolutiondate':" DAY(8))),
		"- 1780909200000 3;");
	CHECK_STR(told(JIRA, paths, SNAPSHOT("new", ",'resolutiondate':" DAY(5))),
		"- 1780909200000 3;");
	CHECK_STR(told(JIRA, paths, "{'id':'10','fields':{}}"),
		"issue: fields.updated: want a time, it is missing (x:1);");
	CHECK_STR(told(JIRA, paths, "{'id':'10','fields':{},'changelog':{'histories':[]}}"),
		"issue: fields.created: want a time, it is missing (x:1);");
}

#define RESOLVED_IN_SPANISH                                                  \
	ITEM("Resolution", "null", "'Done'")                                 \
	",{'fieldId':'status','field':'Estado','from':'1','fromString':'To " \
	"do','toString':'Done'}"
#define ASSIGNED ITEM("assignee", "null", "'ann'")
#define BEGUN "{'field':'status','from':2,'fromString':'Doing','toString':'To do'}"

static void each_change_that_matters_is_told_with_the_fields_as_they_were(void)
{
	CHECK_STR(told(JIRA,
			  "body.webhookEvent body.timestamp body.issue.fields.status.id "
			  "body.issue.fields.resolution.name body.changelog.id",
			  ISSUE(",'status':{'id':'3','statusCategory':{'key':'done'}},"
				"'resolution':{'name':'Done'}",
				  CHANGE(4, RESOLVED_IN_SPANISH) "," CHANGE(
					  3, ASSIGNED) "," CHANGE(2, BEGUN))),
		"jira:issue_created 1780304400000 2 - -;"
		"jira:issue_updated 1780390800000 1 - 2;"
		"jira:issue_updated 1780563600000 3 Done 4;");
}

/* What a field was at the creation, and stands at after the one change. */
static const char *undone(const char *field, const char *now, const char *item)
{
	static char object[2000];
	char path[100];

	(void)snprintf(path, sizeof(path), "body.issue.fields.%s", field);
	(void)snprintf(object, sizeof(object),
		ISSUE(",%s", "{'id':'2','created':" DAY(2) ",'items':[%s]}"), now, item);
	return told(JIRA, path, object);
}

static void each_field_is_undone_by_what_its_change_says(void)
{
	CHECK_STR(undone("priority", "'priority':{'name':'High'}",
			  ITEM("priority", "'Low'", "'High'")),
		"{\"name\":\"Low\"};{\"name\":\"High\"};");
	CHECK_STR(undone("resolution", "'resolution':{'name':'Done'}",
			  ITEM("resolution", "null", "'Done'")),
		"null;{\"name\":\"Done\"};");
	CHECK_STR(undone("issuetype", "'issuetype':{'name':'Bug','subtask':false}",
			  ITEM("issuetype", "'Task'", "'Bug'")),
		"{\"name\":\"Task\",\"subtask\":false};{\"name\":\"Bug\",\"subtask\":false};");
	CHECK_STR(undone("issuetype", "'x':1", ITEM("issuetype", "'Task'", "'Bug'")),
		"{\"name\":\"Task\"};-;");
	CHECK_STR(undone("labels", "'labels':['c']", ITEM("labels", "'a  b'", "'c'")),
		"[\"a\",\"b\"];[\"c\"];");
	CHECK_STR(undone("labels", "'labels':['c']", ITEM("labels", "null", "'c'")),
		"[];[\"c\"];");
	CHECK_STR(undone("summary", "'summary':'new'", ITEM("summary", "'old'", "'new'")),
		"old;new;");
	CHECK_STR(undone("description", "'description':'new'",
			  ITEM("description", "null", "'new'")),
		"null;new;");
	CHECK_STR(undone("description", "'description':'new'", "{'field':'description'}"),
		"-;new;");
}

static void components_are_undone_one_by_one(void)
{
	const char *now = "'components':[{'name':'a'},{'name':'b'},{'id':'3'}]";

	CHECK_STR(undone("components", now, ITEM("Component", "null", "'a'")),
		"[{\"name\":\"b\"},{}];[{\"name\":\"a\"},{\"name\":\"b\"},{}];");
	CHECK_STR(undone("components.3.name", now, ITEM("components", "'c'", "null")), "c;-;");
}

static void a_link_that_was_made_is_taken_out_again(void)
{
	const char *now =
		"'issuelinks':[{'inwardIssue':{'key':'S-2'}},{'outwardIssue':{'key':'S-3'"
		"}},{'id':'9'}]";

	CHECK_STR(undone("issuelinks", now, "{'field':'Link','to':'S-3','toString':'blocks'}"),
		"[{\"inwardIssue\":{\"key\":\"S-2\"}},{}];"
		"[{\"inwardIssue\":{\"key\":\"S-2\"}},{\"outwardIssue\":{\"key\":\"S-3\"}},"
		"{}];");
	/* Of one that was cut the other end is not known. */
	CHECK_STR(undone("issuelinks.1.outwardIssue.key", now,
			  "{'field':'issuelinks','from':'S-4'}"),
		"S-3;S-3;");
}

static void of_the_sprints_that_are_known_are_left_those_that_it_was_in(void)
{
#define SPRINTS(field) \
	"'" field "':[{'id':11,'state':'active','boardId':1},{'id':12,'state':'closed'}]"
	const char *path = "customfield_1.0.id body.issue.fields.customfield_1.1.id";

	CHECK_STR(undone(path, SPRINTS("customfield_1"),
			  "{'field':'Sprint','from':'7, 12','to':'11'}"),
		"12 -;11 12;");
	CHECK_STR(undone(path, SPRINTS("customfield_1"),
			  "{'field':'Sprint','from':'','to':'11'}"),
		"- -;11 12;");
	CHECK_STR(undone(path, SPRINTS("customfield_1"),
			  "{'field':'Sprint','from':'x','to':'11'}"),
		"- -;11 12;");
	CHECK_STR(undone(path, SPRINTS("customfield_1"), "{'field':'Sprint','to':'11'}"),
		"- -;11 12;");
	/* In another language the field is known by its id. */
	CHECK_STR(undone(path, SPRINTS("customfield_1"),
			  "{'field':'\u0421\u043f\u0440\u0438\u043d\u0442',"
			  "'fieldId':'customfield_1','from':'12','to':'11'}"),
		"12 -;11 12;");
	CHECK_STR(undone(path, SPRINTS("customfield_1"),
			  "{'field':'X','fieldId':'customfield_2','from':'12','to':'11'}"),
		"11 12;");
	/* Other fields of one's own are let alone. */
	CHECK_STR(undone("customfield_1.0", "'customfield_1':['a']",
			  "{'field':'Sprint','to':'11'}"),
		"a;a;");
}

static void changes_of_one_moment_are_in_the_order_of_their_numbers(void)
{
	CHECK_STR(told(JIRA, "body.issue.fields.summary",
			  ISSUE(",'summary':'c'",
				  "{'id':'12','created':" DAY(2) ",'items':[" ITEM("summary",
					  "'b'", "'c'") "]},"
							"{'id':'9','created':" DAY(
								2) ",'items':[" ITEM("summary",
								"'a'", "'b'") "]}")),
		"a;b;c;");
}

static void when_it_was_resolved_is_told_as_it_was_known_then(void)
{
	/* Done on the 2nd, open again on the 3rd, done on the 4th, as it stands. */
	CHECK_STR(told(JIRA, "body.issue.fields.resolutiondate",
			  ISSUE(",'resolution':{'name':'Done'},'resolutiondate':" DAY(4),
				  CHANGE(2, ITEM("resolution", "null", "'Done'")) "," CHANGE(
					  3, ITEM("resolution", "'Done'", "null")) "," CHANGE(4,
					  ITEM("resolution", "null", "'Done'")))),
		"null;2026-06-02T09:00:00.000+0000;null;2026-06-04T09:00:00.000+0000;");
	/* Made as resolved already. */
	CHECK_STR(told(JIRA, "body.issue.fields.resolutiondate",
			  ISSUE(",'resolution':{'name':'Dup'},'resolutiondate':" DAY(4),
				  CHANGE(4, ITEM("resolution", "'Done'", "'Dup'")))),
		"2026-06-01T09:00:00.000+0000;2026-06-04T09:00:00.000+0000;");
}

static void a_changelog_that_lacks_something_is_refused_with_what_to_give(void)
{
	CHECK_STR(told(JIRA, "body.webhookEvent",
			  ISSUE(",'status':{'id':'3'}",
				  CHANGE(2,
					  "{'field':'status','from':'77',"
					  "'fromString':'Lost','toString':'Done'}"))),
		"jira:issue_created;jira:issue_updated;status Lost of its changelog has no "
		"category "
		"known: give GET /rest/api/3/status before it (x:1);");
	CHECK(strstr(told(JIRA, "body.webhookEvent",
			     ISSUE("", CHANGE(2, "{'field':'status','toString':'Done'}"))),
		"jira:issue_created;jira:issue_updated;"));
	CHECK_STR(told(JIRA, "body.webhookEvent",
			  "{'id':'10','key':'S-1','fields':{'created':" DAY(
				  1) "},'changelog':{'total':2,"
				     "'histories':[" CHANGE(
					     2, ITEM("summary", "'a'", "'b'")) "]}}"),
		"jira:issue_updated;its changelog lacks the first changes, and so how it was "
		"created: "
		"give GET /rest/api/3/issue/S-1?expand=changelog (x:1);");
}

static void an_object_with_half_of_what_its_kind_has_is_of_none(void)
{
	CHECK_STR(told(JIRA, "kind", "{'fields':{}}{'statusCategory':{}}"),
		"an object of no known kind: want one of issue, status (x:1);"
		"an object of no known kind: want one of issue, status (x:1);");
	CHECK_STR(told(PAGERDUTY, "kind", "{'type':'user'}"),
		"an object of no known kind: want one of incident (x:1);");
	CHECK_STR(told(SERVICENOW, "kind", "{'number':'INC1'}"),
		"an object of no known kind: want one of record (x:1);");
}

/* -- ServiceNow ---------------------------------------------------------------------------- */

static bool two_hours_before(void *context, const char *shown, int64_t *out_us)
{
	(void)context;
	*out_us = 1780300800000000;
	return strcmp(shown, "01.06.2026 10:00:00") == 0;
}

#define ZONE ((struct gather_options){.system = "servicenow", .to_utc = two_hours_before})
#define RECORD(more) "{'sys_id':'a','number':'INC1'" more "}"

static void a_record_is_told_as_a_business_rule_would(void)
{
	const char *paths = "at body.table body.instance body.record.state";

	CHECK_STR(told(SERVICENOW, paths,
			  RECORD(",'state':'2','sys_updated_on':'2026-06-01 10:00:00'")),
		"2026-06-01T10:00:00Z incident - 2;");
	CHECK_STR(told(SERVICENOW, paths,
			  RECORD(",'state':'2','opened_at':'2026-06-01 09:00:00'")),
		"2026-06-01T09:00:00Z incident - 2;");
	CHECK_STR(told((struct gather_options){.system = "servicenow", .host = "acme.example"},
			  paths,
			  "{'sys_id':'a','sys_class_name':'change_request','number':'X1','"
			  "state':'3'}"),
		"- change_request acme.example 3;");
	CHECK_STR(told(SERVICENOW, paths,
			  "{'sys_id':'a'}{'sys_id':'a','sys_class_name':'Task'}"
			  "{'sys_id':'a','number':'KB1'}"),
		"a record of no table that is measured: neither sys_class_name nor the prefix "
		"of its "
		"number is known (x:1);a record of no table that is measured: neither "
		"sys_class_name "
		"nor the prefix of its number is known (x:1);a record of no table that is "
		"measured: "
		"neither sys_class_name nor the prefix of its number is known (x:1);");
}

static void what_people_see_is_made_of_words_numbers_and_of_their_zone_utc(void)
{
	const char *paths = "body.table body.record.state body.record.sys_updated_on "
			    "body.record.priority";
#define SEEN(number, state, more)                              \
	"{'sys_id':'a','number':'" number "1','state':'" state \
	"','sys_updated_on':'01.06.2026 10:00:00'" more "}"

	CHECK_STR(told(ZONE, paths, SEEN("INC", "In Progress", ",'priority':'3 - Moderate'")),
		"incident 2 2026-06-01T08:00:00Z {\"display_value\":\"3 - "
		"Moderate\",\"value\":\"3\"};");
	CHECK_STR(told(ZONE, paths, SEEN("CHG", "Closed", ",'priority':'6 - x'")),
		"change_request 3 2026-06-01T08:00:00Z 6 - x;");
	CHECK_STR(told(ZONE, paths, SEEN("PRB", "Root Cause Analysis", ",'priority':'31'")),
		"problem 103 2026-06-01T08:00:00Z 31;");
	CHECK_STR(told(ZONE, paths, SEEN("PRB", "Work in Progress", ",'priority':'- none -'")),
		"problem 2 2026-06-01T08:00:00Z - none -;");
	CHECK_STR(told(ZONE, paths,
			  SEEN("INC", "7", ",'incident_state':'Closed','priority':'0 - x'")),
		"incident 7 2026-06-01T08:00:00Z 0 - x;");
	CHECK_STR(told(ZONE, paths, SEEN("INC", "Lost", "")),
		"state is \"Lost\", which is no word of the base system: ask with "
		"sysparm_display_value=false or all (x:1);");
	CHECK_STR(told(ZONE, paths, SEEN("INC", "New", ",'opened_at':'yesterday'")),
		"opened_at is yesterday as people see it: name the zone of the user who asked "
		"(--zone), "
		"or ask with sysparm_display_value=false or all (x:1);");
	CHECK_STR(told(SERVICENOW, paths, SEEN("INC", "New", "")),
		"sys_updated_on is 01.06.2026 10:00:00 as people see it: name the zone of the "
		"user who "
		"asked (--zone), or ask with sysparm_display_value=false or all (x:1);");
}

/* -- PagerDuty ----------------------------------------------------------------------------- */

static void an_incident_is_told_as_of_its_beginning_and_as_it_stands(void)
{
	const char *paths =
		"body.event.event_type body.event.occurred_at body.event.data.status "
		"body.event.data.resolve_reason.incident.id";
#define INCIDENT(status, more)                                                          \
	"{'id':'P','incident_number':1,'status':'" status "','created_at':'2026-06-01T" \
	"08:00:00Z'" more "}"

	CHECK_STR(told(PAGERDUTY, paths, INCIDENT("triggered", "")),
		"incident.triggered 2026-06-01T08:00:00Z triggered -;");
	CHECK_STR(told(PAGERDUTY, paths,
			  INCIDENT("acknowledged",
				  ",'last_status_change_at':'2026-06-01T09:00:00Z'")),
		"incident.triggered 2026-06-01T08:00:00Z triggered -;"
		"incident.acknowledged 2026-06-01T09:00:00Z acknowledged -;");
	CHECK_STR(told(PAGERDUTY, paths,
			  INCIDENT("resolved",
				  ",'resolved_at':'2026-06-01T10:00:00Z','resolve_reason':{"
				  "'incident':{'id':'Q'}}")),
		"incident.triggered 2026-06-01T08:00:00Z triggered -;"
		"incident.resolved 2026-06-01T10:00:00Z resolved Q;");
	CHECK_STR(told(PAGERDUTY, paths, INCIDENT("resolved", "")),
		"incident.triggered 2026-06-01T08:00:00Z triggered -;"
		"incident: last_status_change_at: want a time, it is missing (x:1);");
	CHECK_STR(told(PAGERDUTY, paths, "{'type':'incident','status':'triggered'}"),
		"incident: created_at: want a time, it is missing (x:1);");
}

int main(void)
{
	RUN(an_issue_without_its_changelog_is_told_as_it_stands);
	RUN(each_change_that_matters_is_told_with_the_fields_as_they_were);
	RUN(each_field_is_undone_by_what_its_change_says);
	RUN(components_are_undone_one_by_one);
	RUN(a_link_that_was_made_is_taken_out_again);
	RUN(of_the_sprints_that_are_known_are_left_those_that_it_was_in);
	RUN(changes_of_one_moment_are_in_the_order_of_their_numbers);
	RUN(when_it_was_resolved_is_told_as_it_was_known_then);
	RUN(a_changelog_that_lacks_something_is_refused_with_what_to_give);
	RUN(an_object_with_half_of_what_its_kind_has_is_of_none);
	RUN(a_record_is_told_as_a_business_rule_would);
	RUN(what_people_see_is_made_of_words_numbers_and_of_their_zone_utc);
	RUN(an_incident_is_told_as_of_its_beginning_and_as_it_stands);
	return tap_done();
}
