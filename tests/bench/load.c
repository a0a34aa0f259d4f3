/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that costs little, so that the server is what is measured: requests are read
 * ready-made from a file (bytes: a 4-byte little-endian length, then the request as it goes on
 * the wire), sent over a fixed number of connections with at most one request outstanding on
 * each, for a time or at a rate.
 *
 *   load ADDRESS PORT FILE CONNECTIONS SECONDS RATE [close]
 *
 * RATE 0: as fast as answers come. "close": a new connection for each request. Prints one JSON
 * object: answers, statuses other than 200, seconds, and the latency in microseconds (from the
 * instant a request was due, so that a slow server does not hide behind a waiting client).
 */
#include "samples.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SAMPLES (4 << 20)

struct request {
	const char *bytes;
	uint32_t n;
};

struct connection {
	int fd; /* -1: none */
	const struct request *request;
	uint32_t sent;
	char reply[4096]; /* the beginning of the answer: its head, at least */
	size_t got;
	size_t whole; /* bytes of the answer; 0: its head is not complete */
	int64_t due_us;
	bool busy;
};

struct load {
	struct sockaddr_in to;
	struct request *requests;
	size_t n_requests;
	size_t next;
	struct connection *connections;
	size_t n_connections;
	bool closes;
	int epoll;
	uint64_t answers;
	uint64_t others; /* answers that are not 200 */
	uint64_t broken; /* connections that ended without an answer */
	struct samples samples;
};

static void read_requests(struct load *load, const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &info) != 0)
		fail(path);
	const char *at =
		mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		fail(path);
	const char *end = at + info.st_size;
	while (end - at > 4) {
		uint32_t n;

		memcpy(&n, at, sizeof(n));
		assert(n <= (size_t)(end - at) - 4);
		load->requests = reallocarray(
			load->requests, load->n_requests + 1, sizeof(*load->requests));
		assert(load->requests);
		load->requests[load->n_requests++] = (struct request){at + 4, n};
		at += 4 + n;
	}
	assert(load->n_requests > 0);
	(void)close(fd);
}

static void connect_one(struct load *load, struct connection *connection)
{
	struct epoll_event want = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
	int one = 1;

	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		fail("socket");
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(connection->fd, (const struct sockaddr *)&load->to, sizeof(load->to)) !=
			0 &&
		errno != EINPROGRESS)
		fail("connect");
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &want) != 0)
		fail("epoll_ctl");
}

static void send_more(struct connection *connection)
{
	while (connection->busy && connection->sent < connection->request->n) {
		ssize_t n = send(connection->fd, connection->request->bytes + connection->sent,
			connection->request->n - connection->sent, MSG_NOSIGNAL);
		if (n <= 0)
			return; /* EAGAIN, or an end that the reading side will see */
		connection->sent += (uint32_t)n;
	}
}

static void begin(struct load *load, struct connection *connection, int64_t due_us)
{
	connection->request = &load->requests[load->next++ % load->n_requests];
	connection->sent = 0;
	connection->got = 0;
	connection->whole = 0;
	connection->due_us = due_us;
	connection->busy = true;
	if (connection->fd < 0)
		connect_one(load, connection);
	send_more(connection);
}

static void hang_up(struct connection *connection)
{
	(void)close(connection->fd);
	connection->fd = -1;
}

/* A whole answer: its head, and as many bytes as Content-Length says. */
static bool is_answered(struct connection *connection)
{
	if (!connection->whole) {
		connection->reply[connection->got] = '\0';
		const char *end = strstr(connection->reply, "\r\n\r\n");

		if (!end)
			return false;
		const char *length = strcasestr(connection->reply, "\r\nContent-Length:");
		size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
		connection->whole = (size_t)(end + 4 - connection->reply) + body;
	}
	return connection->got >= connection->whole;
}

static void finish(struct load *load, struct connection *connection)
{
	load->answers++;
	if (memcmp(connection->reply, "HTTP/1.1 200", 12) != 0)
		load->others++;
	samples_add(&load->samples, now_us() - connection->due_us);
	connection->busy = false;
	if (load->closes || strcasestr(connection->reply, "\r\nConnection: close"))
		hang_up(connection);
}

