-- SPDX-License-Identifier: Apache-2.0
--
-- What came in: observations, the coordinates they came from, and the marks that say what
-- must be computed again. Everything else in the database follows from these tables and the
-- catalogue.
--
-- Two rules hold for every table of dorad:
-- * id and name columns are COLLATE "C": ties of order are broken by bytes (METRICS.md R4),
--   whatever the database's own collation is;
-- * all instants are timestamptz with microseconds.

CREATE SCHEMA IF NOT EXISTS dorad_data;
COMMENT ON SCHEMA dorad_data IS
    'Tables and functions of dorad. People and BI tools read the views of schema dorad.';

CREATE SCHEMA IF NOT EXISTS dorad;
COMMENT ON SCHEMA dorad IS
    'The face of dorad for people and BI tools: views only, each with comments.';

CREATE TABLE dorad_data.clock (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    as_of     timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);
COMMENT ON TABLE dorad_data.clock IS
    'One row: the instant that the numbers are about. Events after it are kept but not counted.';
COMMENT ON COLUMN dorad_data.clock.only_row IS 'Always true: the table has one row.';
COMMENT ON COLUMN dorad_data.clock.as_of IS
    'Now, as far as the numbers go. Moved by advance(); -infinity until it was first set.';
INSERT INTO dorad_data.clock DEFAULT VALUES;

CREATE TABLE dorad_data.origin (
    origin_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    coordinates    jsonb NOT NULL,
    fingerprint    text COLLATE "C" NOT NULL UNIQUE,
    system         text COLLATE "C" NOT NULL,
    host           text COLLATE "C",
    repository     text COLLATE "C",
    repository_id  text COLLATE "C",
    makes_service  boolean NOT NULL DEFAULT false
);
CREATE INDEX origin_by_repository
    ON dorad_data.origin (system, host, lower(repository)) WHERE repository IS NOT NULL;
CREATE INDEX origin_by_repository_id
    ON dorad_data.origin (system, host, repository_id) WHERE repository_id IS NOT NULL;
COMMENT ON TABLE dorad_data.origin IS
    'Each distinct set of coordinates by which senders name where an event is from.';
COMMENT ON COLUMN dorad_data.origin.origin_id IS 'Our number of it.';
COMMENT ON COLUMN dorad_data.origin.coordinates IS
    'The coordinates as sent, without those that vary from event to event (paths, workflow, task).';
COMMENT ON COLUMN dorad_data.origin.fingerprint IS 'MD5 of the coordinates, to find the row by.';
COMMENT ON COLUMN dorad_data.origin.system IS 'Kind of sender: github, gitlab, jira, ...';
COMMENT ON COLUMN dorad_data.origin.host IS 'The host of the sender, where it gave one.';
COMMENT ON COLUMN dorad_data.origin.repository IS 'Name of the repository as sent (owner/name).';
COMMENT ON COLUMN dorad_data.origin.repository_id IS
    'The sender''s own number of the repository, which stays through renames and transfers.';
COMMENT ON COLUMN dorad_data.origin.makes_service IS
    'A deployment or a change came from here. Tickets alone never make a service.';

