/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_BACKSTAGE_H
#define DORAD_CONFIG_BACKSTAGE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Backstage's catalog-info.yaml files as a catalogue of ours (CATALOG.md): Components and those
 * Systems that name a source become services, Groups and owners teams. No I/O but the writing.
 */
struct backstage;

/* Everything read belongs to the arena. */
struct backstage *backstage_create(struct arena *arena);

/*
 * Takes up every entity of a file's documents; kinds that mean nothing here are passed over.
 * False: err says path:line:column and what is wrong; what came before stays.
 */
bool backstage_read(struct backstage *backstage, const char *path, const char *bytes, size_t n,
	struct error *err);

/* Fills in what entities know of each other. What could not be carried over is said in words,
 * one call each, before it returns. */
void backstage_settle(struct backstage *backstage,
	void (*remark)(void *context, const char *words), void *context);

size_t backstage_n_services(const struct backstage *backstage);

/* The catalogue's text, teams and services sorted by name. */
void backstage_write(const struct backstage *backstage, FILE *to);

#endif
