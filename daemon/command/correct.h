/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_CORRECT_H
#define DORAD_COMMAND_CORRECT_H

#include "command/command.h"

#include <jansson.h>
#include <stdint.h>

/* What an operator says, before it is an event (EVENTS.md, correction). Borrowed. */
struct correction {
	const char *kind; /* deployment, incident or work_item */
	const char *id;
	const char *service; /* NULL: in all */
	const char *reason;
	const char *by;
	int64_t at_us;
};

/* correct.c. A CloudEvent; takes value over. withdraws: the id of the one it takes back. */
json_t *correct_event(const struct correction *correction, const char *field, json_t *value,
	const char *withdraws);

/* Keeps and forwards the events as one delivery of the endpoint `operator`; prints them. */
int correct_deliver(const struct command_line *line, const struct config *config,
	const struct correction *correction, const json_t *events);

/* correct_known.c, with the database. */
int correct_list(const struct command_line *line);
int correct_withdraw(const struct command_line *line, struct correction *correction);

/* A typing error should not be kept for ever. False: said so. */
bool correct_target_is_known(const struct command_line *line, const struct config *config,
	const struct correction *correction);

#endif
