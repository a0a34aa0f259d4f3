/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#define CONNECT_S 2
#define SENTINEL_US 500000
#define PASSWORD_MAX 1024

static void node_close(struct node *node)
{
	if (node->redis)
		redisFree(node->redis);
	node->redis = NULL;
	node->patience_ms = 0;
}

void stream_disconnect(struct stream *stream)
{
	for (size_t i = 0; i < stream->n_nodes; i++)
		node_close(&stream->nodes[i]);
}

const char *stream_address(const struct stream *stream)
{
	return stream->where;
}

/* Where words say we are. */
static void name_place(struct stream *stream, const struct node *node)
{
	free(stream->where);
	stream->where = xstrdup(node->where);
}

/* Takes the context over, or says why there is none. */
static enum stream_result took(
	struct stream *stream, struct node *node, redisContext *redis, struct error *err)
{
	if (redis && !redis->err) {
		node->redis = redis;
		bound_replies(stream, redis);
		return STREAM_DONE;
	}
	error_setf(err, "redis at %s: %s", node->where,
		redis ? redis->errstr : "no memory to connect");
	if (redis)
		redisFree(redis);
	return STREAM_BROKEN;
}

static enum stream_result open_host(struct stream *stream, struct node *node,
	const struct address_host *host, struct timeval patience, struct error *err)
{
	redisContext *redis = redisConnectWithTimeout(host->name, host->port, patience);

	if (redis && !redis->err)
		(void)redisEnableKeepAlive(redis);
	return took(stream, node, redis, err);
}

/* The only node of what is no cluster, by another name. */
static struct node *only_node(struct stream *stream, char *where)
{
	if (!stream->nodes) {
		stream->nodes = xcalloc(1, sizeof(*stream->nodes));
		stream->n_nodes = 1;
	}
	free(stream->nodes[0].where);
	stream->nodes[0].where = where;
	name_place(stream, &stream->nodes[0]);
	return &stream->nodes[0];
}

static enum stream_result open_only(struct stream *stream, const struct address_host *host,
	struct timeval patience, struct error *err)
{
	struct node *node = only_node(stream, xasprintf("%s:%d", host->name, host->port));

	return open_host(stream, node, host, patience, err);
}

static enum stream_result open_path(struct stream *stream, struct error *err)
{
	struct timeval patience = {.tv_sec = CONNECT_S};
	struct node *node = only_node(stream, xasprintf("unix://%s", stream->address.path));

	return took(
		stream, node, redisConnectUnixWithTimeout(stream->address.path, patience), err);
}

/* Asks one sentinel who is master. False: it does not know, or does not answer. */
static bool ask_sentinel(struct stream *stream, const struct address_host *sentinel,
	struct address_host *out, struct error *err)
{
	struct timeval patience = {.tv_usec = SENTINEL_US};
	const char *const words[] = {
		"SENTINEL", "get-master-addr-by-name", stream->address.master, NULL};
	CLEANUP(reply_freep) redisReply *reply = NULL;

	if (open_only(stream, sentinel, patience, err) != STREAM_DONE)
		return false;
	enum stream_result result = ask_node(stream, 0, &reply, err, words);
	stream_disconnect(stream);
	if (result != STREAM_DONE)
		return false;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[1]->type != REDIS_REPLY_STRING) {
		error_setf(err, "sentinel %s knows no master %s", stream->where,
			stream->address.master);
		return false;
	}
	out->name = xstrdup(reply->element[0]->str);
	out->port = (int)strtol(reply->element[1]->str, NULL, 10);
	return true;
}

static enum stream_result check_role(struct stream *stream, struct error *err)
{
	static const char *const words[] = {"ROLE", NULL};
	CLEANUP(reply_freep) redisReply *reply = NULL;
	enum stream_result result = ask_node(stream, 0, &reply, err, words);

	if (result != STREAM_DONE)
		return result;
	if (reply->type != REDIS_REPLY_ARRAY || !reply->elements ||
		reply->element[0]->type != REDIS_REPLY_STRING)
		return not_redis(stream, "its ROLE", err);
	if (strcmp(reply->element[0]->str, "master") == 0)
		return STREAM_DONE;
	error_setf(err, "redis at %s is a %s, not the master", stream->where,
		reply->element[0]->str);
	return STREAM_NOT_MASTER;
}

/* The file's first line. False: it cannot be read. */
static bool read_password(const char *path, char out[static PASSWORD_MAX], struct error *err)
{
	FILE *file = fopen(path, "re");
	if (file) /* no second copy that nobody wipes */
		(void)setvbuf(file, NULL, _IONBF, 0);
	struct stat mode = {0};
	const char *fault = NULL;

	if (!file)
		fault = strerror(errno); // NOLINT(concurrency-mt-unsafe): glibc's is safe
	else if (fstat(fileno(file), &mode) == 0 && mode.st_mode & S_IRWXO)
		fault = "everyone on this machine may use this password: chmod o= on it";
	else if (!fgets(out, PASSWORD_MAX, file))
		fault = ferror(file) ? strerror(errno) // NOLINT(concurrency-mt-unsafe)
				     : "empty; want the password in it";
	bool read = fault == NULL;
	if (fault)
		error_setf(err, "%s: %s (redis_password)", path, fault);
	if (file)
		(void)fclose(file);
	if (read)
		out[strcspn(out, "\r\n")] = '\0';
	return read;
}

