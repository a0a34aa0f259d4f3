/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The front door alone, for test_front*.py: a handler that says what it was given. Arguments
 * are option=value; it prints the ports it listens on, one a line, and serves until SIGTERM.
 *
 *   GET  /view           what the server knows of the request, as JSON; POST too, with a body
 *   GET  /stats          its counters, as JSON
 *   GET  /big/N          N bytes
 *   POST /sink           200, from another thread
 *   POST /hold           answered when /release has been called
 *   POST /signed         401 at the head without X-Signature
 *   GET  /release /pause /resume /reload
 *
 * X-Keep: 1 asks for the connection to be kept.
 */
#include "base/xalloc.h"
#include "event/digest.h"
#include "http/server.h"
#include "http/stats.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN_MAX 8

struct front {
	struct http_server *server;
	struct http_tls tls;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	struct http_request *queue[65536]; /* for the answering thread */
	struct http_request *held[65536];
	size_t n_queue;
	size_t n_held;
	bool stopping;
	atomic_int ticks; /* by one thread each, read by all */
	atomic_int drops;
};

static struct http_server *signalled;

/* Of arguments that the tests make. */
static int64_t number(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	if (end == text || *end)
		abort();
	return value;
}

static bool is(const struct http_request *request, const char *path)
{
	return strcmp(http_request_view(request)->path, path) == 0;
}

static bool keeps(const struct http_request *request)
{
	return http_request_header(request, "x-keep") != NULL;
}

static int on_head(void *context, struct http_request *request, const char **allow)
{
	static const char *const posts[] = {"/sink", "/hold", "/signed"};
	static const char *const gets[] = {
		"/stats", "/release", "/pause", "/resume", "/reload"};
	enum http_method method = http_request_view(request)->method;

	(void)context;
	if (is(request, "/view"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(posts); i++) {
		if (!is(request, posts[i]))
			continue;
		*allow = "POST";
		if (method != HTTP_POST)
			return 405;
		return is(request, "/signed") && !http_request_header(request, "x-signature")
			? 401
			: 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(gets); i++) {
		if (is(request, gets[i]))
			return method == HTTP_GET || method == HTTP_HEAD ? 0 : 405;
	}
	return strncmp(http_request_view(request)->path, "/big/", 5) == 0 ? 0 : 404;
}

static void answer_json(struct http_request *request, json_t *value)
{
	char *text = json_dumps(value, JSON_SORT_KEYS);
	struct http_answer answer = {
		.status = 200,
		.content_type = "application/json",
		.body = text,
		.n_body = strlen(text),
		.keep_alive = keeps(request),
	};

	http_reply(request, &answer);
	free(text);
	json_decref(value);
}

static void answer_view(struct http_request *request)
{
	const struct http_view *view = http_request_view(request);
	char sum[DIGEST_HEX_MAX];

	digest_hex(view->body ? view->body : "", view->n_body, sum);
	answer_json(request,
		json_pack("{s:i, s:s, s:s?, s:I, s:s, s:s, s:b, s:b, s:i, s:i}", "method",
			(int)view->method, "path", view->path, "query", view->query, "n_body",
			(json_int_t)view->n_body, "sha256", sum, "peer", view->peer,
			"via_proxy", view->via_proxy, "tls", view->tls, "listener",
			view->listener, "n_headers", (int)view->n_headers));
}

static void answer_stats(struct front *front, struct http_request *request)
{
	struct http_stats stats;
	json_t *closed = json_object();
	json_t *refused = json_object();

	http_server_stats(front->server, &stats);
	for (int i = 0; i < HTTP_CLOSE_N; i++)
		json_object_set_new(closed, http_close_name((enum http_close)i),
			json_integer((json_int_t)stats.closed[i]));
	for (int i = 0; i < HTTP_REFUSAL_N; i++)
		json_object_set_new(refused, http_refusal_name((enum http_refusal)i),
			json_integer((json_int_t)stats.refused[i]));
	answer_json(request,
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:o, s:o}",
			"accepted", (json_int_t)stats.accepted, "requests",
			(json_int_t)stats.requests, "connections",
			(json_int_t)stats.connections, "handshakes",
			(json_int_t)stats.handshakes, "in_flight_bytes",
			(json_int_t)stats.in_flight_bytes, "spool_bytes",
			(json_int_t)stats.spool_bytes, "spooled", (json_int_t)stats.spooled,
			"accept_errors", (json_int_t)stats.accept_errors, "ticks",
			atomic_load(&front->ticks), "drops", atomic_load(&front->drops),
			"closed", closed, "refused", refused));
}

