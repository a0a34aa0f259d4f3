-- SPDX-License-Identifier: Apache-2.0
--
-- Why a monthly value is what it is: the value, what it is made of, and every fact behind it or
-- left out of it.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE VIEW dorad_data.month_slice AS
SELECT m.*, k.service, greatest(b.begins, k.valid_from) AS begins,
       least(b.ends, k.valid_to) AS ends
FROM dorad_data.monthly AS m
CROSS JOIN dorad_data.setting AS s
CROSS JOIN LATERAL (
    SELECT dorad_data.month_start(m.month, s.report_tz) AS begins,
           dorad_data.month_start(dorad_data.next_month(m.month), s.report_tz) AS ends
    OFFSET 0) AS b
CROSS JOIN LATERAL (
    SELECT m.name AS service, '-infinity'::timestamptz AS valid_from,
           'infinity'::timestamptz AS valid_to
    WHERE m.scope = 'service'
    UNION ALL
    SELECT o.service, o.valid_from, o.valid_to FROM dorad_data.ownership AS o
    WHERE m.scope = 'team' AND o.team = m.name
) AS k
WHERE k.valid_from < b.ends AND k.valid_to > b.begins;
COMMENT ON VIEW dorad_data.month_slice IS
    'Which services'' facts, from when to when, are in a monthly row, and the row.';
COMMENT ON COLUMN dorad_data.month_slice.service IS 'The service whose facts count.';
COMMENT ON COLUMN dorad_data.month_slice.begins IS 'From this instant';
COMMENT ON COLUMN dorad_data.month_slice.ends IS 'to before this one.';
DO $do$
DECLARE
    said record;
BEGIN
    FOR said IN
        SELECT a.attname AS name, col_description(a.attrelid, a.attnum) AS words
        FROM pg_attribute AS a
        WHERE a.attrelid = 'dorad_data.monthly'::regclass AND a.attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN dorad_data.month_slice.%I IS %L', said.name, said.words);
    END LOOP;
END
$do$;

-- Each metric's facts in a view of its own: to plan all of them for one is what takes longest.

-- Deployments: in the frequency are those of kind change.
CREATE VIEW dorad.reason_deployments AS
SELECT l.scope, l.name, l.month, 'deployments' AS metric, l.deployments::double precision AS value,
       l.deployments AS n, l.deployments::double precision AS numerator,
       l.days::double precision AS denominator,
       'deployment' AS fact_kind, e.deployment_id AS fact_id, e.service AS service, e.at AS anchor,
       e.counted AND e.kind = 'change' AND l.delivery_measured AS counted, e.kind AS kind,
       coalesce(e.exclusion, e.kind_rule) AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'status', e.status, 'lane', e.lane, 'environment', e.environment, 'sha', e.sha,
           'lead_source', e.lead_source, 'rolls_back', e.rolls_back,
           'rolled_back_by', e.rolled_back_by, 'corrections', e.corrections)) AS evidence, e.url AS url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_deployment AS d
    WHERE d.service = l.service AND d.at >= l.begins AND d.at < l.ends OFFSET 0) AS e;

-- Lead times: one sample for each change,
CREATE VIEW dorad.reason_lead_time AS
SELECT l.scope, l.name, l.month, 'lead_time' AS metric, l.lead_time_p50_s AS value,
       l.lead_time_n AS n, NULL::double precision AS numerator,
       NULL::double precision AS denominator, 'change' AS fact_kind, d.change_id AS fact_id,
       d.service, d.at AS anchor, d.lead_s IS NOT NULL AND NOT d.excluded AS counted,
       'change' AS kind, CASE WHEN d.excluded THEN 'correction' ELSE d.source END AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'seconds', d.lead_s, 'deployment', d.deployment_id, 'landed_at', d.landed_at,
           'committed_at', d.committed_at, 'clamped', CASE WHEN d.clamped THEN true END)) AS evidence,
       d.url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    -- Few are excluded, and an index has those alone.
    SELECT y.*, c.landed_at, c.committed_at, c.url, EXISTS (
               SELECT FROM dorad_data.deployment_fact AS x
               WHERE x.service = y.service AND x.deployment_id = y.deployment_id AND x.excluded
           ) AS excluded
    FROM dorad_data.change_delivery AS y
    JOIN dorad_data.change AS c ON c.change_id = y.change_id
    WHERE y.service = l.service AND y.at >= l.begins AND y.at < l.ends OFFSET 0) AS d
