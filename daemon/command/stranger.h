/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_STRANGER_H
#define DORAD_COMMAND_STRANGER_H

#include <jansson.h>
#include <stdio.h>

/* What a stranger sent, as text for people: no byte of it drives a terminal. */
void stranger_put(const char *text, FILE *to);
/* The same of n bytes, with their lines and tabs. */
void stranger_put_lines(const char *bytes, size_t n, FILE *to);

/* The same in JSON: as it stands, but what is no UTF-8 is U+FFFD. NULL: null. */
json_t *stranger_json(const char *text);

#endif
