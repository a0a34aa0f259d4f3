#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Cloud Run's deployments, by the audit log and Pub/Sub. Once for each project:
#   PROJECT=shop-prod TOKEN="$(cat /etc/dorad/secrets/cloudrun)" \
#     URL=https://dorad.example.com/webhooks/cloudrun ./sink.sh
#
# The endpoint says `auth: query`: Pub/Sub can add no header of ours, and its own token is for
# whoever can ask Google for keys. The project is the environment's name (`environments:` in
# catalog.yaml says which are production), unless the service has a label `environment`. The
# commit is the label `commit-sha`, which Cloud Build and the deploy-cloudrun action set, or the
# image's tag.
set -eu
: "${PROJECT:?}" "${TOKEN:?}" "${URL:?}"

# What was asked for, and what came of it. Only the latter becomes a deployment.
filter='resource.type="cloud_run_revision" AND
(log_id("cloudaudit.googleapis.com/system_event") OR
 protoPayload.methodName=~"Services\.(Replace|Create|Update)Service")'

gcloud --project "$PROJECT" pubsub topics create dorad
gcloud --project "$PROJECT" logging sinks create dorad \
	"pubsub.googleapis.com/projects/$PROJECT/topics/dorad" --log-filter "$filter"
writer=$(gcloud --project "$PROJECT" logging sinks describe dorad --format 'value(writerIdentity)')
gcloud --project "$PROJECT" pubsub topics add-iam-policy-binding dorad \
	--member "$writer" --role roles/pubsub.publisher
gcloud --project "$PROJECT" pubsub subscriptions create dorad --topic dorad \
	--push-endpoint "$URL?token=$TOKEN" --ack-deadline 30 --message-retention-duration 7d
