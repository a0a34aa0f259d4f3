/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_STATIC_PRIV_H
#define DORAD_PORTAL_STATIC_PRIV_H

/* Files that the portal serves, as part of the program (embed.py); each ends with a NUL. */
extern const char chart_css[];
extern const char icon_svg[];
extern const char page_css[];

#endif
