/* SPDX-License-Identifier: Apache-2.0 */
#include "version.h"

#include "form.h"
#include "observe.h"

#include <string.h>

#define SHA1_DIGITS 40
#define SHA256_DIGITS 64

const char *version_sha(struct intake *in, const char *version)
{
	size_t n = version ? strlen(version) : 0;

	if (n > SHA1_DIGITS && n != SHA256_DIGITS)
		return NULL;
	if (n < SHA1_DIGITS && strspn(version ? version : "", "0123456789") == n)
		return NULL; /* a date or a build */
	return sha_or_null(in, version);
}

const char *image_sha(struct intake *in, const char *image)
{
	const char *name = image ? strrchr(image, '/') : NULL;

	if (!image)
		return NULL;
	name = name ? name + 1 : image; /* a colon before that is of a port */
	const char *tag = strchr(name, ':');
	size_t n = strcspn(name, "@");
	if (!tag || tag > name + n)
		return NULL;
	const char *text = arena_strndup(in->arena, tag + 1, (size_t)(name + n - (tag + 1)));
	const char *dash = strrchr(text, '-');
	if (!dash)
		return version_sha(in, text);
	return version_sha(in, dash + 1 + (dash[1] == 'g')); /* as git describe has it */
}

static const char *decoded(struct intake *in, const char *text, size_t n)
{
	return percent_decode(text, n, in->arena, &n);
}

/* The commit of "...?vcs_url=git%2Bhttps://git.example/shop/checkout.git%403f9c2d1". */
static const char *vcs_sha(struct intake *in, const char *qualifiers)
{
	static const char name[] = "vcs_url=";
	const char *at = strstr(qualifiers, name);

	if (!at)
		return NULL;
	at += strlen(name);
	const char *url = decoded(in, at, strcspn(at, "&#"));
	const char *sign = strrchr(url, '@');
	return sign ? version_sha(in, sign + 1) : NULL;
}

const char *purl_sha(struct intake *in, const char *purl)
{
	if (!after_prefix(purl, "pkg:"))
		return NULL;
	size_t n = strcspn(purl, "?#");
	const char *sha = vcs_sha(in, purl + n);
	const char *path = arena_strndup(in->arena, purl, n);
	const char *sign = strrchr(path, '@');

	if (sha || !sign)
		return sha;
	return version_sha(in, decoded(in, sign + 1, strlen(sign + 1)));
}
