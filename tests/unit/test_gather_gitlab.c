/* SPDX-License-Identifier: Apache-2.0 */
/* GitLab's objects as what its webhooks would have told. */
#include "gathered.h"

#define GITLAB ((struct gather_options){.system = "gitlab"})
#define GITLAB_OF(name) ((struct gather_options){.system = "gitlab", .repository = (name)})
#define PROJECT                                                                \
	"{'id':9,'path_with_namespace':'acme/shop','default_branch':'trunk','" \
	"web_url':'https://gitlab.example/acme/shop'}"

static void an_object_is_of_the_project_that_it_names_by_id_or_address(void)
{
#define ISSUE_OF(more) "{'id':1,'iid':1,'state':'opened'" more "}"
	const char *paths = "body.project.id";

	CHECK_STR(told(GITLAB, paths, PROJECT ISSUE_OF(",'project_id':9")), "9;");
	CHECK_STR(told(GITLAB, paths,
			  PROJECT ISSUE_OF(
				  ",'web_url':'https://gitlab.example/acme/shop/-/issues/1'")),
		"9;");
	/* By the address, where the id is not known. */
	CHECK_STR(told(GITLAB, paths,
			  PROJECT ISSUE_OF(",'project_id':99,'web_url':'https://gitlab.example/"
					   "acme/shop/-/issues/1'")),
		"9;");
	CHECK_STR(told(GITLAB, paths, PROJECT ISSUE_OF("")), "9;");
	CHECK_STR(
		told(GITLAB, paths, "{'id':3,'path_with_namespace':'a/b'}" ISSUE_OF("")), "3;");
	CHECK_STR(
		told(GITLAB_OF("a/b"), "body.project.path_with_namespace body.project.web_url",
			ISSUE_OF(",'web_url':'https://gitlab.com/a/b/-/issues/1'")),
		"a/b https://gitlab.com/a/b;");
	CHECK_STR(told((struct gather_options){.system = "gitlab", .repository_id = "12"},
			  paths, ISSUE_OF("")),
		"12;");
	/* The host is given where nothing has an address. */
	CHECK_STR(told((struct gather_options){.system = "gitlab", .host = "gitlab.example"},
			  paths,
			  "{'id':3,'path_with_namespace':'a/b'}" ISSUE_OF(",'project_id':3")),
		"3;");
}

