/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_EVENT_DORA_PUT_H
#define DORAD_EVENT_DORA_PUT_H

#include "event/dora_event.h"

/*
 * Fields into an event's data, so that it keeps to the contract: what a sender made longer than
 * the contract allows is cut (at a character), what is no UTF-8 is left out, times are written
 * in our one form. path is a name of the kind's data, with a dot for what is inside an object
 * ("origin.repository"); a field that the contract does not have is a programmer's error.
 */

/* NULL, and an empty text where a name is wanted: nothing is put. */
void dora_put_text(struct dora_event *event, const char *path, const char *text);

void dora_put_time(struct dora_event *event, const char *path, int64_t at_us);
void dora_put_bool(struct dora_event *event, const char *path, bool value);
void dora_put_int(struct dora_event *event, const char *path, int64_t value);
void dora_put_null(struct dora_event *event, const char *path); /* clears it */

/* A list without entries, where it is not there yet: known to be empty is not unknown. */
void dora_put_list(struct dora_event *event, const char *path);
/* One more entry, the list made where it is not there yet. NULL or "" in names: nothing. */
void dora_put_entry(struct dora_event *event, const char *path, const char *text);

/* One member of an object of true and false: label_changes. */
void dora_put_flag(struct dora_event *event, const char *path, const char *name, bool value);

#endif
