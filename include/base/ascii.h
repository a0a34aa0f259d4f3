/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_ASCII_H
#define DORAD_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether all n bytes are ASCII that can be seen, or spaces: no control characters, nothing of
 * UTF-8. Nearly all texts of events are so, and need not be looked at more closely.
 */
bool ascii_is_visible(const char *text, size_t n);

#endif
