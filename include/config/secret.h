/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_SECRET_H
#define DORAD_CONFIG_SECRET_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

/* The name of a credential is this and the secret's: LoadCredential=secret:/etc/dorad/secrets
 * of a unit gives every file of that folder so. */
#define SECRET_CREDENTIAL_PREFIX "secret_"

/* Bytes that a file with a secret may have. */
#define SECRET_MAX_BYTES 4096

/*
 * The path of a file with a secret, a password or a key. A name with a slash is a path already.
 * One without is a systemd credential where the daemon has credentials, else the file of that
 * name in the folder "secrets" beside the configuration; so that one configuration serves the
 * unit and the commands that an operator runs. The caller frees it.
 */
char *config_secret_path(const struct config *config, const char *name);

/*
 * The secret itself: the file without the newline at its end. The caller frees it, after
 * wiping. NULL: err says which file and why; an empty one, one with a NUL and
 * one that everyone may read are refused.
 */
char *config_secret_read(const struct config *config, const char *name, struct error *err);

#endif
