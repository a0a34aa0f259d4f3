/* SPDX-License-Identifier: Apache-2.0 */
#include "http_reading.h"

/* The request line and the fields: what is taken, what is refused, with which status, and that
 * a refusal needs no byte after the one that earns it. */
#define HOST "Host: dorad.test\r\n"

static void a_get_is_understood_in_full(void)
{
	struct reading reading =
		read_bytes("GET /a/b?x=1&y HTTP/1.1\r\nHost: h:80\r\nX-Y:\t v w "
			   "\t\r\nEmpty:\r\n\r\n",
			sizeof("GET /a/b?x=1&y HTTP/1.1\r\nHost: h:80\r\nX-Y:\t v w "
			       "\t\r\nEmpty:\r\n\r\n") -
				1);
	static const char want[] = "0 1000 -1\n/a/b\0x=1&y\nhost\0h:80\nx-y\0v w\nempty\0\n";

	CHECK_INT(reading.end, HTTP_STEP_DONE);
	CHECK_INT(reading.n_text, sizeof(want) - 1);
	CHECK(memcmp(reading.text, want, sizeof(want) - 1) == 0);
	reading_clear(&reading);
}

static enum http_method method_of(const char *method)
{
	char request[128];
	int n = snprintf(request, sizeof(request),
		"%s / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", method);
	struct reading reading = read_bytes(request, (size_t)n);
	enum http_method found = (enum http_method)(reading.text[0] - '0');

	CHECK_INT(reading.end, HTTP_STEP_DONE);
	reading_clear(&reading);
	return found;
}

static void the_methods_we_serve_are_told_from_the_rest(void)
{
	CHECK_INT(method_of("GET"), HTTP_GET);
	CHECK_INT(method_of("HEAD"), HTTP_HEAD);
	CHECK_INT(method_of("POST"), HTTP_POST);
	CHECK_INT(method_of("OPTIONS"), HTTP_OPTIONS);
	CHECK_INT(method_of("PUT"), HTTP_OTHER);
	CHECK_INT(method_of("get"), HTTP_OTHER); /* case matters: RFC 9110 section 9.1 */
	CHECK_INT(method_of("POSTS"), HTTP_OTHER);
	CHECK_INT(method_of("!#$%&'*+-.^_`|~09azAZ"), HTTP_OTHER);
}

static void a_method_that_is_no_token_is_refused(void)
{
	REFUSED("\r", HTTP_REFUSAL_METHOD, 400); /* not even one empty line before it */
	REFUSED(" ", HTTP_REFUSAL_METHOD, 400);
	REFUSED("G\t", HTTP_REFUSAL_METHOD, 400);
	REFUSED("GET(", HTTP_REFUSAL_METHOD, 400);
	REFUSED("\x16", HTTP_REFUSAL_METHOD, 400); /* TLS where there is none */
	REFUSED("P\0", HTTP_REFUSAL_METHOD, 400);
	REFUSED("PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP", HTTP_REFUSAL_METHOD, 400); /* 33 */
}

