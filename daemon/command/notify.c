/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* The watchdog is thought of this often while waiting. */
#define BEAT_US 500000

void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
	(void)sd_notify(0, state);
#else
	(void)state;
#endif
}

/* How often the watchdog wants to hear of us, at least; 0: there is none. */
static int64_t watchdog_us(void)
{
	uint64_t period_us = 0;

#ifdef HAVE_SYSTEMD
	if (sd_watchdog_enabled(0, &period_us) <= 0)
		period_us = 0;
#endif
	return (int64_t)period_us;
}

/* Not oftener than needed: telling systemd waits while it is busy. */
static void feed(struct wakeup *wakeup)
{
	struct timespec time;

	if (!wakeup->watchdog_us || wakeup->unfed)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	int64_t now_us = time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
	if (now_us - wakeup->fed_us < wakeup->watchdog_us / 4)
		return;
	wakeup->fed_us = now_us;
	notify("WATCHDOG=1");
}

void notify_alive(void)
{
	if (watchdog_us())
		notify("WATCHDOG=1");
}

void wakeup_init(struct wakeup *wakeup)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	*wakeup = (struct wakeup){
		.file = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
		.watchdog_us = watchdog_us(),
	};
	assert(wakeup->file >= 0); /* fails only without descriptors, at the start */
}

void wakeup_clear(struct wakeup *wakeup)
{
	(void)close(wakeup->file);
	wakeup->file = -1;
}

static void take(struct wakeup *wakeup)
{
	struct signalfd_siginfo info;

	while (read(wakeup->file, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			wakeup->reload = true;
		else
			wakeup->stop = true;
	}
}

bool wakeup_wait(struct wakeup *wakeup, int64_t for_us)
{
	struct pollfd poll_file = {.fd = wakeup->file, .events = POLLIN};

	for (;;) {
		int64_t step_us = for_us < BEAT_US ? for_us : BEAT_US;

		feed(wakeup);
		bool woken = poll(&poll_file, 1, (int)((step_us + 999) / 1000)) > 0;
		take(wakeup);
		for_us -= step_us;
		if (woken || wakeup->stop || for_us <= 0)
			return !wakeup->stop;
	}
}
