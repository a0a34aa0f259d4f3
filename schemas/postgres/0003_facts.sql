-- SPDX-License-Identifier: Apache-2.0
--
-- Facts: what the observations come to, with the rule that decided each. All of these tables
-- can be computed again from observations and catalogue, and rebuild() does so.

CREATE TABLE dorad_data.change (
    change_id        text COLLATE "C" PRIMARY KEY,
    landed_at        timestamptz NOT NULL,
    ordinal          integer NOT NULL,
    committed_at     timestamptz,
    first_commit_at  timestamptz,
    opened_at        timestamptz,
    previous         text COLLATE "C",
    truncated        boolean NOT NULL,
    services         text[] COLLATE "C" NOT NULL,
    origin_id        bigint,
    review_id        text,
    url              text
);
COMMENT ON TABLE dorad_data.change IS
    'Commits that landed on a default branch. Of several landings the earliest stands whole '
    '(METRICS.md 9.1); the review is merged from all events.';
COMMENT ON COLUMN dorad_data.change.change_id IS 'The commit''s sha.';
COMMENT ON COLUMN dorad_data.change.landed_at IS 'When it landed on the default branch.';
COMMENT ON COLUMN dorad_data.change.ordinal IS 'Position within its push.';
COMMENT ON COLUMN dorad_data.change.committed_at IS 'When it was committed, as far as known.';
COMMENT ON COLUMN dorad_data.change.first_commit_at IS 'First commit of the review that merged it.';
COMMENT ON COLUMN dorad_data.change.opened_at IS 'When the review that merged it was opened.';
COMMENT ON COLUMN dorad_data.change.previous IS 'What the branch stood at before the push, to see gaps.';
COMMENT ON COLUMN dorad_data.change.truncated IS 'The sender left commits of this push out.';
COMMENT ON COLUMN dorad_data.change.services IS 'The services that it belongs to, sorted.';
COMMENT ON COLUMN dorad_data.change.origin_id IS 'The coordinates it came with.';
COMMENT ON COLUMN dorad_data.change.review_id IS 'The review that merged it.';
COMMENT ON COLUMN dorad_data.change.url IS 'The page a person would open.';

CREATE TABLE dorad_data.change_service (
    service    text COLLATE "C" NOT NULL,
    change_id  text COLLATE "C" NOT NULL,
    landed_at  timestamptz NOT NULL,
    ordinal    integer NOT NULL,
    PRIMARY KEY (change_id, service)
);
CREATE INDEX change_service_in_order
    ON dorad_data.change_service (service, landed_at, ordinal, change_id);
COMMENT ON TABLE dorad_data.change_service IS
    'The changes of each service; (landed_at, ordinal, change_id) is their order (METRICS.md R15).';
COMMENT ON COLUMN dorad_data.change_service.service IS 'The service.';
COMMENT ON COLUMN dorad_data.change_service.change_id IS 'The change.';
COMMENT ON COLUMN dorad_data.change_service.landed_at IS 'When it landed.';
COMMENT ON COLUMN dorad_data.change_service.ordinal IS 'Position within its push.';

CREATE TABLE dorad_data.deployment_fact (
    service                text COLLATE "C" NOT NULL,
    deployment_id          text COLLATE "C" NOT NULL,
    at                     timestamptz NOT NULL,
    status                 text COLLATE "C",
    exclusion              text COLLATE "C",
    lane                   text COLLATE "C",
    environment            text COLLATE "C",
    sha                    text COLLATE "C",
    given_sha              text COLLATE "C",
    ref                    text COLLATE "C",
    is_rollback            boolean,
    rolls_back             text COLLATE "C",
    hotfix                 boolean NOT NULL,
    changes                text[] COLLATE "C",
    members                text[] COLLATE "C",
    via                    text COLLATE "C",
    origin_id              bigint,
    parts                  integer NOT NULL,
    parts_without_outcome  integer NOT NULL,
    parts_not_counted      integer NOT NULL,
    url                    text,
    excluded               boolean NOT NULL,
    failure                boolean,
    kind                   text COLLATE "C",
    kind_rule              text COLLATE "C",
    lead_source            text COLLATE "C",
    unknown_changes        integer NOT NULL,
    reach_landed_at        timestamptz,
    reach_ordinal          integer,
    reach_change           text COLLATE "C",
    removes                text COLLATE "C",
    removed_by             text COLLATE "C",
    removed_at             timestamptz,
    PRIMARY KEY (service, deployment_id)
) WITH (fillfactor = 85);
CREATE INDEX deployment_fact_in_order ON dorad_data.deployment_fact (service, at, deployment_id);
CREATE INDEX deployment_fact_in_lane
    ON dorad_data.deployment_fact (service, lane, at, deployment_id) WHERE status = 'succeeded';