CREATE TABLE dorad_data.observation (
    source     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    revision   bigint NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    entity     text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL,
    sent_time  timestamptz NOT NULL,
    service    text COLLATE "C",
    origin_id  bigint,
    subject    text COLLATE "C",
    endpoint   text COLLATE "C",
    delivery   text COLLATE "C",
    data       jsonb,
    kept_at    timestamptz NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX observation_by_entity ON dorad_data.observation (kind, entity);
CREATE INDEX observation_by_origin
    ON dorad_data.observation (origin_id, at) WHERE origin_id IS NOT NULL;
COMMENT ON TABLE dorad_data.observation IS
    'Every event kept, one row each: the long-term record, and what to back up. All facts and '
    'months can be computed again from this table and the catalogue.';
COMMENT ON COLUMN dorad_data.observation.source IS
    'Where the event is from; with id the key by which a repeated event is known.';
COMMENT ON COLUMN dorad_data.observation.id IS 'The event''s id; ties in time are broken by it.';
COMMENT ON COLUMN dorad_data.observation.revision IS
    'Of two events with one key the higher revision stands (METRICS.md R1).';
COMMENT ON COLUMN dorad_data.observation.kind IS
    'deployment, change, incident, work_item, change_request or correction.';
COMMENT ON COLUMN dorad_data.observation.entity IS
    'The id of the deployment, change, incident, item or change request it speaks of.';
COMMENT ON COLUMN dorad_data.observation.at IS
    'Its place in the order of truth (R4): when a change landed, else the time of the event.';
COMMENT ON COLUMN dorad_data.observation.sent_time IS 'The event''s time as the sender gave it.';
COMMENT ON COLUMN dorad_data.observation.service IS
    'The service that a deployment names outright, before aliases are followed.';
COMMENT ON COLUMN dorad_data.observation.origin_id IS 'The coordinates it came with, if any.';
COMMENT ON COLUMN dorad_data.observation.subject IS 'What it is about, for people.';
COMMENT ON COLUMN dorad_data.observation.endpoint IS 'The endpoint that received it.';
COMMENT ON COLUMN dorad_data.observation.delivery IS 'The ledger''s row that it came from.';
COMMENT ON COLUMN dorad_data.observation.data IS
    'The event''s data; null when the event was withdrawn.';
COMMENT ON COLUMN dorad_data.observation.kept_at IS 'When it, or its present revision, was kept.';

CREATE TABLE dorad_data.future (
    at         timestamptz NOT NULL,
    source     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL
);
CREATE INDEX future_by_time ON dorad_data.future (at);
COMMENT ON TABLE dorad_data.future IS
    'Events kept before the clock reached them (METRICS.md R3); advance() takes them up.';
COMMENT ON COLUMN dorad_data.future.at IS 'When the event begins to count.';
COMMENT ON COLUMN dorad_data.future.source IS 'The event''s source.';
COMMENT ON COLUMN dorad_data.future.id IS 'The event''s id.';

CREATE TABLE dorad_data.mark (
    mark_id  bigint GENERATED ALWAYS AS IDENTITY,
    stage    text COLLATE "C" NOT NULL,
    service  text COLLATE "C",
    entity   text COLLATE "C",
    at       timestamptz,
    PRIMARY KEY (stage, mark_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX mark_by_stage ON dorad_data.mark (stage, service);
COMMENT ON TABLE dorad_data.mark IS
    'Facts that must be computed again: a queue that recompute() works off.';
COMMENT ON COLUMN dorad_data.mark.mark_id IS 'Order of arrival, for people only.';
COMMENT ON COLUMN dorad_data.mark.stage IS
    'What to compute: change, deployment, walk (a service''s deployments from an instant on), '
    'change_request, incident, work_item or correction.';
COMMENT ON COLUMN dorad_data.mark.service IS 'The service, for deployment and walk.';
COMMENT ON COLUMN dorad_data.mark.entity IS 'The id, for all but walk.';
COMMENT ON COLUMN dorad_data.mark.at IS 'From when on, for walk.';

CREATE TABLE dorad_data.month_mark (
    mark_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    month       date NOT NULL,
    until       date,
    because     jsonb NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX month_mark_by_scope ON dorad_data.month_mark (scope, name);
COMMENT ON TABLE dorad_data.month_mark IS
    'Months that must be computed again, and the facts that made it so.';
COMMENT ON COLUMN dorad_data.month_mark.mark_id IS 'Order of arrival, for people only.';
COMMENT ON COLUMN dorad_data.month_mark.scope IS 'service or team.';
COMMENT ON COLUMN dorad_data.month_mark.name IS 'Name of the service or team.';
COMMENT ON COLUMN dorad_data.month_mark.month IS 'First day of the first month.';
COMMENT ON COLUMN dorad_data.month_mark.until IS 'First day of the last month; null: that month only.';
COMMENT ON COLUMN dorad_data.month_mark.because IS
    'What changed: [[kind, id], ...], at most 20; the kinds are deployment, change, incident, '
    'work_item, catalog and clock.';
