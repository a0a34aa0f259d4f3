/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GATHER_GITHUB_H
#define DORAD_SOURCE_GATHER_GITHUB_H

#include "gather_priv.h"

/* What the two files share: deployments and the table in gather_github.c, code and issues in
 * gather_github_code.c. */

/* "https://api.github.com/repos/acme/checkout/pulls/7", or an enterprise server's
 * "https://ghe.example/api/v3/repos/...". */
struct github_address {
	const char *host; /* NULL: none */
	const char *name; /* "acme/checkout" */
};

/* NULL: refused in words. */
json_t *github_repository_of(
	struct gather *gather, const struct gather_object *object, struct github_address *out);

/* One webhook of that repository; takes the body over. */
void github_put(struct gather *gather, const char *kind, const struct github_address *address,
	json_t *repository, json_t *body);
void github_put_line(
	struct gather *gather, const char *host, json_t *repository, struct gather_line line);

void github_take_commit(struct gather *gather, const struct gather_object *object);
void github_take_pull(struct gather *gather, const struct gather_object *object);
void github_take_pull_as_issue(struct gather *gather, const struct gather_object *object);
void github_take_issue(struct gather *gather, const struct gather_object *object);
void github_push(struct gather *gather, const struct lineage_push *push);
void github_take_tag(struct gather *gather, json_t *repository, const struct gather_tag *tag);

#endif
