/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_VERSION_H
#define DORAD_SOURCE_VERSION_H

#include "source_priv.h"

/*
 * The commit in the name of what was deployed, for senders that know of no commits. In lower
 * case; NULL: there is none. A digest is not a commit, nor is a date or the number of a build.
 */

/* A version: 7 to 39 hex digits with a letter among them, 40 or 64. */
const char *version_sha(struct intake *in, const char *version);

/*
 * The tag of an image, or the end of it: "registry.example:5000/shop/checkout:3f9c2d1",
 * "checkout:main-3f9c2d1", "checkout:v1.4-2-g3f9c2d1@sha256:...".
 */
const char *image_sha(struct intake *in, const char *image);

/*
 * A package URL (github.com/package-url/purl-spec): what its vcs_url names, else its version:
 * "pkg:golang/git.example/shop/checkout@234fd47e07d1".
 */
const char *purl_sha(struct intake *in, const char *purl);

#endif
