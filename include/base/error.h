/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_ERROR_H
#define DORAD_BASE_ERROR_H

/*
 * What went wrong, in words for the operator: where, what was expected, what to do.
 * What to do about it in the program is the return value's job.
 * Start with {0} (no words yet). Where a function takes a struct error *, NULL drops the words.
 */
struct error {
	char text[512];
};

/* Keeps the first message: later ones are mostly consequences. */
void error_setf(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "where: " before what is there, for a caller that knows the place. */
void error_prefixf(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