CREATE INDEX deployment_fact_by_sha ON dorad_data.deployment_fact (sha, service, at)
    WHERE sha IS NOT NULL;
CREATE INDEX deployment_fact_excluded ON dorad_data.deployment_fact (service, deployment_id)
    WHERE excluded;
CREATE INDEX deployment_fact_removes ON dorad_data.deployment_fact (service, removes)
    WHERE removes IS NOT NULL;
CREATE INDEX deployment_fact_by_id ON dorad_data.deployment_fact (deployment_id);
CREATE INDEX deployment_fact_by_reach ON dorad_data.deployment_fact (service, reach_landed_at, at)
    WHERE reach_landed_at IS NOT NULL;
CREATE INDEX deployment_fact_short_sha ON dorad_data.deployment_fact (service, given_sha)
    WHERE octet_length(given_sha) < 40;
COMMENT ON TABLE dorad_data.deployment_fact IS
    'Deployments (METRICS.md R8 to R16): one row for each roll-out or deployment of a service, '
    'those that do not count too, with the reason.';
COMMENT ON COLUMN dorad_data.deployment_fact.service IS 'The service.';
COMMENT ON COLUMN dorad_data.deployment_fact.deployment_id IS 'The roll-out id, or the deployment id where there is none.';
COMMENT ON COLUMN dorad_data.deployment_fact.at IS
    'When it finished (R11): the anchor. For one that does not count, its last event.';
COMMENT ON COLUMN dorad_data.deployment_fact.status IS 'succeeded or failed; null when it does not count.';
COMMENT ON COLUMN dorad_data.deployment_fact.exclusion IS
    'Why it does not count: no_outcome, cancelled, environment or phase; null when it does.';
COMMENT ON COLUMN dorad_data.deployment_fact.lane IS 'production or sealed: deployments are compared within a lane.';
COMMENT ON COLUMN dorad_data.deployment_fact.environment IS 'The environment of the part that finished last, as the sender calls it.';
COMMENT ON COLUMN dorad_data.deployment_fact.sha IS 'What was deployed; a unique prefix is written out.';
COMMENT ON COLUMN dorad_data.deployment_fact.given_sha IS 'The sha as the sender gave it.';
COMMENT ON COLUMN dorad_data.deployment_fact.ref IS 'Branch or tag.';
COMMENT ON COLUMN dorad_data.deployment_fact.is_rollback IS 'The sender said that it is, or is not, a rollback.';
COMMENT ON COLUMN dorad_data.deployment_fact.rolls_back IS 'The deployment that the sender says it rolls back.';
COMMENT ON COLUMN dorad_data.deployment_fact.hotfix IS 'The sender called it a hotfix.';
COMMENT ON COLUMN dorad_data.deployment_fact.changes IS 'The changes that the sender lists; null: it lists none.';
COMMENT ON COLUMN dorad_data.deployment_fact.members IS 'The deployment ids of a roll-out, sorted; null when it is one of its own.';
COMMENT ON COLUMN dorad_data.deployment_fact.via IS 'What kind of thing reported it: deployment, workflow_run, release, ...';
COMMENT ON COLUMN dorad_data.deployment_fact.origin_id IS 'The coordinates it came with; null where it names its service outright.';
COMMENT ON COLUMN dorad_data.deployment_fact.parts IS 'Number of its parts (environments).';
COMMENT ON COLUMN dorad_data.deployment_fact.parts_without_outcome IS 'Parts that never ended.';
COMMENT ON COLUMN dorad_data.deployment_fact.parts_not_counted IS 'Parts left out by environment or phase (R10).';
COMMENT ON COLUMN dorad_data.deployment_fact.url IS 'The page a person would open.';
COMMENT ON COLUMN dorad_data.deployment_fact.excluded IS 'A correction leaves it out of the numbers; it still takes part in the walks.';
COMMENT ON COLUMN dorad_data.deployment_fact.failure IS 'What a correction says about its being a failure; null: nothing.';
COMMENT ON COLUMN dorad_data.deployment_fact.kind IS 'change, rollback, redeploy or attempt (R13).';
COMMENT ON COLUMN dorad_data.deployment_fact.kind_rule IS
    'Why: flag, changes_listed, same_sha, older_sha, new_sha, unknown_sha, first_in_lane or failed.';
