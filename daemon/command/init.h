/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_INIT_H
#define DORAD_COMMAND_INIT_H

#include "command/command.h"

#include <stdbool.h>
#include <stdio.h>

/* What a person has to set at one kind of sender. */
struct sender {
	const char *source;
	const char *title; /* as its makers call it */
	const char *auth;  /* of the endpoint; NULL: the source's own way */
	bool own_secret;   /* it makes the secret itself, or has it already */
	const char *steps; /* lines; @URL@ and @SECRET@ stand for the address and the file */
};

/* In alphabetical order; NULL past the end. */
const struct sender *sender_at(size_t i);
const struct sender *sender_find(const char *source); /* NULL: none */

/* The steps with address and secret filled in, indented. */
void sender_print(const struct sender *sender, const char *url, const char *secret, FILE *to);

/* What is to be written. */
struct init_plan {
	const char *directory;
	char *url; /* as senders reach it, without a / at its end */
	char *redis;
	char *postgres;
	const char *receive_listen;
	const char *portal_listen;
	const char *rollup_metrics; /* NULL: nowhere */
	const struct sender **senders;
	size_t n_senders;
	bool shows_secrets;
};

/* Writes the files and says what to set at each sender. Nothing that is there already is
 * overwritten: a secret is used again, a catalogue stays. False: said why. */
bool init_write(
	const struct command_line *line, const struct init_plan *plan, const char *path);

/* Secrets of more senders for the configuration that is there, the lines to paste into it, and
 * what to set at each. The file itself is somebody's own: it stays. False: said why. */
bool init_add(const struct command_line *line, const struct init_plan *plan, const char *path);

#endif