UNION ALL
-- and the deployments whose changes nobody knows.
SELECT l.scope, l.name, l.month, 'lead_time', l.lead_time_p50_s, l.lead_time_n, NULL, NULL,
       'deployment', x.deployment_id, x.service, x.at, false, x.kind, x.lead_source,
       jsonb_strip_nulls(jsonb_build_object('sha', x.sha)), x.url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT * FROM dorad_data.deployment_fact AS f
    WHERE f.service = l.service AND f.at >= l.begins AND f.at < l.ends
      AND f.lead_source IN ('unknown', 'baseline') OFFSET 0) AS x;

-- Fail rate: of changes, and of anything else that something speaks against.
CREATE VIEW dorad.reason_fail_rate AS
SELECT l.scope, l.name, l.month, 'fail_rate' AS metric, l.fail_rate AS value, l.fail_rate_n AS n,
       l.failed_deployments::double precision AS numerator,
       l.fail_rate_n::double precision AS denominator,
       'deployment' AS fact_kind, e.deployment_id AS fact_id, e.service AS service, e.at AS anchor,
       e.counted AND (e.failed OR e.kind = 'change') AS counted, e.kind AS kind,
       CASE WHEN e.exclusion IS NOT NULL THEN e.exclusion
            WHEN e.corrections @> '[{"field": "failure"}]' THEN
                CASE WHEN e.failed THEN 'failed: correction' ELSE 'not failed: correction' END
            WHEN e.failed THEN 'failed' ELSE 'no evidence' END AS rule,
       e.evidence AS evidence, e.url AS url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_deployment AS d
    WHERE d.service = l.service AND d.at >= l.begins AND d.at < l.ends OFFSET 0) AS e;

-- Time to restore,
CREATE VIEW dorad.reason_restore AS
SELECT l.scope, l.name, l.month, 'restore' AS metric, l.restore_p50_s AS value, l.restore_n AS n,
       NULL::double precision AS numerator,
       NULL::double precision AS denominator,
       'incident' AS fact_kind, e.incident_id AS fact_id, e.service AS service, e.restored_at AS anchor,
       e.counted AND e.restore_s IS NOT NULL AS counted, e.state AS kind,
       coalesce(e.exclusion, CASE WHEN e.restore_s IS NULL THEN 'without_start' END, e.attr_rule) AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'seconds', e.restore_s, 'started_at', e.started_at, 'reopens', e.reopens,
           'deployments', to_jsonb(e.deployments), 'corrections', e.corrections)) AS evidence, e.url AS url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT i.incident_id FROM dorad_data.incident_service AS i
    WHERE i.service = l.service AND i.restored_at >= l.begins AND i.restored_at < l.ends OFFSET 0) AS i
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_incident AS d
    WHERE d.incident_id = i.incident_id AND d.service = l.service OFFSET 0) AS e;

-- and of what a deployment caused.
CREATE VIEW dorad.reason_recovery AS
SELECT l.scope, l.name, l.month, 'recovery' AS metric, l.recovery_p50_s AS value, l.recovery_n AS n,
       NULL::double precision AS numerator,
       NULL::double precision AS denominator,
       'incident' AS fact_kind, e.incident_id AS fact_id, e.service AS service, e.restored_at AS anchor,
       e.counted AND e.restore_s IS NOT NULL AND cardinality(e.deployments) > 0 AS counted, e.state AS kind,
       coalesce(e.exclusion, CASE WHEN e.restore_s IS NULL THEN 'without_start' END, e.attr_rule) AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'seconds', e.restore_s, 'started_at', e.started_at, 'reopens', e.reopens,
           'deployments', to_jsonb(e.deployments), 'corrections', e.corrections)) AS evidence, e.url AS url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT i.incident_id FROM dorad_data.incident_service AS i
    WHERE i.service = l.service AND i.restored_at >= l.begins AND i.restored_at < l.ends OFFSET 0) AS i
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_incident AS d
    WHERE d.incident_id = i.incident_id AND d.service = l.service OFFSET 0) AS e;

