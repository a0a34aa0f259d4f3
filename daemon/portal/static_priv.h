/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_STATIC_PRIV_H
#define DORAD_PORTAL_STATIC_PRIV_H

/* Files that the portal serves, as part of the program (embed.py); each ends with a NUL. */
extern const char chart_text[];
extern const char chart_hex[];
extern const char chart_sha256[];
extern const char icon_text[];
extern const char icon_hex[];
extern const char icon_sha256[];
extern const char openapi_text[];
extern const char openapi_hex[];
extern const char openapi_sha256[];
extern const char style_text[];
extern const char style_hex[];
extern const char style_sha256[];

#endif
