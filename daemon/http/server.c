/* SPDX-License-Identifier: Apache-2.0 */
#include "loop_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#include <assert.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define SECOND_US INT64_C(1000000)

static int64_t larger(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

static void set_limits(struct http_limits *limits)
{
#define DEFAULT(name, value)                    \
	do {                                    \
		if (!limits->name)              \
			limits->name = (value); \
	} while (0)
	DEFAULT(connections, 10000);
	DEFAULT(per_address, 1000);
	DEFAULT(handshakes, 500);
	DEFAULT(body_bytes, 25 * MIB);
	DEFAULT(in_flight_bytes, 256 * MIB);
	/* However little memory is to be used, the largest body finds room for its file. */
	DEFAULT(spool_bytes, larger(8 * limits->in_flight_bytes, 4 * limits->body_bytes));
	DEFAULT(handshake_us, 5 * SECOND_US);
	DEFAULT(header_us, 5 * SECOND_US);
	DEFAULT(body_us, 30 * SECOND_US);
	DEFAULT(answer_us, 8 * SECOND_US);
	DEFAULT(write_us, 10 * SECOND_US);
	DEFAULT(idle_us, 60 * SECOND_US);
	DEFAULT(drain_us, 10 * SECOND_US);
	DEFAULT(floor_after_us, 5 * SECOND_US);
	DEFAULT(floor_bytes_s, 8 * KIB);
#undef DEFAULT
}

static bool set_trusted(
	struct http_server *server, const struct http_options *options, struct error *err)
{
	server->trusted.items = xcalloc(options->n_trusted_proxies, sizeof(struct network));
	for (size_t i = 0; i < options->n_trusted_proxies; i++) {
		if (!network_parse(options->trusted_proxies[i], &server->trusted.items[i])) {
			error_setf(err,
				"trusted_proxies: %s: want an address, a network such as "
				"10.0.0.0/8, or unix",
				options->trusted_proxies[i]);
			return false;
		}
		server->trusted.n++;
	}
	return true;
}

static bool set_spool_folder(struct http_server *server, const char *folder, struct error *err)
{
	if (!folder)
		folder =
			getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): before any thread */
	server->spool_folder = xstrdup(folder ? folder : "/var/tmp");
	if (access(server->spool_folder, W_OK | X_OK) == 0)
		return true;
	error_setf(err,
		"%s: large bodies are kept there while they come: %s; want a folder "
		"that this user may write to (TMPDIR)",
		server->spool_folder, strerrordesc_np(errno));
	return false;
}

static bool set_tls(struct http_server *server, const struct http_tls *tls, struct error *err)
{
	if (!tls->certificate && (tls->key || tls->client_ca)) {
		error_setf(err, "TLS has a key or client_ca but no certificate; want it, too");
		return false;
	}
	if (!tls->certificate)
		return true;
	server->tls = tls_create(tls, err);
	return server->tls != NULL;
}

static void on_libevent(int severity, const char *message)
{
	log_line(severity == EVENT_LOG_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
		"http libevent=%s", LOG_QUOTE(message));
}

static bool set_up(
	struct http_server *server, const struct http_options *options, struct error *err)
{
	(void)pthread_mutex_init(&server->tls_lock, NULL);
	server->crowd = crowd_create();
	server->limits = options->limits;
	set_limits(&server->limits);
	server->handler = options->handler;
	server->proxy_protocol = options->proxy_protocol;
	if (!set_trusted(server, options, err) ||
		!set_spool_folder(server, options->spool_folder, err) ||
		!set_tls(server, &options->tls, err) ||
		!listen_on(server, options->listen, options->n_listen, err))
		return false;
	server->loops = xcalloc((size_t)options->threads, sizeof(struct loop));
	for (; server->n_loops < (size_t)options->threads; server->n_loops++)
		loop_init(&server->loops[server->n_loops], server, server->n_loops);
	atomic_store(&server->n_accepting, server->n_loops);
	return true;
}

static bool is_named_twice(const struct http_options *options, size_t i, struct error *err)
{
	const char *address = options->listen[i].address;
	const char *port = strrchr(address, ':');
	bool any = port && strcmp(port, ":0") == 0; /* a port, another each time */

	for (size_t k = 0; k < i && !any; k++) {
		if (strcmp(options->listen[k].address, address) != 0)
			continue;
		error_setf(err, "listen %s: named twice; want each address once", address);
		return true;
	}
	return false;
}