CREATE VIEW dorad.reason_incidents_started AS
SELECT l.scope, l.name, l.month, 'incidents_started' AS metric,
       l.incidents_started::double precision AS value, l.incidents_started AS n,
       NULL::double precision AS numerator,
       NULL::double precision AS denominator,
       'incident' AS fact_kind, e.incident_id AS fact_id, e.service AS service, e.started_at AS anchor,
       e.counted AS counted, e.state AS kind,
       coalesce(e.exclusion, e.attr_rule) AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'severity', e.severity, 'deployments', to_jsonb(e.deployments),
           'corrections', e.corrections)) AS evidence, e.url AS url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT i.incident_id FROM dorad_data.incident_service AS i
    WHERE i.service = l.service AND i.started_at >= l.begins AND i.started_at < l.ends OFFSET 0) AS i
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_incident AS d
    WHERE d.incident_id = i.incident_id AND d.service = l.service OFFSET 0) AS e;

CREATE VIEW dorad.reason_incidents_open AS
SELECT l.scope, l.name, l.month, 'incidents_open' AS metric,
       l.incidents_open_end::double precision AS value, l.incidents_open_end AS n,
       NULL::double precision AS numerator,
       NULL::double precision AS denominator,
       'incident' AS fact_kind, e.incident_id AS fact_id, e.service AS service, e.started_at AS anchor,
       true AS counted, e.state AS kind,
       e.attr_rule AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'severity', e.severity, 'restored_at', e.restored_at)) AS evidence, e.url AS url
FROM dorad_data.monthly AS l
CROSS JOIN dorad_data.setting AS s
CROSS JOIN dorad_data.clock AS c
CROSS JOIN LATERAL (
    SELECT least(dorad_data.month_start(dorad_data.next_month(l.month), s.report_tz), c.as_of) AS ends
    OFFSET 0) AS t
CROSS JOIN LATERAL (
    -- What is held at the last instant of the month, or of what there is of it yet: which is in
    -- the month before, where the clock stands at the first.
    SELECT l.name AS service WHERE l.scope = 'service'
    UNION ALL
    SELECT o.service FROM dorad_data.ownership AS o
    WHERE l.scope = 'team' AND o.team = l.name AND o.valid_from < t.ends AND o.valid_to >= t.ends
) AS k
CROSS JOIN LATERAL (
    SELECT i.incident_id FROM dorad_data.incident_service AS i
    WHERE i.service = k.service AND i.counted AND i.started_at < t.ends
      AND (i.restored_at IS NULL OR i.restored_at >= t.ends) OFFSET 0) AS i
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_incident AS d
    WHERE d.incident_id = i.incident_id AND d.service = k.service OFFSET 0) AS e;

-- The fifth DORA metric.
CREATE VIEW dorad.reason_rework_deploy_rate AS
SELECT l.scope, l.name, l.month, 'rework_deploy_rate' AS metric, l.rework_deploy_rate AS value, l.rework_deploy_rate_n AS n,
       (l.hotfixes + l.rollbacks)::double precision AS numerator,
       l.rework_deploy_rate_n::double precision AS denominator,
       'deployment' AS fact_kind, e.deployment_id AS fact_id, e.service AS service, e.at AS anchor,
       e.counted AND e.kind IN ('change', 'rollback') AS counted, e.kind AS kind,
       coalesce(e.exclusion, CASE WHEN e.kind = 'rollback' THEN 'rework: rollback'
                                  WHEN e.kind = 'change' AND e.hotfix THEN 'rework: hotfix'
                                  ELSE 'planned' END) AS rule,
       jsonb_build_object('hotfix', e.hotfix) AS evidence, e.url AS url
