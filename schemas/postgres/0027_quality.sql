-- SPDX-License-Identifier: Apache-2.0
--
-- What came in and was not counted, by reason; and what is missing from what came in.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE VIEW dorad.quality AS
SELECT f.service, dorad_data.month_of(f.at, s.report_tz) AS month, r.reason, sum(r.n)::integer AS n
FROM dorad_data.deployment_fact AS f
CROSS JOIN dorad_data.setting AS s
CROSS JOIN LATERAL (VALUES
    ('deployments_without_outcome', f.parts_without_outcome),
    ('deployments_not_counted_env_or_phase', f.parts_not_counted),
    ('deployments_cancelled', (f.exclusion IS NOT DISTINCT FROM 'cancelled')::integer),
    ('deployments_excluded_by_correction', f.excluded::integer),
    ('deployments_without_commits', (f.lead_source IS NOT DISTINCT FROM 'unknown')::integer),
    ('deployments_without_sha', (f.status = 'succeeded' AND f.sha IS NULL)::integer),
    ('deployments_to_every_service', (
        -- The coordinates name several services and nothing says which of them.
        SELECT (count(*) > 1)::integer FROM dorad_data.origin_service AS o
        WHERE o.origin_id = f.origin_id AND o.environment IS NULL AND o.workflow IS NULL
          AND o.task IS NULL)),
    ('unknown_changes', f.unknown_changes)
) AS r (reason, n)
WHERE r.n > 0
GROUP BY f.service, dorad_data.month_of(f.at, s.report_tz), r.reason
UNION ALL
SELECT p.service, dorad_data.month_of(i.started_at, s.report_tz), r.reason, count(*)::integer
FROM dorad_data.incident_fact AS i
CROSS JOIN dorad_data.setting AS s
LEFT JOIN dorad_data.incident_service AS p ON p.incident_id = i.incident_id
CROSS JOIN LATERAL (VALUES
    ('incidents_excluded_' || coalesce(p.exclusion, i.exclusion)),
    (CASE WHEN p.counted AND p.attr_rule = 'none' THEN 'incidents_without_link' END),
    (CASE WHEN p.counted AND p.attr_rule = 'latest_deployment' THEN 'incidents_linked_by_time_only' END),
    (CASE WHEN p.counted AND i.restored_at IS NOT NULL AND i.restore_s IS NULL
          THEN 'incidents_without_start' END)
) AS r (reason)
WHERE r.reason IS NOT NULL
GROUP BY p.service, dorad_data.month_of(i.started_at, s.report_tz), r.reason
UNION ALL
SELECT i.service, dorad_data.month_of(i.at, s.report_tz),
       CASE i.exclusion WHEN 'cancelled' THEN 'items_cancelled' WHEN 'type' THEN 'items_excluded_type'
                        WHEN 'unmapped' THEN 'items_unmapped'
                        WHEN 'correction' THEN 'items_excluded_by_correction' END, count(*)::integer
