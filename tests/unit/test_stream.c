/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/group.h"

#include "stream_priv.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What Redis 7.0 really says. */
static const struct {
	const char *reply;
	enum stream_result want;
} replies[] = {
	{"READONLY You can't write against a read only replica.", STREAM_NOT_MASTER},
	{"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		STREAM_NOT_MASTER},
	{"NOREPLICAS Not enough good replicas to write.", STREAM_LATER},
	{"LOADING Redis is loading the dataset in memory", STREAM_LATER},
	{"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
	 "NOSAVE.",
		STREAM_LATER},
	{"OOM command not allowed when used memory > 'maxmemory'.", STREAM_LATER},
	{"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
	 "persist to disk.",
		STREAM_LATER},
	{"TRYAGAIN Multiple keys request during rehashing of slot", STREAM_LATER},
	{"CLUSTERDOWN The cluster is down", STREAM_LATER},
	{"ERR max number of clients reached", STREAM_LATER},
	{"NOAUTH Authentication required.", STREAM_REFUSED},
	{"WRONGPASS invalid username-password pair or user is disabled.", STREAM_REFUSED},
	{"NOPERM this user has no permissions to run the 'xadd' command", STREAM_REFUSED},
	{"ERR AUTH <password> called without any password configured for the default user.",
		STREAM_REFUSED},
	{"MOVED 3999 127.0.0.1:6381", STREAM_CLUSTER},
	{"ASK 3999 127.0.0.1:6381", STREAM_CLUSTER},
	{"CROSSSLOT Keys in request don't hash to the same slot", STREAM_CLUSTER},
	{"NOGROUP No such key 'dorad:change' or consumer group 'rollup'", STREAM_NO_GROUP},
	{"UNBLOCKED the stream key no longer exists", STREAM_LATER},
	{"WRONGTYPE Operation against a key holding the wrong kind of value", STREAM_WRONG},
	{"ERR The ID specified in XADD is equal or smaller than the target stream top item",
		STREAM_WRONG},
	{"ERR unknown command 'XADD', with args beginning with: ", STREAM_WRONG},
	{"OOMPH", STREAM_WRONG},
	{"", STREAM_WRONG},
};

static void each_reply_is_classified_by_its_first_word(void)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		printf("# %s\n", replies[i].reply);
		CHECK_STR(stream_result_name(
				  stream_classify(replies[i].reply, strlen(replies[i].reply))),
			stream_result_name(replies[i].want));
	}
}

static void only_what_a_person_must_mend_is_refused(void)
{
	CHECK_INT(stream_link_input(STREAM_DONE), LINK_WORKED);
	CHECK_INT(stream_link_input(STREAM_NO_GROUP), LINK_WORKED);
	CHECK_INT(stream_link_input(STREAM_BROKEN), LINK_BROKE);
	CHECK_INT(stream_link_input(STREAM_NOT_MASTER), LINK_BROKE);
	CHECK_INT(stream_link_input(STREAM_LATER), LINK_BUSY);
	CHECK_INT(stream_link_input(STREAM_REFUSED), LINK_REFUSED);
	CHECK_INT(stream_link_input(STREAM_CLUSTER), LINK_REFUSED);
	CHECK_INT(stream_link_input(STREAM_WRONG), LINK_REFUSED);
}

static void an_entry_id_is_two_numbers(void)
{
	struct stream_id id;
	char text[STREAM_ID_TEXT_MAX];

	CHECK(stream_id_parse("1763900000000-7", 15, &id));
	CHECK_INT(id.ms, INT64_C(1763900000000));
	CHECK_INT(id.n, 7);
	CHECK(stream_id_parse("18446744073709551615-18446744073709551615", 41, &id));
	stream_id_format(id, text);
	CHECK_STR(text, "18446744073709551615-18446744073709551615");
	CHECK(!stream_id_parse("18446744073709551616-0", 22, &id));
	CHECK(!stream_id_parse("1-", 2, &id));
	CHECK(!stream_id_parse("-1", 2, &id));
	CHECK(!stream_id_parse("12", 2, &id));
	CHECK(!stream_id_parse("1-2x", 4, &id));
	CHECK(!stream_id_parse("", 0, &id));
}

static void ids_are_ordered_by_time_then_number(void)
{
	const struct stream_id a = {5, 9};
	const struct stream_id b = {6, 0};
	const struct stream_id c = {6, 1};

	CHECK(stream_id_compare(a, b) < 0);
	CHECK(stream_id_compare(c, b) > 0);
	CHECK_INT(stream_id_compare(b, b), 0);
}

