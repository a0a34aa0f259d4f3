/* SPDX-License-Identifier: Apache-2.0 */
/* GitHub's objects, and what git tells of a clone, as what webhooks would have told. */
#include "gathered.h"

#define GITHUB ((struct gather_options){.system = "github"})
#define SYSTEM_OF(system_name, name) \
	((struct gather_options){.system = (system_name), .repository = (name)})

#define REPOSITORY                                                  \
	"{'id':7,'full_name':'Acme/Shop','default_branch':'main','" \
	"html_url':'https://github.com/Acme/Shop'}"
#define API "'url':'https://api.github.com/repos/acme/shop/"
/* -- GitHub -------------------------------------------------------------------------------- */

static void an_object_is_of_the_repository_that_its_address_names(void)
{
	const char *paths = "kind headers body.repository.id body.release.id";

	CHECK_STR(told(GITHUB, paths,
			  REPOSITORY "{" API "releases/1','id':1,'tag_name':'v1','"
				     "target_commitish':'main','published_at':'x'}"),
		"release - 7 1;");
	/* Of a server of one's own: its webhooks have a header that says so. */
	CHECK_STR(
		told(GITHUB, paths,
			"{'id':8,'full_name':'a/b','default_branch':'main','html_url':'https://"
			"ghe.example/"
			"a/b'}{'url':'https://ghe.example/api/v3/repos/a/b/releases/1','id':1,"
			"'tag_name':'v1','target_commitish':'main'}"),
		"release {\"x-github-enterprise-host\":\"ghe.example\"} 8 1;");
	/* Without an address of its own it is of the one that came last, or that was given. */
	CHECK_STR(told(GITHUB, paths,
			  REPOSITORY "{'id':1,'tag_name':'v1','target_commitish':'main'}"),
		"release - 7 1;");
	CHECK_STR(told((struct gather_options){.system = "github",
			       .host = "ghe.example",
			       .repository = "a/b",
			       .repository_id = "44",
			       .default_branch = "main"},
			  paths, "{'id':1,'tag_name':'v1','target_commitish':'main'}"),
		"release {\"x-github-enterprise-host\":\"ghe.example\"} 44 1;");
	CHECK_STR(told((struct gather_options){.system = "github", .host = "ghe.example"},
			  "headers body.repository.id",
			  "{'id':8,'full_name':'a/b','default_branch':'main'}"
			  "{'id':1,'tag_name':'v1','target_commitish':'main'}"),
		"{\"x-github-enterprise-host\":\"ghe.example\"} 8;");
	CHECK_STR(told(GITHUB, "headers body.repository.id",
			  "{'id':8,'full_name':'a/b','default_branch':'main'}"
			  "{'url':'https://api.github.com/repos/A/B','id':1,'tag_name':'v1',"
			  "'target_commitish':'main'}"),
		"- 8;");
}

static void an_object_of_no_known_repository_is_refused_with_what_to_give(void)
{
	static const char *const objects[] = {
		"{" API "releases/1','tag_name':'v1','target_commitish':'m'}",
		"{" API "pulls/1','base':{'ref':'main'}}",
		"{" API "issues/1','state':'open','updated_at':'2026-06-01T10:00:00Z'}",
		"{" API "commits/a','sha':'a','commit':{'committer':{'date':"
		"'2026-06-01T10:00:00Z'}}}",
		"{" API "actions/runs/5','id':5,'workflow_id':1,'head_sha':'a'}",
		"{" API "deployments/77','id':77,'statuses_url':'x','sha':'a'}",
	};
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		CHECK_STR(told(GITHUB, "kind", objects[i]),
			"no repository acme/shop: give GET /repos/acme/shop before it, or "
			"--repository, --repository-id and --default-branch (x:1);");
	CHECK_STR(told(GITHUB, "kind", "{'tag_name':'v1','target_commitish':'m'}"),
		"no repository is known: give GET /repos/OWNER/NAME before it, or "
		"--repository, "
		"--repository-id and --default-branch (x:1);");
	/* Given by a name alone: what has another address is not of it. */
	CHECK_STR(told((struct gather_options){.system = "github", .repository = "a/b"}, "kind",
			  "{'url':'https://api.github.com/repos/acme','tag_name':'v1','target_"
			  "commitish':'m'}"),
		"no repository acme: give GET /repos/acme before it, or --repository, "
		"--repository-id and --default-branch (x:1);");
}

