/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_CLOUDRUN_H
#define DORAD_SOURCE_CLOUDRUN_H

#include "source_priv.h"

/* What an endpoint of source cloudevents shares with it: Eventarc brings the same. */

/* One entry of a log (google.cloud.audit.log.v1.written). */
enum verdict cloudrun_on_log_entry(struct intake *in, const struct reader *entry);

/* A Pub/Sub message in its envelope (google.cloud.pubsub.topic.v1.messagePublished). */
enum verdict cloudrun_on_push(struct intake *in, const struct reader *envelope);

#endif