static const struct {
	const char *url;
	const char *words; /* NULL: good */
} urls[] = {
	{"unix:///run/redis/redis.sock", NULL},
	{"unix:/run/redis/redis.sock", NULL},
	{"unix://dorad@/run/a@b/redis.sock", NULL},
	{"unix://dorad:secret@/run/redis.sock", "does not belong in the address"},
	{"redis://localhost", NULL},
	{"redis://dorad@localhost:6380/2", NULL},
	{"redis://[::1]:6380", NULL},
	{"sentinel://a:26379,b,c:26380/mymaster", NULL},
	{"sentinel://dorad@a:26379,b/mymaster", NULL},
	{"cluster://a:7000,b,[::1]:7002", NULL},
	{"cluster://dorad@a:7000", NULL},
	{"unix://run/redis.sock", "whole path"},
	{"redis://user:secret@localhost", "redis_password"},
	{"redis://:secret@localhost", "redis_password"},
	{"redis://localhost:99999", "want unix://"},
	{"redis://localhost/x", "want a number"},
	{"redis://", "want unix://"},
	{"redis://[::1", "want unix://"},
	{"sentinel://a,b", "no name of a master"},
	{"sentinel:///m", "want unix://"},
	{"sentinel://a,,b/m", "want unix://"},
	{"sentinel://a,b,/m", "want unix://"},
	{"cluster://", "want unix://"},
	{"cluster://a,", "want unix://"},
	{"cluster://a:7000/0", "no databases"},
	{"cluster://u:secret@a:7000", "redis_password"},
	{"rediss://localhost", "no TLS"},
	{"localhost:6379", "want unix://"},
	{"", "want unix://"},
};

static void an_address_is_taken_or_refused_with_words(void)
{
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct stream_options options = {
			.url = urls[i].url, .prefix = "dorad", .shards = 1};
		struct error err = {0};
		CLEANUP(stream_destroyp) struct stream *stream = stream_create(&options, &err);

		printf("# %s: %s\n", urls[i].url, err.text);
		CHECK((stream != NULL) == (urls[i].words == NULL));
		if (urls[i].words)
			CHECK(strstr(err.text, urls[i].words) != NULL);
	}
}

static void a_shard_is_in_the_key_only_when_asked_for(void)
{
	struct stream_options options = {.url = "redis://h", .prefix = "dorad"};
	CLEANUP(stream_destroyp) struct stream *plain = stream_create(&options, NULL);
	options.shards = 4;
	CLEANUP(stream_destroyp) struct stream *sharded = stream_create(&options, NULL);

	CHECK_INT(stream_n_keys(plain), DORA_N_KINDS);
	CHECK_STR(stream_key(plain, stream_key_of(plain, DORA_CHANGE, "x")), "dorad:change");
	CHECK_INT(stream_n_keys(sharded), 4 * DORA_N_KINDS);
	CHECK_STR(stream_key(sharded, 2 * DORA_N_KINDS + DORA_CHANGE), "dorad:{2}:change");
	size_t key = stream_key_of(sharded, DORA_INCIDENT, "jira/h/INC-1");
	CHECK_INT(stream_key_kind(sharded, key), DORA_INCIDENT);
	CHECK_INT(stream_key_of(sharded, DORA_INCIDENT, "jira/h/INC-1"), key);
	bool spread = false;
	for (char c = 'a'; c <= 'z'; c++)
		spread |= stream_key_of(sharded, DORA_INCIDENT, (char[]){c, 0}) != key;
	CHECK(spread);
}

/* Others write to the streams too: these numbers are a promise. */
static void a_shard_is_a_stable_hash_of_the_entity(void)
{
	const struct stream_options options = {
		.url = "redis://h", .prefix = "dorad", .shards = 16};
	CLEANUP(stream_destroyp) struct stream *stream = stream_create(&options, NULL);
	static const struct {
		const char *entity;
		size_t shard;
	} known[] = {{"", 5}, {"a", 12}, {"INC-1", 13}, {"github/h/1/deployment/7", 11}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t key = stream_key_of(stream, DORA_CHANGE, known[i].entity);

		printf("# %s\n", known[i].entity);
		CHECK_INT(stream_key_shard(stream, key), known[i].shard);
		CHECK_INT(stream_key_kind(stream, key), DORA_CHANGE);
	}
}

static void a_cluster_without_shards_is_refused(void)
{
	const struct stream_options options = {.url = "cluster://h", .prefix = "dorad"};
	struct error err = {0};

	CHECK(stream_create(&options, &err) == NULL);
	CHECK(strstr(err.text, "want shards") != NULL);
}

static void a_link_connects_works_and_comes_back(void)
{
	struct link link;

	link_init(&link, 1);
	CHECK_INT(link_step(&link, LINK_TIMER), LINK_DO_CONNECT);
	CHECK_INT(link.state, LINK_CONNECTING);
	CHECK_INT(link_step(&link, LINK_OPENED), LINK_DO_WORK);
	CHECK_INT(link_step(&link, LINK_WORKED), LINK_DO_WORK);
	CHECK_INT(link_step(&link, LINK_BROKE), LINK_DO_WAIT);
	CHECK(link_wait_us(&link) >= 0 && link_wait_us(&link) <= 50000);
	CHECK_INT(link_step(&link, LINK_TIMER), LINK_DO_CONNECT);
	CHECK_INT(link_step(&link, LINK_TIMER), LINK_DO_NOTHING);
	CHECK_INT(link.state, LINK_CONNECTING);
}