#define DEPLOYMENT                                                                  \
	"{" API "deployments/77','id':77,'sha':'aa','ref':'main','task':'deploy','" \
	"environment':'production','created_at':'2026-06-01T10:00:00Z','statuses_url':'u'"
#define WORKFLOW_RUN                                                                \
	"{" API "actions/runs/5','id':5,'workflow_id':1,'head_sha':'aa','status':'" \
	"completed','run_attempt':2,'run_started_at':'2026-06-01T11:00:00Z','path':'d.yml'}"

static void a_deployment_tells_its_statuses_and_the_run_that_made_them(void)
{
	const char *paths =
		"kind body.deployment.id body.deployment_status.state body.workflow_run";

	CHECK_STR(told(GITHUB, paths, REPOSITORY DEPLOYMENT "}"), "deployment 77 - -;");
	CHECK_STR(
		told(GITHUB, paths,
			REPOSITORY DEPLOYMENT
			",'statuses':[{'id':2,'state':'success','log_url':"
			"'https://github.com/acme/shop/actions/runs/6/job/1'},"
			"{'id':1,'state':'in_progress','target_url':'https://ci.example/'}]}"),
		"deployment 77 - -;"
		"deployment_status 77 success {\"id\":\"6\",\"run_attempt\":1};"
		"deployment_status 77 in_progress -;");
	/* A status before the run's last attempt began was of the attempt before it. */
	CHECK_STR(
		told(GITHUB, "kind body.workflow_run.run_attempt body.workflow_run.path",
			REPOSITORY WORKFLOW_RUN DEPLOYMENT
			",'statuses':[{'id':2,'state':'success','created_at':"
			"'2026-06-01T11:30:00Z','log_url':'https://x/actions/runs/5'},"
			"{'id':1,'state':'failure','created_at':'2026-06-01T10:30:00Z',"
			"'log_url':'https://x/actions/runs/5'},"
			"{'id':0,'state':'queued','log_url':'https://x/actions/runs/5'},"
			"{'id':0,'state':'queued','log_url':'https://x/actions/runs/none'}]}"),
		"workflow_run 2 d.yml;deployment - -;deployment_status 2 d.yml;"
		"deployment_status 1 d.yml;deployment_status 2 d.yml;deployment_status - -;");
}

static void a_status_is_of_the_deployment_that_came_before_it(void)
{
	CHECK_STR(told(GITHUB, "kind body.deployment.sha body.deployment_status.state",
			  REPOSITORY DEPLOYMENT
			  "}{'id':3,'state':'failure','deployment_url':'https://x/deployments/"
			  "77'}"
			  "{'id':4,'state':'success','deployment_url':'77'}"),
		"deployment aa -;deployment_status aa failure;deployment_status aa success;");
	CHECK_STR(
		told(GITHUB, "kind",
			REPOSITORY
			"{'id':3,'state':'failure','deployment_url':'https://x/deployments/78'}"
			"{'id':3,'state':'failure','deployment_url':'79'}"),
		"a status of deployment 78, which did not come before it (x:1);"
		"a status of deployment 79, which did not come before it (x:1);");
}

static void a_release_is_out_when_it_was_published_and_is_no_draft(void)
{
#define RELEASE REPOSITORY "{'id':1,'tag_name':'v1','target_commitish':'main'"
	CHECK_STR(told(GITHUB, "body.action", RELEASE ",'published_at':'x'}"), "published;");
	CHECK_STR(told(GITHUB, "body.action", RELEASE ",'published_at':'x','draft':true}"),
		"draft;");
	CHECK_STR(told(GITHUB, "body.action", RELEASE "}"), "draft;");
}

