/* SPDX-License-Identifier: Apache-2.0 */
#include "config/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo"
#define MAX_NAME 64

bool zones_are_here(void)
{
	return access(ZONES "/UTC", R_OK) == 0;
}

/* Folders and lists stand beside the zones: only what is inside tells. */
bool zone_is_here(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789+-_/";
	char path[sizeof(ZONES) + 1 + MAX_NAME];
	char magic[4] = "";

	if (!*name || name[0] == '/' || name[strspn(name, letters)] ||
		strlen(name) > MAX_NAME || strncmp(name, "posix/", 6) == 0 ||
		strncmp(name, "right/", 6) == 0)
		return false;
	(void)snprintf(path, sizeof(path), ZONES "/%s", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	bool zone = read(file, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
		memcmp(magic, "TZif", sizeof(magic)) == 0;
	(void)close(file);
	return zone;
}
