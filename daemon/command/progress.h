/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_PROGRESS_H
#define DORAD_COMMAND_PROGRESS_H

#include <stdint.h>

/* How far a command is, on a terminal: a line on standard error that writes over itself.
 * Elsewhere nothing. of: 0 where the end is not known. */
void progress_show(const char *what, int64_t n, int64_t of);

/* The same with how fast, and how long still; done: what part of all, 0: not known. */
void progress_rate(const char *what, int64_t n, double done, int64_t for_us);

/* Ends the line. */
void progress_end(void);

#endif
