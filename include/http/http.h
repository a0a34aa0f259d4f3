/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_HTTP_H
#define DORAD_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Requests and answers: what the receiver and the portal see of the front door, each through a
 * handler of its own. How a server is made and run: http/server.h.
 */
struct http_request; /* owned by the server; valid until it is answered */

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

/* What is known of a request. Borrowed; holds until it is answered, in whatever thread. */
struct http_view {
	enum http_method method;
	const char *path;  /* as sent, without the query; begins with / ; not decoded */
	const char *query; /* after the ?, not decoded; NULL: none */
	const struct http_header *headers;
	size_t n_headers;
	int64_t content_length; /* -1: chunked, or none */
	const char *body;       /* NULL at the header stage, and when there is none */
	size_t n_body;
	const char *peer; /* address of the client in text ("unix" for a unix socket): the
			     socket's, or what a trusted proxy said */
	bool via_proxy;   /* the other end of the socket is one of trusted_proxies */
	bool tls;         /* the connection is */
	int listener;     /* tag of the address it came in by (struct http_listen) */
};

const struct http_view *http_request_view(const struct http_request *request);

/* The value of the first header of that name (lower case), or NULL. */
const char *http_request_header(const struct http_request *request, const char *name);

/* The body's bytes become the caller's, to be freed with http_body_free(); the view's body
 * stays readable until then. Read only: a large one is a mapped file. NULL: there is none. */
char *http_request_take_body(struct http_request *request, size_t *out_n);
void http_body_free(char *body, size_t n); /* any thread; NULL is fine */

struct http_answer {
	int status;
	const char *content_type;          /* NULL: no body, or text/plain */
	const struct http_header *headers; /* more of them: ETag, Allow ... */
	size_t n_headers;
	const char *body; /* copied */
	size_t n_body;
	bool keep_alive; /* false: Connection: close (DESIGN.md, http) */
};

/*
 * Answers exactly once; the request is gone afterwards. From any thread: the answer is queued
 * to the request's loop, which is woken once for however many have queued up. HEAD and 304 drop
 * the body (RFC 9110 sections 9.3.2 and 15.4.5) and keep its length.
 */
void http_reply(struct http_request *request, const struct http_answer *answer);

/* The same with a status and no body. */
void http_reply_later(struct http_request *request, int status, bool keep_alive);

/*
 * With several front threads the callbacks come from all of them; those of one request always
 * from the same. They must not block.
 */
struct http_handler {
	void *context;

	/*
	 * Headers are complete, and the framing is sound (include/http/reader.h has refused
	 * the rest). 0: go on and read the body, unless a GET, HEAD or OPTIONS has one: 413;
	 * else that status is the answer, without a body, and the connection is closed. A
	 * static string that the handler leaves in *wanted goes with it: the methods of
	 * `Allow` with 405, the challenge of `WWW-Authenticate` with 401 (RFC 9110 sections
	 * 15.5.6 and 15.5.2).
	 */
	int (*on_head)(void *context, struct http_request *request, const char **wanted);

	/* NULL, or: on_head has agreed, but the request will never be complete (its client
	 * went, its deadline passed). It is gone when this returns. */
	void (*on_drop)(void *context, struct http_request *request);

	/* Complete. Must be answered once by http_reply() or http_reply_later(). */
	void (*on_request)(void *context, struct http_request *request);

	/*
	 * NULL, or: called each second by the first front thread, as long as every other one
	 * has come round within the last two: what feeds a watchdog notices any that hangs.
	 */
	void (*on_tick)(void *context);
};

#endif