FROM dorad_data.month_slice AS l
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_deployment AS d
    WHERE d.service = l.service AND d.at >= l.begins AND d.at < l.ends OFFSET 0) AS e;

-- Items: of its services, or of the team that they name; and those left out.
CREATE VIEW dorad.reason_unplanned_rate AS
SELECT m.scope, m.name, m.month, 'unplanned_rate' AS metric, m.unplanned_rate AS value,
       m.items_done AS n,
       (m.items_failure_demand + m.items_adhoc_value)::double precision AS numerator,
       m.items_done::double precision AS denominator, 'work_item' AS fact_kind,
       e.item_id AS fact_id, i.service, coalesce(e.done_at, e.last_event_at) AS anchor, e.counted,
       e.class AS kind, coalesce(e.exclusion, e.class_rule) AS rule,
       jsonb_strip_nulls(jsonb_build_object(
           'type', e.item_type, 'labels', to_jsonb(e.labels), 'priority', e.priority,
           'linked_incidents', to_jsonb(e.linked_incidents), 'teams', to_jsonb(e.teams),
           'corrections', e.corrections)) AS evidence,
       e.url
FROM dorad_data.monthly AS m
CROSS JOIN dorad_data.setting AS s
CROSS JOIN LATERAL (
    SELECT k.item_id, min(k.service) AS service
    FROM (
        SELECT i.item_id, i.service
        FROM dorad_data.month_slice AS l
        CROSS JOIN LATERAL (
            SELECT x.item_id, x.service FROM dorad_data.item_service AS x
            WHERE x.service = l.service AND x.done_at >= l.begins AND x.done_at < l.ends
              AND (l.scope = 'service' OR x.team IS NULL) OFFSET 0) AS i
        WHERE l.scope = m.scope AND l.name = m.name AND l.month = m.month
        UNION ALL
        SELECT i.item_id, NULL
        FROM dorad_data.item_fact AS i
        WHERE m.scope = 'team' AND i.team = m.name
          AND i.done_at >= dorad_data.month_start(m.month, s.report_tz)
          AND i.done_at < dorad_data.month_start(dorad_data.next_month(m.month), s.report_tz)
        UNION ALL
        SELECT i.item_id, l.service
        FROM dorad_data.month_slice AS l
        CROSS JOIN LATERAL (
            SELECT x.item_id FROM dorad_data.item_left_out AS x
            WHERE x.service = l.service AND x.at >= l.begins AND x.at < l.ends
              AND x.exclusion IN ('type', 'cancelled', 'correction') OFFSET 0) AS i
        WHERE l.scope = m.scope AND l.name = m.name AND l.month = m.month
    ) AS k
    GROUP BY k.item_id OFFSET 0) AS i
CROSS JOIN LATERAL (
    SELECT * FROM dorad.explain_item AS d WHERE d.item_id = i.item_id OFFSET 0) AS e;

-- The values, whether there are facts or not.
CREATE VIEW dorad.explained AS
SELECT l.scope, l.name, l.month, v.metric, v.value, v.n, v.numerator, v.denominator
FROM dorad_data.monthly AS l
CROSS JOIN LATERAL (VALUES
    ('deployments', l.deployments::double precision, l.deployments,
     l.deployments::double precision, l.days::double precision),
    ('lead_time', l.lead_time_p50_s, l.lead_time_n, NULL, NULL),
    ('fail_rate', l.fail_rate, l.fail_rate_n, l.failed_deployments, l.fail_rate_n),
    ('restore', l.restore_p50_s, l.restore_n, NULL, NULL),
    ('recovery', l.recovery_p50_s, l.recovery_n, NULL, NULL),
    ('incidents_started', l.incidents_started, l.incidents_started, NULL, NULL),
    ('incidents_open', l.incidents_open_end, l.incidents_open_end, NULL, NULL),
    ('rework_deploy_rate', l.rework_deploy_rate, l.rework_deploy_rate_n,
     l.hotfixes + l.rollbacks, l.rework_deploy_rate_n),
    ('unplanned_rate', l.unplanned_rate, l.items_done,
     l.items_failure_demand + l.items_adhoc_value, l.items_done)
) AS v (metric, value, n, numerator, denominator);

