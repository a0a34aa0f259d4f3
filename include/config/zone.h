/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_ZONE_H
#define DORAD_CONFIG_ZONE_H

#include <stdbool.h>

/* Has this machine a copy of the time zones? */
bool zones_are_here(void);
/* Is there such a zone ("Europe/London") in it? */
bool zone_is_here(const char *name);

#endif