static enum stream_result say_password(struct stream *stream, size_t node, struct error *err)
{
	char password[PASSWORD_MAX] = "";
	CLEANUP(reply_freep) redisReply *reply = NULL;

	if (!stream->password_file)
		return STREAM_DONE;
	if (!read_password(stream->password_file, password, err))
		return STREAM_REFUSED;
	const char *with_user[] = {"AUTH", stream->address.user, password, NULL};
	const char *without[] = {"AUTH", password, NULL};
	enum stream_result result =
		ask_node(stream, node, &reply, err, stream->address.user ? with_user : without);
	OPENSSL_cleanse(password, sizeof(password));
	return result;
}

static enum stream_result choose_database(struct stream *stream, struct error *err)
{
	char number[16];
	const char *const words[] = {"SELECT", number, NULL};
	CLEANUP(reply_freep) redisReply *reply = NULL;

	if (!stream->address.database)
		return STREAM_DONE;
	(void)snprintf(number, sizeof(number), "%d", stream->address.database);
	return ask_node(stream, 0, &reply, err, words);
}

static enum stream_result greet(struct stream *stream, struct error *err)
{
	enum stream_result result = say_password(stream, 0, err);

	if (result == STREAM_DONE)
		result = choose_database(stream, err);
	if (result == STREAM_DONE && stream->address.master)
		result = check_role(stream, err);
	return result;
}

static enum stream_result try_master(
	struct stream *stream, const struct address_host *master, struct error *err)
{
	struct timeval patience = {.tv_sec = CONNECT_S};
	enum stream_result result = open_only(stream, master, patience, err);

	return result == STREAM_DONE ? greet(stream, err) : result;
}

/* Masters as the sentinels name them; each is tried once. */
struct masters {
	struct address_host *items;
	size_t n;
};

/* Takes its name over. False: it is there already. */
static bool masters_add(struct masters *masters, struct address_host master)
{
	for (size_t i = 0; i < masters->n; i++) {
		if (masters->items[i].port == master.port &&
			strcmp(masters->items[i].name, master.name) == 0) {
			free(master.name);
			return false;
		}
	}
	masters->items[masters->n++] = master;
	return true;
}

static void masters_clear(struct masters *masters)
{
	for (size_t i = 0; i < masters->n; i++)
		free(masters->items[i].name);
	free(masters->items);
}

/*
 * RELIABILITY.md 3.3: a sentinel may be behind the truth, so the server itself must say that it
 * is master, and another sentinel may know of another. A sentinel that is away is no fault once
 * one of them answers.
 */
static enum stream_result open_master(struct stream *stream, struct error *err)
{
	const struct address *address = &stream->address;
	struct masters masters = {.items = xcalloc(address->n_hosts, sizeof(*masters.items))};
	enum stream_result first = STREAM_DONE;
	enum stream_result result = STREAM_BROKEN;
	struct error away = {0};
	struct error words = {0};

	for (size_t i = 0; i < address->n_hosts && result != STREAM_DONE; i++) {
		struct address_host master = {0};

		if (!ask_sentinel(stream, &address->hosts[i], &master, &away) ||
			!masters_add(&masters, master))
			continue;
		result = try_master(stream, &masters.items[masters.n - 1], &words);
		if (result != STREAM_DONE)
			stream_disconnect(stream);
		if (first == STREAM_DONE)
			first = result;
	}
	if (result != STREAM_DONE) {
		error_setf(err, "%s", masters.n ? words.text : away.text);
		result = masters.n ? first : STREAM_BROKEN;
	}
	masters_clear(&masters);
	return result;
}

enum stream_result node_open(struct stream *stream, size_t at, struct error *err)
{
	struct timeval patience = {.tv_sec = CONNECT_S};
	struct node *node = &stream->nodes[at];

	if (node->redis)
		return STREAM_DONE;
	name_place(stream, node);
	enum stream_result result = open_host(stream, node, &node->host, patience, err);
	if (result == STREAM_DONE)
		result = say_password(stream, at, err);
	if (result != STREAM_DONE)
		node_close(&stream->nodes[at]);
	return result;
}

static enum stream_result open_only_server(struct stream *stream, struct error *err)
{
	struct timeval patience = {.tv_sec = CONNECT_S};
	enum stream_result result;

	if (stream->address.master)
		return open_master(stream, err);
	if (stream->address.path)
		result = open_path(stream, err);
	else
		result = open_only(stream, &stream->address.hosts[0], patience, err);
	return result == STREAM_DONE ? greet(stream, err) : result;
}

enum stream_result stream_connect(struct stream *stream, struct error *err)
{
	enum stream_result result;

	stream_disconnect(stream);
	stream->block_ms = 0;
	result = stream->address.cluster ? cluster_open(stream, err)
					 : open_only_server(stream, err);
	if (result != STREAM_DONE)
		stream_disconnect(stream);
	return result;
}