COMMENT ON COLUMN dorad_data.deployment_fact.lead_source IS
    'Where its changes come from (R16): explicit, inferred, baseline or unknown; null unless kind is change.';
COMMENT ON COLUMN dorad_data.deployment_fact.unknown_changes IS 'Listed changes that nobody has seen land.';
COMMENT ON COLUMN dorad_data.deployment_fact.reach_landed_at IS
    'The furthest change that the service''s deployments up to this one had reached: when it landed,';
COMMENT ON COLUMN dorad_data.deployment_fact.reach_ordinal IS 'its position within its push,';
COMMENT ON COLUMN dorad_data.deployment_fact.reach_change IS 'and its id.';
COMMENT ON COLUMN dorad_data.deployment_fact.removes IS 'For a rollback: the deployment that it takes back (R14).';
COMMENT ON COLUMN dorad_data.deployment_fact.removed_by IS 'The first rollback that took this deployment back.';
COMMENT ON COLUMN dorad_data.deployment_fact.removed_at IS 'When it did.';

CREATE TABLE dorad_data.deployment_member (
    service        text COLLATE "C" NOT NULL,
    deployment_id  text COLLATE "C" NOT NULL,
    group_id       text COLLATE "C" NOT NULL,
    PRIMARY KEY (service, deployment_id)
);
CREATE INDEX deployment_member_by_group ON dorad_data.deployment_member (service, group_id);
CREATE INDEX deployment_member_by_id ON dorad_data.deployment_member (deployment_id);
COMMENT ON TABLE dorad_data.deployment_member IS
    'Deployments that are part of a roll-out of another id (METRICS.md R8).';
COMMENT ON COLUMN dorad_data.deployment_member.service IS 'The service.';
COMMENT ON COLUMN dorad_data.deployment_member.deployment_id IS 'The deployment as the sender names it.';
COMMENT ON COLUMN dorad_data.deployment_member.group_id IS 'The roll-out: deployment_fact.deployment_id.';

CREATE TABLE dorad_data.change_delivery (
    service        text COLLATE "C" NOT NULL,
    change_id      text COLLATE "C" NOT NULL,
    deployment_id  text COLLATE "C" NOT NULL,
    at             timestamptz NOT NULL,
    source         text COLLATE "C" NOT NULL,
    lead_s         double precision,
    clamped        boolean NOT NULL,
    PRIMARY KEY (change_id, service)
);
CREATE INDEX change_delivery_in_order
    ON dorad_data.change_delivery (service, at, deployment_id);
COMMENT ON TABLE dorad_data.change_delivery IS
    'Which deployment delivered a change to production first, and how long that took (METRICS.md R16).';
COMMENT ON COLUMN dorad_data.change_delivery.service IS 'The service.';
COMMENT ON COLUMN dorad_data.change_delivery.change_id IS 'The change.';
COMMENT ON COLUMN dorad_data.change_delivery.deployment_id IS 'The deployment that delivered it first.';
COMMENT ON COLUMN dorad_data.change_delivery.at IS 'When that deployment finished.';
COMMENT ON COLUMN dorad_data.change_delivery.source IS 'explicit, inferred or baseline; a baseline is not sampled.';
COMMENT ON COLUMN dorad_data.change_delivery.lead_s IS 'Lead time in seconds; null when it is not sampled.';
COMMENT ON COLUMN dorad_data.change_delivery.clamped IS 'The lead time was negative and counts as 0.';

