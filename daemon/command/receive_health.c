/* SPDX-License-Identifier: Apache-2.0 */
#include "receive.h"

#include "base/log.h"

#include <sys/statvfs.h>

/* RELIABILITY.md section 0, 5: behind for longer than this, connections wait in the kernel. */
#define BEHIND_US INT64_C(1000000)

/* By then those that wait must be told 503 while their senders still listen, and those in the
 * backlog too. */
#define GIVE_UP_US (LEDGER_PATIENCE_US - INT64_C(1000000))

#define LOOK_US INT64_C(5000000)

const char *receive_trouble(struct receiver *receiver)
{
	struct ledger_health health;

	ledger_health(receiver->ledger, &health);
	if (health.full)
		return "the ledger's disk is full\n";
	if (health.failing)
		return "the ledger cannot be written\n";
	if (health.behind_us > GIVE_UP_US)
		return "the ledger is behind\n";
	return NULL;
}

bool receive_should_pause(struct receiver *receiver)
{
	struct ledger_health health;

	ledger_health(receiver->ledger, &health);
	return health.behind_us > BEHIND_US && health.behind_us < GIVE_UP_US;
}

bool receive_is_busy(struct receiver *receiver)
{
	struct ledger_health health;

	ledger_health(receiver->ledger, &health);
	return health.behind_us > 0;
}

void receive_look(struct receiver *receiver, const char *ledger_path)
{
	int64_t now = receive_clock_us(CLOCK_MONOTONIC);
	struct ledger_counts counts;
	struct statvfs disk;

	if (receiver->counted_us && now - receiver->counted_us < LOOK_US)
		return;
	bool counted = ledger_count(receiver->ledger, &counts, NULL);
	bool looked = statvfs(ledger_path, &disk) == 0;
	(void)pthread_mutex_lock(&receiver->lock);
	if (counted)
		receiver->counts = counts;
	if (looked)
		receiver->disk_free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
	receiver->counted_us = now;
	(void)pthread_mutex_unlock(&receiver->lock);
}