static void receive(struct load *load, struct connection *connection)
{
	while (connection->fd >= 0) {
		static char rest[65536]; /* of a long answer: only counted */
		bool in_head = !connection->whole;
		char *to = in_head ? connection->reply + connection->got : rest;
		size_t room = in_head ? sizeof(connection->reply) - 1 - connection->got
				      : sizeof(rest);
		ssize_t n = recv(connection->fd, to, room, 0);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			load->broken += connection->busy;
			connection->busy = false;
			hang_up(connection);
			return;
		}
		connection->got += (size_t)n;
		if (connection->busy && is_answered(connection))
			finish(load, connection);
	}
}

static struct connection *idle(struct load *load)
{
	for (size_t i = 0; i < load->n_connections; i++) {
		if (!load->connections[i].busy)
			return &load->connections[i];
	}
	return NULL;
}

static void step(struct load *load, int timeout_ms)
{
	struct epoll_event ready[256];
	int n = epoll_wait(load->epoll, ready, 256, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct connection *connection = ready[i].data.ptr;

		if (ready[i].events & EPOLLOUT)
			send_more(connection);
		if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			receive(load, connection);
	}
}

static void run(struct load *load, double seconds, double rate)
{
	int64_t start_us = now_us();
	int64_t end_us = start_us + (int64_t)(seconds * 1e6);
	uint64_t begun = 0;
	struct connection *connection;

	for (int64_t at_us = start_us; at_us < end_us; at_us = now_us()) {
		while ((connection = idle(load))) {
			int64_t due_us = rate > 0
				? start_us + (int64_t)((double)begun * 1e6 / rate)
				: at_us;

			if (due_us > at_us)
				break;
			begin(load, connection, due_us);
			begun++;
		}
		step(load, rate > 0 ? 1 : 100);
	}
	/* What is outstanding is still an answer the server owes. */
	for (int64_t stop_us = now_us() + 10000000; now_us() < stop_us;) {
		bool busy = false;

		for (size_t i = 0; i < load->n_connections; i++)
			busy = busy || load->connections[i].busy;
		if (!busy)
			break;
		step(load, 100);
	}
}

static void append_samples(const struct load *load, const char *path)
{
	FILE *file = fopen(path, "ab");

	if (!file ||
		fwrite(load->samples.us, sizeof(uint32_t), load->samples.n, file) <
			load->samples.n ||
		fclose(file) != 0)
		fail(path);
}

int main(int argc, char **argv)
{
	if (argc < 7) {
		fprintf(stderr,
			"usage: load ADDRESS PORT FILE CONNECTIONS SECONDS RATE [close|keep "
			"[SAMPLES]]\n"
			"SAMPLES: a file to which the microseconds of each answer are "
			"appended, as uint32_t\n");
		return 2;
	}
	struct load load = {
		.to = {.sin_family = AF_INET,
			.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))},
		.n_connections = strtoul(argv[4], NULL, 10),
		.closes = argc > 7 && strcmp(argv[7], "close") == 0,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.samples = samples_of(MAX_SAMPLES),
	};
	if (inet_pton(AF_INET, argv[1], &load.to.sin_addr) != 1)
		fail(argv[1]);
	read_requests(&load, argv[3]);
	load.connections = calloc(load.n_connections, sizeof(*load.connections));
	assert(load.connections);
	for (size_t i = 0; i < load.n_connections; i++)
		load.connections[i].fd = -1;

	int64_t start_us = now_us();
	run(&load, strtod(argv[5], NULL), strtod(argv[6], NULL));
	double took = (double)(now_us() - start_us) / 1e6;
	samples_sort(&load.samples);
	if (argc > 8)
		append_samples(&load, argv[8]);
	printf("{\"answers\": %" PRIu64 ", \"not_200\": %" PRIu64 ", \"broken\": %" PRIu64
	       ", \"seconds\": %.3f, \"per_second\": %.1f, \"p50_us\": %u, \"p99_us\": %u, "
	       "\"max_us\": %u}\n",
		load.answers, load.others, load.broken, took, (double)load.answers / took,
		samples_at(&load.samples, 0.5), samples_at(&load.samples, 0.99),
		samples_at(&load.samples, 1.0));
	return 0;
}
