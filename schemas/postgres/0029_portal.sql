-- SPDX-License-Identifier: Apache-2.0
--
-- What the portal's pages ask for and no other view has in that shape.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE INDEX change_request_named ON dorad_data.change_request USING gin (services);
CREATE INDEX change_request_deployment_by_service
    ON dorad_data.change_request_deployment (service, cr_id);
CREATE INDEX trend_worsening ON dorad_data.trend (scope, month, name, metric)
    WHERE direction = 'worsening';

-- A request once, however many services it is about: fact_change_request has a row for each of them.
CREATE VIEW dorad.portal_change_request AS
SELECT c.cr_id, c.services AS named, c.state, c.close_code, c.actual_start, c.actual_end, c.url
FROM dorad_data.change_request AS c;
COMMENT ON VIEW dorad.portal_change_request IS 'Change requests, each once.';
COMMENT ON COLUMN dorad.portal_change_request.cr_id IS 'Its id.';
COMMENT ON COLUMN dorad.portal_change_request.named IS 'The services that it is about; those that it deployed besides are in portal_change_request_service.';
COMMENT ON COLUMN dorad.portal_change_request.state IS 'Its state as sent.';
COMMENT ON COLUMN dorad.portal_change_request.close_code IS 'Its close code as sent.';
COMMENT ON COLUMN dorad.portal_change_request.actual_start IS 'When the work began.';
COMMENT ON COLUMN dorad.portal_change_request.actual_end IS 'When the work ended.';
COMMENT ON COLUMN dorad.portal_change_request.url IS 'The page a person would open.';

CREATE VIEW dorad.portal_change_request_service AS
SELECT DISTINCT d.service, d.cr_id FROM dorad_data.change_request_deployment AS d;
COMMENT ON VIEW dorad.portal_change_request_service IS 'Which services a change request deployed.';
COMMENT ON COLUMN dorad.portal_change_request_service.service IS 'The service.';
COMMENT ON COLUMN dorad.portal_change_request_service.cr_id IS 'The change request.';

-- explain_incident begins at the incident, which serves a page of one service badly: here the
-- times are those of the service's own row, by which there are indices.
CREATE VIEW dorad.portal_incident AS
SELECT p.service, o.team, p.incident_id, p.started_at, p.restored_at,
       coalesce(p.restored_at, 'infinity') AS until, p.restore_s, p.counted,
       coalesce(p.exclusion, i.exclusion) AS exclusion, p.attr_rule, i.severity, i.title, i.url,
       i.review_url
FROM dorad_data.incident_service AS p
JOIN dorad_data.incident_fact AS i ON i.incident_id = p.incident_id
LEFT JOIN dorad_data.ownership AS o
    ON o.service = p.service AND o.valid_from <= p.started_at AND p.started_at < o.valid_to;
COMMENT ON VIEW dorad.portal_incident IS 'Incidents in each service that they hit; explain_incident says more of each.';
COMMENT ON COLUMN dorad.portal_incident.service IS 'A service that it hit.';
COMMENT ON COLUMN dorad.portal_incident.team IS 'The team that owned the service when it began.';
COMMENT ON COLUMN dorad.portal_incident.incident_id IS 'Its id.';
COMMENT ON COLUMN dorad.portal_incident.started_at IS 'When it began.';
COMMENT ON COLUMN dorad.portal_incident.restored_at IS 'When it was resolved for good; NULL: it is open.';
COMMENT ON COLUMN dorad.portal_incident.until IS 'The same; infinity while it is open.';
COMMENT ON COLUMN dorad.portal_incident.restore_s IS 'Seconds open; NULL: no sample.';
COMMENT ON COLUMN dorad.portal_incident.counted IS 'It is in the numbers of this service.';
COMMENT ON COLUMN dorad.portal_incident.exclusion IS 'Why it is not.';
COMMENT ON COLUMN dorad.portal_incident.attr_rule IS 'Which rule decided what caused it.';
COMMENT ON COLUMN dorad.portal_incident.severity IS '1 (worst) to 5; NULL: not known.';
COMMENT ON COLUMN dorad.portal_incident.title IS 'Its title, where the endpoint keeps titles.';
COMMENT ON COLUMN dorad.portal_incident.url IS 'The page a person would open.';
COMMENT ON COLUMN dorad.portal_incident.review_url IS 'Its post-incident review.';

