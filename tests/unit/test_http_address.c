/* SPDX-License-Identifier: Apache-2.0 */
#include "address_priv.h"
#include "base/cleanup.h"
#include "crowd_priv.h"
#include "http/server.h"
#include "proxy_priv.h"

#include "tap.h"

static const char *text_of(const char *text)
{
	static char out[ADDRESS_TEXT_MAX];
	struct address address;

	if (!address_parse(text, strlen(text), &address))
		return NULL;
	address_text(&address, out);
	return out;
}

static void an_address_is_read_with_or_without_brackets_and_port(void)
{
	CHECK_STR(text_of("192.0.2.1"), "192.0.2.1");
	CHECK_STR(text_of("192.0.2.1:8080"), "192.0.2.1");
	CHECK_STR(text_of("2001:db8::1"), "2001:db8::1");
	CHECK_STR(text_of("[2001:db8::1]"), "2001:db8::1");
	CHECK_STR(text_of("[2001:db8::1]:443"), "2001:db8::1");
	CHECK_STR(text_of("::ffff:192.0.2.1"), "192.0.2.1");
}

static void what_is_no_address_is_refused(void)
{
	static const char *const none[] = {"", "unknown", "_hidden", "192.0.2", "192.0.2.256",
		"[", "[]", "[2001:db8::1", "2001:db8::1%eth0", ":80", "1.2.3.4 ",
		"2001:0db8:0000:0000:0000:0000:0000:0001:0002:0003:0004"};

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		CHECK_STR(text_of(none[i]), NULL);
	CHECK(!address_parse("1.2.3.4\0x", 9, &(struct address){0}));
}

static void an_address_without_a_family_has_a_name(void)
{
	char out[ADDRESS_TEXT_MAX];

	address_text(&(struct address){.family = AF_UNIX}, out);
	CHECK_STR(out, "unix");
	address_text(&(struct address){0}, out);
	CHECK_STR(out, "unknown");
}

static bool holds(const char *network, const char *address)
{
	struct network one;
	struct networks networks = {&one, 1};
	struct address peer = {.family = AF_UNIX};

	CHECK(network_parse(network, &one));
	if (strcmp(address, "unix") != 0)
		CHECK(address_parse(address, strlen(address), &peer));
	return networks_hold(&networks, &peer);
}

static void a_network_holds_what_shares_its_first_bits(void)
{
	CHECK(holds("10.0.0.0/8", "10.255.1.2"));
	CHECK(!holds("10.0.0.0/8", "11.0.0.1"));
	CHECK(holds("10.128.0.0/9", "10.200.0.1"));
	CHECK(!holds("10.128.0.0/9", "10.100.0.1"));
	CHECK(holds("0.0.0.0/0", "203.0.113.9"));
	CHECK(!holds("0.0.0.0/0", "2001:db8::1"));
	CHECK(holds("192.0.2.1", "192.0.2.1"));
	CHECK(!holds("192.0.2.1", "192.0.2.0"));
	CHECK(holds("192.0.2.1", "::ffff:192.0.2.1"));
	CHECK(holds("2001:db8::/33", "2001:db8:7fff::1"));
	CHECK(!holds("2001:db8::/33", "2001:db8:8000::1"));
	CHECK(holds("::1", "::1"));
	CHECK(holds("unix", "unix"));
	CHECK(!holds("unix", "127.0.0.1"));
	CHECK(!holds("0.0.0.0/0", "unix"));
}

static void what_is_no_network_is_refused(void)
{
	static const char *const none[] = {"", "x", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/8x", "10.0.0.0/ 8", "2001:db8::/129", "unix/1"};
	struct network network;

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		CHECK(!network_parse(none[i], &network));
}

static void an_ipv6_client_is_counted_by_its_64_bits(void)
{
	struct crowd *crowd = crowd_create();
	struct crowd_member *members[5];
	/* The last two have the same first bytes. */
	static const char *const from[] = {
		"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1", "c000:201::1"};
	static const size_t want[] = {1, 2, 1, 1, 1};

	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		struct address address;
		size_t n;

		CHECK(address_parse(from[i], strlen(from[i]), &address));
		members[i] = crowd_enter(crowd, &address, &n);
		CHECK_INT(n, want[i]);
	}
	CHECK(members[0] == members[1]);
	CHECK_INT(crowd_size(members[0]), 2);
	crowd_leave(crowd, members[1]);
	CHECK_INT(crowd_size(members[0]), 1);
	CHECK_INT(crowd_size(NULL), 0);
	crowd_leave(crowd, members[0]);
	crowd_leave(crowd, members[2]);
	crowd_leave(crowd, members[3]);
	crowd_leave(crowd, members[4]);
	crowd_destroy(crowd);
}

