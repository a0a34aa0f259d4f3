/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_CONNECTION_PRIV_H
#define DORAD_HTTP_CONNECTION_PRIV_H

#include "body_priv.h"
#include "loop_priv.h"

#include <event2/event_struct.h>

struct connection {
	TAILQ_ENTRY(connection) link;
	struct loop *loop;
	const struct listener *listener;
	enum phase phase;
	int64_t since_us;    /* in this phase */
	int64_t deadline_us; /* INT64_MAX: none */
	struct wire wire;
	enum wire_step next; /* what a handshake or an answer waits for */
	struct event reading;
	struct event writing;
	struct address peer;          /* of the client, as far as the connection can tell */
	bool via_proxy;               /* the socket's other end is trusted */
	struct crowd_member *member;  /* NULL: not counted by address */
	struct http_request *request; /* being read or handled */
	char *ahead; /* read beyond what could be used: a PROXY header, the next request */
	size_t n_ahead;
	char *out; /* the answer */
	size_t n_out;
	size_t at_out;
	bool close_after;
	bool unread;     /* some of the request has not been read, and may still come */
	size_t lingered; /* bytes thrown away */
};

/*
 * From the first bytes of the head until it is answered by the handler. It outlives its
 * connection when that was answered for it (limits.answer_us).
 */
struct http_request {
	STAILQ_ENTRY(http_request) link;      /* in loop.replies */
	LIST_ENTRY(http_request) handed_link; /* in loop.handed */
	TAILQ_ENTRY(http_request) holding_link[CROWD_N_WHAT];
	bool is_holding[CROWD_N_WHAT]; /* is in loop.holding */
	struct loop *loop;
	struct connection *connection; /* NULL: nobody waits any more */
	struct http_reader *reader;
	struct http_view view;
	struct body body;
	bool taken;  /* the body belongs to the handler */
	bool agreed; /* on_head has been called, and said yes */
	bool handed; /* to on_request */
	char peer[ADDRESS_TEXT_MAX];
	size_t held[CROWD_N_WHAT]; /* charged to the counters */
	char *answer;              /* bytes of it, once there */
	size_t n_answer;
	int status;
	bool keep_alive;
};

/* connection.c: life of a connection. Only connection_enter() writes its phase. */
void connection_open(
	struct loop *loop, const struct listener *listener, int fd, const struct address *peer);
void connection_enter(struct connection *connection, enum phase phase);
/* why: HTTP_CLOSE_N for an end in good order. */
void connection_close(struct connection *connection, enum http_close why);
void connection_free(struct connection *connection);  /* of one that is gone */
void connection_begin(struct connection *connection); /* after its PROXY header */
/* Waits for what its phase needs: at the end of whatever was done with it. */
void connection_settle(struct connection *connection);
void connection_rest(struct connection *connection);         /* waits for nothing */
void connection_forget_ahead(struct connection *connection); /* wipes: it may be a head */

/* input.c: bytes to requests. */
void input_ready(struct connection *connection);
void input_resume(struct connection *connection); /* answered, kept alive */

/* output.c: answers to bytes. */
void output_ready(struct connection *connection);
/* The front door's own answer, without a body; the connection is closed after it. */
void output_refuse(struct connection *connection, int status, const char *wanted);
/* Writes what it can of such an answer, and closes: for those who were too slow. */
void output_dismiss(struct connection *connection, int status, enum http_close why);
/* 100 Continue. False: the connection is gone. */
bool output_continue(struct connection *connection);
/* The handler's answer, which came by the loop's queue. */
void output_reply(struct http_request *request);
/* 503 for a handler that took too long; its answer will be dropped. */
void output_give_up(struct connection *connection);

/* request.c. What http.h promises, and: */
struct http_request *request_create(struct connection *connection);
void request_destroy(struct http_request *request);
/* Its connection is answered for it, or goes. */
void request_detach(struct http_request *request);
int request_agree(struct http_request *request, const char **wanted); /* calls on_head */
/* False: it was answered, or the connection is gone. */
bool request_append(struct http_request *request, const struct http_data *data);
/* Once for all that was appended of one read, for a chunk may be small: counts what it takes,
 * and makes room. False: the connection is gone. */
bool request_settle(struct http_request *request);
void request_hand_over(struct http_request *request);
bool requests_take(struct loop *loop, struct requests *out); /* what has been answered */

#endif
