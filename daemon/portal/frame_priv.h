/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_FRAME_PRIV_H
#define DORAD_PORTAL_FRAME_PRIV_H

#include "visit_priv.h"

/* What is around every page. */
enum frame_place { /* which entry of the menu is the present one */
	FRAME_NONE,
	FRAME_DIRECTORY,
	FRAME_ASSURANCE,
	FRAME_DATA,
};

/* As the numbers stand: for the foot of a page. */
struct frame_clock {
	const char
		*as_of; /* "3 June 2026, 09:00", in the zone; NULL: nothing was rolled up yet */
	const char *zone;
};

/* Up to the opened <main>. title: of the window, before " - dorad"; NULL: the front page. */
struct markup *frame_open(struct visit *visit, const char *title, enum frame_place place);

/* clock may be NULL. */
void frame_close(struct visit *visit, struct markup *markup, const struct frame_clock *clock);

/* <a href="prefix/a/b">text</a> of path segments, ended by NULL. */
void frame_link(struct visit *visit, struct markup *markup, const char *text, ...)
	__attribute__((sentinel));

/* A link out of the portal; only its text where the address is none of the web. */
void frame_link_out(struct markup *markup, const char *url, const char *text);

/* The name of a service or team: it may run in any direction. */
void frame_name(struct markup *markup, const char *name);

#endif