CREATE VIEW dorad.portal_item_left_out AS
SELECT i.item_id, i.service, i.at, i.exclusion
FROM dorad_data.item_left_out AS i
WHERE i.exclusion IN ('type', 'cancelled', 'correction');
COMMENT ON VIEW dorad.portal_item_left_out IS 'Work items that do not count though their services are known; explain_item says more of each.';
COMMENT ON COLUMN dorad.portal_item_left_out.item_id IS 'Its id.';
COMMENT ON COLUMN dorad.portal_item_left_out.service IS 'A service that it is about.';
COMMENT ON COLUMN dorad.portal_item_left_out.at IS 'When it was completed; else its last event.';
COMMENT ON COLUMN dorad.portal_item_left_out.exclusion IS 'Why it does not count.';

-- Many of these are counted at once, of a whole organisation too: whose they were and what speaks against
-- them is looked for only where it is asked for, one by one. The rules are those of the months.
CREATE VIEW dorad.portal_deployment AS
SELECT f.service,
       (SELECT o.team FROM dorad_data.ownership AS o
        WHERE o.service = f.service AND o.valid_from <= f.at AND f.at < o.valid_to) AS team,
       f.at, f.kind,
       coalesce(f.failure, f.removed_by IS NOT NULL OR EXISTS (
           SELECT FROM dorad_data.evidence AS v
           WHERE v.service = f.service AND v.deployment_id = f.deployment_id)) AS failed
FROM dorad_data.deployment_fact AS f
WHERE f.status IS NOT NULL AND NOT f.excluded;
COMMENT ON VIEW dorad.portal_deployment IS 'Counted deployments, for counting; fact_deployment says more of each.';
COMMENT ON COLUMN dorad.portal_deployment.service IS 'The service.';
COMMENT ON COLUMN dorad.portal_deployment.team IS 'The team that owned it then.';
COMMENT ON COLUMN dorad.portal_deployment.at IS 'When it finished.';
COMMENT ON COLUMN dorad.portal_deployment.kind IS 'change, rollback, redeploy or attempt.';
COMMENT ON COLUMN dorad.portal_deployment.failed IS 'It failed in production: by evidence, or by a correction.';

CREATE VIEW dorad.portal_lead_time AS
SELECT d.service,
       (SELECT o.team FROM dorad_data.ownership AS o
        WHERE o.service = d.service AND o.valid_from <= d.at AND d.at < o.valid_to) AS team,
       d.at, d.lead_s
FROM dorad_data.change_delivery AS d
WHERE d.lead_s IS NOT NULL
  AND NOT EXISTS (SELECT FROM dorad_data.deployment_fact AS f
                  WHERE f.service = d.service AND f.deployment_id = d.deployment_id AND f.excluded);
COMMENT ON VIEW dorad.portal_lead_time IS 'Lead times that count, for counting; fact_change says more of each.';
COMMENT ON COLUMN dorad.portal_lead_time.service IS 'The service.';
COMMENT ON COLUMN dorad.portal_lead_time.team IS 'The team that owned it when the change was delivered.';
COMMENT ON COLUMN dorad.portal_lead_time.at IS 'When the change was first in production.';
COMMENT ON COLUMN dorad.portal_lead_time.lead_s IS 'Lead time in seconds.';

-- A page that went by another name is found by it.
CREATE VIEW dorad.portal_alias AS SELECT alias, service FROM dorad_data.service_alias;
COMMENT ON VIEW dorad.portal_alias IS 'Other names of services, from the catalogue.';
COMMENT ON COLUMN dorad.portal_alias.alias IS 'The other name.';
COMMENT ON COLUMN dorad.portal_alias.service IS 'The service that it means.';