static void answer_big(struct http_request *request)
{
	size_t n = (size_t)number(http_request_view(request)->path + strlen("/big/"));
	char *body = xmalloc(n);
	struct http_answer answer = {.status = 200, .body = body, .n_body = n};

	memset(body, 'b', n);
	answer.keep_alive = keeps(request);
	http_reply(request, &answer);
	free(body);
}

static void push(struct front *front, struct http_request *request, bool hold)
{
	(void)pthread_mutex_lock(&front->lock);
	if (hold)
		front->held[front->n_held++] = request;
	else
		front->queue[front->n_queue++] = request;
	(void)pthread_cond_signal(&front->woken);
	(void)pthread_mutex_unlock(&front->lock);
}

static void release(struct front *front)
{
	(void)pthread_mutex_lock(&front->lock);
	while (front->n_held > 0)
		front->queue[front->n_queue++] = front->held[--front->n_held];
	(void)pthread_cond_signal(&front->woken);
	(void)pthread_mutex_unlock(&front->lock);
}

static void on_request(void *context, struct http_request *request)
{
	struct front *front = context;
	struct error err = {0};
	struct http_answer answer = {.status = 200, .keep_alive = keeps(request)};

	if (is(request, "/view")) {
		answer_view(request);
	} else if (is(request, "/stats")) {
		answer_stats(front, request);
	} else if (is(request, "/sink") || is(request, "/signed") || is(request, "/hold")) {
		push(front, request, is(request, "/hold"));
	} else if (strncmp(http_request_view(request)->path, "/big/", 5) == 0) {
		answer_big(request);
	} else {
		if (is(request, "/release"))
			release(front);
		else if (is(request, "/reload"))
			answer.status = http_server_reload_tls(front->server, &front->tls, &err)
				? 200
				: 500;
		else
			http_server_pause(front->server, is(request, "/pause"));
		answer.body = err.text;
		answer.n_body = strlen(err.text);
		http_reply(request, &answer);
	}
}

static void on_drop(void *context, struct http_request *request)
{
	struct front *front = context;

	(void)request;
	atomic_fetch_add(&front->drops, 1);
}

static void on_tick(void *context)
{
	struct front *front = context;

	atomic_fetch_add(&front->ticks, 1);
}

/* What the ledger's thread does for the receiver. */
static void *answer_queue(void *context)
{
	struct front *front = context;

	(void)pthread_mutex_lock(&front->lock);
	for (;;) {
		while (front->n_queue == 0 && !front->stopping)
			(void)pthread_cond_wait(&front->woken, &front->lock);
		if (front->n_queue == 0)
			break;
		struct http_request *request = front->queue[--front->n_queue];
		(void)pthread_mutex_unlock(&front->lock);
		size_t n;
		char *body = http_request_take_body(request, &n);
		http_reply_later(request, 200, keeps(request));
		http_body_free(body, n);
		(void)pthread_mutex_lock(&front->lock);
	}
	(void)pthread_mutex_unlock(&front->lock);
	return NULL;
}

static void on_signal(int number)
{
	if (number == SIGUSR1)
		http_server_pause(signalled, false);
	else
		http_server_stop(signalled);
}

