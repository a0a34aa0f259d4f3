/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_FAULT_H
#define DORAD_BASE_FAULT_H

/*
 * Places at which a test may let the process die as from kill -9, in builds with -Dfaults=true:
 * DORAD_FAULT=NAME ends it where FAULT_POINT("NAME") stands, DORAD_FAULT=NAME:3 when it comes
 * there for the third time. Other builds have nothing there.
 */
#ifdef DORAD_FAULTS
void fault_point(const char *name);
#define FAULT_POINT(name) fault_point(name)
#else
#define FAULT_POINT(name) ((void)0)
#endif

#endif
