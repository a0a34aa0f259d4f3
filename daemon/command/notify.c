/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* The watchdog is fed this often; units give it several seconds. */
#define BEAT_US 1000000

/* Only where it was asked for: telling systemd waits while nobody reads. */
static bool wants_beats(void)
{
#ifdef HAVE_SYSTEMD
	return sd_watchdog_enabled(0, NULL) > 0;
#else
	return false;
#endif
}

void notify(const char *state)
{
	if (strcmp(state, "WATCHDOG=1") == 0 && !wants_beats())
		return;
#ifdef HAVE_SYSTEMD
	(void)sd_notify(0, state);
#endif
}

/* Not oftener than needed. */
static void feed(struct wakeup *wakeup)
{
	struct timespec time;

	if (wakeup->unfed)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	int64_t now_us = time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
	if (now_us - wakeup->fed_us < BEAT_US)
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
