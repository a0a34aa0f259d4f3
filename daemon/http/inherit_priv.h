/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_INHERIT_PRIV_H
#define DORAD_HTTP_INHERIT_PRIV_H

#include <stddef.h>

/*
 * Listening sockets that systemd passes on (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES; the first is descriptor 3). Read here rather than with libsystemd, which a
 * build may lack.
 */
#define INHERIT_MAX 64

/* Those of that name (NULL: all), set to close on exec; how many. */
size_t inherited_sockets(const char *name, int out[static INHERIT_MAX]);

#endif