CREATE TABLE dorad_data.evidence (
    service        text COLLATE "C" NOT NULL,
    deployment_id  text COLLATE "C" NOT NULL,
    what           text COLLATE "C" NOT NULL,
    by_id          text COLLATE "C" NOT NULL,
    PRIMARY KEY (service, deployment_id, what, by_id)
);
CREATE INDEX evidence_by_cause ON dorad_data.evidence (by_id, what);
COMMENT ON TABLE dorad_data.evidence IS
    'What incidents and change requests say against a deployment; any one is enough (METRICS.md '
    'section 4). That it was rolled back says the deployment itself: removed_by.';
COMMENT ON COLUMN dorad_data.evidence.service IS 'The service.';
COMMENT ON COLUMN dorad_data.evidence.deployment_id IS 'The deployment that failed.';
COMMENT ON COLUMN dorad_data.evidence.what IS 'change_request, or incident:<attribution rule>.';
COMMENT ON COLUMN dorad_data.evidence.by_id IS 'The change request or incident.';

CREATE TABLE dorad_data.change_request (
    cr_id           text COLLATE "C" PRIMARY KEY,
    state           text,
    close_code      text,
    deployment_ids  text[] COLLATE "C",
    services        text[] COLLATE "C" NOT NULL,
    actual_start    timestamptz,
    actual_end      timestamptz,
    marks_failure   boolean NOT NULL,
    at              timestamptz NOT NULL,
    origin_id       bigint,
    url             text
);
COMMENT ON TABLE dorad_data.change_request IS 'Change requests of the change management.';
COMMENT ON COLUMN dorad_data.change_request.cr_id IS 'Its id.';
COMMENT ON COLUMN dorad_data.change_request.state IS 'Its state as sent.';
COMMENT ON COLUMN dorad_data.change_request.close_code IS 'Its close code as sent.';
COMMENT ON COLUMN dorad_data.change_request.deployment_ids IS 'The deployments or roll-outs it names; null: none.';
COMMENT ON COLUMN dorad_data.change_request.services IS 'The services it is about, sorted.';
COMMENT ON COLUMN dorad_data.change_request.actual_start IS 'When the work began.';
COMMENT ON COLUMN dorad_data.change_request.actual_end IS 'When the work ended.';
COMMENT ON COLUMN dorad_data.change_request.marks_failure IS 'Closed as unsuccessful and not cancelled: its deployments failed.';
COMMENT ON COLUMN dorad_data.change_request.at IS 'Its last event.';
COMMENT ON COLUMN dorad_data.change_request.origin_id IS 'The coordinates it came with.';
COMMENT ON COLUMN dorad_data.change_request.url IS 'The page a person would open.';

CREATE TABLE dorad_data.change_request_window (
    service       text COLLATE "C" NOT NULL,
    cr_id         text COLLATE "C" NOT NULL,
    actual_start  timestamptz NOT NULL,
    actual_end    timestamptz NOT NULL,
    PRIMARY KEY (cr_id, service)
);
CREATE INDEX change_request_window_by_time
    ON dorad_data.change_request_window (service, actual_start, actual_end);
COMMENT ON TABLE dorad_data.change_request_window IS
    'Change requests that name no deployment: their deployments are looked for in this time.';
COMMENT ON COLUMN dorad_data.change_request_window.service IS 'The service.';
COMMENT ON COLUMN dorad_data.change_request_window.cr_id IS 'The change request.';
COMMENT ON COLUMN dorad_data.change_request_window.actual_start IS 'From this instant';
COMMENT ON COLUMN dorad_data.change_request_window.actual_end IS 'to this one, both included.';

