/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include "base/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 24
#define MOST_PARENTS 64   /* of one merge: an octopus has eight arms */
#define MOST_FILES 100000 /* of one commit; their folders are cut at 500 anyway */

extern char **environ;

/* git, with its standard output to read. */
struct git {
	FILE *out;
	pid_t pid;
};

/* words: what comes after git -C PATH, ended by NULL. */
static bool git_start(struct git *git, const char *path, const char *const *words)
{
	const char *argv[MOST_WORDS] = {"git", "-C", path, "--no-pager"};
	posix_spawn_file_actions_t actions;
	size_t n = 4;
	int ends[2];

	while (*words && n + 1 < MOST_WORDS)
		argv[n++] = *words++;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	int failed = posix_spawnp(
		&git->pid, "git", &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	git->out = failed ? NULL : fdopen(ends[0], "r");
	if (!git->out)
		(void)close(ends[0]);
	errno = failed;
	return git->out != NULL;
}

/* True: it ended well. */
static bool git_end(struct git *git)
{
	int status = 0;

	(void)fclose(git->out);
	while (waitpid(git->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The first line of what it says; NULL: it failed, or says nothing. */
static const char *git_word(struct import *import, const char *path, const char *const *words)
{
	struct git git;
	char *text = NULL;
	size_t room = 0;
	const char *word = NULL;

	if (!git_start(&git, path, words))
		return NULL;
	ssize_t n = getline(&text, &room, git.out);
	if (git_end(&git) && n > 1)
		word = arena_strndup(import->arena, text, strcspn(text, "\n"));
	free(text);
	return word;
}
#define GIT_WORD(import, path, ...) \
	git_word((import), (path), (const char *const[]){__VA_ARGS__, NULL})

/* git@github.com:acme/checkout.git and https://user@host:8443/acme/checkout.git/ */
static void read_origin(struct import *import, const char *url, struct import_place *place)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	size_t n = strcspn(host, scheme ? "/" : ":");
	const char *at = memchr(host, '@', n);
	const char *path = host + n;

	if (!*path || n == 0 || (!scheme && strchr(url, '/') == url))
		return; /* a folder */
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	path += strspn(path, ":/");
	size_t length = strlen(path);
	while (length && path[length - 1] == '/')
		length--;
	if (length > 4 && strncmp(path + length - 4, ".git", 4) == 0)
		length -= 4;
	n = strcspn(host, ":/") < n ? strcspn(host, ":/") : n;
	if (!place->host)
		place->host = arena_strndup(import->arena, host, n);
	if (!place->repository && length)
		place->repository = arena_strndup(import->arena, path, length);
}

bool import_clone_place(struct import *import, const char *path, struct import_place *place)
{
	const char *origin = GIT_WORD(import, path, "config", "--get", "remote.origin.url");

	if (!GIT_WORD(import, path, "rev-parse", "--git-dir")) {
		(void)command_fail(import->line, "%s: no clone that git can read", path);
		return false;
	}
	if (origin)
		read_origin(import, origin, place);
	if (!place->repository) {
		(void)command_fail(import->line,
			"%s: has no remote origin that names its repository: --repository "
			"OWNER/NAME and --host say it",
			path);
		return false;
	}
	if (!place->system)
		place->system = place->host && strstr(place->host, "gitlab") ? "gitlab"
			: !place->host || strstr(place->host, "github")      ? "github"
									     : NULL;
	if (!place->system) {
		(void)command_fail(import->line,
			"%s: is %s GitHub or GitLab? --system github or --system gitlab", path,
			place->host);
		return false;
	}
	if (!place->branch) {
		const char *head = GIT_WORD(import, path, "symbolic-ref", "--quiet", "--short",
			"refs/remotes/origin/HEAD");

		place->branch = head && strncmp(head, "origin/", 7) == 0
			? head + 7
			: GIT_WORD(import, path, "symbolic-ref", "--quiet", "--short", "HEAD");
	}
	if (!place->branch)
		(void)command_fail(import->line,
			"%s: its default branch is not known: --default-branch NAME", path);
	return place->branch != NULL;
}

/* -- commits ----------------------------------------------------------------------------- */

/* A commit while its files come in. */
struct pending {
	char *header; /* owned: sha, then the parents, each ended by a NUL */
	const char *parents[MOST_PARENTS + 1];
	int64_t committed_us;
	char **files; /* owned, and what is in it */
	size_t n_files;
	size_t room;
};

static bool put_pending(struct import *import, struct pending *pending)
{
	bool goes_on = true;

	if (pending->header) {
		if (pending->n_files == pending->room)
			pending->files = xreallocarray(
				pending->files, ++pending->room, sizeof(*pending->files));
		pending->files[pending->n_files] = NULL;
		goes_on = gather_git_commit(import->gather,
			&(struct gather_commit){
				.sha = pending->header,
				.parents = pending->parents,
				.committed_us = pending->committed_us,
				.files = (const char *const *)pending->files,
			});
	}
	for (size_t i = 0; i < pending->n_files; i++)
		free(pending->files[i]);
	free(pending->header);
	pending->header = NULL;
	pending->n_files = 0;
	return goes_on;
}

/* "@<sha> <time> <parents>" and nothing else; a file's name never looks so. */
static bool read_header(const char *text, struct pending *pending)
{
	size_t n = strspn(text + 1, "0123456789abcdef");
	char *end;

	if (text[0] != '@' || (n != 40 && n != 64) || text[1 + n] != ' ')
		return false;
	long long time = strtoll(text + n + 2, &end, 10);
	if (*end != ' ')
		return false;
	pending->header = xstrdup(text + 1);
	pending->header[n] = '\0';
	/* What other systems were converted from without a time is of 1970's first second. */
	pending->committed_us = (int64_t)(time > 0 ? time : 1) * 1000000;
	char *at = pending->header + (end - text);
	size_t n_parents = 0;
	while (*at && n_parents < MOST_PARENTS) {
		size_t length = strcspn(at, " ");

		pending->parents[n_parents++] = at;
		at += length;
		if (*at)
			*at++ = '\0';
	}
	pending->parents[n_parents] = NULL;
	return true;
}

static void add_file(struct pending *pending, const char *name)
{
	if (pending->n_files >= MOST_FILES)
		return;
	if (pending->n_files == pending->room) {
		pending->room = pending->room ? 2 * pending->room : 16;
		pending->files =
			xreallocarray(pending->files, pending->room, sizeof(*pending->files));
	}
	pending->files[pending->n_files++] = xstrdup(name);
}

static bool read_log(struct import *import, FILE *out)
{
	struct pending pending = {0};
	struct pending next = {0};
	char *text = NULL;
	size_t room = 0;
	bool goes_on = true;

	while (goes_on && getdelim(&text, &room, '\0', out) > 0) {
		if (text[0] == '@' && read_header(text, &next)) {
			struct pending before = pending;

			goes_on = put_pending(import, &before);
			pending = next;
			pending.files = before.files; /* its room is used again */
			pending.room = before.room;
			pending.n_files = 0;
			next = (struct pending){0};
		} else {
			add_file(&pending, text + (text[0] == '\n'));
		}
		import_progress(import);
	}
	goes_on = put_pending(import, &pending) && goes_on;
	free(pending.files);
	free(text);
	return goes_on;
}

/* The branch as it is at origin; else the clone's own. */
static const char *ref_of(struct import *import, const char *path, const char *branch)
{
	const char *remote = arena_printf(import->arena, "refs/remotes/origin/%s", branch);

	if (GIT_WORD(import, path, "rev-parse", "--quiet", "--verify", remote))
		return remote;
	return arena_printf(import->arena, "refs/heads/%s", branch);
}

static bool import_commits(struct import *import, const char *path, const char *ref)
{
	/* In seconds: git takes a date for that day's present hour, and a word that it does not
	 * know for now. */
	const char *since = import->since_us ? arena_printf(import->arena, "--since=@%lld",
						       (long long)(import->since_us / 1000000))
					     : "--";
	const char *const words[] = {"log", "-z", "--no-color", "--no-renames",
		"--no-show-signature", "--diff-merges=first-parent", "--name-only",
		"--format=@%H %ct %P", ref, since, NULL};
	struct git git;

	if (!git_start(&git, path, words)) {
		(void)command_fail(
			import->line, "git cannot be run: %s", strerrordesc_np(errno));
		return false;
	}
	bool goes_on = read_log(import, git.out);
	bool ended = git_end(&git);
	if (goes_on && !ended)
		(void)command_fail(import->line, "%s: git log of %s failed", path, ref);
	return goes_on && ended;
}

/* -- tags -------------------------------------------------------------------------------- */

/* "<time> <commit, for a tag that is an object> <its time> <what it points to> <name>". */
static bool put_tag(struct import *import, char *line)
{
	char *rest = NULL;
	const char *time = strtok_r(line, " ", &rest);
	const char *first = time ? strtok_r(NULL, " ", &rest) : NULL;
	const char *committed = first ? strtok_r(NULL, " ", &rest) : NULL;
	const char *second = committed ? strtok_r(NULL, " \n", &rest) : NULL;
	const char *name = second ? strtok_r(NULL, "\n", &rest) : NULL;

	if (!name)
		return true;
	return gather_git_tag(import->gather,
		&(struct gather_tag){
			.name = name,
			.sha = strcmp(first, "-") == 0 ? second : first,
			.committed_us = strtoll(committed, NULL, 10) * INT64_C(1000000),
			.tagged_us = strtoll(time, NULL, 10) * INT64_C(1000000),
			.environment = command_option(import->line, "--environment", 0),
		});
}

static bool import_tags(struct import *import, const char *path, const char *pattern)
{
	static const char format[] =
		"--format=%(creatordate:unix) %(if)%(*objectname)%(then)%(*objectname) "
		"%(if)%(*committerdate)%(then)%(*committerdate:unix)%(else)0%(end)%(else)- "
		"%(if)%(committerdate)%(then)%(committerdate:unix)%(else)0%(end)%(end) "
		"%(objectname) %(refname:strip=2)";
	const char *const words[] = {"for-each-ref", "--sort=creatordate", format,
		arena_printf(import->arena, "refs/tags/%s", pattern), NULL};
	struct git git;
	char *line = NULL;
	size_t room = 0;
	bool goes_on = true;

	if (!git_start(&git, path, words))
		return false;
	while (goes_on && getline(&line, &room, git.out) > 0)
		goes_on = put_tag(import, line);
	free(line);
	return git_end(&git) && goes_on;
}

bool import_clone(struct import *import, const char *path, const struct import_place *place)
{
	const char *pattern = command_option(import->line, "--tags", 0);

	import->file = path;
	if (!import_commits(import, path, ref_of(import, path, place->branch)))
		return false;
	return !pattern || import_tags(import, path, pattern);
}
