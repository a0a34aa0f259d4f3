/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_priv.h"

#include "base/cleanup.h"
#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{200, "OK"},
	{204, "No Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{411, "Length Required"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
};

static const char *phrase_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "-"; /* may be anything (RFC 9112 section 4) */
}

/* IMF-fixdate (RFC 9110 section 5.6.7), in English whatever the locale. */
static void format_date(time_t now, char out[static 30])
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)snprintf(out, 30, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		tm.tm_sec);
}

static bool is_clean(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 && *text != '\t')
			return false;
	}
	return true;
}

/* A body, or a length that speaks of one: neither with 1xx and 204; 304 says no length of a
 * body that it would have to invent (RFC 9110 section 8.6). */
static bool has_length(const struct http_answer *answer)
{
	return answer->status >= 200 && answer->status != 204 &&
		(answer->status != 304 || answer->n_body > 0);
}

static void write_head(FILE *out, const struct http_answer *answer, bool keep_alive, time_t now)
{
	char date[30];

	format_date(now, date);
	(void)fprintf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", answer->status,
		phrase_of(answer->status), date);
	if (answer->n_body > 0 || answer->content_type)
		(void)fprintf(out, "Content-Type: %s\r\n",
			answer->content_type ? answer->content_type
					     : "text/plain; charset=utf-8");
	if (has_length(answer))
		(void)fprintf(out, "Content-Length: %zu\r\n", answer->n_body);
	for (size_t i = 0; i < answer->n_headers; i++) {
		if (!is_clean(answer->headers[i].name) || !is_clean(answer->headers[i].value))
			continue; /* it would be a header of somebody else's making */
		(void)fprintf(
			out, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
	}
	(void)fprintf(out, "%s\r\n", keep_alive ? "" : "Connection: close\r\n");
}

/* The answer to nearly every delivery: a stream in memory cost more than all the rest. */
static size_t format_bare(
	const struct http_answer *answer, bool keep_alive, time_t now, char **out)
{
	static _Thread_local struct {
		time_t at;
		char text[30];
	} date;
	char bytes[256];

	if (date.at != now || !date.text[0])
		format_date(now, date.text);
	date.at = now;
	int n = snprintf(bytes, sizeof(bytes),
		"HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: 0\r\n%s\r\n", answer->status,
		phrase_of(answer->status), date.text,
		keep_alive ? "" : "Connection: close\r\n");
	*out = xmemdup(bytes, (size_t)n);
	return (size_t)n;
}

size_t answer_format(
	const struct http_answer *answer, bool head, bool keep_alive, time_t now, char **out)
{
	if (has_length(answer) && !answer->n_body && !answer->content_type &&
		!answer->n_headers)
		return format_bare(answer, keep_alive, now, out);
	char *bytes = NULL;
	size_t n = 0;
	FILE *memory = open_memstream(&bytes, &n);

	if (!memory)
		out_of_memory();
	write_head(memory, answer, keep_alive, now);
	if (!head && answer->status != 304 && has_length(answer) && answer->n_body > 0)
		(void)fwrite(answer->body, 1, answer->n_body, memory);
	if (fclose(memory) != 0)
		out_of_memory();
	*out = bytes;
	return n;
}
