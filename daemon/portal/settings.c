/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_priv.h"

#include "base/xalloc.h"
#include "portal/address.h"
#include "portal/portal.h"

#include <stdlib.h>
#include <string.h>

/* Nobody sends the portal anything but questions. */
#define MOST_BODY 4096

/* Longer than Postgres is waited for, behind another page that is, too: who asks gets words. */
#define ANSWER_US INT64_C(30000000)

void settings_destroy(struct settings *settings)
{
	if (!settings)
		return;
	access_clear(&settings->access);
	free(settings->prefix);
	free(settings->base_url);
	free(settings);
}

struct settings *settings_create(const struct config *config, struct error *err)
{
	const char *url = config->portal.base_url;
	struct settings made = {.holders = 1};

	if (url && !address_is_web(url)) {
		error_setf(
			err, "portal.base_url: %s: want http:// or https:// and a host", url);
		return NULL;
	}
	if (!access_init(&made.access, config, err))
		return NULL;
	if (url) {
		size_t n = strlen(url);

		while (n && url[n - 1] == '/')
			n--;
		made.base_url = xstrndup(url, n);
		const char *host = strstr(made.base_url, "://");
		const char *path = host ? strchr(host + 3, '/') : NULL;
		made.prefix = xstrdup(path ? path : "");
	} else {
		made.prefix = xstrdup("");
	}
	struct settings *settings = xmalloc(sizeof(*settings));
	*settings = made;
	return settings;
}

struct http_options settings_front(const struct config *config, struct http_listen **out_listen)
{
	const struct config_strings *addresses = &config->portal.listen;
	const struct config_strings *metrics = &config->portal.metrics_listen;
	struct http_listen *listen = xcalloc(addresses->n + metrics->n + 1, sizeof(*listen));

	for (size_t i = 0; i < addresses->n; i++)
		listen[i].address = addresses->items[i];
	for (size_t i = 0; i < metrics->n; i++)
		listen[addresses->n + i] = (struct http_listen){
			.address = metrics->items[i], .tag = LISTENER_METRICS, .plain = true};
	*out_listen = listen;
	return (struct http_options){.listen = listen,
		.n_listen = addresses->n + metrics->n,
		.trusted_proxies = (const char *const *)config->portal.trusted_proxies.items,
		.n_trusted_proxies = config->portal.trusted_proxies.n,
		.limits = {.body_bytes = MOST_BODY, .answer_us = ANSWER_US}};
}

bool portal_check(const struct config *config, struct error *err)
{
	struct http_listen *listen;
	const struct http_options options = settings_front(config, &listen);
	bool good = http_options_check(&options, err);

	free(listen);
	struct settings *settings = good ? settings_create(config, err) : NULL;
	good = settings != NULL;
	settings_destroy(settings);
	return good;
}
