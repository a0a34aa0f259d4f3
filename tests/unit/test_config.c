/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "config/options.h"
#include "config/values.h"

#include "tap.h"

#include <stdlib.h>

static struct config *parse(const char *text, struct error *err)
{
	return config_parse("d.yaml", text, strlen(text), err);
}

static void what_the_file_does_not_say_has_its_default(void)
{
	struct error err = {0};
	CLEANUP(config_destroyp)
	struct config *config = parse("redis: unix:///r.sock\n", &err);

	CHECK_STR(err.text, "");
	CHECK(config != NULL);
	if (!config)
		return;
	CHECK_STR(config->stream_prefix, "dorad");
	CHECK_INT(config->receive.listen.n, 1);
	CHECK_STR(config->receive.listen.items[0], "127.0.0.1:8080");
	CHECK_INT(config->receive.max_body_bytes, 25 << 20);
	CHECK_INT(config->receive.retention_age_us, INT64_C(30) * 86400 * 1000000);
	CHECK(config->rollup.postgres == NULL);
}

static void every_default_is_one_that_the_option_takes(void)
{
	/* A default that its own bounds refuse would be dropped without a word. */
	struct error err = {0};
	CLEANUP(config_destroyp)
	struct config *config = parse("redis: unix:///r.sock\n", &err);
	const struct option *option;

	for (size_t i = 0; config && (option = option_at(i)); i++) {
		if (option->place != OPTION_OF_FILE || !option->initial)
			continue;
		const char *field = (const char *)config + option->offset;
		bool flag = option->type == OPTION_BOOL;
		bool zero = strcmp(option->initial, "0") == 0;

		if (!flag && !zero && memcmp(field, &(void *){NULL}, sizeof(void *)) == 0) {
			printf("# %s\n", option->name);
			CHECK(!"the default was taken");
		}
	}
}

static void the_whole_example_is_read(void)
{
	struct error err = {0};
	CLEANUP(config_destroyp)
	struct config *config =
		parse("redis: unix:///run/redis/redis.sock\n"
		      "stream_prefix: d\n"
		      "receive:\n"
		      "  listen: [127.0.0.1:8080, unix:/run/d.sock]\n"
		      "  tls: {certificate: /etc/d/tls.pem, key: /etc/d/tls.key}\n"
		      "  retention: {age: 7d, size: 1GiB}\n"
		      "  endpoints:\n"
		      "    gh: {source: github, secrets: [/a, /b], keep_alive: yes}\n"
		      "    push: {source: events, secrets: /c, kinds: deployment}\n"
		      "rollup: {postgres: \"host=/run/postgresql dbname=dorad\"}\n",
			&err);

	CHECK_STR(err.text, "");
	CHECK(config != NULL);
	if (!config)
		return;
	CHECK_INT(config->receive.listen.n, 2);
	CHECK_STR(config->receive.tls_key, "/etc/d/tls.key");
	CHECK_INT(config->receive.n_endpoints, 2);
	CHECK_STR(config->receive.endpoints[0].name, "gh");
	CHECK_INT(config->receive.endpoints[0].secrets.n, 2);
	CHECK(config->receive.endpoints[0].keep_alive);
	CHECK_STR(config->receive.endpoints[1].kinds.items[0], "deployment");
	CHECK_STR(config->migrate.postgres, "host=/run/postgresql dbname=dorad");
}

/* Each mistake a person can make, and the words that send them to it. */
static const struct {
	const char *text;
	const char *words;
} mistakes[] = {
	{"",
		"d.yaml: redis is missing; want where Redis is, like "
		"unix:///run/redis/redis.sock"},
	{"redis: a\nredi: b\n", "d.yaml:2:1: no option redi; see dorad.yaml(5)"},
	{"redis: a\nredis: b\n", "d.yaml:2:1: redis stands here twice (first in line 1)"},
	{"redis: a\nreceive: {max_body: 12}\n",
		"d.yaml:2:21: receive.max_body: found \"12\", want a size like 25MiB, from "
		"1024 to "
		"268435456 bytes"},
	{"redis: a\nreceive: {drain: soon}\n",
		"d.yaml:2:18: receive.drain: found \"soon\", want a duration like 30s, 15m, 4h "
		"or 7d, "
		"from 1s to 300s"},
	{"redis: a\nreceive: {tls: yes}\n", "d.yaml:2:16: receive.tls: want a map of options"},
	{"redis: [a]\n", "d.yaml:1:8: redis: found a list, want a text"},
	{"redis:\n", "d.yaml:1:7: redis: found \"\", want a text"},
	{"redis: a\nlog_level: loud\n",
		"d.yaml:2:12: log_level: found \"loud\", want one of error warn info debug"},
	{"redis: a\nreceive: {endpoints: {gh: {secrets: [/a]}}}\n",
		"d.yaml:2:27: receive.endpoints.gh: source is missing; want the sender's name, "
		"like "
		"github"},
	{"redis: a\nreceive: {endpoints: {gh: {source: github, secret: /a}}}\n",
		"d.yaml:2:44: receive.endpoints.gh: no option secret; see dorad.yaml(5)"},
	{"redis: a\nreceive: {endpoints: {\"g/h\": {source: github}}}\n",
		"d.yaml:2:23: receive.endpoints: found \"g/h\", want a name of letters, digits "
		"and -_. "
		"(it stands in the address)"},
	{"redis: a\nreceive: {tls: {key: /k}}\n",
		"d.yaml: receive.tls: certificate and key go together; certificate is missing"},
	{"redis: a\nstream_prefix: @b\n",
		"d.yaml:2:16: not YAML: found character that cannot start any token, while "
		"scanning "
		"for the next token"},
	{"redis: &a b\nstream_prefix: *a\n",
		"d.yaml:2:16: an alias; want the value written out"},
	{"redis: a\n---\nredis: b\n", "d.yaml:3:1: a second document; want one"},
	{"- a\n", "d.yaml:1:1: want a map of options, like redis: unix:///..."},
};

