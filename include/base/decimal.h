/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_DECIMAL_H
#define DORAD_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_MAX 21 /* "-9223372036854775808" and the NUL */

/* A number as printf's %lld writes it, at a twentieth of the cost: ids are numbers mostly, and
 * there are several in each event. Returns how many bytes, without the NUL. */
size_t decimal_format(int64_t number, char out[static DECIMAL_MAX]);

#endif
