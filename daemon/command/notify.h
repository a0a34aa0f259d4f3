/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_NOTIFY_H
#define DORAD_COMMAND_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a daemon tells systemd (READY=1, RELOADING=1, STOPPING=1, WATCHDOG=1) and what it is
 * told by signals. Without systemd, or in a build without libsystemd, telling does nothing.
 */
void notify(const char *state);

/* WATCHDOG=1, where the unit asks for it. */
void notify_alive(void);

/* The signals a daemon listens to, read in its own time: SIGTERM and SIGINT end it, SIGHUP
 * makes it read its files again. */
struct wakeup {
	int file; /* a signalfd; readable when there is something to do */
	bool stop;
	bool reload;         /* set until the daemon clears it */
	bool unfed;          /* set by a daemon that feeds the watchdog itself */
	int64_t watchdog_us; /* systemd's patience; 0: none asked for */
	int64_t fed_us;      /* when the watchdog was last told, monotonic */
};

/* Blocks these signals: call it before any thread is started. */
void wakeup_init(struct wakeup *wakeup);
void wakeup_clear(struct wakeup *wakeup);

/* Waits for a signal, at most for_us (0: only looks), and feeds the watchdog meanwhile. False:
 * stop is set. */
bool wakeup_wait(struct wakeup *wakeup, int64_t for_us);

#endif
