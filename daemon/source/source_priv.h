/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_SOURCE_PRIV_H
#define DORAD_SOURCE_SOURCE_PRIV_H

#include "document.h"
#include "reader.h"
#include "source/source.h"

/* What a source is, at the end of the file of its name, and what its normaliser works with. */

/* One delivery on its way through a source. */
struct intake {
	const struct source *source;
	const struct delivery *delivery;
	struct normalised *out;
	struct arena *arena;
	const char *dora_source; /* of the events: "/github/github.com" */
	bool imported;           /* told by an API or by git: a repository may have no number */
	struct error err;
};

struct source {
	const char *name;            /* in the configuration, the metrics, the fixtures */
	const char *kind_header;     /* the header that names the kind; NULL: the body does */
	const char *delivery_header; /* with the sender's own id of a delivery; NULL: none */
	const char *const *headers;  /* others that the normaliser reads, ended by NULL; "ce-*"
				       is every one that begins so */
	const char *const
		*kinds; /* of kind_header; others are not even parsed; NULL: all are */
	const char *const *rollouts; /* words for the endpoint's rollout:, the default first */
	int64_t revision; /* of its events; raise it when the same bytes make others */
	const struct wanted *wanted; /* what is read of the body; NULL: all of it */

	/* body is the parsed body. */
	enum verdict (*normalise)(struct intake *in, const struct reader *body);
	/* Before it, where the body is not always one JSON text. */
	enum verdict (*normalise_bytes)(struct intake *in);
};

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The verdict, with its reason. */
enum verdict ignored(struct intake *in, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
enum verdict malformed(struct intake *in, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One line of a delivery that is not as wanted, while others go on. */
void refuse_line(struct intake *in, size_t line, const char *reason);
/* One that says nothing which is measured. */
void ignore_line(struct intake *in, size_t line, const char *reason);

/* A delivery of dorad import (import.c). */
enum verdict normalise_imported(struct intake *in);

/* Events from the first-th on keep to the contract; false: in->err says which does not. */
bool intake_check(struct intake *in, size_t first);

/* Parses bytes; NULL: in->err has the words. The tree belongs to the arena. */
const json_t *intake_parse(
	struct intake *in, const char *bytes, size_t n, const struct wanted *wanted);
struct reader intake_reader(struct intake *in, const json_t *value);

/* The endpoint's rollout:, or the source's default. */
const char *intake_rollout(const struct intake *in);

extern const struct source source_alertmanager;
extern const struct source source_argocd;
extern const struct source source_cloudevents;
extern const struct source source_cloudrun;
extern const struct source source_events;
extern const struct source source_flux;
extern const struct source source_freshservice;
extern const struct source source_github;
extern const struct source source_gitlab;
extern const struct source source_jira;
extern const struct source source_opsgenie;
extern const struct source source_pagerduty;
extern const struct source source_servicenow;
extern const struct source source_trello;

#endif
