/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_CATALOG_H
#define DORAD_CONFIG_CATALOG_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

/*
 * catalog.yaml: which teams and services there are, which of the senders' names mean which
 * service, and the rules that interpretation needs. Read whole and checked, and given back as
 * the one JSON object that dorad_data.apply_catalog() takes. Its keys are those of the file,
 * and:
 *
 * - report_tz, attribution_window, lead_time_start and max_severity are always there;
 *   teams, services, environments, deployments, incidents, statuses, severities and work_items
 *   are always lists; unmapped is "service" or absent;
 * - a service has owners [{team: text or null, from: time or null}], phases [{phase, from}],
 *   aliases, sources (all lists, maybe empty); title, links and attribution_window if given;
 * - a source or rule has at most one key that is a system ("github": "acme/checkout") or
 *   github_id, gitlab_id;
 * - paths, types, labels, the lists of a status rule (todo, in_progress, done,
 *   cancelled) and of a severity rule ("1" to "5") are lists of text, whether one or many were
 *   written;
 * - durations are whole seconds, times RFC 3339 UTC with microseconds, names text even where
 *   they look like numbers; incident is true or false.
 */
json_t *catalog_parse(const char *path, const char *bytes, size_t n, struct error *err);

/* The same of a file. NULL: err says file:line:column, what is there and what was expected. */
json_t *catalog_load(const char *path, struct error *err);

/* The words a source or rule may name a system by ("github"); ended by NULL. */
extern const char *const catalog_systems[];

#endif
