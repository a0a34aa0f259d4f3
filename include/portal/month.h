/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_MONTH_H
#define DORAD_PORTAL_MONTH_H

#include <stdbool.h>
#include <stddef.h>

/* A civil month is one number, 12 * year + month - 1: next month is one more. */
#define MONTH_TEXT 16 /* "September 2026" and its NUL */

/* "2026-03", and "2026-03-01" as Postgres writes the first day. False: no month of the years
 * 1000 to 9999. */
bool month_parse(const char *text, int *out);
bool month_parse_date(const char *text, int *out);

void month_slug(int month, char out[static MONTH_TEXT]);  /* 2026-03 */
void month_title(int month, char out[static MONTH_TEXT]); /* March 2026 */
void month_short(int month, char out[static MONTH_TEXT]); /* Mar 2026 */

int month_year(int month);
int month_of_year(int month); /* 1 to 12 */

#endif