/* A header for 192.0.2.7 that ends where a request begins. */
static const unsigned char header[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
				      "\xc0\0\2\7\x7f\0\0\1\x12\x34\0\x50GET";
#define HEADER_BYTES (sizeof(header) - 1 - strlen("GET"))

static void a_proxy_header_is_read_in_any_split_and_not_beyond(void)
{
	for (size_t n = 0; n < HEADER_BYTES; n++) {
		struct address peer = {0};

		CHECK_INT(proxy_read(header, n, &peer), PROXY_MORE);
		CHECK(n + proxy_wants(header, n) <= HEADER_BYTES);
		CHECK(proxy_wants(header, n) > 0);
	}
	struct address peer = {0};
	char text[ADDRESS_TEXT_MAX];
	CHECK_INT(proxy_read(header, HEADER_BYTES, &peer), PROXY_DONE);
	address_text(&peer, text);
	CHECK_STR(text, "192.0.2.7");
}

static void any_other_byte_of_its_first_thirteen_refuses_a_proxy_header(void)
{
	for (size_t i = 0; i < 13; i++) {
		unsigned char bytes[sizeof(header)];
		struct address peer = {0};

		memcpy(bytes, header, sizeof(header));
		bytes[i] ^= 0x10;
		CHECK_INT(proxy_read(bytes, i, &peer), PROXY_MORE);
		CHECK_INT(proxy_read(bytes, i + 1, &peer), PROXY_REFUSED);
		CHECK_INT(peer.family, 0);
	}
}

static void a_proxy_header_of_another_family_or_cut_short_says_nothing(void)
{
	unsigned char bytes[sizeof(header)];
	struct address peer = {0};

	memcpy(bytes, header, sizeof(header));
	bytes[13] = 0x31; /* a unix socket */
	CHECK_INT(proxy_read(bytes, HEADER_BYTES, &peer), PROXY_DONE);
	CHECK_INT(peer.family, 0);
	bytes[13] = 0x21; /* IPv6, but the length is IPv4's */
	CHECK_INT(proxy_read(bytes, HEADER_BYTES, &peer), PROXY_DONE);
	CHECK_INT(peer.family, 0);
	bytes[13] = 0x11;
	bytes[15] = 11;
	CHECK_INT(proxy_read(bytes, HEADER_BYTES, &peer), PROXY_DONE);
	CHECK_INT(peer.family, 0);
	bytes[14] = 2;
	bytes[15] = 1; /* 513 bytes and more are nobody's addresses */
	CHECK_INT(proxy_read(bytes, HEADER_BYTES, &peer), PROXY_REFUSED);
}

static const char *forwarded(const char *peer, const char *list)
{
	static char text[ADDRESS_TEXT_MAX];
	struct network trusted[2];
	struct networks networks = {trusted, 2};
	struct address address;

	CHECK(network_parse("127.0.0.1", &trusted[0]) &&
		network_parse("10.0.0.0/8", &trusted[1]));
	CHECK(address_parse(peer, strlen(peer), &address));
	proxy_forwarded_for(&networks, &list, 1, &address);
	address_text(&address, text);
	return text;
}

static void x_forwarded_for_is_walked_from_its_end_while_the_teller_is_trusted(void)
{
	CHECK_STR(forwarded("127.0.0.1", "6.6.6.6, 192.0.2.1"), "192.0.2.1");
	CHECK_STR(forwarded("127.0.0.1", "192.0.2.1 ,\t10.0.0.1"), "192.0.2.1");
	CHECK_STR(forwarded("192.0.2.9", "6.6.6.6"), "192.0.2.9");
	CHECK_STR(forwarded("127.0.0.1", ""), "127.0.0.1");
	CHECK_STR(forwarded("127.0.0.1", ",,"), "127.0.0.1");
	CHECK_STR(forwarded("127.0.0.1", "6.6.6.6, x, 10.0.0.1"), "10.0.0.1");
	CHECK_STR(forwarded("127.0.0.1", "10.0.0.2, 10.0.0.1"), "10.0.0.2");
}

static void an_address_to_listen_on_is_local_by_its_numbers_or_as_localhost(void)
{
	static const char *const local[] = {"127.0.0.1:80", "127.9.9.9:80", "[::1]:80",
		"localhost:80", "unix:/run/x", "[127.0.0.1]:80", "[::ffff:127.0.0.1]:80"};
	static const char *const others[] = {"127.0.0.1.example:80", "127.example:80",
		"127.1:80", "localhost.example:80", "[::1].example:80", "[::2]:80", "[::]:80",
		"0.0.0.0:80", ":80", "*:80", "systemd", "systemd:127.0.0.1", "128.0.0.1:80",
		"127.0.0.1"};

	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		CHECK(http_address_is_local(local[i]));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		CHECK(!http_address_is_local(others[i]));
}

int main(void)
{
	RUN(an_address_is_read_with_or_without_brackets_and_port);
	RUN(what_is_no_address_is_refused);
	RUN(an_address_without_a_family_has_a_name);
	RUN(an_address_to_listen_on_is_local_by_its_numbers_or_as_localhost);
	RUN(a_network_holds_what_shares_its_first_bits);
	RUN(what_is_no_network_is_refused);
	RUN(an_ipv6_client_is_counted_by_its_64_bits);
	RUN(a_proxy_header_is_read_in_any_split_and_not_beyond);
	RUN(any_other_byte_of_its_first_thirteen_refuses_a_proxy_header);
	RUN(a_proxy_header_of_another_family_or_cut_short_says_nothing);
	RUN(x_forwarded_for_is_walked_from_its_end_while_the_teller_is_trusted);
	return tap_done();
}
