/* SPDX-License-Identifier: Apache-2.0 */
/* What git tells of a clone, as the webhooks of the system that it was cloned from would. */
#include "gather_priv.h"

#include <string.h>

bool gather_git_commit(struct gather *gather, const struct gather_commit *commit)
{
	const char *page = json_string_value(json_object_get(gather->current,
		strcmp(gather->system->name, "gitlab") == 0 ? "web_url" : "html_url"));
	bool gitlab = strcmp(gather->system->name, "gitlab") == 0;
	json_t *entry = json_pack("{s:s, s:o}", "id", commit->sha, "timestamp",
		gather_time(commit->committed_us));

	gather->n_objects++;
	if (page)
		(void)json_object_set_new(entry, "url",
			json_sprintf("%s%s/commit/%s", page, gitlab ? "/-" : "", commit->sha));
	if (commit->files) {
		json_t *files = json_array();

		for (const char *const *file = commit->files; *file; file++) {
			json_t *name = json_string(*file);

			/* A name that is no UTF-8 still has its folder touched. */
			(void)json_array_append_new(files, name ? name : json_string("?"));
		}
		(void)json_object_set_new(entry, "modified", files);
	}
	const struct lineage_commit known = {
		.sha = commit->sha,
		.parents = commit->parents,
		.committed_us = commit->committed_us,
	};
	gather_commit_of(gather, gather->current, &known, entry);
	return !gather->stopped;
}

bool gather_git_tag(struct gather *gather, const struct gather_tag *tag)
{
	gather->n_objects++;
	gather->system->tag(gather, gather->current, tag);
	return !gather->stopped;
}