CREATE VIEW dorad.explanation AS
SELECT v.*, NULL AS fact_kind, NULL AS fact_id, NULL AS service, NULL::timestamptz AS anchor,
       NULL::boolean AS counted, NULL AS kind, NULL AS rule, NULL::jsonb AS evidence, NULL AS url
FROM dorad.explained AS v
UNION ALL SELECT * FROM dorad.reason_deployments
UNION ALL SELECT * FROM dorad.reason_lead_time
UNION ALL SELECT * FROM dorad.reason_fail_rate
UNION ALL SELECT * FROM dorad.reason_restore
UNION ALL SELECT * FROM dorad.reason_recovery
UNION ALL SELECT * FROM dorad.reason_incidents_started
UNION ALL SELECT * FROM dorad.reason_incidents_open
UNION ALL SELECT * FROM dorad.reason_rework_deploy_rate
UNION ALL SELECT * FROM dorad.reason_unplanned_rate;
COMMENT ON VIEW dorad.explanation IS
    'Every fact behind each monthly value, and those left out of it, with the reason. Ask for one '
    'scope, name and month (and metric); the value itself has a row without a fact.';
COMMENT ON COLUMN dorad.explanation.scope IS 'service or team.';
COMMENT ON COLUMN dorad.explanation.name IS 'Name of the service or team.';
COMMENT ON COLUMN dorad.explanation.month IS 'First day of the month.';
COMMENT ON COLUMN dorad.explanation.metric IS
    'deployments, lead_time, fail_rate, restore, recovery, incidents_started, incidents_open, rework_deploy_rate or unplanned_rate.';
COMMENT ON COLUMN dorad.explanation.value IS 'The value in the monthly row; of times the median in seconds.';
COMMENT ON COLUMN dorad.explanation.n IS 'How many facts it is made from.';
COMMENT ON COLUMN dorad.explanation.numerator IS 'What is divided, for quotients.';
COMMENT ON COLUMN dorad.explanation.denominator IS 'What it is divided by, for quotients.';
COMMENT ON COLUMN dorad.explanation.fact_kind IS 'deployment, change, incident or work_item.';
COMMENT ON COLUMN dorad.explanation.fact_id IS 'Its id.';
COMMENT ON COLUMN dorad.explanation.service IS 'Its service.';
COMMENT ON COLUMN dorad.explanation.anchor IS 'The instant by which it belongs to the month.';
COMMENT ON COLUMN dorad.explanation.counted IS 'It is among the n.';
COMMENT ON COLUMN dorad.explanation.kind IS 'What kind of it: change, rollback, ...; of an item its class; of an incident its state.';
COMMENT ON COLUMN dorad.explanation.rule IS 'The rule that counted it, or the reason it was left out.';
COMMENT ON COLUMN dorad.explanation.evidence IS 'What the rule went by.';
COMMENT ON COLUMN dorad.explanation.url IS 'The page a person would open.';

COMMENT ON VIEW dorad.explained IS 'The monthly values that have reasons, a row for each metric.';
DO $do$
DECLARE
    of_metric text;
    said record;
BEGIN
    FOR said IN
        SELECT a.attname AS name, col_description('dorad.explanation'::regclass, e.attnum) AS words
        FROM pg_attribute AS a
        JOIN pg_attribute AS e
            ON e.attrelid = 'dorad.explanation'::regclass AND e.attname = a.attname
        WHERE a.attrelid = 'dorad.explained'::regclass AND a.attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN dorad.explained.%I IS %L', said.name, said.words);
    END LOOP;
    FOREACH of_metric IN ARRAY ARRAY['deployments', 'lead_time', 'fail_rate', 'restore', 'recovery',
        'incidents_started', 'incidents_open', 'rework_deploy_rate', 'unplanned_rate']
    LOOP
        EXECUTE format('COMMENT ON VIEW dorad.reason_%s IS %L', of_metric, format(
            'The facts behind each monthly %s, and those left out of it: of explanation the rows of '
            'that metric, planned sooner.', of_metric));
        FOR said IN
            SELECT a.attname AS name, col_description(a.attrelid, a.attnum) AS words
            FROM pg_attribute AS a
            WHERE a.attrelid = 'dorad.explanation'::regclass AND a.attnum > 0
        LOOP
            EXECUTE format('COMMENT ON COLUMN dorad.reason_%s.%I IS %L', of_metric, said.name, said.words);
        END LOOP;
    END LOOP;
