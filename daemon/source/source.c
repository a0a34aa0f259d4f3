/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include <string.h>

const char *delivery_header(const struct delivery *delivery, const char *name)
{
	for (size_t i = 0; i < delivery->n_headers; i++) {
		if (strcmp(delivery->headers[i].name, name) == 0)
			return delivery->headers[i].value;
	}
	return NULL;
}