static void only_origin_form_is_a_target(void)
{
	REFUSED("GET h", HTTP_REFUSAL_TARGET, 400); /* http://... */
	REFUSED("OPTIONS *", HTTP_REFUSAL_TARGET, 400);
	REFUSED("PRI *", HTTP_REFUSAL_TARGET, 400); /* HTTP/2 */
	REFUSED("CONNECT d", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET  ", HTTP_REFUSAL_TARGET, 400);    /* two spaces */
	REFUSED("GET /a\r", HTTP_REFUSAL_TARGET, 400); /* HTTP/0.9 */
	REFUSED("GET /a\n", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /a\t", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /a#", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /a\\", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /\xc3", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /a\0", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /a?b\"", HTTP_REFUSAL_TARGET, 400);
	REFUSED("GET /a?b#", HTTP_REFUSAL_TARGET, 400);
	TAKEN("GET /a%2fb;c=d,e:@!$&'()*+~-._?{}|^`[]\\?/ HTTP/1.1\r\n" HOST "\r\n", "");
}

static void a_request_line_of_8_kib_is_taken_and_a_byte_more_refused(void)
{
	static char request[9000];
	static const char end[] = " HTTP/1.1\r\n" HOST "\r\n";
	size_t line = 8192 - strlen(" HTTP/1.1\r\n");

	memset(request, 'a', sizeof(request));
	memcpy(request, "GET /", 5);
	memcpy(request + line, end, sizeof(end));
	check_taken(request, strlen(request), "", 0, HERE);
	request[line] = 'a';
	memcpy(request + line + 1, end, sizeof(end));
	check_refused(request, strlen(request), HTTP_REFUSAL_TARGET_LENGTH, 414, HERE);
	memset(request, 'a', sizeof(request));
	memcpy(request, "GET /?", 6);
	check_refused(request, 8193, HTTP_REFUSAL_TARGET_LENGTH, 414, HERE);
}

static void only_http_1_0_and_1_1_are_spoken(void)
{
	TAKEN("GET / HTTP/1.0\r\n" HOST "\r\n", "");
	REFUSED("GET / X", HTTP_REFUSAL_LINE, 400);
	REFUSED("GET / h", HTTP_REFUSAL_LINE, 400);
	REFUSED("GET / a", HTTP_REFUSAL_LINE, 400);
	REFUSED("GET / HTTP/2", HTTP_REFUSAL_VERSION, 505);
	REFUSED("GET / HTTP/0", HTTP_REFUSAL_VERSION, 505);
	REFUSED("GET / HTTP/10", HTTP_REFUSAL_VERSION, 505);
	REFUSED("GET / HTTP/1.2", HTTP_REFUSAL_VERSION, 505);
	REFUSED("GET / HTTP/1.11", HTTP_REFUSAL_VERSION, 505);
	REFUSED("GET / HTTP/1.9", HTTP_REFUSAL_VERSION, 505); /* and so 1.999999 */
	REFUSED("GET / HTTP/1.x", HTTP_REFUSAL_LINE, 400);
	REFUSED("GET / HTTP/1.1 ", HTTP_REFUSAL_LINE, 400);
	REFUSED("GET / HTTP/1.1\n", HTTP_REFUSAL_LINE_END, 400);
	REFUSED("GET / HTTP/1.1\rX", HTTP_REFUSAL_LINE_END, 400);
}

static void a_field_name_is_a_token_and_a_colon(void)
{
#define LINE "GET / HTTP/1.1\r\n"
	REFUSED(LINE ":", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "Host ", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "Host\t", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "Host\r", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "A\0", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "\x80", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "A(", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(LINE "\n", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(LINE HOST "\rX", HTTP_REFUSAL_LINE_END, 400);
}

static void folded_lines_are_refused(void)
{
	REFUSED(LINE " ", HTTP_REFUSAL_FIELD_FOLD, 400);
	REFUSED(LINE HOST "X: a\r\n ", HTTP_REFUSAL_FIELD_FOLD, 400);
	REFUSED(LINE HOST "X: a\r\n\t", HTTP_REFUSAL_FIELD_FOLD, 400);
}

static void a_control_byte_in_a_value_is_refused(void)
{
	REFUSED(LINE "X: a\0", HTTP_REFUSAL_FIELD_VALUE, 400);
	REFUSED(LINE "X: a\x01", HTTP_REFUSAL_FIELD_VALUE, 400);
	REFUSED(LINE "X: a\x0b", HTTP_REFUSAL_FIELD_VALUE, 400);
	REFUSED(LINE "X: a\x7f", HTTP_REFUSAL_FIELD_VALUE, 400);
	REFUSED(LINE "X: a\n", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(LINE "X: a\rb", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(LINE "X: a\r\r", HTTP_REFUSAL_LINE_END, 400);
	TAKEN(LINE HOST "X: caf\xc3\xa9 \"<>\\\t\xff\r\n\r\n", "");
}

static void a_hundred_fields_are_taken_and_one_more_refused(void)
{
	static char request[4096] = LINE HOST;
	size_t n = strlen(request);

	for (int i = 1; i < 100; i++)
		n += (size_t)snprintf(request + n, sizeof(request) - n, "X%d: y\r\n", i);
	memcpy(request + n, "\r\n", 2);
	check_taken(request, n + 2, "", 0, HERE);
	memcpy(request + n, "Z", 1);
	check_refused(request, n + 1, HTTP_REFUSAL_FIELDS_COUNT, 431, HERE);
}

static void fields_of_32_kib_are_taken_and_a_byte_more_refused(void)
{
	static char request[33000];
	size_t line = strlen(LINE);
	size_t end = line + 32768;

	memset(request, 'v', sizeof(request));
	memcpy(request, LINE HOST "X:", strlen(LINE HOST "X:"));
	memcpy(request + end - 4, "\r\n\r\n", 4);
	check_taken(request, end, "", 0, HERE);
	memcpy(request + end - 4, "v\r\n\r", 4);
	request[end] = '\n';
	check_refused(request, end + 1, HTTP_REFUSAL_FIELDS_LENGTH, 431, HERE);
	memset(request + line, 'n', 32769); /* a name may be all of it */
	check_refused(request, end + 1, HTTP_REFUSAL_FIELDS_LENGTH, 431, HERE);
}

static void there_is_exactly_one_host(void)
{
	REFUSED(LINE "\r\n", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "X: y\r\n\r\n", HTTP_REFUSAL_HOST, 400);
	REFUSED("GET / HTTP/1.0\r\n\r\n", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "Host: a\r\nhOST:", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "Host:\r", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "Host: a b", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "Host: a/", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "Host: a@", HTTP_REFUSAL_HOST, 400);
	REFUSED(LINE "Host: \xc3", HTTP_REFUSAL_HOST, 400);
	TAKEN(LINE "Host: [::1]:8080 \r\n\r\n", "");
	TAKEN(LINE "Host:xn--a.example.\r\n\r\n", "");
}

static char says_close(const char *bytes)
{
	struct reading reading = read_bytes(bytes, strlen(bytes));
	char close = reading.text[3];

	CHECK_INT(reading.end, HTTP_STEP_DONE);
	reading_clear(&reading);
	return close;
}

static void connection_close_is_found_among_options(void)
{
	CHECK_INT(says_close(LINE HOST "\r\n"), '0');
	CHECK_INT(says_close(LINE HOST "Connection: keep-alive\r\n\r\n"), '0');
	CHECK_INT(says_close(LINE HOST "Connection: Close\r\n\r\n"), '1');
	CHECK_INT(says_close(LINE HOST "Connection: te , close\r\n\r\n"), '1');
	CHECK_INT(says_close(LINE HOST "Connection: closed\r\n\r\n"), '0');
	CHECK_INT(says_close(LINE HOST "Connection: close\r\nConnection: te\r\n\r\n"), '1');
	CHECK_INT(says_close("GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n"), '1');
}

static void what_follows_a_request_is_left_for_the_next(void)
{
	TAKEN_BUT(LINE HOST "\r\nGET /next HTTP/1.1\r\n", "", strlen("GET /next HTTP/1.1\r\n"));
	TAKEN_BUT("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET", "abc", 3);
	TAKEN_BUT("POST / HTTP/1.1\r\n" HOST
		  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET",
		"abc", 3);
}

static void every_refusal_has_a_status_a_name_and_a_rule(void)
{
	for (int i = HTTP_REFUSAL_NONE + 1; i < HTTP_REFUSAL_N; i++) {
		CHECK(http_refusal_status((enum http_refusal)i) >= 400);
		CHECK(strlen(http_refusal_name((enum http_refusal)i)) > 0);
		CHECK(strncmp(http_refusal_rule((enum http_refusal)i), "RFC ", 4) == 0);
	}
}

int main(void)
{
	RUN(a_get_is_understood_in_full);
	RUN(the_methods_we_serve_are_told_from_the_rest);
	RUN(a_method_that_is_no_token_is_refused);
	RUN(only_origin_form_is_a_target);
	RUN(a_request_line_of_8_kib_is_taken_and_a_byte_more_refused);
	RUN(only_http_1_0_and_1_1_are_spoken);
	RUN(a_field_name_is_a_token_and_a_colon);
	RUN(folded_lines_are_refused);
	RUN(a_control_byte_in_a_value_is_refused);
	RUN(a_hundred_fields_are_taken_and_one_more_refused);
	RUN(fields_of_32_kib_are_taken_and_a_byte_more_refused);
	RUN(there_is_exactly_one_host);
	RUN(connection_close_is_found_among_options);
	RUN(what_follows_a_request_is_left_for_the_next);
	RUN(every_refusal_has_a_status_a_name_and_a_rule);
	return tap_done();
}
