/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_CLEANUP_H
#define DORAD_BASE_CLEANUP_H

/*
 * Scope-bound release: CLEANUP(x_destroyp) struct x *x = x_create();
 * DEFINE_CLEANUP(struct x *, x_destroy) makes x_destroyp from x_destroy, which must take NULL.
 * To give the object away, return it or set the variable to NULL in the same line.
 */
#define CLEANUP(function) __attribute__((cleanup(function)))

#define DEFINE_CLEANUP(type, function)               \
	static inline void function##p(type *object) \
	{                                            \
		function(*object);                   \
	}                                            \
	struct dorad_cleanup_needs_a_semicolon

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
