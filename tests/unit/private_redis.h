/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_PRIVATE_REDIS_H
#define DORAD_TESTS_PRIVATE_REDIS_H

/* A private redis-server on a unix socket in a folder of its own, for one test program. */
#include <hiredis/hiredis.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct private_redis {
	char folder[64];
	char path[96];
	char url[128];
	pid_t pid;
};

static inline redisContext *private_redis_connect(const struct private_redis *server)
{
	for (int i = 0; i < 500; i++) {
		redisContext *context = redisConnectUnix(server->path);

		if (context && !context->err)
			return context;
		redisFree(context);
		usleep(20000);
	}
	fprintf(stderr, "redis-server does not answer\n");
	exit(1);
}

static inline void private_redis_start(struct private_redis *server)
{
	(void)fflush(stdout);
	server->pid = fork();
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
			server->path, "--dir", server->folder, "--save", "", "--appendonly",
			"no", (char *)NULL);
		_exit(127);
	}
	redisFree(private_redis_connect(server));
}

static inline void private_redis_stop(struct private_redis *server, int with)
{
	int status;

	kill(server->pid, with);
	waitpid(server->pid, &status, 0);
	unlink(server->path);
}

static inline void private_redis_init(struct private_redis *server)
{
	(void)snprintf(server->folder, sizeof(server->folder), "/tmp/dorad-redis-XXXXXX");
	if (!mkdtemp(server->folder))
		exit(1);
	(void)snprintf(server->path, sizeof(server->path), "%s/s", server->folder);
	(void)snprintf(server->url, sizeof(server->url), "unix://%s", server->path);
	private_redis_start(server);
}

static inline void private_redis_clear(struct private_redis *server)
{
	private_redis_stop(server, SIGTERM);
	rmdir(server->folder);
}

/* A command of plain words on a connection of its own; its reply's number, or 0. */
static inline long long private_redis_do(
	const struct private_redis *server, const char *command)
{
	redisContext *context = private_redis_connect(server);
	redisReply *reply = redisCommand(context, command);
	long long number = reply ? reply->integer : 0;

	freeReplyObject(reply);
	redisFree(context);
	return number;
}

#endif
