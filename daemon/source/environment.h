/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_ENVIRONMENT_H
#define DORAD_SOURCE_ENVIRONMENT_H

/*
 * "production" or "other", where an incident's word for its environment leaves no doubt; NULL
 * else, and for NULL. Deployments carry the word itself, and the catalogue decides; incidents
 * have no field for it. Pure.
 */
const char *environment_class_of(const char *word);

#endif