static void a_busy_server_is_asked_again_on_the_same_connection(void)
{
	struct link link;

	link_init(&link, 2);
	(void)link_step(&link, LINK_TIMER);
	(void)link_step(&link, LINK_OPENED);
	CHECK_INT(link_step(&link, LINK_BUSY), LINK_DO_WAIT);
	CHECK_INT(link.state, LINK_PAUSED);
	CHECK_INT(link_step(&link, LINK_TIMER), LINK_DO_WORK);
}

static void waits_grow_to_five_seconds_and_are_spread(void)
{
	struct link link;
	int64_t longest = 0;
	int64_t shortest = INT64_MAX;

	link_init(&link, 3);
	for (int i = 0; i < 1000; i++) {
		CHECK_INT(link_step(&link, LINK_BROKE), LINK_DO_WAIT);
		int64_t wait_us = link_wait_us(&link);
		int64_t bound_us = i > 10 ? 5000000 : INT64_C(50000) << i;

		CHECK(wait_us >= 0 && wait_us <= (bound_us < 5000000 ? bound_us : 5000000));
		if (i > 10 && wait_us > longest)
			longest = wait_us;
		if (i > 10 && wait_us < shortest)
			shortest = wait_us;
	}
	CHECK(longest > 4500000);
	CHECK(shortest < 500000);
	/* Connected alone forgets nothing; an answer does. */
	(void)link_step(&link, LINK_OPENED);
	(void)link_step(&link, LINK_BROKE);
	CHECK_INT(link.failures, 1001);
	(void)link_step(&link, LINK_WORKED);
	(void)link_step(&link, LINK_BROKE);
	CHECK(link_wait_us(&link) <= 50000);
}

static void where_another_takes_over_nobody_waits_longer_than_a_second(void)
{
	struct link link;

	link_init(&link, 4);
	link_hurry(&link);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(link_step(&link, LINK_BROKE), LINK_DO_WAIT);
		CHECK(link_wait_us(&link) <= 1000000);
	}
}

static void what_a_person_must_mend_is_tried_every_5_to_30_seconds(void)
{
	struct link link;

	link_init(&link, 4);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(link_step(&link, LINK_REFUSED), LINK_DO_WAIT);
		CHECK(link_wait_us(&link) >= 5000000 && link_wait_us(&link) <= 30000000);
	}
}

/* Eight bytes for each of 500 million would be made room for before the first has come. */
static void a_list_longer_than_any_of_redis_is_no_answer(void)
{
	static const char lie[] = "*536870912\r\n";
	const struct stream_options options = {.url = "redis://localhost", .prefix = "t"};
	struct stream *stream = stream_create(&options, NULL);
	struct error err = {0};
	int64_t deleted;
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	CHECK(write(ends[1], lie, strlen(lie)) == (ssize_t)strlen(lie));
	stream->nodes = calloc(1, sizeof(*stream->nodes));
	stream->nodes[0] =
		(struct node){.where = strdup("a liar"), .redis = redisConnectFd(ends[0])};
	stream->n_nodes = 1;
	stream->nodes[0].redis->flags |= REDIS_BLOCK;
	bound_replies(stream, stream->nodes[0].redis);
	CHECK_INT(stream_trim(stream, &deleted, &err), STREAM_BROKEN);
	CHECK(strstr(err.text, "an answer longer than any of Redis"));
	CHECK(!stream->nodes[0].redis);
	(void)close(ends[1]);
	stream_destroy(stream);
}

int main(void)
{
	RUN(each_reply_is_classified_by_its_first_word);
	RUN(only_what_a_person_must_mend_is_refused);
	RUN(an_entry_id_is_two_numbers);
	RUN(ids_are_ordered_by_time_then_number);
	RUN(an_address_is_taken_or_refused_with_words);
	RUN(a_shard_is_in_the_key_only_when_asked_for);
	RUN(a_shard_is_a_stable_hash_of_the_entity);
	RUN(a_cluster_without_shards_is_refused);
	RUN(a_link_connects_works_and_comes_back);
	RUN(a_busy_server_is_asked_again_on_the_same_connection);
	RUN(waits_grow_to_five_seconds_and_are_spread);
	RUN(where_another_takes_over_nobody_waits_longer_than_a_second);
	RUN(what_a_person_must_mend_is_tried_every_5_to_30_seconds);
	RUN(a_list_longer_than_any_of_redis_is_no_answer);
	return tap_done();
}
