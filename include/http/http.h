/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_HTTP_H
#define DORAD_HTTP_HTTP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The front door: strict HTTP/1.1 (RFC 9112) on libevent, plain or TLS, with limits and
 * deadlines on everything (RELIABILITY.md 2.5). The receiver and the portal each give it a
 * handler. A server runs its loop in the thread that calls http_server_run(); all callbacks
 * come from there.
 */
struct http_server;
struct http_request; /* owned by the server; valid until it is answered */
struct event_base;

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_OPTIONS,
	HTTP_OTHER, /* well formed, none of the above: 405 */
};

struct http_header {
	const char *name; /* lower case */
	const char *value;
};

/* What is known of a request. Borrowed; holds until it is answered. */
struct http_view {
	enum http_method method;
	const char *path;  /* as sent, without the query; begins with / ; not decoded */
	const char *query; /* after the ?, not decoded; NULL: none */
	const struct http_header *headers;
	size_t n_headers;
	int64_t content_length; /* -1: chunked, or none */
	const char *body;       /* NULL at the header stage */
	size_t n_body;
	const char *
		peer; /* address of the client in text: the socket's, or from a trusted proxy */
};

const struct http_view *http_request_view(const struct http_request *request);
const char *http_request_header(const struct http_request *request, const char *name);

/* The body's bytes become the caller's, to be freed with http_body_free(); the view's body
 * stays readable until then. */
char *http_request_take_body(struct http_request *request, size_t *out_n);
void http_body_free(char *body, size_t n);

struct http_answer {
	int status;
	const char *content_type;          /* NULL: no body, or text/plain */
	const struct http_header *headers; /* more of them: ETag, Allow ... */
	size_t n_headers;
	const char *body; /* copied */
	size_t n_body;
	bool keep_alive; /* false: Connection: close (DESIGN.md, http) */
};

/* Answers exactly once, from the loop's thread; the request is gone afterwards. HEAD drops the
 * body. */
void http_reply(struct http_request *request, const struct http_answer *answer);

/* The same from any thread, status only: queued to the loop, which is woken. */
void http_reply_later(struct http_request *request, int status, bool keep_alive);

struct http_handler {
	void *context;
	/* Headers are complete. 0: go on and read the body; else that status is the answer. */
	int (*on_head)(void *context, struct http_request *request);
	/* Complete. Must be answered once by http_reply() or http_reply_later(). */
	void (*on_request)(void *context, struct http_request *request);
};

#endif