bool http_options_check(const struct http_options *options, struct error *err)
{
	struct http_server server = {0};
	bool good = set_trusted(&server, options, err) &&
		set_spool_folder(&server, options->spool_folder, err) &&
		set_tls(&server, &options->tls, err);

	for (size_t i = 0; good && i < options->n_listen; i++)
		good = listen_probe(options->listen[i].address, err) &&
			!is_named_twice(options, i, err);
	SSL_CTX_free(server.tls);
	free(server.spool_folder);
	free(server.trusted.items);
	return good;
}

struct http_server *http_server_create(const struct http_options *options, struct error *err)
{
	struct http_options settled = *options;

	assert(options->handler.on_head && options->handler.on_request);
	if (settled.threads < 1)
		settled.threads = 1;
	if (settled.n_listen == 0) {
		error_setf(err, "listen: no address; want HOST:PORT, unix:/PATH or systemd");
		return NULL;
	}
	event_set_log_callback(on_libevent);
	event_set_mem_functions(xmalloc, xrealloc, free);

	struct http_server *server = xcalloc(1, sizeof(*server));
	if (set_up(server, &settled, err))
		return server;
	http_server_destroy(server);
	return NULL;
}

void http_server_run(struct http_server *server)
{
	size_t n_started = 1;
	sigset_t all;
	sigset_t before;

	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write() */
	/* Signals are for the thread that called. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; n_started < server->n_loops; n_started++) {
		struct loop *loop = &server->loops[n_started];
		int why = pthread_create(&loop->thread, NULL, loop_run, loop);

		if (why != 0) {
			log_error("http thread=%zu reason=%s; it serves with fewer threads",
				n_started, LOG_QUOTE(strerrordesc_np(why)));
			break;
		}
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	atomic_fetch_sub(&server->n_accepting, server->n_loops - n_started);
	server->n_running = n_started;
	(void)loop_run(&server->loops[0]);
	for (size_t i = 1; i < n_started; i++)
		(void)pthread_join(server->loops[i].thread, NULL);
}

void http_server_destroy(struct http_server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < server->n_loops; i++)
		loop_clear(&server->loops[i]);
	listen_close(server, false);
	for (size_t i = 0; i < server->n_listeners; i++)
		free(server->listeners[i].path);
	free(server->listeners);
	free(server->loops);
	crowd_destroy(server->crowd);
	SSL_CTX_free(server->tls);
	(void)pthread_mutex_destroy(&server->tls_lock);
	free(server->trusted.items);
	free(server->spool_folder);
	free(server);
}

static void wake_all(struct http_server *server)
{
	for (size_t i = 0; i < server->n_loops; i++)
		loop_wake(&server->loops[i]);
}

void http_server_stop(struct http_server *server)
{
	atomic_fetch_add(&server->stops, 1);
	wake_all(server);
}

void http_server_pause(struct http_server *server, bool paused)
{
	if (atomic_exchange(&server->paused, paused) != paused)
		wake_all(server);
}

bool http_server_reload_tls(
	struct http_server *server, const struct http_tls *tls, struct error *err)
{
	if (!server->tls != !tls->certificate) {
		error_setf(err, "TLS is %s since the start; want a restart to change that",
			server->tls ? "spoken" : "not spoken");
		return false;
	}
	if (!server->tls)
		return true;
	SSL_CTX *fresh = tls_create(tls, err);
	if (!fresh)
		return false;
	(void)pthread_mutex_lock(&server->tls_lock);
	SSL_CTX *old = server->tls;
	server->tls = fresh;
	(void)pthread_mutex_unlock(&server->tls_lock);
	SSL_CTX_free(old); /* connections that use it hold it */
	return true;
}

void http_server_set_drain(struct http_server *server, int64_t drain_us)
{
	server->limits.drain_us = drain_us;
}

int http_server_port(const struct http_server *server, size_t i)
{
	for (size_t at = 0; at < server->n_listeners; at++) {
		if (server->listeners[at].option == i)
			return server->listeners[at].port;
	}
	return 0;
}