static void commits_go_out_as_pushes_with_the_files_that_they_touched(void)
{
#define COMMIT(sha, at, more)                                                      \
	"{" API "commits/" sha "','sha':'" sha "','commit':{'committer':{'date':'" \
	"2026-06-01T" at ":00Z'}}" more "}"
	CHECK_STR(
		told(GITHUB, "kind at body.ref body.before body.after body.commits",
			REPOSITORY COMMIT("b", "09:00",
				",'html_url':'u','parents':[{'sha':'a'}],'files':[{'filename':"
				"'new/x','previous_filename':'old/x'},{'filename':'y'}]")
				COMMIT("a", "08:00", ",'parents':[],'files':[]")),
		"push 2026-06-01T08:00:00Z refs/heads/main - a "
		"[{\"id\":\"a\",\"timestamp\":\"2026-06-01T08:00:00Z\",\"modified\":[]}];"
		"push 2026-06-01T09:00:00Z refs/heads/main a b "
		"[{\"id\":\"b\",\"timestamp\":\"2026-06-01T09:00:00Z\",\"url\":\"u\","
		"\"modified\":[\"new/x\",\"old/x\",\"y\"]}];");
	CHECK_STR(told(GITHUB, "kind", REPOSITORY COMMIT("a", "08:00", ",'parents':[{}]")),
		"commit: parents[0].sha: want a text, it is missing (x:1);");
	/* Commits of another repository end what is held back of the first. */
	CHECK_STR(told(GITHUB, "body.repository.id body.ref body.after",
			  REPOSITORY COMMIT("a", "08:00",
				  ",'parents':[]") "{'id':8,'full_name':'a/"
						   "b','default_branch':'trunk'}"
						   "{'sha':'z','commit':{'committer':{'date':'"
						   "2026-06-01T07:00:00Z'}}}"),
		"7 refs/heads/main a;8 refs/heads/trunk z;");
}

static void a_pull_request_is_told_as_it_stands(void)
{
	CHECK_STR(told(GITHUB, "kind body.action body.pull_request.merged",
			  REPOSITORY
			  "{" API "pulls/1','id':1,'base':{'ref':'main'},'merged_at':'x'}"
			  "{" API "pulls/2','id':2,'base':{'ref':'main'},'merged_at':null}"
			  "{" API "issues/2','state':'open','pull_request':{'url':'u'}}"),
		"pull_request closed true;pull_request open false;");
}

static void an_issue_is_told_as_of_its_end_and_as_it_stands_now(void)
{
#define ISSUE(state, closed, updated)                                                 \
	REPOSITORY "{" API "issues/1','id':1,'state':'" state "','closed_at':" closed \
		   ",'updated_at':'2026-06-0" updated                                 \
		   "T10:00:00Z','created_at':'2026-06-01T10:00:00Z'}"
	CHECK_STR(told(GITHUB, "body.action", ISSUE("closed", "'2026-06-01T10:00:00Z'", "1")),
		"closed;");
	CHECK_STR(told(GITHUB, "body.action", ISSUE("closed", "'2026-06-01T10:00:00Z'", "2")),
		"closed;edited;");
	CHECK_STR(told(GITHUB, "body.action", ISSUE("open", "null", "2")), "edited;");
	CHECK_STR(told(GITHUB, "body.action", ISSUE("open", "null", "1")), "opened;");
	CHECK_STR(told(GITHUB, "body.action", ISSUE("closed", "null", "2")), "edited;");
}