FROM (
    SELECT x.service, x.exclusion, x.at FROM dorad_data.item_left_out AS x
    UNION ALL
    SELECT NULL, x.exclusion, coalesce(x.done_at, x.at) FROM dorad_data.item_fact AS x
    WHERE x.exclusion IN ('cancelled', 'type', 'unmapped', 'correction') AND x.named_services = '{}'
) AS i
CROSS JOIN dorad_data.setting AS s
GROUP BY i.service, dorad_data.month_of(i.at, s.report_tz), i.exclusion
UNION ALL
-- In each service that they count in; those of a team alone in none.
SELECT p.service, dorad_data.month_of(p.done_at, s.report_tz), 'items_planned_by_default', count(*)::integer
FROM dorad_data.item_service AS p
JOIN dorad_data.item_fact AS i ON i.item_id = p.item_id
CROSS JOIN dorad_data.setting AS s
WHERE i.class_rule = 'default'
GROUP BY p.service, dorad_data.month_of(p.done_at, s.report_tz)
UNION ALL
SELECT NULL, dorad_data.month_of(i.done_at, s.report_tz), 'items_planned_by_default', count(*)::integer
FROM dorad_data.item_fact AS i
CROSS JOIN dorad_data.setting AS s
WHERE i.exclusion IS NULL AND i.services = '{}' AND i.class_rule = 'default'
GROUP BY dorad_data.month_of(i.done_at, s.report_tz)
UNION ALL
SELECT d.service, dorad_data.month_of(d.at, s.report_tz), 'lead_times_negative', count(*)::integer
FROM dorad_data.change_delivery AS d
CROSS JOIN dorad_data.setting AS s
WHERE d.clamped
GROUP BY d.service, dorad_data.month_of(d.at, s.report_tz)
UNION ALL
SELECT c.service, dorad_data.month_of(c.landed_at, s.report_tz), r.reason, count(*)::integer
FROM dorad_data.change_service AS c
JOIN dorad_data.change AS x ON x.change_id = c.change_id
CROSS JOIN dorad_data.setting AS s
CROSS JOIN LATERAL (VALUES
    (CASE WHEN x.truncated THEN 'pushes_truncated' END),
    (CASE WHEN x.previous !~ '^0*$'
               AND NOT EXISTS (SELECT FROM dorad_data.change AS p WHERE p.change_id = x.previous)
          THEN 'pushes_after_a_gap' END)
) AS r (reason)
WHERE c.ordinal = 0 AND r.reason IS NOT NULL
GROUP BY c.service, dorad_data.month_of(c.landed_at, s.report_tz), r.reason;
COMMENT ON VIEW dorad.quality IS
    'What came in and was not counted, or counts with a doubt, for each service and month.';
COMMENT ON COLUMN dorad.quality.service IS 'The service; NULL: none is known.';
COMMENT ON COLUMN dorad.quality.month IS 'First day of the month.';
COMMENT ON COLUMN dorad.quality.reason IS
    'deployments_without_outcome, _not_counted_env_or_phase (both in parts), _cancelled, '
    '_excluded_by_correction, _without_commits, _without_sha, _to_every_service; unknown_changes; '
    'incidents_excluded_<reason>, _without_link, _linked_by_time_only, _without_start; '
    'items_cancelled, _excluded_type, _unmapped, _excluded_by_correction, _planned_by_default; '
    'lead_times_negative; pushes_truncated, pushes_after_a_gap.';
COMMENT ON COLUMN dorad.quality.n IS 'How many.';

-- Few deployments of many have something to say here, and an index leads to them.
CREATE INDEX deployment_fact_left_out ON dorad_data.deployment_fact
    (exclusion, parts_without_outcome, parts_not_counted, unknown_changes, excluded)
    WHERE parts_without_outcome > 0 OR parts_not_counted > 0 OR unknown_changes > 0
       OR exclusion = 'cancelled' OR excluded;
CREATE INDEX incident_fact_left_out ON dorad_data.incident_fact (exclusion)
    WHERE exclusion IS NOT NULL;
CREATE INDEX item_fact_not_counted ON dorad_data.item_fact (exclusion)
    WHERE exclusion IN ('cancelled', 'type', 'unmapped', 'correction');

CREATE VIEW dorad.quality_total AS
SELECT r.reason, r.n::integer AS n
FROM (
    SELECT sum(f.parts_without_outcome) AS without_outcome, sum(f.parts_not_counted) AS not_counted,
           count(*) FILTER (WHERE f.exclusion = 'cancelled') AS cancelled,
           sum(f.unknown_changes) AS unknown_changes,
           count(*) FILTER (WHERE f.excluded) AS excluded
    FROM dorad_data.deployment_fact AS f
    WHERE f.parts_without_outcome > 0 OR f.parts_not_counted > 0 OR f.unknown_changes > 0
       OR f.exclusion = 'cancelled' OR f.excluded
) AS d
CROSS JOIN LATERAL (VALUES
    ('deployments_without_outcome', d.without_outcome),
    ('deployments_not_counted_env_or_phase', d.not_counted),
    ('deployments_cancelled', d.cancelled),
    ('deployments_excluded_by_correction', d.excluded),
    ('unknown_changes', d.unknown_changes)
) AS r (reason, n)
WHERE r.n > 0
UNION ALL
SELECT 'incidents_excluded_' || i.exclusion, count(*)::integer
FROM dorad_data.incident_fact AS i WHERE i.exclusion IS NOT NULL GROUP BY i.exclusion
UNION ALL
SELECT CASE i.exclusion WHEN 'cancelled' THEN 'items_cancelled' WHEN 'type' THEN 'items_excluded_type'
                        WHEN 'unmapped' THEN 'items_unmapped' ELSE 'items_excluded_by_correction' END,
       count(*)::integer
