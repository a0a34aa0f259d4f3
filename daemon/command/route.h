/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ROUTE_H
#define DORAD_COMMAND_ROUTE_H

#include "http/http.h"

/* Which of the receiver's few routes a request means. Pure; borrows from the view. */
enum route_place {
	ROUTE_NOWHERE, /* 404 */
	ROUTE_WEBHOOK, /* /webhooks/<endpoint>[/<token>] */
	ROUTE_HEALTHZ, /* the process answers */
	ROUTE_READYZ,  /* deliveries can be kept */
	ROUTE_METRICS,
};

struct route {
	enum route_place place;
	const char *endpoint; /* not terminated */
	size_t n_endpoint;
	const char *token; /* the rest of the path, not decoded; NULL: none */
};

struct route route_find(const char *path);

/* "GET, HEAD ..." of a 405. */
const char *route_allow(enum route_place place);
bool route_allows(enum route_place place, enum http_method method);

/* The value of token= in a query, percent-decoded; NULL: none, or it does not fit. */
#define ROUTE_TOKEN_MAX 512
const char *route_query_token(const char *query, char out[static ROUTE_TOKEN_MAX]);

/* The same of a path's segment. */
const char *route_decode(const char *text, size_t n, char out[static ROUTE_TOKEN_MAX]);

#endif
