/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_LINK_H
#define DORAD_STREAM_LINK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When to connect to a server and how long to wait: a state machine with no I/O and no clock,
 * for the forwarder and the roll-up alike. link_step() says what to do; the caller does it and
 * says what came of it. Waits are full-jitter back-off: evenly between nothing and a bound that
 * doubles from 50 ms to 5 s (RELIABILITY.md 3.2).
 */
enum link_state {
	LINK_DOWN,       /* no connection; a wait of link_wait_us() is running, or none yet */
	LINK_CONNECTING, /* the caller was told to connect and has not said how it went */
	LINK_READY,      /* connected, and the last thing asked was answered */
	LINK_PAUSED,     /* connected, but the server asked for patience: the wait is running */
};

enum link_input {
	LINK_TIMER,   /* the wait is over, or it is the start */
	LINK_OPENED,  /* connected */
	LINK_WORKED,  /* something asked was answered well */
	LINK_BROKE,   /* could not connect, or lost it; outcomes unknown */
	LINK_BUSY,    /* the server cannot just now: LOADING, OOM ... */
	LINK_REFUSED, /* the server will not until somebody acts: NOAUTH, WRONGTYPE ... */
};

enum link_action {
	LINK_DO_NOTHING,
	LINK_DO_CONNECT,
	LINK_DO_WORK, /* connected: ask away */
	LINK_DO_WAIT, /* link_wait_us(), then LINK_TIMER */
};

struct link {
	enum link_state state;
	unsigned failures; /* in a row */
	uint64_t dice;     /* state of the jitter's generator */
	int64_t wait_us;   /* of the wait that runs */
	bool hurried;
};

/* seed: any number; the same one gives the same waits. */
void link_init(struct link *link, uint64_t seed);

/* Another server takes over within seconds, and asking who does costs little: of a server that
 * was lost, wait at most a second. */
void link_hurry(struct link *link);

enum link_action link_step(struct link *link, enum link_input input);

/* How long LINK_DO_WAIT meant. */
int64_t link_wait_us(const struct link *link);

#endif
