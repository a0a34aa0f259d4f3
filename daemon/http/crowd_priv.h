/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_CROWD_PRIV_H
#define DORAD_HTTP_CROWD_PRIV_H

#include "address_priv.h"

/* What each address has, over all threads: connections, and what their requests hold. */
struct crowd;
struct crowd_member; /* one address that has at least one */

struct crowd *crowd_create(void);
void crowd_destroy(struct crowd *crowd); /* NULL is fine; nobody may be left */

/* One more from there; *out_n counts it already. */
struct crowd_member *crowd_enter(
	struct crowd *crowd, const struct address *from, size_t *out_n);
void crowd_leave(struct crowd *crowd, struct crowd_member *member);
size_t crowd_size(const struct crowd_member *member); /* NULL, who is not counted: 0 */

enum crowd_what {
	CROWD_MEMORY, /* bytes */
	CROWD_FILES,
	CROWD_N_WHAT,
};

/* Its requests hold so much more, or less. */
void crowd_hold(struct crowd_member *member, enum crowd_what what, int64_t change);
int64_t crowd_held(const struct crowd_member *member, enum crowd_what what);

#endif