CREATE TABLE dorad_data.change_request_deployment (
    cr_id          text COLLATE "C" NOT NULL,
    service        text COLLATE "C" NOT NULL,
    deployment_id  text COLLATE "C" NOT NULL,
    PRIMARY KEY (cr_id, service, deployment_id)
);
COMMENT ON TABLE dorad_data.change_request_deployment IS
    'The deployments of each change request (METRICS.md 9.1).';
COMMENT ON COLUMN dorad_data.change_request_deployment.cr_id IS 'The change request.';
COMMENT ON COLUMN dorad_data.change_request_deployment.service IS 'The service.';
COMMENT ON COLUMN dorad_data.change_request_deployment.deployment_id IS 'The deployment.';

CREATE TABLE dorad_data.incident_fact (
    incident_id               text COLLATE "C" PRIMARY KEY,
    started_at                timestamptz NOT NULL,
    restored_at               timestamptz,
    restore_s                 double precision,
    state                     text COLLATE "C" NOT NULL,
    reopens                   integer NOT NULL,
    severity                  integer,
    environment_class         text COLLATE "C",
    services                  text[] COLLATE "C" NOT NULL,
    duplicate_of              text COLLATE "C",
    duplicate_end             text COLLATE "C",
    is_incident               boolean NOT NULL,
    exclusion                 text COLLATE "C",
    cause                     text,
    caused_by_deployments     text[] COLLATE "C",
    caused_by_change_request  text COLLATE "C",
    caused_by_sha             text COLLATE "C",
    excluded                  boolean,
    corrected_to              jsonb,
    item_type                 text,
    title                     text,
    origin_id                 bigint,
    url                       text,
    review_url                text
);
CREATE INDEX incident_fact_by_start ON dorad_data.incident_fact (started_at);
CREATE INDEX incident_fact_by_restore
    ON dorad_data.incident_fact (restored_at) WHERE restored_at IS NOT NULL;
COMMENT ON TABLE dorad_data.incident_fact IS
    'Incidents (METRICS.md R20 to R23), those that do not count too, with the reason.';
COMMENT ON COLUMN dorad_data.incident_fact.incident_id IS 'Its id.';
COMMENT ON COLUMN dorad_data.incident_fact.started_at IS 'When it began.';
COMMENT ON COLUMN dorad_data.incident_fact.restored_at IS 'When it was resolved for good, if it is.';
COMMENT ON COLUMN dorad_data.incident_fact.restore_s IS 'Seconds open; null: not restored, or not known.';
COMMENT ON COLUMN dorad_data.incident_fact.state IS 'open, resolved or cancelled.';
COMMENT ON COLUMN dorad_data.incident_fact.reopens IS 'How often it was opened again (R21).';
COMMENT ON COLUMN dorad_data.incident_fact.severity IS '1 (worst) to 5; null: not known.';
COMMENT ON COLUMN dorad_data.incident_fact.environment_class IS 'production, sealed or other; null: not said.';
COMMENT ON COLUMN dorad_data.incident_fact.services IS 'The services it hit, sorted.';
COMMENT ON COLUMN dorad_data.incident_fact.duplicate_of IS 'The incident that it is said to repeat.';
COMMENT ON COLUMN dorad_data.incident_fact.duplicate_end IS 'Where its chain of duplicates ends.';
COMMENT ON COLUMN dorad_data.incident_fact.is_incident IS 'False for a ticket that no rule makes an incident.';
COMMENT ON COLUMN dorad_data.incident_fact.exclusion IS
    'Why it does not count: not_an_incident, duplicate, cancelled, environment, severity, unmapped or correction.';
