/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/trend.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

/* Complete months that the short and the long test look at (METRICS.md section 7). */
#define SHORT_MONTHS 6
#define LONG_MONTHS 12
#define SHORT_NEEDED 5

enum trend_direction trend_direction(const char *word)
{
	static const struct {
		const char *word;
		enum trend_direction direction;
	} words[] = {
		{"not_enough_data", TREND_NOT_ENOUGH_DATA},
		{"steady", TREND_STEADY},
		{"improving", TREND_IMPROVING},
		{"worsening", TREND_WORSENING},
	};

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].direction;
	}
	return TREND_UNKNOWN;
}

const char *trend_phrase(enum trend_direction direction)
{
	switch (direction) {
	case TREND_UNKNOWN:
		return "no complete month yet";
	case TREND_NOT_ENOUGH_DATA:
		return "too little data";
	case TREND_STEADY:
		return "steady";
	case TREND_IMPROVING:
		return "getting better";
	case TREND_WORSENING:
		return "getting worse";
	}
	__builtin_unreachable();
}

static bool goes_up(enum metric metric, enum trend_direction direction)
{
	return metric_words(metric)->good_is_up == (direction == TREND_IMPROVING);
}

const char *trend_arrow(enum metric metric, enum trend_direction direction)
{
	switch (direction) {
	case TREND_UNKNOWN:
	case TREND_NOT_ENOUGH_DATA:
		return "\xC2\xB7"; /* U+00B7, a dot */
	case TREND_STEADY:
		return "\xE2\x86\x92"; /* U+2192, to the right */
	case TREND_IMPROVING:
	case TREND_WORSENING:
		/* U+2197 and U+2198, up and down to the right */
		return goes_up(metric, direction) ? "\xE2\x86\x97" : "\xE2\x86\x98";
	}
	__builtin_unreachable();
}

/* "1.9 to 4.6 days", "23 min to 1.2 h": a unit that both share is said once. */
static void from_to(
	enum metric metric, double from, double to, char out[static TREND_SENTENCE / 2])
{
	char first[WORDS_TEXT];
	char last[WORDS_TEXT];
	const char *unit = strchr(metric_comparable_text(metric, from, first), ' ');
	const char *other = strchr(metric_comparable_text(metric, to, last), ' ');
	int n_first = (int)strlen(first);

	if (unit && other && strcmp(unit, other) == 0 && strncmp(first, "under", 5) != 0)
		n_first = (int)(unit - first);
	(void)snprintf(out, TREND_SENTENCE / 2, "%.*s to %s", n_first, first, last);
}

bool trend_rests_on(const struct trend *trend, enum metric metric, const struct month_row *row)
{
	int months = trend->is_long ? LONG_MONTHS : SHORT_MONTHS;

	return row->month > trend->month - months && row->month <= trend->month &&
		metric_is_usable(row, metric);
}

/* The first and last usable value of the months that the trend rests on. */
static int ends(enum metric metric, const struct trend *trend, const struct month_row *rows,
	size_t n_rows, double out[static 2])
{
	enum figure figure = metric_words(metric)->comparable;
	int first = 0;
	int last = 0;

	for (size_t i = 0; i < n_rows; i++) {
		if (!trend_rests_on(trend, metric, &rows[i]))
			continue;
		if (!first) {
			first = rows[i].month;
			out[0] = rows[i].figures[figure];
		}
		last = rows[i].month;
		out[1] = rows[i].figures[figure];
	}
	return first ? last - first + 1 : 0;
}

static void moving(enum metric metric, const struct trend *trend, const struct month_row *rows,
	size_t n_rows, char out[static TREND_SENTENCE])
{
	const struct metric_words *words = metric_words(metric);
	bool up = goes_up(metric, trend->direction);
	double value[2] = {0};
	int months = ends(metric, trend, rows, n_rows, value);
	char values[TREND_SENTENCE / 2] = "";
	char number[WORDS_TEXT];

	/* Single months scatter about a trend: its ends are told where they show it. */
	if (months > 1 && (up ? value[1] > value[0] : value[1] < value[0]))
		from_to(metric, value[0], value[1], values);
	(void)snprintf(out, TREND_SENTENCE, "%s over the last %s months%s%s.",
		up ? words->rising : words->falling,
		words_small(months               ? months
				: trend->is_long ? LONG_MONTHS
						 : SHORT_MONTHS,
			number),
		values[0] ? ": " : "", values);
}

static void too_little(
	enum metric metric, const struct trend *trend, char out[static TREND_SENTENCE])
{
	const struct metric_words *words = metric_words(metric);
	char have[WORDS_TEXT];
	char need[WORDS_TEXT];
	char least[WORDS_TEXT] = "";
	char n[WORDS_TEXT];

	if (words->usable_n)
		(void)snprintf(least, sizeof(least), " with %s or more",
			words_n(words->usable_n, words->one, words->many, n));
	(void)snprintf(out, TREND_SENTENCE,
		"Too little data for a trend: it takes %s of the last six complete months%s, "
		"and there %s %s.",
		words_small(SHORT_NEEDED, need), least, trend->n == 1 ? "is" : "are",
		trend->n ? words_small(trend->n, have) : "none");
}

const char *trend_sentence(enum metric metric, const struct trend *trend,
	const struct month_row *rows, size_t n_rows, char out[static TREND_SENTENCE])
{
	switch (trend->direction) {
	case TREND_UNKNOWN:
		(void)snprintf(
			out, TREND_SENTENCE, "No trend yet: the first month is not over.");
		return out;
	case TREND_NOT_ENOUGH_DATA:
		too_little(metric, trend, out);
		return out;
	case TREND_STEADY:
		(void)snprintf(out, TREND_SENTENCE,
			"Steady: the last six months moved no more than usual.");
		return out;
	case TREND_IMPROVING:
	case TREND_WORSENING:
		moving(metric, trend, rows, n_rows, out);
		return out;
	}
	__builtin_unreachable();
}
