/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_VALUES_H
#define DORAD_CONFIG_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The small values that both files use, from text. False: not of that form; *out untouched.
 * Pure. A duration is a whole number and s, m, h or d: "30s", "15m", "4h", "7d". A size is a
 * whole number of bytes, or with KiB, MiB, GiB, TiB: "25MiB".
 */
bool value_duration_us(const char *text, int64_t *out_us);
bool value_bytes(const char *text, int64_t *out_bytes);
bool value_integer(const char *text, int64_t *out);
/* yes, no, true, false, on, off. */
bool value_bool(const char *text, bool *out);

#endif