static void an_object_with_half_of_what_its_kind_has_is_of_none(void)
{
	static const char *const objects[] = {"{'workflow_id':1}", "{'deployment_url':'u'}",
		"{'statuses_url':'u'}", "{'full_name':'a/b'}", "{'sha':'a'}",
		"{'tag_name':'v1'}", "{'url':'https://api.github.com/repos/a/b/issues/1'}",
		"{'url':'https://api.github.com/repos/a/b/events/1'}"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		CHECK_STR(told(GITHUB, "kind", objects[i]),
			"an object of no known kind: want one of run, deployment status, "
			"deployment, repository, commit, pull request, pull request as an "
			"issue, "
			"issue, release (x:1);");
}

/* -- a clone ------------------------------------------------------------------------------- */

static const char *told_of_clone(struct gather_options options, const char *paths)
{
	static const char *const none[] = {NULL};
	static const char *const after_a[] = {"a", NULL};
	static const char *const files[] = {"x/y", "\xff", NULL};
	const struct gather_commit commits[] = {
		{.sha = "b",
			.parents = after_a,
			.committed_us = 1780300800000000,
			.files = files},
		{.sha = "a", .parents = none, .committed_us = 1780297200000000},
	};
	const struct gather_tag tags[] = {
		{.name = "v1",
			.sha = "b",
			.committed_us = 1780300800000000,
			.tagged_us = 1780300801500000},
		{.name = "v2", .sha = "b", .environment = "production"},
	};

	GATHERED(gathered, options, paths);
	for (size_t i = 0; i < 2; i++) {
		CHECK(gather_git_commit(gathered.gather, &commits[i]));
		CHECK(gather_git_tag(gathered.gather, &tags[i]));
	}
	CHECK_INT(gather_n_objects(gathered.gather), 4);
	return gathered_end(&gathered);
}

static void a_clone_of_github_tells_pushes_releases_and_deployments(void)
{
	CHECK_STR(told_of_clone(SYSTEM_OF("github", "a/b"),
			  "kind body.after body.commits.0.url body.commits.0.modified"),
		"release - - -;deployment_status - - -;push a https://github.com/a/b/commit/a "
		"-;"
		"push b https://github.com/a/b/commit/b [\"x/y\",\"?\"];");
	CHECK_STR(told_of_clone(SYSTEM_OF("github", "a/b"),
			  "body.release.id body.release.target_commitish "
			  "body.release.created_at body.release.published_at "
			  "body.deployment.id body.deployment.environment "
			  "body.deployment.created_at"),
		"tag:v1 b 2026-06-01T08:00:00Z 2026-06-01T08:00:01.500000Z - - -;"
		"- - - - tag:v2 production null;- - - - - - -;- - - - - - -;");
	/* Known by its number alone it has no address. */
	CHECK_STR(told_of_clone((struct gather_options){.system = "github",
					.repository_id = "44",
					.host = "ghe.example",
					.default_branch = "main"},
			  "body.repository.id headers body.ref body.commits.0.url"),
		"44 {\"x-github-enterprise-host\":\"ghe.example\"} - -;"
		"44 {\"x-github-enterprise-host\":\"ghe.example\"} - -;"
		"44 {\"x-github-enterprise-host\":\"ghe.example\"} refs/heads/main -;"
		"44 {\"x-github-enterprise-host\":\"ghe.example\"} refs/heads/main -;");
}

static void a_clone_of_gitlab_tells_the_same_as_gitlab_would(void)
{
	CHECK_STR(told_of_clone(SYSTEM_OF("gitlab", "a/b"),
			  "body.object_kind body.after body.commits.0.url body.commit_url"),
		"release - - -;deployment - - https://gitlab.com/a/b/-/commit/b;"
		"push a https://gitlab.com/a/b/-/commit/a -;"
		"push b https://gitlab.com/a/b/-/commit/b -;");
	CHECK_STR(told_of_clone(
			  (struct gather_options){.system = "gitlab", .repository_id = "44"},
			  "body.id body.commit.id body.deployment_id body.commit_url body.ref"),
		"tag:v1 b - - -;- - tag:v2 /-/commit/b v2;- - - - refs/heads/;"
		"- - - - refs/heads/;");
}

/* -- any system ---------------------------------------------------------------------------- */

static void a_system_without_an_importer_is_an_error(void)
{
	struct error err = {0};

	CHECK(gather_create(&(struct gather_options){.system = "trello"}, &err) == NULL);
	CHECK_STR(err.text, "there is no history of trello to import");
	gather_destroy(NULL);
}

static void what_fits_no_kind_is_kept_where_it_is_small(void)
{
	char large[20000];

	CHECK_STR(told(GITHUB, "kind", "{'id':1}"),
		"an object of no known kind: want one of run, deployment status, "
		"deployment, repository, commit, pull request, pull request as an issue, "
		"issue, release (x:1);");
	(void)snprintf(large, sizeof(large), "{'id':'%0*d'}", 17000, 1);
	CHECK(strncmp(told(GITHUB, "kind", large), "an object of no known kind", 26) == 0);
}

static void a_refusal_whose_place_is_no_text_is_one_all_the_same(void)
{
	static const char object[] = "{\"id\":1}";

	GATHERED(gathered, GITHUB, "kind");
	CHECK(gather_take(gathered.gather, object, strlen(object), "\xff.json:1"));
	CHECK(gather_take(gathered.gather, "{", 1, "b.json:1"));
	CHECK(strncmp(gathered_end(&gathered), "not UTF-8;", 10) == 0);
	CHECK(strstr(gathered_text, "(b.json:1);"));
}

static void deliveries_end_by_what_their_lines_say_and_by_size(void)
{
	char object[1000];

	GATHERED(gathered, SYSTEM_OF("github", "a/b"), "");
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(object, sizeof(object),
			"{\"id\":%d,\"tag_name\":\"%0400d\",\"target_commitish\":\"main\"}", i,
			i);

		CHECK(gather_take(gathered.gather, object, (size_t)n, "x:1"));
	}
	/* Some 700 bytes a line, one in 64 an end from 16 KiB on. */
	CHECK(gathered.n_deliveries > 4 && gathered.n_deliveries < 40);
	size_t before = gathered.n_deliveries;
	static char large[300000];
	(void)memset(large, 'x', sizeof(large));
	static const char head[] = "{\"tag_name\":\"v\",\"target_commitish\":\"m\",\"name\":\"";
	(void)memcpy(large, head, strlen(head));
	(void)memcpy(large + sizeof(large) - 2, "\"}", 2);
	CHECK(gather_take(gathered.gather, large, sizeof(large), "x:1"));
	CHECK_INT(gathered.n_deliveries, before + 1);
	(void)gathered_end(&gathered);
}