END
$do$;

CREATE FUNCTION dorad_data.explained_metric(metric text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- The names of columns and trends lead to the same facts.
    SELECT CASE
        WHEN metric IN ('deployments', 'deploy_freq', 'deployments_per_day', 'deploy_days',
                        'redeploys', 'rollbacks', 'failed_attempts', 'hotfixes') THEN 'deployments'
        WHEN metric LIKE 'lead_time%' OR metric LIKE 'deploy_lead_time%' THEN 'lead_time'
        WHEN metric IN ('failed_deployments', 'fail_rate', 'fail_rate_n', 'failed_inferred')
            THEN 'fail_rate'
        WHEN metric LIKE 'restore%' OR metric IN ('incidents_restored', 'reopens') THEN 'restore'
        WHEN metric LIKE 'recovery%' THEN 'recovery'
        WHEN metric = 'incidents_started' THEN 'incidents_started'
        WHEN metric IN ('incidents_open', 'incidents_open_end') THEN 'incidents_open'
        WHEN metric LIKE 'rework%' THEN 'rework_deploy_rate'
        WHEN metric LIKE 'items\_%' OR metric IN ('unplanned', 'unplanned_rate',
                                                  'failure_demand_rate') THEN 'unplanned_rate'
        END
$$;
COMMENT ON FUNCTION dorad_data.explained_metric IS
    'Under which metric of the explanation the facts of a column are; null for an unknown name.';

CREATE FUNCTION dorad_data.explain(of_scope text, of_name text, of_month date, of_metric text)
RETURNS TABLE (
    metric text, value double precision, n integer, numerator double precision,
    denominator double precision, fact_kind text, fact_id text, service text,
    anchor timestamptz, counted boolean, kind text, rule text, evidence jsonb, url text)
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET client_min_messages = warning AS $$
#variable_conflict use_column
BEGIN
    IF of_scope NOT IN ('service', 'team') THEN
        RAISE EXCEPTION 'scope %: want service or team', of_scope USING ERRCODE = '22023';
    ELSIF of_metric IS NOT NULL AND explained_metric(of_metric) IS NULL THEN
        RAISE EXCEPTION 'metric %: want deployments, lead_time, fail_rate, restore, recovery, '
            'incidents_started, incidents_open, rework_deploy_rate, unplanned_rate, or a column of the monthly '
            'views', of_metric USING ERRCODE = '22023';
    END IF;
    RETURN QUERY
        SELECT e.metric, e.value, e.n, e.numerator, e.denominator, e.fact_kind, e.fact_id,
               e.service, e.anchor, e.counted, e.kind, e.rule, e.evidence, e.url
        FROM dorad.explanation AS e
        WHERE e.scope = of_scope AND e.name = coalesce(
                  (SELECT a.service FROM service_alias AS a WHERE a.alias = of_name AND of_scope = 'service'), of_name)
          AND e.month = date_trunc('month', of_month::timestamp)::date
          AND (of_metric IS NULL OR e.metric = explained_metric(of_metric))
        ORDER BY array_position(ARRAY['deployments', 'lead_time', 'fail_rate', 'restore',
                                      'recovery', 'incidents_started', 'incidents_open',
                                      'rework_deploy_rate', 'unplanned_rate'], e.metric),
                 e.fact_kind IS NOT NULL, e.counted DESC, e.anchor, e.fact_id;
END
$$;
COMMENT ON FUNCTION dorad_data.explain IS
    'Why the values of one monthly row are what they are: every fact behind each, counted or '
    'not, with the rule. of_metric null: all of them.';