COMMENT ON COLUMN dorad_data.incident_fact.cause IS 'The cause as the sender names it.';
COMMENT ON COLUMN dorad_data.incident_fact.caused_by_deployments IS 'Deployments or roll-outs said to have caused it.';
COMMENT ON COLUMN dorad_data.incident_fact.caused_by_change_request IS 'Change request said to have caused it.';
COMMENT ON COLUMN dorad_data.incident_fact.caused_by_sha IS 'Commit said to have caused it.';
COMMENT ON COLUMN dorad_data.incident_fact.excluded IS 'What a correction says about leaving it out; null: nothing.';
COMMENT ON COLUMN dorad_data.incident_fact.corrected_to IS 'The deployments that corrections put it to, by service; "" is any service.';
COMMENT ON COLUMN dorad_data.incident_fact.item_type IS 'Type of the ticket.';
COMMENT ON COLUMN dorad_data.incident_fact.title IS 'Its title, where the endpoint keeps titles.';
COMMENT ON COLUMN dorad_data.incident_fact.origin_id IS 'The coordinates it came with.';
COMMENT ON COLUMN dorad_data.incident_fact.url IS 'The page a person would open.';
COMMENT ON COLUMN dorad_data.incident_fact.review_url IS 'Its post-incident review.';

CREATE TABLE dorad_data.incident_service (
    service      text COLLATE "C" NOT NULL,
    incident_id  text COLLATE "C" NOT NULL,
    started_at   timestamptz NOT NULL,
    restored_at  timestamptz,
    restore_s    double precision,
    reopens      integer NOT NULL,
    counted      boolean NOT NULL,
    exclusion    text COLLATE "C",
    attr_rule    text COLLATE "C",
    targets      text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (service, incident_id)
);
CREATE INDEX incident_service_by_incident ON dorad_data.incident_service (incident_id);
CREATE INDEX incident_service_by_start ON dorad_data.incident_service (service, started_at);
CREATE INDEX incident_service_by_restore
    ON dorad_data.incident_service (service, restored_at) WHERE restored_at IS NOT NULL;
CREATE INDEX incident_service_open
    ON dorad_data.incident_service (service, started_at) WHERE restored_at IS NULL;
COMMENT ON TABLE dorad_data.incident_service IS
    'Each incident in each service that it hit, with the deployment it is held against (METRICS.md section 4).';
COMMENT ON COLUMN dorad_data.incident_service.service IS 'The service.';
COMMENT ON COLUMN dorad_data.incident_service.incident_id IS 'The incident.';
COMMENT ON COLUMN dorad_data.incident_service.started_at IS 'When it began.';
COMMENT ON COLUMN dorad_data.incident_service.restored_at IS 'When it was resolved for good.';
COMMENT ON COLUMN dorad_data.incident_service.restore_s IS 'Seconds open; null: no sample.';
COMMENT ON COLUMN dorad_data.incident_service.reopens IS 'How often it was opened again.';
COMMENT ON COLUMN dorad_data.incident_service.counted IS 'It counts for this service.';
COMMENT ON COLUMN dorad_data.incident_service.exclusion IS 'Why it does not: the incident''s reason, or phase.';
COMMENT ON COLUMN dorad_data.incident_service.attr_rule IS
    'Which rule decided: excluded_cause, explicit_deployment, explicit_change_request, explicit_sha, '
    'explicit_other_service, rollback, latest_deployment, none or correction.';
COMMENT ON COLUMN dorad_data.incident_service.targets IS 'The deployments it is held against.';

CREATE TABLE dorad_data.item_fact (
    item_id           text COLLATE "C" PRIMARY KEY,
    status            text COLLATE "C",
    done_at           timestamptz,
    team              text COLLATE "C",
    services          text[] COLLATE "C" NOT NULL,
    named_services    text[] COLLATE "C" NOT NULL,
    class             text COLLATE "C",
    class_rule        text COLLATE "C",
    exclusion         text COLLATE "C",
    excluded          boolean,
    item_type         text,
    labels            text[],
    priority          text,
    linked_incidents  text[] COLLATE "C",
    at                timestamptz NOT NULL,
    origin_id         bigint,
    url               text
);
CREATE INDEX item_fact_by_team ON dorad_data.item_fact (team, done_at)
    WHERE team IS NOT NULL AND done_at IS NOT NULL;
COMMENT ON TABLE dorad_data.item_fact IS
    'Work items (METRICS.md R25 and section 5), those that do not count too, with the reason.';
