/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_PLURAL_H
#define DORAD_BASE_PLURAL_H

#include <stdint.h>

/* The words behind a number that a person reads: "1 delivery is", "2 deliveries are". */
static inline const char *plural(int64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

#endif
