/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the machine can do when nothing is kept and nothing is explained. One thread
 * on epoll, requests read by hand, HMAC-SHA256 over the body, two strings found without parsing
 * the JSON, one XADD in a pipeline over Redis' unix socket, 200 at once. Not a server to use:
 * it trusts its client's framing.
 *
 *   floor PORT REDIS_SOCKET SECRET
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER_BYTES (64 << 10)
#define PIPE_BYTES (1 << 20)

struct connection {
	int fd;
	size_t got;
	char bytes[BUFFER_BYTES];
};

static HMAC_CTX *keyed;
static int redis_fd;
static char pipeline[PIPE_BYTES];
static size_t piped;

static bool is_signed(const char *head, const char *body, size_t n)
{
	const char *given = strcasestr(head, "X-Hub-Signature-256: sha256=");
	unsigned char hash[32];
	char hex[65];
	unsigned length = sizeof(hash);

	if (!given)
		return false;
	HMAC_Init_ex(keyed, NULL, 0, NULL, NULL);
	HMAC_Update(keyed, (const unsigned char *)body, n);
	HMAC_Final(keyed, hash, &length);
	for (int i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return CRYPTO_memcmp(given + 28, hex, 64) == 0;
}

/* The text after "key":" up to the next quote; no DOM, no escapes. */
static size_t find_text(const char *body, size_t n, const char *key, const char **out)
{
	const char *at = memmem(body, n, key, strlen(key));

	if (!at)
		return 0;
	at += strlen(key);
	const char *end = memchr(at, '"', (size_t)(body + n - at));
	*out = at;
	return end ? (size_t)(end - at) : 0;
}

static void pipe_out(void)
{
	char answers[64 << 10];

	for (size_t sent = 0; sent < piped;) {
		ssize_t n = send(redis_fd, pipeline + sent, piped - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		while (recv(redis_fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
			;
	}
	piped = 0;
}

static void append(const char *body, size_t n)
{
	const char *name = "";
	const char *at = "";
	size_t n_name = find_text(body, n, "\"full_name\":\"", &name);
	size_t n_at = find_text(body, n, "\"updated_at\":\"", &at);

	if (piped > PIPE_BYTES - 4096)
		pipe_out();
	piped += (size_t)snprintf(pipeline + piped, PIPE_BYTES - piped,
		"*7\r\n$4\r\nXADD\r\n$5\r\nfloor\r\n$1\r\n*\r\n$4\r\nname\r\n$%zu\r\n%.*s\r\n"
		"$4\r\ntime\r\n$%zu\r\n%.*s\r\n",
		n_name, (int)n_name, name, n_at, (int)n_at, at);
}

/* One request of the connection's bytes. False: more are needed. */
static bool serve(struct connection *connection)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const char no[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

	connection->bytes[connection->got] = '\0';
	char *end = memmem(connection->bytes, connection->got, "\r\n\r\n", 4);
	if (!end)
		return false;
	const char *length = strcasestr(connection->bytes, "Content-Length:");
	size_t n_body = length ? strtoul(length + 15, NULL, 10) : 0;
	const char *body = end + 4;
	size_t whole = (size_t)(body - connection->bytes) + n_body;
	if (connection->got < whole)
		return false;

	bool good = is_signed(connection->bytes, body, n_body);
	if (good)
		append(body, n_body);
	(void)!write(connection->fd, good ? ok : no, good ? sizeof(ok) - 1 : sizeof(no) - 1);
	memmove(connection->bytes, connection->bytes + whole, connection->got - whole);
	connection->got -= whole;
	return true;
}

static bool read_some(struct connection *connection)
{
	for (;;) {
		ssize_t n = read(connection->fd, connection->bytes + connection->got,
			BUFFER_BYTES - 1 - connection->got);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		connection->got += (size_t)n;
		while (serve(connection))
			;
	}
}

static void take(int epoll, int listener)
{
	int fd;
	int one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct connection *connection = malloc(sizeof(*connection));
		struct epoll_event want = {.events = EPOLLIN, .data.ptr = connection};

		assert(connection);
		connection->fd = fd;
		connection->got = 0;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want);
	}
}

static int listen_on(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1024) != 0) {
		perror("floor: listen");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: floor PORT REDIS_SOCKET SECRET\n");
		return 2;
	}
	struct sockaddr_un redis = {.sun_family = AF_UNIX};
	int listener = listen_on((int)strtol(argv[1], NULL, 10));
	int epoll = epoll_create1(0);
	struct epoll_event want = {.events = EPOLLIN};

	(void)snprintf(redis.sun_path, sizeof(redis.sun_path), "%s", argv[2]);
	redis_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(redis_fd, (struct sockaddr *)&redis, sizeof(redis)) != 0) {
		perror("floor: redis");
		return 1;
	}
	keyed = HMAC_CTX_new();
	HMAC_Init_ex(keyed, argv[3], (int)strlen(argv[3]), EVP_sha256(), NULL);
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &want);
	for (;;) {
		struct epoll_event ready[256];
		int n = epoll_wait(epoll, ready, 256, -1);

		for (int i = 0; i < n; i++) {
			struct connection *connection = ready[i].data.ptr;

			if (!connection) {
				take(epoll, listener);
			} else if (!read_some(connection)) {
				(void)close(connection->fd);
				free(connection);
			}
		}
		pipe_out(); /* one window for each turn of the loop */
	}
}