FROM dorad_data.item_fact AS i
WHERE i.exclusion IN ('cancelled', 'type', 'unmapped', 'correction') GROUP BY i.exclusion;
COMMENT ON VIEW dorad.quality_total IS
    'What was not counted, over all time, each thing once however many services it is about.';
COMMENT ON COLUMN dorad.quality_total.reason IS 'Why, as in quality.';
COMMENT ON COLUMN dorad.quality_total.n IS 'How many.';

CREATE VIEW dorad.quality_silent AS
SELECT o.system, o.host, coalesce(o.repository, o.coordinates ->> 'project', o.coordinates ->> 'ci',
                                  o.coordinates ->> 'component') AS name,
       last.at AS last_event_at, make_interval(secs => usual.gap_s) AS usual_gap,
       c.as_of - last.at AS silent_for,
       c.as_of - last.at > make_interval(secs => greatest(3 * usual.gap_s, 86400)) AS is_silent
FROM dorad_data.origin AS o
CROSS JOIN dorad_data.clock AS c
CROSS JOIN LATERAL (
    SELECT v.at FROM dorad_data.observation AS v
    WHERE v.origin_id = o.origin_id AND v.at <= c.as_of ORDER BY v.at DESC LIMIT 1) AS last
CROSS JOIN LATERAL (
    SELECT percentile_cont(0.95) WITHIN GROUP (
               ORDER BY extract(epoch FROM g.at - g.before)::double precision) AS gap_s
    FROM (
        SELECT r.at, lag(r.at) OVER (ORDER BY r.at) AS before
        FROM (SELECT v.at FROM dorad_data.observation AS v
              WHERE v.origin_id = o.origin_id AND v.at <= c.as_of
              ORDER BY v.at DESC LIMIT 100) AS r) AS g
    WHERE g.before IS NOT NULL) AS usual
WHERE usual.gap_s IS NOT NULL;
COMMENT ON VIEW dorad.quality_silent IS
    'Where events come from, when the last came, and whether it has been silent for longer than usual.';
COMMENT ON COLUMN dorad.quality_silent.system IS 'github, gitlab, jira, ...';
COMMENT ON COLUMN dorad.quality_silent.host IS 'Its host.';
COMMENT ON COLUMN dorad.quality_silent.name IS 'The repository, project or item.';
COMMENT ON COLUMN dorad.quality_silent.last_event_at IS 'When its last event happened.';
COMMENT ON COLUMN dorad.quality_silent.usual_gap IS '95 % of the times between its last hundred events were shorter.';
COMMENT ON COLUMN dorad.quality_silent.silent_for IS 'Time since the last.';
COMMENT ON COLUMN dorad.quality_silent.is_silent IS 'More than three times the usual gap, and more than a day.';

CREATE INDEX change_by_landing ON dorad_data.change USING brin (landed_at);

CREATE VIEW dorad.quality_alarm AS
SELECT
    -- The first push that was ever seen of a repository follows nothing that was seen.
    (SELECT count(*) FROM dorad_data.change AS x
     WHERE x.landed_at > k.as_of - interval '7 days' AND x.landed_at <= k.as_of
       AND x.ordinal = 0 AND x.previous !~ '^0*$'
       AND NOT EXISTS (SELECT FROM dorad_data.change AS p WHERE p.change_id = x.previous)
       AND EXISTS (SELECT FROM dorad_data.observation AS o
                   WHERE o.origin_id = x.origin_id AND o.at < x.landed_at AND o.kind = 'change')
    )::integer AS pushes_after_a_gap,
    (SELECT count(*) FROM dorad.quality_silent AS q WHERE q.is_silent)::integer AS silent_sources
