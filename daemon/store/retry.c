/* SPDX-License-Identifier: Apache-2.0 */
#include "store/retry.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>

/* SQLSTATE (or its beginning) and what it asks; the first that fits stands. What is in no line
 * is STORE_WRONG. */
static const struct {
	const char *beginning;
	enum store_class class;
} classes[] = {
	{"08", STORE_AGAIN},     /* connection */
	{"21000", STORE_POISON}, /* one key twice in a statement: apart they fit */
	{"22", STORE_POISON},    /* data */
	{"23", STORE_POISON},    /* constraint */
	{"25006", STORE_LATER},  /* read only: a standby, or an operator's will */
	{"25P03", STORE_AGAIN},  /* idle in transaction too long */
	{"40", STORE_AGAIN},     /* serialization, deadlock */
	{"53200", STORE_SHRINK}, /* out of memory */
	{"53", STORE_LATER},     /* disk full, too many connections */
	{"54", STORE_POISON},    /* a value beyond a limit: too deep, too long for an index */
	{"55P03", STORE_AGAIN},  /* lock not available */
	{"57014", STORE_SHRINK}, /* statement time-out, or cancelled */
	{"57", STORE_AGAIN},     /* shutting down, crashed, starting */
	{"58", STORE_LATER},     /* input or output at the server */
};

const char *store_class_name(enum store_class class)
{
	switch (class) {
	case STORE_FINE:
		return "fine";
	case STORE_AGAIN:
		return "again";
	case STORE_LATER:
		return "later";
	case STORE_SHRINK:
		return "shrink";
	case STORE_POISON:
		return "poison";
	case STORE_WRONG:
		return "wrong";
	}
	__builtin_unreachable();
}

enum store_class store_classify(const char *sqlstate, bool connection_lost)
{
	if (!sqlstate)
		return connection_lost ? STORE_AGAIN : STORE_WRONG;

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		const char *beginning = classes[i].beginning;

		if (strncmp(sqlstate, beginning, strlen(beginning)) == 0)
			return classes[i].class;
	}
	return STORE_WRONG;
}

bool store_wants_new_connection(const char *sqlstate, bool connection_lost)
{
	if (connection_lost)
		return true;
	return sqlstate && (strncmp(sqlstate, "57P", 3) == 0 || strcmp(sqlstate, "25006") == 0);
}

int64_t store_backoff_us(enum store_class class, int attempt, uint32_t random)
{
	bool patient = class == STORE_LATER || class == STORE_WRONG;
	int64_t most_us = patient ? 500000 : 20000;
	int64_t cap_us = patient ? 30000000 : 2000000;

	for (int i = 1; i < attempt && most_us < cap_us; i++)
		most_us *= 2;
	if (most_us > cap_us)
		most_us = cap_us;

	int64_t least_us = patient ? most_us / 2 : 0;
	return least_us + (most_us - least_us) * (random >> 8) / (1 << 24);
}
