/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_UTF8_H
#define DORAD_BASE_UTF8_H

#include <stddef.h>

/* Length of the UTF-8 sequence at the beginning of n > 0 bytes; 0: there is none (RFC 3629
 * section 4). */
size_t utf8_sequence(const char *bytes, size_t n);

#endif
