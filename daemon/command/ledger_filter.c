/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_filter.h"

#include "base/timestamp.h"
#include "config/values.h"

#include <string.h>
#include <time.h>

bool ledger_time_read(const char *name, const char *text, int64_t *out, struct error *err)
{
	struct timespec now;
	int64_t ago_us;

	if (!text || timestamp_parse(text, strlen(text), out))
		return true;
	if (value_duration_us(text, &ago_us)) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		*out = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 - ago_us;
		return true;
	}
	error_setf(err,
		"%s %s: want a time such as 2026-06-01T12:00:00Z, or how long ago: 90s, 15m, "
		"2h, "
		"30d",
		name, text);
	return false;
}

bool ledger_number_read(const char *text, int64_t *out)
{
	return value_integer(text, out) && *out > 0;
}

bool ledger_filter_read(
	const struct command_line *line, struct ledger_filter *out, struct error *err)
{
	const char *last = command_option(line, "--last", 0);
	enum ledger_state state;

	*out = (struct ledger_filter){
		.endpoint = command_option(line, "--endpoint", 0),
		.state = command_option(line, "--state", 0),
	};
	if (out->state && !ledger_state_from_name(out->state, &state)) {
		error_setf(err,
			"--state %s: want kept, forwarded, ignored, quarantined or dead",
			out->state);
		return false;
	}
	if (last && !ledger_number_read(last, &out->last)) {
		error_setf(err, "--last %s: want a number of 1 or more", last);
		return false;
	}
	return ledger_time_read(
		       "--since", command_option(line, "--since", 0), &out->since_us, err) &&
		ledger_time_read(
			"--until", command_option(line, "--until", 0), &out->until_us, err);
}
