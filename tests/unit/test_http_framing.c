/* SPDX-License-Identifier: Apache-2.0 */
#include "http_reading.h"

/*
 * Where a request ends: the rules that keep two readers from disagreeing, and by name each
 * input that another reader was found to take (RELIABILITY.md 2.2).
 */
#define POST "POST /webhooks/a HTTP/1.1\r\nHost: dorad.test\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define CL "Content-Length:"
#define TE "Transfer-Encoding:"

static void content_length_and_transfer_encoding_together_are_refused(void)
{
	REFUSED(POST CL " 5\r\n" TE, HTTP_REFUSAL_LENGTH_AND_CODING, 400);
	REFUSED(POST TE " chunked\r\n" CL, HTTP_REFUSAL_LENGTH_AND_CODING, 400);
}

static void a_repeated_content_length_is_refused_even_when_it_agrees(void)
{
	REFUSED(POST CL " 5\r\n" CL, HTTP_REFUSAL_LENGTH_REPEATED, 400);
	REFUSED(POST CL " 5\r\ncontent-length:", HTTP_REFUSAL_LENGTH_REPEATED, 400);
	REFUSED(POST CL " 5,", HTTP_REFUSAL_LENGTH_VALUE, 400); /* a list of equal ones */
}

static void a_space_before_the_colon_is_refused(void)
{
	REFUSED(POST "Content-Length ", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(POST "Transfer-Encoding\t", HTTP_REFUSAL_FIELD_NAME, 400);
}

static void a_transfer_encoding_other_than_chunked_is_refused(void)
{
	REFUSED(POST TE " g", HTTP_REFUSAL_CODING, 400); /* gzip */
	REFUSED(POST TE " x", HTTP_REFUSAL_CODING, 400); /* xchunked */
	REFUSED(POST TE " i", HTTP_REFUSAL_CODING, 400); /* identity */
	REFUSED(POST TE " chunked,", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE " chunked ,", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE " chunked;", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE " chunkedx", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE " chunke\r", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE "\r", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE " \"", HTTP_REFUSAL_CODING, 400);
	REFUSED(POST TE " \x0b", HTTP_REFUSAL_FIELD_VALUE, 400);
	REFUSED(POST TE " chunked\r\n" TE, HTTP_REFUSAL_CODING, 400);
	REFUSED("POST / HTTP/1.0\r\nHost: a\r\n" TE, HTTP_REFUSAL_CODING, 400);
	TAKEN(POST TE "\tCHUNKED \r\n\r\n0\r\n\r\n", "");
}

static void a_content_length_is_digits_only(void)
{
	REFUSED(POST CL " +", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL " -", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL " 7 x", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL " 0x", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL " 7.", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL "\r", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL " \r", HTTP_REFUSAL_LENGTH_VALUE, 400);
	REFUSED(POST CL " 00000000000000000000", HTTP_REFUSAL_LENGTH_VALUE, 400); /* 20 */
	TAKEN(POST CL " 0000000000000000003 \r\n\r\nabc", "abc");                 /* 19 */
	TAKEN("POST / HTTP/1.1\r\n" CL " 3 \t\r\nHost: a \r\n\r\nabc", "abc");
}

static void a_content_length_over_the_limit_is_413_before_the_line_ends(void)
{
	REFUSED(POST CL " 1000001", HTTP_REFUSAL_BODY_LENGTH, 413);
	REFUSED(POST CL " 9999999", HTTP_REFUSAL_BODY_LENGTH, 413); /* of 22 digits */
}

static void a_post_without_a_length_is_411(void)
{
	REFUSED(POST "\r\n", HTTP_REFUSAL_NO_LENGTH, 411);
	TAKEN(POST CL " 0\r\n\r\n", "");
	TAKEN("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
	TAKEN("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "");
}

static void a_body_with_a_length_is_that_many_bytes_of_any_value(void)
{
	TAKEN(POST CL " 12\r\n\r\nGET / HTTP\r\n", "GET / HTTP\r\n");
	TAKEN("GET / HTTP/1.1\r\nHost: a\r\n" CL " 3\r\n\r\nabc",
		"abc"); /* framed all the same */
}

static void a_compressed_body_is_415(void)
{
	REFUSED(POST "Content-Encoding: g", HTTP_REFUSAL_ENCODING, 415);
	REFUSED(POST "Content-Encoding: identity,", HTTP_REFUSAL_ENCODING, 415);
	REFUSED(POST "Content-Encoding:\r", HTTP_REFUSAL_ENCODING, 415);
	TAKEN(POST "Content-Encoding: Identity\r\n" CL " 1\r\n\r\nx", "x");
}

static void an_expectation_is_100_continue_or_417(void)
{
	struct reading reading = read_bytes(POST "Expect: 100-Continue\r\n" CL " 1\r\n\r\nx",
		strlen(POST "Expect: 100-Continue\r\n" CL " 1\r\n\r\nx"));

	CHECK_INT(reading.end, HTTP_STEP_DONE);
	CHECK_INT(reading.text[4], '1');
	reading_clear(&reading);
	REFUSED(POST "Expect: 2", HTTP_REFUSAL_EXPECT, 417);
	REFUSED(POST "Expect: 100-\r", HTTP_REFUSAL_EXPECT, 417);
	TAKEN("POST / HTTP/1.0\r\nHost: a\r\nExpect: 200-ok\r\n" CL " 1\r\n\r\nx", "x");
}

static void chunks_are_joined(void)
{
	TAKEN(CHUNKED "3\r\nabc\r\n00000004\r\ndefg\r\n0\r\n\r\n", "abcdefg");
	TAKEN(CHUNKED "12\r\n0123456789abcdefgh\r\n0\r\n\r\n", "0123456789abcdefgh");
	TAKEN(CHUNKED "a\r\n0123456789\r\nA\r\n\r\n\r\n\r\n\r\n\r\n\r\n00000000\r\n\r\n",
		"0123456789\r\n\r\n\r\n\r\n\r\n");
}

static void a_chunk_size_is_1_to_8_hex_digits(void)
{
	REFUSED(CHUNKED "+", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED "-", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED "0x", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED " ", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED "7 ", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED "\r", HTTP_REFUSAL_CHUNK_SIZE, 400); /* endless empty lines */
	REFUSED(CHUNKED ";", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED "\0", HTTP_REFUSAL_CHUNK_SIZE, 400);
	REFUSED(CHUNKED "000000003", HTTP_REFUSAL_CHUNK_SIZE, 400);
}

static void a_bare_lf_never_ends_a_chunk_line(void)
{
	REFUSED(CHUNKED "\n", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(CHUNKED "3\n", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(CHUNKED "3\rx", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(CHUNKED "3;a\n", HTTP_REFUSAL_LINE_END, 400);
	REFUSED(CHUNKED "0\r\n\n", HTTP_REFUSAL_LINE_END, 400);
}

static void a_chunks_data_ends_with_crlf(void)
{
	REFUSED(CHUNKED "3\r\nabcd", HTTP_REFUSAL_CHUNK_END, 400);
	REFUSED(CHUNKED "3\r\nabc\n", HTTP_REFUSAL_CHUNK_END, 400);
	REFUSED(CHUNKED "3\r\nabc\r\r", HTTP_REFUSAL_CHUNK_END, 400);
	REFUSED(CHUNKED "3\r\nabc0", HTTP_REFUSAL_CHUNK_END, 400);
}

static void a_chunk_extension_is_ignored(void)
{
	TAKEN(CHUNKED "3;a=b\r\nabc\r\n0;last;x=\"y z\"\r\n\r\n", "abc");
	REFUSED(CHUNKED "3;a\0", HTTP_REFUSAL_CHUNK_LINE, 400);
	REFUSED(CHUNKED "3;a\x7f", HTTP_REFUSAL_CHUNK_LINE, 400);
}

static void a_chunk_line_that_never_ends_is_cut_at_256_bytes(void)
{
	static char request[1024] = CHUNKED "3;";
	size_t start = strlen(CHUNKED);

	memset(request + start + 2, 'x', 300);
	check_refused(request, start + 257, HTTP_REFUSAL_CHUNK_LINE, 400, HERE);
	memcpy(request + start + 255, "\r\nabc\r\n0\r\n\r\n", 12);
	check_taken(request, start + 267, "abc", 0, HERE);
}

static void chunks_over_the_limit_are_413_before_their_data(void)
{
	REFUSED(CHUNKED "f4241", HTTP_REFUSAL_BODY_LENGTH, 413); /* 1,000,001 */
	REFUSED(CHUNKED "3\r\nabc\r\nf423e", HTTP_REFUSAL_BODY_LENGTH, 413);
	REFUSED(CHUNKED "fffff", HTTP_REFUSAL_BODY_LENGTH, 413);
}

static void a_flood_of_one_byte_chunks_is_cut(void)
{
	static char request[131072] = CHUNKED;
	size_t n = strlen(CHUNKED);

	for (; n + 6 < sizeof(request); n += 6)
		memcpy(request + n, "1\r\nx\r\n", 6);
	check_refused(request, n, HTTP_REFUSAL_CHUNK_OVERHEAD, 400, HERE);
}

static void trailers_are_checked_and_dropped(void)
{
	TAKEN(CHUNKED "1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Host: a\r\n\r\n", "x");
	TAKEN(CHUNKED "0\r\nContent-Lengths: 1\r\nContent-Lengt: 1\r\n\r\n", "");
	TAKEN(CHUNKED "0\r\nTransfer-Encoding-Of-A-Long-Name: chunked\r\n\r\n", "");
	REFUSED(CHUNKED "0\r\nX ", HTTP_REFUSAL_FIELD_NAME, 400);
	REFUSED(CHUNKED "0\r\nX: a\r\n ", HTTP_REFUSAL_FIELD_FOLD, 400);
	REFUSED(CHUNKED "0\r\nX: a\0", HTTP_REFUSAL_FIELD_VALUE, 400);
}

static void a_trailer_is_nothing_that_another_reader_might_take_for_framing(void)
{
	REFUSED(CHUNKED "0\r\n" CL, HTTP_REFUSAL_TRAILER, 400);
	REFUSED(CHUNKED "0\r\nX: a\r\ncontent-length:", HTTP_REFUSAL_TRAILER, 400);
	REFUSED(CHUNKED "0\r\n" TE, HTTP_REFUSAL_TRAILER, 400);
	REFUSED(CHUNKED "0\r\nHOST:", HTTP_REFUSAL_TRAILER, 400);
}

static void endless_trailers_are_cut(void)
{
	static char request[40000] = CHUNKED "0\r\n";
	size_t start = strlen(request);
	size_t n = start;

	while (n < start + 808)
		n += (size_t)snprintf(request + n, 16, "X%02zu: y\r\n", (n - start) / 8);
	check_refused(request, n, HTTP_REFUSAL_FIELDS_COUNT, 431, HERE);
	memset(request + start, 'x', 32769);
	check_refused(request, start + 32769, HTTP_REFUSAL_FIELDS_LENGTH, 431, HERE);
}

static void nothing_is_read_after_a_refusal(void)
{
	struct http_reader *reader = http_reader_create(LIMIT);
	static const char rest[] = "3\r\nabc\r\n0\r\n\r\n";
	size_t used;
	struct http_data data;

	CHECK_INT(http_reader_feed(reader, "GET  ", 5, &used, &data), HTTP_STEP_REFUSED);
	CHECK_INT(http_reader_feed(reader, rest, sizeof(rest) - 1, &used, &data),
		HTTP_STEP_REFUSED);
	CHECK_INT(used, 0);
	CHECK_INT(http_reader_feed(reader, NULL, 0, &used, &data), HTTP_STEP_REFUSED);
	http_reader_destroy(reader);
}

int main(void)
{
	RUN(content_length_and_transfer_encoding_together_are_refused);
	RUN(a_repeated_content_length_is_refused_even_when_it_agrees);
	RUN(a_space_before_the_colon_is_refused);
	RUN(a_transfer_encoding_other_than_chunked_is_refused);
	RUN(a_content_length_is_digits_only);
	RUN(a_content_length_over_the_limit_is_413_before_the_line_ends);
	RUN(a_post_without_a_length_is_411);
	RUN(a_body_with_a_length_is_that_many_bytes_of_any_value);
	RUN(a_compressed_body_is_415);
	RUN(an_expectation_is_100_continue_or_417);
	RUN(chunks_are_joined);
	RUN(a_chunk_size_is_1_to_8_hex_digits);
	RUN(a_bare_lf_never_ends_a_chunk_line);
	RUN(a_chunks_data_ends_with_crlf);
	RUN(a_chunk_extension_is_ignored);
	RUN(a_chunk_line_that_never_ends_is_cut_at_256_bytes);
	RUN(chunks_over_the_limit_are_413_before_their_data);
	RUN(a_flood_of_one_byte_chunks_is_cut);
	RUN(trailers_are_checked_and_dropped);
	RUN(a_trailer_is_nothing_that_another_reader_might_take_for_framing);
	RUN(endless_trailers_are_cut);
	RUN(nothing_is_read_after_a_refusal);
	return tap_done();
}
