/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_ACCESS_H
#define DORAD_PORTAL_ACCESS_H

#include "base/error.h"
#include "config/config.h"
#include "http/server.h"

/*
 * Who may read. Either of two ways will do where both are configured: the bearer token (or, for
 * browsers, that token as the password of Basic), or the header by which a trusted proxy names
 * the person. With neither, whoever reaches the address: so that must be this machine alone,
 * unless portal.open says otherwise in so many words.
 */
struct access {
	char *token;  /* NULL: none */
	char *header; /* lower case; NULL: none */
};

/* False: err says which option is wrong, and what to do. Outputs are untouched then. */
bool access_init(struct access *access, const struct config *config, struct error *err);
void access_clear(struct access *access);

/* The same of the sockets that listen now, of which systemd's are known by nothing else. False:
 * err says what to do. */
bool access_fits(
	const struct config *config, const struct http_server *server, struct error *err);

bool access_is_granted(const struct access *access, const struct http_view *view);

#endif