COMMENT ON COLUMN dorad_data.item_fact.item_id IS 'Its id.';
COMMENT ON COLUMN dorad_data.item_fact.status IS 'todo, in_progress, done or cancelled.';
COMMENT ON COLUMN dorad_data.item_fact.done_at IS 'When it was completed for good; null: it is not done now.';
COMMENT ON COLUMN dorad_data.item_fact.team IS 'The team that the sender names.';
COMMENT ON COLUMN dorad_data.item_fact.services IS 'Its services that were not retired then, sorted.';
COMMENT ON COLUMN dorad_data.item_fact.named_services IS 'All its services, sorted.';
COMMENT ON COLUMN dorad_data.item_fact.class IS 'planned, failure_demand or adhoc_value.';
COMMENT ON COLUMN dorad_data.item_fact.class_rule IS 'The rule that decided the class.';
COMMENT ON COLUMN dorad_data.item_fact.exclusion IS
    'Why it does not count: not_done, cancelled, type, unmapped or correction; null when it does.';
COMMENT ON COLUMN dorad_data.item_fact.excluded IS 'What a correction says about leaving it out; null: nothing.';
COMMENT ON COLUMN dorad_data.item_fact.item_type IS 'Its type as sent.';
COMMENT ON COLUMN dorad_data.item_fact.labels IS 'Its labels, sorted.';
COMMENT ON COLUMN dorad_data.item_fact.priority IS 'Its priority as sent.';
COMMENT ON COLUMN dorad_data.item_fact.linked_incidents IS 'Incidents that it is linked to.';
COMMENT ON COLUMN dorad_data.item_fact.at IS 'Its last event.';
COMMENT ON COLUMN dorad_data.item_fact.origin_id IS 'The coordinates it came with.';
COMMENT ON COLUMN dorad_data.item_fact.url IS 'The page a person would open.';

CREATE TABLE dorad_data.item_service (
    service  text COLLATE "C" NOT NULL,
    item_id  text COLLATE "C" NOT NULL,
    done_at  timestamptz NOT NULL,
    class    text COLLATE "C" NOT NULL,
    team     text COLLATE "C",
    PRIMARY KEY (service, item_id)
);
CREATE INDEX item_service_in_order ON dorad_data.item_service (service, done_at);
CREATE INDEX item_service_by_item ON dorad_data.item_service (item_id);
COMMENT ON TABLE dorad_data.item_service IS 'Completed items that count, for each of their services.';
COMMENT ON COLUMN dorad_data.item_service.service IS 'The service.';
COMMENT ON COLUMN dorad_data.item_service.item_id IS 'The item.';
COMMENT ON COLUMN dorad_data.item_service.done_at IS 'When it was completed.';
COMMENT ON COLUMN dorad_data.item_service.class IS 'planned, failure_demand or adhoc_value.';
COMMENT ON COLUMN dorad_data.item_service.team IS 'The team that the sender names, which alone then counts it.';

CREATE TABLE dorad_data.item_left_out (
    service    text COLLATE "C" NOT NULL,
    item_id    text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL,
    exclusion  text COLLATE "C" NOT NULL,
    PRIMARY KEY (service, item_id)
);
CREATE INDEX item_left_out_in_order ON dorad_data.item_left_out (service, at);
CREATE INDEX item_left_out_by_item ON dorad_data.item_left_out (item_id);
COMMENT ON TABLE dorad_data.item_left_out IS
    'Items done or at an end that do not count, with each service that they name.';
COMMENT ON COLUMN dorad_data.item_left_out.service IS 'The service.';
COMMENT ON COLUMN dorad_data.item_left_out.item_id IS 'The item.';
COMMENT ON COLUMN dorad_data.item_left_out.at IS 'When it was completed; else its last event.';
COMMENT ON COLUMN dorad_data.item_left_out.exclusion IS 'type, cancelled, correction or unmapped.';

CREATE TABLE dorad_data.link (
    name_kind  text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    from_kind  text COLLATE "C" NOT NULL,
    from_id    text COLLATE "C" NOT NULL,
    service    text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (name_kind, name, from_kind, from_id, service)
);
CREATE INDEX link_by_end ON dorad_data.link (from_kind, from_id, service);
COMMENT ON TABLE dorad_data.link IS
    'Who names whom, by name, known or not: so that a name becoming known finds those that named it.';
