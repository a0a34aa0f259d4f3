/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_ACCOUNT_H
#define DORAD_STORE_ACCOUNT_H

#include "conninfo.h"

/*
 * At its unix socket Postgres knows a role by the account that connects (peer). An operator is
 * root, which is no role: around the connecting it takes the account of the role that conninfo
 * names, else the given one. False: nothing was changed, for it is not root, has no account of
 * that name, or does not connect to a socket. Other threads are who they were.
 */
bool account_take(const struct conninfo *conninfo, const char *account);
void account_leave(void);

#endif