static bool set_limit(struct http_limits *limits, const char *name, const char *value)
{
	const struct {
		const char *name;
		int64_t *at;
	} numbers[] = {
		{"body_bytes", &limits->body_bytes},
		{"in_flight_bytes", &limits->in_flight_bytes},
		{"spool_bytes", &limits->spool_bytes},
		{"handshake_us", &limits->handshake_us},
		{"header_us", &limits->header_us},
		{"body_us", &limits->body_us},
		{"answer_us", &limits->answer_us},
		{"write_us", &limits->write_us},
		{"idle_us", &limits->idle_us},
		{"drain_us", &limits->drain_us},
		{"floor_after_us", &limits->floor_after_us},
		{"floor_bytes_s", &limits->floor_bytes_s},
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (strcmp(numbers[i].name, name) == 0) {
			*numbers[i].at = number(value);
			return true;
		}
	}
	if (strcmp(name, "connections") == 0)
		limits->connections = (size_t)number(value);
	else if (strcmp(name, "per_address") == 0)
		limits->per_address = (size_t)number(value);
	else if (strcmp(name, "handshakes") == 0)
		limits->handshakes = (size_t)number(value);
	else
		return false;
	return true;
}

struct arguments {
	struct http_options options;
	struct http_listen listen[LISTEN_MAX];
	const char *trusted[LISTEN_MAX];
};

static bool set(struct arguments *to, const char *name, const char *value)
{
	struct http_options *options = &to->options;

	if (strcmp(name, "listen") == 0 || strcmp(name, "plain") == 0) {
		to->listen[options->n_listen] = (struct http_listen){
			value, (int)options->n_listen, strcmp(name, "plain") == 0};
		options->n_listen++;
	} else if (strcmp(name, "trust") == 0) {
		to->trusted[options->n_trusted_proxies++] = value;
	} else if (strcmp(name, "certificate") == 0) {
		options->tls.certificate = value;
	} else if (strcmp(name, "key") == 0) {
		options->tls.key = value;
	} else if (strcmp(name, "client_ca") == 0) {
		options->tls.client_ca = value;
	} else if (strcmp(name, "spool") == 0) {
		options->spool_folder = value;
	} else if (strcmp(name, "proxy") == 0) {
		options->proxy_protocol = number(value) != 0;
	} else if (strcmp(name, "threads") == 0) {
		options->threads = (int)number(value);
	} else {
		return set_limit(&options->limits, name, value);
	}
	return true;
}

static void read_arguments(int argc, char **argv, struct arguments *out)
{
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (equals)
			*equals = '\0';
		if (!equals || !set(out, argv[i], equals + 1)) {
			(void)fprintf(stderr, "front: %s: not an option\n", argv[i]);
			exit(2);
		}
	}
	out->options.listen = out->listen;
	out->options.trusted_proxies = out->trusted;
}

int main(int argc, char **argv)
{
	static struct front front = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
	static struct arguments arguments;
	struct error err = {0};
	pthread_t answering;

	read_arguments(argc, argv, &arguments);
	arguments.options.handler =
		(struct http_handler){&front, on_head, on_drop, on_request, on_tick};
	front.tls = arguments.options.tls;
	signalled = front.server = http_server_create(&arguments.options, &err);
	if (!front.server) {
		(void)fprintf(stderr, "front: %s\n", err.text);
		return 1;
	}
	(void)signal(SIGTERM, on_signal);
	(void)signal(SIGUSR1, on_signal);
	for (size_t i = 0; i < arguments.options.n_listen; i++)
		printf("%d\n", http_server_port(front.server, i));
	(void)fflush(stdout);
	(void)pthread_create(&answering, NULL, answer_queue, &front);
	http_server_run(front.server);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);

	(void)pthread_mutex_lock(&front.lock);
	front.stopping = true;
	(void)pthread_cond_signal(&front.woken);
	(void)pthread_mutex_unlock(&front.lock);
	(void)pthread_join(answering, NULL);
	http_server_destroy(front.server);
	return 0;
}