COMMENT ON COLUMN dorad_data.link.name_kind IS 'What is named: deployment, change_request, sha, change or incident.';
COMMENT ON COLUMN dorad_data.link.name IS 'The name.';
COMMENT ON COLUMN dorad_data.link.from_kind IS 'Who names it: incident, change_request or deployment.';
COMMENT ON COLUMN dorad_data.link.from_id IS 'Which one.';
COMMENT ON COLUMN dorad_data.link.service IS 'Its service, for a deployment; else empty.';

CREATE TABLE dorad_data.correction (
    target_kind     text COLLATE "C" NOT NULL,
    target_service  text COLLATE "C" NOT NULL,
    target_id       text COLLATE "C" NOT NULL,
    field           text COLLATE "C" NOT NULL,
    value           jsonb,
    reason          text,
    by_whom         text,
    at              timestamptz NOT NULL,
    event_id        text COLLATE "C" NOT NULL,
    PRIMARY KEY (target_kind, target_id, target_service, field)
);
COMMENT ON TABLE dorad_data.correction IS
    'Corrections by operators that stand: the latest for each target and field.';
COMMENT ON COLUMN dorad_data.correction.target_kind IS 'deployment, incident or work_item.';
COMMENT ON COLUMN dorad_data.correction.target_service IS 'The service, where the correction names one; else empty.';
COMMENT ON COLUMN dorad_data.correction.target_id IS 'The id of what is corrected.';
COMMENT ON COLUMN dorad_data.correction.field IS 'failure, attribution, excluded or class.';
COMMENT ON COLUMN dorad_data.correction.value IS 'What it shall be.';
COMMENT ON COLUMN dorad_data.correction.reason IS 'Why.';
COMMENT ON COLUMN dorad_data.correction.by_whom IS 'The operator''s login.';
COMMENT ON COLUMN dorad_data.correction.at IS 'When.';
COMMENT ON COLUMN dorad_data.correction.event_id IS 'The event that says so, to withdraw it by.';

CREATE TABLE dorad_data.pieced (
    origin_id  bigint NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    entity     text COLLATE "C" NOT NULL,
    PRIMARY KEY (origin_id, kind, entity)
);
COMMENT ON TABLE dorad_data.pieced IS
    'Coordinates that were put together from several events of one thing, and that maybe none of '
    'them had: when they come to mean another service, nothing else leads to that thing.';
COMMENT ON COLUMN dorad_data.pieced.origin_id IS 'The coordinates.';
COMMENT ON COLUMN dorad_data.pieced.kind IS 'deployment, incident, work_item or change_request.';
COMMENT ON COLUMN dorad_data.pieced.entity IS 'Its id.';

CREATE TABLE dorad_data.environment_seen (
    service      text COLLATE "C" NOT NULL,
    environment  text COLLATE "C" NOT NULL,
    given        text COLLATE "C" NOT NULL,
    outright     boolean NOT NULL,
    surely       boolean NOT NULL,
    class        text COLLATE "C" NOT NULL,
    PRIMARY KEY (service, environment, given, outright, surely)
);
COMMENT ON TABLE dorad_data.environment_seen IS
    'Every environment that deployments of a service went to, and what it was taken for.';
COMMENT ON COLUMN dorad_data.environment_seen.service IS 'The service.';
COMMENT ON COLUMN dorad_data.environment_seen.environment IS 'The sender''s name; empty where it gave none.';
COMMENT ON COLUMN dorad_data.environment_seen.given IS 'The class that the sender was sure of; empty where it was not.';
COMMENT ON COLUMN dorad_data.environment_seen.outright IS 'The event named its service outright.';
COMMENT ON COLUMN dorad_data.environment_seen.surely IS 'It was a deployment as such, or by a rule.';
COMMENT ON COLUMN dorad_data.environment_seen.class IS 'production, sealed or other.';
