/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/stream/slots_priv.h"

#include "tap.h"

#include <stdlib.h>

/* As CLUSTER KEYSLOT of Redis 7.0 answers; the first is the check value of CRC16/XMODEM. */
static void a_key_is_in_the_slot_that_redis_says(void)
{
	static const struct {
		const char *key;
		unsigned slot;
	} keys[] = {
		{"123456789", 0x31c3},
		{"", 0},
		{"foo", 12182},
		{"bar", 5061},
		{"hello", 866},
		{"somekey", 11058},
		{"foo{hash_tag}", 2515},
		{"dorad:deployment", 1119},
		{"a{}b", 13694},
		{"a{{b}}", 6215},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		printf("# %s\n", keys[i].key);
		CHECK_INT(slot_of(keys[i].key), keys[i].slot);
	}
}

static void only_what_the_first_braces_hold_counts(void)
{
	CHECK_INT(slot_of("dorad:{7}:change"), slot_of("7"));
	CHECK_INT(slot_of("dorad:{7}:marks"), slot_of("dorad:{7}:incident"));
	CHECK(slot_of("a{}b") != slot_of(""));
	CHECK_INT(slot_of("a{b"), slot_of("a{b"));
	CHECK_INT(slot_of("{a}{b}"), slot_of("a"));
	CHECK_INT(slot_of("a{{b}}"), slot_of("{b"));
}

static void a_redirection_says_which_slot_is_where(void)
{
	struct redirect to;

	CHECK(redirect_read("MOVED 3999 127.0.0.1:6381", "h", &to));
	CHECK(!to.ask);
	CHECK_INT(to.slot, 3999);
	CHECK_STR(to.name, "127.0.0.1");
	CHECK_INT(to.port, 6381);
	CHECK(redirect_read("ASK 1 fe80::1:7000", "h", &to));
	CHECK(to.ask);
	CHECK_STR(to.name, "fe80::1");
	CHECK_INT(to.port, 7000);
	CHECK(redirect_read("MOVED 1 [::1]:7000", "h", &to));
	CHECK_STR(to.name, "::1");
	CHECK(redirect_read("MOVED 1 :7000", "h", &to));
	CHECK_STR(to.name, "h");
	CHECK(redirect_read("MOVED 1 ?:7000", "h", &to));
	CHECK_STR(to.name, "h");
}

static void what_is_no_redirection_is_refused(void)
{
	static const char *const texts[] = {"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ",
		"MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 1 a", "MOVED 1 a:", "MOVED 1 a:0",
		"MOVED 1 a:65536", "MOVED 1 a:7x", "MOVED x a:1", "ASK1 a:1",
		"CROSSSLOT Keys in request don't hash to the same slot"};
	struct redirect to;
	char endless[600] = "MOVED 1 ";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		printf("# %s\n", texts[i]);
		CHECK(!redirect_read(texts[i], "h", &to));
	}
	memset(endless + 8, 'a', 500);
	memcpy(endless + 508, ":1", 3);
	CHECK(!redirect_read(endless, "h", &to));
}

/* Read by hiredis from what a server would send. */
static redisReply *reply_of(const char *text)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	if (redisReaderFeed(reader, text, strlen(text)) != REDIS_OK ||
		redisReaderGetReply(reader, &reply) != REDIS_OK || !reply) {
		printf("Bail out! no reply\n");
		exit(1);
	}
	redisReaderFree(reader);
	return reply;
}

static bool read_map(const char *text, struct slot_map *out, struct error *err)
{
	redisReply *reply = reply_of(text);
	bool good = slot_map_read(reply, "asked", out, err);

	freeReplyObject(reply);
	return good;
}

static void the_map_says_who_owns_which_slot(void)
{
	struct slot_map map;
	struct error err = {0};

	CHECK(read_map("*3\r\n"
		       "*4\r\n:0\r\n:99\r\n*2\r\n$1\r\na\r\n:7000\r\n*2\r\n$1\r\nr\r\n:7003\r\n"
		       "*3\r\n:100\r\n:16382\r\n*3\r\n$1\r\nb\r\n:7000\r\n$2\r\nid\r\n"
		       "*3\r\n:16383\r\n:16383\r\n*2\r\n$1\r\na\r\n:7000\r\n",
		&map, &err));
	CHECK_INT(map.n_nodes, 2);
	CHECK_STR(map.nodes[0].name, "a");
	CHECK_STR(map.nodes[1].name, "b");
	CHECK_INT(map.owner[0], 1);
	CHECK_INT(map.owner[99], 1);
	CHECK_INT(map.owner[100], 2);
	CHECK_INT(map.owner[16382], 2);
	CHECK_INT(map.owner[16383], 1);
	slot_map_clear(&map);
}

static void a_node_that_does_not_know_its_name_is_who_was_asked(void)
{
	static const char *const texts[] = {
		"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$0\r\n\r\n:7000\r\n",
		"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$-1\r\n:7000\r\n",
		"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\n?\r\n:7000\r\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slot_map map;

		CHECK(read_map(texts[i], &map, NULL));
		CHECK_STR(map.nodes[0].name, "asked");
		slot_map_clear(&map);
	}
}

static void slots_that_nobody_has_are_nobodys(void)
{
	struct slot_map map;

	CHECK(read_map("*1\r\n*3\r\n:5\r\n:6\r\n*2\r\n$1\r\na\r\n:1\r\n", &map, NULL));
	CHECK_INT(map.owner[4], 0);
	CHECK_INT(map.owner[5], 1);
	CHECK_INT(map.owner[7], 0);
	slot_map_clear(&map);
}

static void a_map_that_is_none_is_refused_with_words(void)
{
	static const char *const texts[] = {"*0\r\n", "+OK\r\n", ":1\r\n", "*1\r\n:1\r\n",
		"*1\r\n*2\r\n:0\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
		"*1\r\n*3\r\n:-1\r\n:5\r\n*2\r\n$1\r\na\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*1\r\n$1\r\na\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n:0\r\n",
		"*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct slot_map map;
		struct error err = {0};

		CHECK(!read_map(texts[i], &map, &err));
		CHECK(err.text[0] != '\0');
		CHECK_INT(map.n_nodes, 0);
	}
}

int main(void)
{
	RUN(a_key_is_in_the_slot_that_redis_says);
	RUN(only_what_the_first_braces_hold_counts);
	RUN(a_redirection_says_which_slot_is_where);
	RUN(what_is_no_redirection_is_refused);
	RUN(the_map_says_who_owns_which_slot);
	RUN(a_node_that_does_not_know_its_name_is_who_was_asked);
	RUN(slots_that_nobody_has_are_nobodys);
	RUN(a_map_that_is_none_is_refused_with_words);
	return tap_done();
}