static void an_object_of_no_known_project_is_refused_with_what_to_give(void)
{
#define GIVE " before it, or --repository, --repository-id and --default-branch (x:1);"
	static const char *const objects[] = {ISSUE_OF(",'project_id':5"),
		"{'id':1,'project_id':5,'target_branch':'m','source_branch':'b'}",
		"{'id':'a','short_id':'a','project_id':5,'committed_date':'2026-06-01T08:00:"
		"00Z'}",
		"{'id':1,'sha':'a','status':'success','environment':{'name':'p'},'project_id':"
		"5}"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		CHECK_STR(told(GITLAB, "kind", objects[i]),
			"no project 5: give GET /projects/5" GIVE);
	CHECK_STR(told(GITLAB, "kind", ISSUE_OF("")),
		"no project is known: give GET /projects/ID" GIVE);
	CHECK_STR(told(GITLAB, "kind",
			  ISSUE_OF(",'web_url':'https://gitlab.example/acme/shop/-/issues/1'")),
		"no project acme/shop: give GET /projects/ID" GIVE);
}

static void a_deployment_has_the_time_of_its_job_else_of_its_last_change(void)
{
#define DEPLOYMENT(status, more)                                                           \
	PROJECT "{'id':5,'sha':'0123456789ab','ref':'v1','project_id':9,'status':'" status \
		"','environment':{'id':4,'name':'prod'}" more "}"
	const char *paths = "body.status body.status_changed_at";

	CHECK_STR(told(GITLAB, paths,
			  DEPLOYMENT("success", ",'finished_at':'2026-06-01T10:00:00.750Z'")),
		"success 2026-06-01T10:00:00Z;");
	CHECK_STR(told(GITLAB, paths,
			  DEPLOYMENT("failed",
				  ",'deployable':{'finished_at':'2026-06-01T10:00:01Z'}")),
		"failed 2026-06-01T10:00:01Z;");
	CHECK_STR(told(GITLAB, paths,
			  DEPLOYMENT("canceled", ",'updated_at':'2026-06-01T10:00:02Z'")),
		"canceled 2026-06-01T10:00:02Z;");
	CHECK_STR(told(GITLAB, paths,
			  DEPLOYMENT("running",
				  ",'deployable':{'started_at':'2026-06-01T10:00:03Z'}")),
		"running 2026-06-01T10:00:03Z;");
	CHECK_STR(told(GITLAB, paths,
			  DEPLOYMENT("running", ",'created_at':'2026-06-01T10:00:04Z'")),
		"running 2026-06-01T10:00:04Z;");
	CHECK_STR(told(GITLAB, paths, DEPLOYMENT("success", "")),
		"deployment: updated_at: want a time, it is missing (x:1);");
}

static void a_deployment_names_its_commit_job_and_tier(void)
{
#define AT ",'finished_at':'2026-06-01T10:00:00Z'"
	CHECK_STR(told(GITLAB,
			  "body.commit_url body.short_sha body.deployable_id body.environment",
			  DEPLOYMENT("success", AT ",'deployable':{'id':6}")),
		"https://gitlab.example/acme/shop/-/commit/0123456789ab 01234567 6 prod;");
	CHECK_STR(told(GITLAB, "body.environment_tier", DEPLOYMENT("success", AT)), "-;");
	CHECK_STR(told(GITLAB, "body.environment_tier",
			  PROJECT
			  "{'id':4,'slug':'prod','name':'prod','tier':'production'}" DEPLOYMENT(
				  "success", AT)),
		"production;");
	CHECK_STR(told(GITLAB, "body.environment_tier",
			  PROJECT
			  "{'id':4,'slug':'prod','name':'prod'}" DEPLOYMENT("success", AT)),
		"-;");
	/* Without its id none is known, and without the project's address there is none. */
	CHECK_STR(
		told((struct gather_options){.system = "gitlab", .repository_id = "9"},
			"body.environment_tier body.commit_url",
			"{'id':5,'sha':'a','status':'success','environment':{'name':'p','tier':"
			"'staging'}" AT "}"),
		"staging -;");
}

static void a_release_has_no_number_and_is_refused(void)
{
	CHECK_STR(told(GITLAB, "kind", PROJECT "{'tag_name':'v1','name':'one'}"),
		"a release: GitLab's API does not tell its number, by which its webhook names "
		"it "
		"(x:1);");
}

static void commits_go_out_as_pushes_of_whole_seconds(void)
{
#define COMMIT(sha, at, parents)                                                               \
	"{'id':'" sha "','short_id':'" sha "','project_id':9,'committed_date':'2026-06-01T" at \
	":00.900Z','parent_ids':[" parents "],'web_url':'https://gitlab.example/acme/shop/-/"  \
	"commit/" sha "'}"
	CHECK_STR(told(GITLAB, "at body.ref body.before body.after body.total_commits_count",
			  PROJECT COMMIT("b", "09:00", "'a'") COMMIT("a", "08:00", "")),
		"2026-06-01T08:00:00Z refs/heads/trunk - a 1;"
		"2026-06-01T09:00:00Z refs/heads/trunk a b 1;");
	CHECK_STR(told(GITLAB, "kind", PROJECT COMMIT("a", "08:00", "7")),
		"commit: parent_ids[0]: want a text, got 7 (x:1);");
}

static void a_merge_request_is_told_as_it_stands(void)
{
	const char *paths = "body.object_attributes.action body.object_attributes.merged_at "
			    "body.object_attributes.last_commit.id";
#define MERGE(state, more)                                                        \
	PROJECT "{'id':1,'target_branch':'trunk','source_branch':'b','sha':'c','" \
		"target_project_id':9,'project_id':99,'state':'" state "'" more "}"

	CHECK_STR(told(GITLAB, paths, MERGE("merged", ",'merged_at':'2026-06-01T10:00:00.9Z'")),
		"merge 2026-06-01T10:00:00Z c;");
	CHECK_STR(told(GITLAB, paths, MERGE("closed", ",'merged_at':null")), "update null c;");
	CHECK_STR(told(GITLAB, paths, MERGE("opened", "")), "update - c;");
}

static void an_issue_is_told_as_of_its_end_and_as_it_stands_now(void)
{
#define ISSUE_AT(state, closed, updated)                                  \
	PROJECT ISSUE_OF_STATE(state,                                     \
		",'closed_at':" closed ",'updated_at':'2026-06-0" updated \
		"T10:00:00Z','created_at':'2026-06-01T10:00:00Z'")
#define ISSUE_OF_STATE(state, more) "{'id':1,'iid':1,'state':'" state "'" more "}"
#define CLOSED "'2026-06-01T10:00:00Z'"
	const char *paths = "body.object_attributes.action";

	CHECK_STR(told(GITLAB, paths, ISSUE_AT("closed", CLOSED, "1")), "close;");
	CHECK_STR(told(GITLAB, paths, ISSUE_AT("closed", CLOSED, "2")), "close;update;");
	CHECK_STR(told(GITLAB, paths, ISSUE_AT("opened", CLOSED, "2")), "update;");
	CHECK_STR(told(GITLAB, paths, ISSUE_AT("opened", "null", "1")), "open;");
	CHECK_STR(told(GITLAB, paths, ISSUE_AT("closed", "null", "2")), "update;");
}

static void an_issue_has_its_type_labels_and_severity_as_a_webhook_says_them(void)
{
#define ATTRIBUTES "body.object_attributes."
	const char *paths =
		ATTRIBUTES "type " ATTRIBUTES "severity " ATTRIBUTES "labels " ATTRIBUTES
			   "duplicated_to_id " ATTRIBUTES "is_duplicate";

	CHECK_STR(told(GITLAB, paths,
			  PROJECT ISSUE_OF(
				  ",'issue_type':'test_case','severity':'CRITICAL','labels':["
				  "'a',{'name':'b'},{'id':3}]")),
		"Test case critical [{\"title\":\"a\"},{\"title\":\"b\"}] null -;");
	CHECK_STR(told(GITLAB, paths,
			  PROJECT ISSUE_OF(
				  ",'type':'ISSUE','_links':{'closed_as_duplicate_of':'u'}")),
		"Issue - - - true;");
	CHECK_STR(told(GITLAB, paths, PROJECT ISSUE_OF("")), "- - - null -;");
}

static void an_object_with_half_of_what_its_kind_has_is_of_none(void)
{
	static const char *const objects[] = {"{'slug':'a'}",
		"{'slug':'a','name':'b','sha':'c'}", "{'environment':{'name':'p'}}",
		"{'short_id':'a'}", "{'target_branch':'a'}", "{'iid':1}",
		"{'iid':1,'state':'opened','sha':'a'}"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		CHECK_STR(told(GITLAB, "kind", objects[i]),
			"an object of no known kind: want one of project, release, merge "
			"request, "
			"deployment, environment, commit, issue (x:1);");
}

int main(void)
{
	RUN(an_object_is_of_the_project_that_it_names_by_id_or_address);
	RUN(an_object_of_no_known_project_is_refused_with_what_to_give);
	RUN(a_deployment_has_the_time_of_its_job_else_of_its_last_change);
	RUN(a_deployment_names_its_commit_job_and_tier);
	RUN(a_release_has_no_number_and_is_refused);
	RUN(commits_go_out_as_pushes_of_whole_seconds);
	RUN(a_merge_request_is_told_as_it_stands);
	RUN(an_issue_is_told_as_of_its_end_and_as_it_stands_now);
	RUN(an_issue_has_its_type_labels_and_severity_as_a_webhook_says_them);
	RUN(an_object_with_half_of_what_its_kind_has_is_of_none);
	return tap_done();
}
