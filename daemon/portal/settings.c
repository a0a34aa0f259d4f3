/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_priv.h"

#include "base/xalloc.h"
#include "portal/address.h"

#include <stdlib.h>
#include <string.h>

void settings_clear(struct settings *settings)
{
	access_clear(&settings->access);
	free(settings->prefix);
	free(settings->base_url);
	*settings = (struct settings){0};
}

bool settings_init(struct settings *settings, const struct config *config, struct error *err)
{
	const char *url = config->portal.base_url;
	struct settings made = {0};

	if (url && !address_is_web(url)) {
		error_setf(
			err, "portal.base_url: %s: want http:// or https:// and a host", url);
		return false;
	}
	if (!access_init(&made.access, config, err))
		return false;
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
	*settings = made;
	return true;
}