static void each_mistake_is_told_with_its_place_and_what_was_wanted(void)
{
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct error err = {0};
		struct config *config = parse(mistakes[i].text, &err);

		CHECK(config == NULL);
		CHECK_STR(err.text, mistakes[i].words);
		config_destroy(config);
	}
}

static void a_missing_file_is_named(void)
{
	struct error err = {0};

	CHECK(config_load("/nowhere/d.yaml", &err) == NULL);
	CHECK_STR(err.text,
		"/nowhere/d.yaml: No such file or directory; want the configuration (-c "
		"FILE or $DORAD_CONFIG)");
}

static void values_are_whole_numbers_with_a_unit(void)
{
	int64_t value = -1;

	CHECK(value_duration_us("15m", &value));
	CHECK_INT(value, INT64_C(900000000));
	CHECK(value_bytes("20GiB", &value));
	CHECK_INT(value, INT64_C(20) << 30);
	CHECK(!value_duration_us("15", &value));
	CHECK(!value_duration_us("1.5h", &value));
	CHECK(!value_duration_us("99999999999999999d", &value));
	CHECK(!value_bytes("-1", &value));
	CHECK(!value_integer("", &value));
	CHECK_INT(value, INT64_C(20) << 30);
}

static void what_only_a_restart_can_change_stays_over_a_reload(void)
{
	struct error err = {0};
	CLEANUP(config_destroyp)
	struct config *running =
		parse("redis: unix:///r.sock\n"
		      "receive: {listen: [127.0.0.1:1, 127.0.0.1:2], max_body: 1MiB}\n"
		      "portal: {postgres: dbname=a}\n",
			&err);
	CLEANUP(config_destroyp)
	struct config *fresh = parse(
		"redis: unix:///other.sock\n"
		"receive: {listen: [127.0.0.1:1], proxy_protocol: yes,\n"
		"  trusted_proxies: [10.0.0.1], drain: 3s, tls: {certificate: c, key: k}}\n"
		"portal: {postgres: dbname=b}\n",
		&err);

	CHECK_STR(err.text, "");
	if (!running || !fresh)
		return;
	char *names = config_carry(fresh, running, "receive");
	CHECK_STR(names,
		"redis, receive.listen, receive.trusted_proxies, receive.proxy_protocol, "
		"receive.max_body");
	free(names);
	CHECK_STR(fresh->redis, "unix:///r.sock");
	CHECK_INT(fresh->receive.listen.n, 2);
	CHECK_STR(fresh->receive.listen.items[1], "127.0.0.1:2");
	CHECK_INT(fresh->receive.trusted_proxies.n, 0);
	CHECK(!fresh->receive.proxy_protocol);
	CHECK_INT(fresh->receive.max_body_bytes, 1 << 20);
	CHECK_STR(fresh->portal.postgres, "dbname=a");
	/* What a reload does take up. */
	CHECK_INT(fresh->receive.drain_us, 3000000);
	CHECK_STR(fresh->receive.tls_key, "k");

	CHECK(config_carry(fresh, running, "receive") == NULL);
}

int main(void)
{
	RUN(what_the_file_does_not_say_has_its_default);
	RUN(every_default_is_one_that_the_option_takes);
	RUN(the_whole_example_is_read);
	RUN(each_mistake_is_told_with_its_place_and_what_was_wanted);
	RUN(a_missing_file_is_named);
	RUN(values_are_whole_numbers_with_a_unit);
	RUN(what_only_a_restart_can_change_stays_over_a_reload);
	return tap_done();
}