static void nothing_more_is_delivered_after_a_stop(void)
{
	static char large[300000];
	static const char head[] = "{\"tag_name\":\"v\",\"target_commitish\":\"m\",\"name\":\"";
	static const char *const none[] = {NULL};

	GATHERED(gathered, SYSTEM_OF("github", "a/b"), "");
	gathered.stop = true;
	(void)memset(large, 'x', sizeof(large));
	(void)memcpy(large, head, strlen(head));
	(void)memcpy(large + sizeof(large) - 2, "\"}", 2);
	CHECK(!gather_take(gathered.gather, large, sizeof(large), "x:1"));
	CHECK(!gather_take(gathered.gather, "{}", 2, "x:2"));
	CHECK(!gather_take(gathered.gather, "", 0, "x:2"));
	CHECK(!gather_git_commit(
		gathered.gather, &(struct gather_commit){.sha = "a", .parents = none}));
	CHECK(!gather_git_tag(gathered.gather, &(struct gather_tag){.name = "v", .sha = "a"}));
	CHECK(!gather_end(gathered.gather));
	CHECK_INT(gathered.n_deliveries, 1);
	(void)gathered_end(&gathered);
}

int main(void)
{
	RUN(an_object_is_of_the_repository_that_its_address_names);
	RUN(an_object_of_no_known_repository_is_refused_with_what_to_give);
	RUN(a_deployment_tells_its_statuses_and_the_run_that_made_them);
	RUN(a_status_is_of_the_deployment_that_came_before_it);
	RUN(a_release_is_out_when_it_was_published_and_is_no_draft);
	RUN(commits_go_out_as_pushes_with_the_files_that_they_touched);
	RUN(a_pull_request_is_told_as_it_stands);
	RUN(an_issue_is_told_as_of_its_end_and_as_it_stands_now);
	RUN(an_object_with_half_of_what_its_kind_has_is_of_none);
	RUN(a_clone_of_github_tells_pushes_releases_and_deployments);
	RUN(a_clone_of_gitlab_tells_the_same_as_gitlab_would);
	RUN(a_system_without_an_importer_is_an_error);
	RUN(what_fits_no_kind_is_kept_where_it_is_small);
	RUN(a_refusal_whose_place_is_no_text_is_one_all_the_same);
	RUN(deliveries_end_by_what_their_lines_say_and_by_size);
	RUN(nothing_more_is_delivered_after_a_stop);
	return tap_done();
}
