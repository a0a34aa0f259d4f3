/* SPDX-License-Identifier: Apache-2.0 */
#include "server_priv.h"

#include "address_priv.h"
#include "base/xalloc.h"
#include "inherit_priv.h"
#include "listen_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/un.h>

#define NO_SOCKET "listen %s: there is a file that is no socket; remove it"

static struct listener *add(struct http_server *server, int fd)
{
	/* An answer is one piece: nothing is gained by waiting for more. Those accepted inherit
	 * it; a unix socket knows no such option. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	server->listeners = xreallocarray(
		server->listeners, server->n_listeners + 1, sizeof(struct listener));
	struct listener *listener = &server->listeners[server->n_listeners++];
	*listener = (struct listener){.fd = fd};
	return listener;
}

static bool complain(struct error *err, const char *address, const char *what)
{
	error_setf(err, "listen %s: %s: %s", address, what, strerrordesc_np(errno));
	return false;
}

static int port_of(int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t n = sizeof(at);
	uint16_t port = 0;

	if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		return 0;
	if (at.ss_family == AF_INET)
		memcpy(&port, (const char *)&at + offsetof(struct sockaddr_in, sin_port), 2);
	else if (at.ss_family == AF_INET6)
		memcpy(&port, (const char *)&at + offsetof(struct sockaddr_in6, sin6_port), 2);
	return ntohs(port);
}

/* -1: it could not, errno says why. */
static int bind_tcp(const struct addrinfo *info, bool serve)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (info->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
		(!serve || listen(fd, BACKLOG) == 0))
		return fd;
	int why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

/* port: instead of its own; NULL: that. The caller frees what is found. */
static struct addrinfo *resolve(const char *address, const char *port, struct error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	char *host = NULL;
	const char *own = listen_split(address, &host);

	assert(own);
	int why = getaddrinfo(host, port ? port : own, &hints, &found);
	free(host);
	if (why == 0)
		return found;
	error_setf(err, "listen %s: %s", address, gai_strerror(why));
	return NULL;
}

static bool listen_tcp(struct http_server *server, const char *address, struct error *err)
{
	struct addrinfo *found = resolve(address, NULL, err);
	size_t before = server->n_listeners;

	if (!found)
		return false;
	for (const struct addrinfo *info = found; info; info = info->ai_next) {
		int fd = bind_tcp(info, true);

		if (fd >= 0)
			add(server, fd)->port = port_of(fd);
		else if (errno != EAFNOSUPPORT ||
			(!info->ai_next && server->n_listeners == before)) {
			freeaddrinfo(found);
			return complain(err, address, "bind");
		}
	}
	freeaddrinfo(found);
	return true;
}

/* A socket file that nobody serves any more is removed; one that somebody serves is not. */
static bool clear_path(const struct sockaddr_un *at, struct error *err, const char *address)
{
	struct stat status;
	int fd;

	if (lstat(at->sun_path, &status) != 0)
		return errno == ENOENT || complain(err, address, "look up");
	if (!S_ISSOCK(status.st_mode)) {
		error_setf(err, NO_SOCKET, address);
		return false;
	}
	/* Anything but a refusal, be it that we may not ask, leaves the socket to its owner. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
		errno == ECONNREFUSED;
	if (fd >= 0)
		(void)close(fd);
	if (!stale) {
		error_setf(err,
			"listen %s: another process serves it; stop that first, or remove the "
			"socket",
			address);
		return false;
	}
	return unlink(at->sun_path) == 0 || complain(err, address, "remove");
}

static bool listen_unix(
	struct http_server *server, const char *address, const char *path, struct error *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memcpy(at.sun_path, path, strlen(path));
	if (!clear_path(&at, err, address))
		return false;

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Owner and group: a proxy is given the group. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
		(void)complain(err, address, "bind");
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	struct listener *listener = add(server, fd);
	listener->is_unix = true;
	listener->path = xstrdup(path);
	return true;
}

static bool is_taken(const struct http_server *server, int fd)
{
	for (size_t i = 0; i < server->n_listeners; i++) {
		if (server->listeners[i].fd == fd)
			return true;
	}
	return false;
}

static bool inherit(
	struct http_server *server, const char *address, const char *name, struct error *err)
{
	int fds[INHERIT_MAX];
	size_t n = inherited_sockets(name, fds);
	size_t before = server->n_listeners;

	for (size_t i = 0; i < n; i++) {
		if (is_taken(server, fds[i]))
			continue;
		struct listener *listener = add(server, fds[i]);

		listener->inherited = true;
		listener->port = port_of(fds[i]);
		listener->is_unix = listener->port == 0;
		(void)fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK);
	}
	if (server->n_listeners > before)
		return true;
	if (n > 0)
		error_setf(err,
			"listen %s: another address has every socket that was passed on; name "
			"them apart by FileDescriptorName= and systemd:NAME",
			address);
	else
		error_setf(err,
			"listen %s: no socket was passed on; start by a systemd socket "
			"unit%s%s",
			address, name ? " with FileDescriptorName=" : "", name ? name : "");
	return false;
}

/* Any port of it will do: its own is the running daemon's. */
static bool probe_tcp(const char *address, struct error *err)
{
	struct addrinfo *found = resolve(address, "0", err);
	bool good = found != NULL;

	for (const struct addrinfo *info = found; info && good; info = info->ai_next) {
		int fd = bind_tcp(info, false);

		if (fd >= 0)
			(void)close(fd);
		else if (errno == EADDRNOTAVAIL)
			good = complain(err, address, "bind");
	}
	if (found)
		freeaddrinfo(found);
	return good;
}

static bool probe_unix(const char *address, const char *path, struct error *err)
{
	char *folder = xstrdup(path);
	struct stat status;

	*(strrchr(folder, '/') + 1) = '\0';
	bool good = stat(folder, &status) == 0 || complain(err, address, folder);
	free(folder);
	if (!good || lstat(path, &status) != 0 || S_ISSOCK(status.st_mode))
		return good;
	error_setf(err, NO_SOCKET, address);
	return false;
}

bool listen_probe(const char *address, struct error *err)
{
	const char *name;

	if (!listen_check(address, err))
		return false;
	if (strncmp(address, "unix:", 5) == 0)
		return probe_unix(address, address + 5, err);
	return listen_is_systemd(address, &name) || probe_tcp(address, err);
}

static bool listen_one(struct http_server *server, const char *address, struct error *err)
{
	const char *name;

	if (!listen_check(address, err))
		return false;
	if (strncmp(address, "unix:", 5) == 0)
		return listen_unix(server, address, address + 5, err);
	if (listen_is_systemd(address, &name))
		return inherit(server, address, name, err);
	return listen_tcp(server, address, err);
}

static bool listen_option(struct http_server *server, const struct http_listen *options,
	size_t i, struct error *err)
{
	size_t first = server->n_listeners;

	if (!listen_one(server, options[i].address, err))
		return false;
	for (; first < server->n_listeners; first++) {
		server->listeners[first].option = i;
		server->listeners[first].tag = options[i].tag;
		server->listeners[first].tls = server->tls && !options[i].plain;
	}
	return true;
}

/* "systemd" last: it takes what no other address names. */
bool listen_on(struct http_server *server, const struct http_listen *options, size_t n,
	struct error *err)
{
	for (int rest = 0; rest < 2; rest++) {
		for (size_t i = 0; i < n; i++) {
			bool is_rest = strcmp(options[i].address, "systemd") == 0;

			if (is_rest == (rest == 1) && !listen_option(server, options, i, err))
				return false;
		}
	}
	return true;
}

bool http_server_is_open(const struct http_server *server, int tag)
{
	for (size_t i = 0; i < server->n_listeners; i++) {
		struct sockaddr_storage at = {0};
		socklen_t n = sizeof(at);

		if (server->listeners[i].tag != tag)
			continue;
		if (getsockname(server->listeners[i].fd, (struct sockaddr *)&at, &n) != 0)
			return true;
		struct address bound = address_of(&at);
		if (!address_is_local(&bound))
			return true;
	}
	return false;
}

void listen_close(struct http_server *server, bool at_stop)
{
	for (size_t i = 0; i < server->n_listeners; i++) {
		struct listener *listener = &server->listeners[i];

		if (listener->fd < 0 || (at_stop && listener->inherited))
			continue;
		if (listener->path)
			(void)unlink(listener->path);
		(void)close(listener->fd);
		listener->fd = -1;
	}
}
