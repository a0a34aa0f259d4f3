/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_LISTEN_PRIV_H
#define DORAD_HTTP_LISTEN_PRIV_H

#include "base/error.h"

#include <stdbool.h>

/* The words for an address to listen on. Pure. */

/* HOST:PORT; the caller frees *host (NULL: every address). NULL: it is not of this form. */
const char *listen_split(const char *address, char **host);

/* *out_name: of its sockets; NULL: those that no other address names. */
bool listen_is_systemd(const char *address, const char **out_name);

/* False: err says what was wanted. */
bool listen_check(const char *address, struct error *err);

#endif
