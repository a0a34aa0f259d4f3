/* SPDX-License-Identifier: Apache-2.0 */
#include "forward_priv.h"

#include "base/log.h"
#include "ledger/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The ledger's own name, as it stands before the number of each delivery. */
static void name_of(struct ledger *ledger, char out[static LEDGER_NAME_MAX])
{
	ledger_name(ledger, 0, out);
	char *dash = strrchr(out, '-');
	if (dash)
		*dash = '\0';
}

enum stream_result forward_report(struct forwarder *forwarder, struct error *err)
{
	struct ledger *ledger = forwarder->options.ledger;
	struct ledger_counts counts;
	struct error words = {0};
	char name[LEDGER_NAME_MAX];
	char text[256];

	if (!ledger_count(ledger, &counts, NULL))
		return STREAM_DONE;
	name_of(ledger, name);
	(void)snprintf(text, sizeof(text),
		"{\"at\":%lld,\"backlog\":%" PRId64 ",\"quarantined\":%" PRId64
		",\"dead\":%" PRId64 "}",
		(long long)time(NULL), counts.backlog, counts.quarantined, counts.dead);
	enum stream_result result = stream_report(forwarder->stream, name, text, &words);
	/* Events must not wait for what is only told. */
	if (result == STREAM_DONE || result == STREAM_BROKEN || result == STREAM_NOT_MASTER) {
		if (result != STREAM_DONE)
			error_setf(err, "%s", words.text);
		return result;
	}
	log_debug("report not taken: %s", LOG_QUOTE(words.text));
	return STREAM_DONE;
}
