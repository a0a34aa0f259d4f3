/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/address.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool address_is_text(const char *bytes, size_t n)
{
	while (n) {
		size_t step = *bytes ? utf8_sequence(bytes, n) : 0;

		if (!step)
			return false;
		bytes += step;
		n -= step;
	}
	return true;
}

static char *decode(struct arena *arena, const char *text, size_t n, bool plus_is_space)
{
	char *out = arena_alloc(arena, n + 1);
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '%') {
			int high = n - i >= 3 ? hex_digit(text[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

			if (low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		out[length++] = c;
	}
	return address_is_text(out, length) ? out : NULL;
}

/* What would be resolved away, or looks as if it had been kept from that. */
static bool needs_tilde(const char *name)
{
	name += strspn(name, "~");
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool address_split(struct arena *arena, const char *path, struct address *out)
{
	struct address address = {0};

	assert(path[0] == '/');
	for (const char *rest = path + 1; *rest;) {
		size_t n = strcspn(rest, "/");
		char *segment = n ? decode(arena, rest, n, false) : NULL;

		if (!segment || address.n == ADDRESS_SEGMENTS)
			return false;
		bool tilde = segment[0] == '~' && needs_tilde(segment);
		address.segments[address.n++] = segment + tilde;
		rest += n;
		rest += *rest == '/';
	}
	*out = address;
	return true;
}

/* RFC 3986 section 2.3; and what section 3.3 allows in a segment but a person's eye, a shell or
 * Markdown could stumble over stays encoded. */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c && strchr("-._~", c));
}

static size_t encoded_length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += is_unreserved(*text) ? 1 : 3;
	return n;
}

static char *encode(char *to, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_unreserved(*text)) {
			*to++ = *text;
		} else {
			*to++ = '%';
			*to++ = digits[c >> 4];
			*to++ = digits[c & 15];
		}
	}
	return to;
}

char *address_join(struct arena *arena, const char *prefix, ...)
{
	va_list args;
	size_t n = strlen(prefix) + 1;

	va_start(args, prefix);
	for (const char *name; (name = va_arg(args, const char *));)
		n += encoded_length(name) + 2;
	va_end(args);

	char *address = arena_alloc(arena, n);
	char *to = address + strlen(prefix);
	memcpy(address, prefix, strlen(prefix) + 1);
	va_start(args, prefix);
	for (const char *name; (name = va_arg(args, const char *));) {
		*to++ = '/';
		if (needs_tilde(name))
			*to++ = '~';
		to = encode(to, name);
	}
	va_end(args);
	*to = '\0';
	return address;
}

char *address_parameter(struct arena *arena, const char *query, const char *name)
{
	size_t n_name = strlen(name);

	while (query && *query) {
		size_t n = strcspn(query, "&");

		if (n > n_name && strncmp(query, name, n_name) == 0 && query[n_name] == '=')
			return decode(arena, query + n_name + 1, n - n_name - 1, true);
		query += n;
		query += *query == '&';
	}
	return NULL;
}

bool address_query_is_sound(struct arena *arena, const char *query)
{
	while (query && *query) {
		size_t n = strcspn(query, "&");

		if (!decode(arena, query, n, true))
			return false;
		query += n;
		query += *query == '&';
	}
	return true;
}

char *address_with(
	struct arena *arena, const char *address, const char *name, const char *value)
{
	char *encoded = arena_alloc(arena, encoded_length(value) + 1);

	*encode(encoded, value) = '\0';
	return arena_printf(
		arena, "%s%c%s=%s", address, strchr(address, '?') ? '&' : '?', name, encoded);
}

bool address_is_web(const char *url)
{
	if (!url ||
		(strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0))
		return false;
	for (; *url; url++) {
		if ((unsigned char)*url <= ' ' || *url == 0x7F || *url == '\\')
			return false;
	}
	return true;
}