FROM dorad_data.clock AS k;
COMMENT ON VIEW dorad.quality_alarm IS
    'One row: what is missing from what came in lately, for alarms.';
COMMENT ON COLUMN dorad.quality_alarm.pushes_after_a_gap IS
    'Pushes of the last 7 days whose predecessor never came, of repositories heard of before: webhooks were lost.';
COMMENT ON COLUMN dorad.quality_alarm.silent_sources IS
    'Sources that have been silent for more than three times their usual gap, and more than a day.';

CREATE FUNCTION dorad_data.source_line(coordinates jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN coordinates ? 'component' AND coordinates ? 'project' THEN
            format('- {%s: %s, component: %s}', coordinates ->> 'system',
                   to_json(coordinates ->> 'project'), to_json(coordinates ->> 'component'))
        ELSE format('- {%s: %s}', coordinates ->> 'system', to_json(coalesce(
                 coordinates ->> 'repository', coordinates ->> 'project', coordinates ->> 'ci',
                 coordinates ->> 'ci_id', coordinates ->> 'component', '*'))) END
$$;
COMMENT ON FUNCTION dorad_data.source_line IS 'A line for `sources` of the catalogue that names an origin.';

CREATE FUNCTION dorad_data.unmapped() RETURNS TABLE (
    events bigint, kind text, reason text, what text, last_at timestamptz, section text, line text)
LANGUAGE sql STABLE
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET client_min_messages = warning AS $$
    SELECT * FROM (
        -- Coordinates that mean no service.
        SELECT count(*) AS events, v.kind, 'no service' AS reason,
               concat_ws(' ', o.system, o.host, o.repository, o.coordinates ->> 'project',
                         o.coordinates ->> 'component', o.coordinates ->> 'ci') AS what,
               max(v.at) AS last_at, 'services: sources' AS section,
               source_line(o.coordinates) AS line
        FROM origin AS o
        JOIN observation AS v ON v.origin_id = o.origin_id
        WHERE v.data IS NOT NULL AND v.data ->> 'service' IS NULL
          AND coalesce(jsonb_typeof(v.data -> 'services'), 'null') = 'null'
          AND NOT EXISTS (SELECT FROM origin_service AS s WHERE s.origin_id = o.origin_id)
        GROUP BY o.origin_id, v.kind
        UNION ALL
        -- Coordinates that mean services, but none for this one: other paths, environments ...
        SELECT count(*), 'change', 'no service has these paths',
               concat_ws(' ', o.system, o.repository), max(c.landed_at), 'services: sources',
               rtrim(source_line(o.coordinates), '}') || ', paths: [...]}'
        FROM change AS c
        JOIN origin AS o ON o.origin_id = c.origin_id
        WHERE c.services = '{}'
          AND EXISTS (SELECT FROM origin_service AS s WHERE s.origin_id = o.origin_id)
        GROUP BY o.origin_id
        UNION ALL
        -- Runs, releases and the like that no rule makes deployments. What says nothing of how
        -- it went (the push of a tag) would be none by any rule.
        SELECT count(*), 'deployment', 'no deployments rule',
               concat_ws(' ', o.system, o.repository, v.data ->> 'via',
                         v.data #>> '{origin,workflow}'),
               max(v.at), 'deployments',
               rtrim(source_line(o.coordinates), '}') || CASE
                   WHEN v.data ->> 'via' = 'release' THEN ', release: published'
                   WHEN v.data #>> '{origin,workflow}' IS NOT NULL
                       THEN ', workflow: ' || to_json(v.data #>> '{origin,workflow}')
                   ELSE ', via: ' || (v.data ->> 'via') END || ', environment: production}'
        FROM observation AS v
        JOIN origin AS o ON o.origin_id = v.origin_id
        WHERE v.kind = 'deployment' AND v.data ->> 'via' NOT IN ('deployment', 'sync')
          AND v.data ->> 'service' IS NULL AND v.data ->> 'status' IS NOT NULL
          AND deployment_rule(v.origin_id, v.data ->> 'via', v.data #>> '{origin,workflow}',
                              v.data #>> '{origin,task}', v.data ->> 'ref') IS NULL
        GROUP BY o.origin_id, v.data ->> 'via', v.data #>> '{origin,workflow}'
        UNION ALL
        -- Environments that nobody said anything about and whose name says nothing either.
        SELECT count(f.*), 'deployment', 'environment not known',
               s.service || ' ' || s.environment, max(f.at), 'environments',
               format('- {match: %s, class: production}', to_json(s.environment))
        FROM environment_seen AS s
        LEFT JOIN deployment_fact AS f
            ON f.service = s.service AND f.environment = s.environment
        WHERE s.class = 'other' AND s.given = '' AND s.environment <> ''
          AND NOT EXISTS (SELECT FROM environment_rule AS r
                          WHERE s.environment ~* r.pattern
                            AND (r.service IS NULL OR r.service = s.service))
          AND lower(s.environment) !~ ('(^|[^a-z0-9])(staging|stage|stg|preprod|pre-prod|nonprod|'
                'non-prod|preview|internal|test|testing|tst|qa|uat|dev|development|local|sandbox|'
                'review|ci)([^a-z0-9]|$)')
        GROUP BY s.service, s.environment
        UNION ALL
        -- Tickets that may be incidents, and no rule says so.
        SELECT count(*), 'incident', 'no incidents rule',
               concat_ws(' ', o.system, coalesce(o.coordinates ->> 'project', o.repository),
                         i.item_type),
               max(i.started_at), 'incidents',
               rtrim(source_line(o.coordinates - 'component'), '}') || CASE
                   WHEN i.item_type IS NOT NULL THEN ', types: [' || to_json(i.item_type) || ']'
                   ELSE ', labels: [incident]' END || '}'
        FROM incident_fact AS i
        JOIN origin AS o ON o.origin_id = i.origin_id
        WHERE i.exclusion = 'not_an_incident'
          AND incident_rule(i.origin_id, i.item_type, NULL) IS NULL
        GROUP BY o.coordinates - 'component', o.system, o.repository, o.coordinates ->> 'project',
                 i.item_type
        UNION ALL
        -- Items of teams that the catalogue does not have.
        SELECT count(*), 'work_item', 'team not in the catalogue', i.team, max(i.at), 'teams',
               format('- {name: %s}', to_json(i.team))
        FROM item_fact AS i
        WHERE i.team IS NOT NULL AND NOT EXISTS (SELECT FROM team AS t WHERE t.team = i.team)
        GROUP BY i.team
    ) AS u
    ORDER BY events DESC, kind, what
$$;
COMMENT ON FUNCTION dorad_data.unmapped IS
    'What arrived and has no home, most frequent first, with a line for the catalogue and the '
    'section to paste it in.';

CREATE VIEW dorad.quality_unmapped AS
SELECT count(*) AS events, v.kind, o.system, o.host,
       coalesce(o.repository, o.coordinates ->> 'project', o.coordinates ->> 'ci',
                o.coordinates ->> 'component') AS name, max(v.at) AS last_event_at
FROM dorad_data.origin AS o
JOIN dorad_data.observation AS v ON v.origin_id = o.origin_id
WHERE v.data IS NOT NULL AND v.data ->> 'service' IS NULL
  AND coalesce(jsonb_typeof(v.data -> 'services'), 'null') = 'null'
  AND NOT EXISTS (SELECT FROM dorad_data.origin_service AS s WHERE s.origin_id = o.origin_id)
GROUP BY o.origin_id, v.kind;
COMMENT ON VIEW dorad.quality_unmapped IS
    'Where events came from that mean no service; `dorad catalog unmapped` says what to do about it.';
COMMENT ON COLUMN dorad.quality_unmapped.events IS 'How many.';
COMMENT ON COLUMN dorad.quality_unmapped.kind IS 'deployment, change, incident, work_item or change_request.';
COMMENT ON COLUMN dorad.quality_unmapped.system IS 'github, gitlab, jira, ...';
COMMENT ON COLUMN dorad.quality_unmapped.host IS 'Its host.';
COMMENT ON COLUMN dorad.quality_unmapped.name IS 'The repository, project or item.';
COMMENT ON COLUMN dorad.quality_unmapped.last_event_at IS 'When the last of them happened.';
