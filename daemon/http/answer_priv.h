/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_ANSWER_PRIV_H
#define DORAD_HTTP_ANSWER_PRIV_H

#include "http/http.h"

#include <time.h>

/* An answer as bytes (RFC 9112 section 4). Pure. The caller frees *out. `head`: the request
 * was a HEAD. A header with a control byte in it is left out. */
size_t answer_format(
	const struct http_answer *answer, bool head, bool keep_alive, time_t now, char **out);

#endif
