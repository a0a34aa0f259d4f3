/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/access.h"

#include "base/xalloc.h"
#include "config/secret.h"
#include "portal_priv.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_LEAST 16
#define TOKEN_MOST 1023

/* HTTP's "Basic " and "Bearer ", any case (RFC 9110 section 11.1). */
static const char *after_scheme(const char *value, const char *scheme)
{
	size_t n = strlen(scheme);

	if (strncasecmp(value, scheme, n) != 0 || value[n] != ' ')
		return NULL;
	return value + n + strspn(value + n, " ");
}

/* Where systemd listens is known when its sockets are there: access_fits() asks then. */
static bool is_local(const char *listen)
{
	return strcmp(listen, "systemd") == 0 || strncmp(listen, "systemd:", 8) == 0 ||
		http_address_is_local(listen);
}

static char *read_token(const struct config *config, struct error *err)
{
	char *token = config_secret_read(config, config->portal.token, err);

	if (!token) {
		error_prefixf(err, "portal.token");
		return NULL;
	}
	size_t n = strlen(token);
	if (n >= TOKEN_LEAST && n <= TOKEN_MOST)
		return token;
	OPENSSL_cleanse(token, n);
	free(token);
	error_setf(err, "portal.token: %s: want a token of %d to %d characters",
		config->portal.token, TOKEN_LEAST, TOKEN_MOST);
	return NULL;
}

static bool address_fits(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->portal.listen.n; i++) {
		const char *listen = config->portal.listen.items[i];

		if (is_local(listen) || config->portal.open)
			continue;
		error_setf(err,
			"portal.listen %s: others could read everything there: set"
			" portal.token or portal.trusted_header, listen on 127.0.0.1, or say"
			" portal.open: yes",
			listen);
		return false;
	}
	return true;
}

bool access_fits(
	const struct config *config, const struct http_server *server, struct error *err)
{
	if (config->portal.token || config->portal.trusted_header || config->portal.open ||
		!http_server_is_open(server, LISTENER_ALL))
		return true;
	error_setf(err,
		"portal.listen: other machines reach a socket that was passed on, and could"
		" read everything there: set portal.token or portal.trusted_header, have"
		" systemd listen on 127.0.0.1, or say portal.open: yes");
	return false;
}

bool access_init(struct access *access, const struct config *config, struct error *err)
{
	struct access made = {0};
	const char *header = config->portal.trusted_header;

	if (header && config->portal.trusted_proxies.n == 0) {
		error_setf(err,
			"portal.trusted_header: anyone could send %s: name the proxy in"
			" portal.trusted_proxies",
			header);
		return false;
	}
	if (!header && !config->portal.token && !address_fits(config, err))
		return false;
	if (config->portal.token) {
		made.token = read_token(config, err);
		if (!made.token)
			return false;
	}
	if (header) {
		made.header = xstrdup(header);
		for (char *c = made.header; *c; c++)
			*c = (char)tolower((unsigned char)*c);
	}
	*access = made;
	return true;
}

void access_clear(struct access *access)
{
	if (access->token)
		OPENSSL_cleanse(access->token, strlen(access->token));
	free(access->token);
	free(access->header);
	*access = (struct access){0};
}

/* The only value of a header; NULL where there is none, or a second one that somebody may have
 * put in front of the proxy's. */
static const char *only_header(const struct http_view *view, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < view->n_headers; i++) {
		if (strcmp(view->headers[i].name, name) != 0)
			continue;
		if (value)
			return NULL;
		value = view->headers[i].value;
	}
	return value;
}

/* Takes as long whatever is wrong with it; its length is no secret. */
static bool is_token(const struct access *access, const char *given, size_t n)
{
	return strlen(access->token) == n && CRYPTO_memcmp(access->token, given, n) == 0;
}

static bool is_password(const struct access *access, const char *encoded)
{
	unsigned char bytes[(TOKEN_MOST + 1) * 2];
	size_t n = strcspn(encoded, " ");

	/* Base64: what comes out is three quarters of what goes in. */
	if (n == 0 || n > sizeof(bytes) || n % 4 != 0)
		return false;
	int length = EVP_DecodeBlock(bytes, (const unsigned char *)encoded, (int)n);
	if (length < 0)
		return false;
	length -= (encoded[n - 1] == '=') + (encoded[n - 2] == '=');
	const char *colon = memchr(bytes, ':', (size_t)length);
	bool granted = colon &&
		is_token(access, colon + 1,
			(size_t)length - (size_t)(colon + 1 - (const char *)bytes));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return granted;
}

bool access_is_granted(const struct access *access, const struct http_view *view)
{
	if (!access->token && !access->header)
		return true;

	const char *person =
		access->header && view->via_proxy ? only_header(view, access->header) : NULL;
	if (person && *person)
		return true;

	const char *given = access->token ? only_header(view, "authorization") : NULL;
	if (!given)
		return false;
	const char *token = after_scheme(given, "Bearer");
	const char *password = after_scheme(given, "Basic");
	return token ? is_token(access, token, strlen(token))
		     : password && is_password(access, password);
}
