/* SPDX-License-Identifier: Apache-2.0 */
#include "frame_priv.h"

#include "portal/address.h"
#include "static_priv.h"

#include <stdarg.h>
#include <stdlib.h>

static char *path_of(struct visit *visit, const char *first, va_list more)
{
	char *path = arena_strdup(visit->arena, visit->settings->prefix);

	for (const char *segment = first; segment; segment = va_arg(more, const char *))
		path = address_join(visit->arena, path, segment, (char *)NULL);
	return path;
}

void frame_link(struct visit *visit, struct markup *markup, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	const char *first = va_arg(args, const char *);
	markup_open(markup, "a", "href", path_of(visit, first, args), NULL);
	va_end(args);
	markup_text(markup, text);
	markup_close(markup);
}

void frame_link_out(struct markup *markup, const char *url, const char *text)
{
	if (!address_is_web(url)) {
		frame_name(markup, text);
		return;
	}
	markup_open(markup, "a", "href", url, "rel", "noopener noreferrer", NULL);
	frame_name(markup, text);
	markup_close(markup);
}

void frame_name(struct markup *markup, const char *name)
{
	markup_element(markup, "bdi", NULL, name);
}

static void menu_entry(struct visit *visit, struct markup *markup, const char *text,
	const char *segment, bool here)
{
	markup_open(markup, "a", "href",
		address_join(visit->arena, visit->settings->prefix, segment, (char *)NULL),
		NULL);
	if (here)
		markup_set(markup, "aria-current", "page");
	markup_text(markup, text);
	markup_close(markup);
}

static void head(struct visit *visit, struct markup *markup, const char *title)
{
	const char *prefix = visit->settings->prefix;

	markup_open(markup, "head", NULL);
	markup_open(markup, "meta", "charset", "utf-8", NULL);
	markup_open(markup, "meta", "name", "viewport", "content",
		"width=device-width, initial-scale=1", NULL);
	markup_open(markup, "meta", "name", "color-scheme", "content", "light dark", NULL);
	markup_open(markup, "title", NULL);
	markup_textf(markup, "%s%sdorad", title ? title : "", title ? " \xE2\x80\x93 " : "");
	markup_close(markup);
	markup_open(markup, "link", "rel", "stylesheet", NULL);
	markup_set(markup, "href",
		arena_printf(visit->arena, "%s/style-%s.css", prefix, style_hex));
	markup_open(markup, "link", "rel", "icon", "type", "image/svg+xml", NULL);
	markup_set(markup, "href", arena_printf(visit->arena, "%s/icon.svg", prefix));
	markup_close(markup);
}

static void search(struct visit *visit, struct markup *markup)
{
	bool is_front = visit->route.page == ROUTE_DIRECTORY;
	const char *asked = is_front ? visit_parameter(visit, "q") : NULL;

	markup_open(markup, "form", "role", "search", "action",
		address_join(visit->arena, visit->settings->prefix, "", (char *)NULL), NULL);
	markup_open(markup, "label", "class", "unseen", "for", "q", NULL);
	markup_text(markup, "Find a service or team");
	markup_close(markup);
	markup_open(markup, "input", "type", "search", "id", "q", "name", "q", "placeholder",
		"Find a service or team", "autocomplete", "off", NULL);
	markup_set(markup, "value", asked && *asked ? asked : NULL);
	markup_element(markup, "button", NULL, "Find");
	markup_close(markup);
}

struct markup *frame_open(struct visit *visit, const char *title, enum frame_place place)
{
	struct markup *markup = visit_markup(visit);

	markup_trusted(markup, "<!doctype html>\n");
	markup_open(markup, "html", "lang", "en", NULL);
	head(visit, markup, title);
	markup_open(markup, "body", NULL);
	markup_open(markup, "a", "class", "skip", "href", "#main", NULL);
	markup_text(markup, "Skip to the content");
	markup_close(markup);

	markup_open(markup, "header", "class", "top", NULL);
	markup_open(markup, "a", "class", "brand", "href",
		address_join(visit->arena, visit->settings->prefix, "", (char *)NULL), NULL);
	markup_text(markup, "dorad");
	markup_close(markup);
	markup_open(markup, "nav", "aria-label", "Pages", NULL);
	menu_entry(visit, markup, "Services and teams", "", place == FRAME_DIRECTORY);
	menu_entry(visit, markup, "Assurance", "assurance", place == FRAME_ASSURANCE);
	menu_entry(visit, markup, "Data", "data", place == FRAME_DATA);
	markup_close(markup);
	search(visit, markup);
	markup_close(markup);
	markup_open(markup, "main", "id", "main", NULL);
	return markup;
}

void frame_close(struct visit *visit, struct markup *markup, const struct frame_clock *clock)
{
	markup_close(markup); /* main */
	markup_open(markup, "footer", NULL);
	markup_open(markup, "p", NULL);
	if (clock && clock->as_of)
		markup_textf(markup, "As of %s. Months begin at midnight in %s.", clock->as_of,
			clock->zone);
	else if (clock)
		markup_text(markup, "Nothing has been rolled up yet.");
	if (visit->is_replica && visit->behind_s)
		markup_textf(markup, " Read from a replica, %s s behind.", visit->behind_s);
	else if (visit->is_replica)
		markup_text(markup, " Read from a replica that has not caught up yet.");
	markup_close(markup);
	markup_open(markup, "p", NULL);
	markup_text(markup, "Each number leads to its reasons. The same as JSON: ");
	frame_link(visit, markup, "the API", "api", "openapi.yaml", (char *)NULL);
	markup_text(markup, ".");
	markup_close_n(markup, 4); /* p, footer, body, html */
}
