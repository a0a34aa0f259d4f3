/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/link.h"

#define FIRST_BOUND_US INT64_C(50000)
#define LAST_BOUND_US INT64_C(5000000)
#define HURRIED_BOUND_US INT64_C(1000000)

/* What only a person can mend is tried again every 5 to 30 s (RELIABILITY.md 3.2). */
#define REFUSED_LEAST_US INT64_C(5000000)
#define REFUSED_MOST_US INT64_C(30000000)

void link_init(struct link *link, uint64_t seed)
{
	*link = (struct link){.state = LINK_DOWN, .dice = seed};
}

/* splitmix64: any seed will do, and nothing here needs to be unguessable. */
static uint64_t throw_dice(struct link *link)
{
	uint64_t z = link->dice += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t between(struct link *link, int64_t least, int64_t most)
{
	return least + (int64_t)(throw_dice(link) % (uint64_t)(most - least + 1));
}

void link_hurry(struct link *link)
{
	link->hurried = true;
}

static int64_t bound_us(const struct link *link)
{
	int64_t most = link->hurried ? HURRIED_BOUND_US : LAST_BOUND_US;
	int64_t bound = FIRST_BOUND_US;

	for (unsigned n = 1; n < link->failures && bound < most; n++)
		bound *= 2;
	return bound < most ? bound : most;
}

static enum link_action enter(struct link *link, enum link_state state, enum link_action action)
{
	link->state = state;
	return action;
}

static enum link_action wait_in(struct link *link, enum link_state state)
{
	link->failures++;
	link->wait_us = between(link, 0, bound_us(link));
	return enter(link, state, LINK_DO_WAIT);
}

enum link_action link_step(struct link *link, enum link_input input)
{
	switch (input) {
	case LINK_TIMER:
		if (link->state == LINK_DOWN)
			return enter(link, LINK_CONNECTING, LINK_DO_CONNECT);
		if (link->state == LINK_PAUSED)
			return enter(link, LINK_READY, LINK_DO_WORK);
		return LINK_DO_NOTHING; /* a late timer */
	case LINK_OPENED:
		/* The failures stay counted: a server that takes connections and then answers
		 * nothing must not be hammered. */
		return enter(link, LINK_READY, LINK_DO_WORK);
	case LINK_WORKED:
		link->failures = 0;
		return enter(link, LINK_READY, LINK_DO_WORK);
	case LINK_BROKE:
		return wait_in(link, LINK_DOWN);
	case LINK_BUSY:
		return wait_in(link, LINK_PAUSED);
	case LINK_REFUSED:
		link->failures++;
		link->wait_us = between(link, REFUSED_LEAST_US, REFUSED_MOST_US);
		return enter(link, LINK_DOWN, LINK_DO_WAIT);
	}
	__builtin_unreachable();
}

int64_t link_wait_us(const struct link *link)
{
	return link->wait_us;
}