-- What receivers say about their ledgers, which only they can read.
CREATE TABLE dorad_data.receiver (
    ledger text COLLATE "C" PRIMARY KEY,
    said_at timestamptz NOT NULL,
    backlog bigint NOT NULL,
    quarantined bigint NOT NULL,
    dead bigint NOT NULL
);
COMMENT ON TABLE dorad_data.receiver IS 'What each receiver said last about its ledger.';
COMMENT ON COLUMN dorad_data.receiver.ledger IS 'The ledger''s name, with which the names of its deliveries begin.';
COMMENT ON COLUMN dorad_data.receiver.said_at IS 'When it said so.';
COMMENT ON COLUMN dorad_data.receiver.backlog IS 'Deliveries kept and not yet forwarded.';
COMMENT ON COLUMN dorad_data.receiver.quarantined IS 'Deliveries that could not be read, or of which some lines could not.';
COMMENT ON COLUMN dorad_data.receiver.dead IS 'Deliveries with an event that the roll-up could not use.';

CREATE FUNCTION dorad_data.keep_receivers(said jsonb) RETURNS void
LANGUAGE sql SET search_path = dorad_data, pg_temp AS $$
    INSERT INTO receiver AS r (ledger, said_at, backlog, quarantined, dead)
    SELECT s.key, to_timestamp((s.value ->> 'at')::bigint), (s.value ->> 'backlog')::bigint,
           (s.value ->> 'quarantined')::bigint, (s.value ->> 'dead')::bigint
    FROM jsonb_each(said) AS s
    WHERE jsonb_typeof(s.value -> 'at') = 'number' AND jsonb_typeof(s.value -> 'backlog') = 'number'
      AND jsonb_typeof(s.value -> 'quarantined') = 'number' AND jsonb_typeof(s.value -> 'dead') = 'number'
    ORDER BY s.key
    ON CONFLICT (ledger) DO UPDATE
        SET said_at = excluded.said_at, backlog = excluded.backlog,
            quarantined = excluded.quarantined, dead = excluded.dead
        WHERE excluded.said_at > r.said_at;
$$;
COMMENT ON FUNCTION dorad_data.keep_receivers IS 'Takes over what receivers said: {ledger: {at, backlog, quarantined, dead}}, at in seconds.';
REVOKE EXECUTE ON FUNCTION dorad_data.keep_receivers FROM PUBLIC;

CREATE VIEW dorad.quality_receiver AS
SELECT ledger, said_at, backlog, quarantined, dead FROM dorad_data.receiver;
COMMENT ON VIEW dorad.quality_receiver IS 'Deliveries that wait at each receiver or could not be read; `dorad deliveries` there lists them.';
COMMENT ON COLUMN dorad.quality_receiver.ledger IS 'The ledger''s name, with which the names of its deliveries begin.';
COMMENT ON COLUMN dorad.quality_receiver.said_at IS 'When the receiver said so; long ago: it, Redis or the roll-up is down.';
COMMENT ON COLUMN dorad.quality_receiver.backlog IS 'Deliveries kept and not yet forwarded.';
COMMENT ON COLUMN dorad.quality_receiver.quarantined IS 'Deliveries that could not be read, or of which some lines could not.';
COMMENT ON COLUMN dorad.quality_receiver.dead IS 'Deliveries with an event that the roll-up could not use.';

DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_reader') THEN
        GRANT SELECT ON dorad.portal_alias, dorad.portal_change_request,
            dorad.portal_change_request_service,
            dorad.portal_deployment, dorad.portal_incident, dorad.portal_item_left_out,
            dorad.portal_lead_time, dorad.quality_receiver
            TO dorad_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT SELECT ON dorad.portal_alias, dorad.portal_change_request,
            dorad.portal_change_request_service,
            dorad.portal_deployment, dorad.portal_incident, dorad.portal_item_left_out,
            dorad.portal_lead_time, dorad.quality_receiver
            TO dorad_writer;
        GRANT SELECT, INSERT, UPDATE ON dorad_data.receiver TO dorad_writer;
        GRANT EXECUTE ON FUNCTION dorad_data.keep_receivers TO dorad_writer;
    END IF;
END
$do$;
