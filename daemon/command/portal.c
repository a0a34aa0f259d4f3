/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/portal.h"

#include "base/log.h"
#include "dumps.h"
#include "notify.h"
#include "reload.h"
#include "table.h"

#include <pthread.h>

#define HOUR_US INT64_C(3600000000)

static void *serve(void *portal)
{
	portal_run(portal);
	return NULL;
}

static void reload(struct portal *portal, const struct config *running)
{
	struct error err = {0};
	CLEANUP(config_destroyp)
	struct config *config = reload_config(running->path, running, "portal", &err);

	notify("RELOADING=1");
	if (config && portal_reload(portal, config, &err))
		log_info("reloaded config=%s", config->path);
	else
		log_error("reload error=%s: what was read before stands", LOG_QUOTE(err.text));
	notify("READY=1");
}

static int run(const struct command_line *line)
{
	dumps_forbid();
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct error err = {0};
	struct wakeup wakeup;
	pthread_t thread;

	if (!config)
		return EXIT_FAILED;
	wakeup_init(&wakeup);
	CLEANUP(portal_destroyp) struct portal *portal = portal_create(config, &err);
	if (!portal || pthread_create(&thread, NULL, serve, portal) != 0) {
		wakeup_clear(&wakeup);
		return command_fail(line, "%s", portal ? "no thread" : err.text);
	}
	log_info("portal listen=%s version=%s", config->portal.listen.items[0], DORAD_VERSION);
	notify("READY=1");
	while (wakeup_wait(&wakeup, HOUR_US)) {
		if (!wakeup.reload)
			continue;
		wakeup.reload = false;
		reload(portal, config);
	}
	notify("STOPPING=1");
	portal_stop(portal);
	(void)pthread_join(thread, NULL);
	wakeup_clear(&wakeup);
	log_info("portal stopped");
	return EXIT_DONE;
}

const struct command portal_command = {
	.name = "portal",
	.arguments = "",
	.summary = "pages for people, charts and an API, from Postgres",
	.details = "Reads, and never writes. SIGTERM ends it after the pages at hand, SIGHUP "
		   "makes\n"
		   "it read token, trusted_header, open and base_url again.",
	.run = run,
};
