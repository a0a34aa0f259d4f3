/* SPDX-License-Identifier: Apache-2.0 */
#include "chart_priv.h"

#include <math.h>
#include <stdlib.h>

double chart_month_x(const struct drawing *to, size_t i)
{
	return CHART_RIGHT - CHART_SLOT * ((double)(to->n - i) - 0.5);
}

double chart_value_y(const struct drawing *to, double value)
{
	return CHART_BASE - (CHART_BASE - CHART_TOP) * value / to->scale.top;
}

/*
 * A tenth of a unit is finer than any screen. By hand, for a page has a thousand of them and
 * printf() takes its time over each.
 */
static void set_number(const struct drawing *to, const char *name, double value)
{
	char text[24];
	char *at = text + sizeof(text) - 1;
	long long tenths = llround(value * 10);
	unsigned long long left = (unsigned long long)llabs(tenths);

	*at = '\0';
	if (left % 10) {
		*--at = (char)('0' + left % 10);
		*--at = '.';
	}
	left /= 10;
	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (tenths < 0)
		*--at = '-';
	markup_set(to->markup, name, at);
}

void chart_rectangle(
	const struct drawing *to, const char *class, struct chart_box box, bool hatched)
{
	markup_open(to->markup, "rect", "class", class, NULL);
	set_number(to, "x", box.x);
	set_number(to, "y", box.y);
	set_number(to, "width", box.width);
	set_number(to, "height", box.height);
	if (hatched)
		markup_setf(to->markup, "fill", "url(#%s-hatch)", to->words->slug);
	markup_close(to->markup);
}

void chart_line(const struct drawing *to, const char *class, struct chart_box from_by)
{
	markup_open(to->markup, "line", "class", class, NULL);
	set_number(to, "x1", from_by.x);
	set_number(to, "y1", from_by.y);
	set_number(to, "x2", from_by.x + from_by.width);
	set_number(to, "y2", from_by.y + from_by.height);
	markup_close(to->markup);
}

void chart_words(
	const struct drawing *to, const char *class, double x, double y, const char *text)
{
	markup_open(to->markup, "text", "class", class, NULL);
	set_number(to, "x", x);
	set_number(to, "y", y);
	markup_text(to->markup, text);
	markup_close(to->markup);
}

void chart_circle(
	const struct drawing *to, const char *class, double x, double y, double radius)
{
	markup_open(to->markup, "circle", "class", class, NULL);
	set_number(to, "cx", x);
	set_number(to, "cy", y);
	set_number(to, "r", radius);
	markup_close(to->markup);
}
