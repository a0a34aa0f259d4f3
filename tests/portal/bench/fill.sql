-- SPDX-License-Identifier: Apache-2.0
--
-- A large organisation, straight into the tables behind the views: 1,000 services of 100 teams
-- over 36 months, with 1,000,000 deployments and what goes with them. Plausible, not true: rows
-- and facts need not agree, only cost what real ones do.

SET synchronous_commit = off;
SET search_path = dorad_data;
SELECT setseed(0.5);

CREATE TEMP TABLE b_service AS
SELECT 's' || to_char(i, 'FM0000') AS service, 't' || to_char(i % 100, 'FM000') AS team
FROM generate_series(0, 999) AS i;
CREATE TEMP TABLE b_month AS
SELECT m::date AS month, row_number() OVER (ORDER BY m) AS i
FROM generate_series('2023-07-01'::timestamp, '2026-06-01', '1 month') AS m;

INSERT INTO team (team, title) SELECT DISTINCT team, 'Team ' || team FROM b_service;
INSERT INTO service (service, title, links)
    SELECT service, 'Service ' || service,
           jsonb_build_object('runbook', 'https://runbooks.example.com/' || service)
    FROM b_service;
INSERT INTO ownership (service, valid_from, valid_to, team)
    SELECT service, '-infinity', 'infinity', team FROM b_service;
UPDATE clock SET as_of = '2026-06-16 09:30:00+00';
UPDATE setting SET report_tz = 'Europe/London';

-- 28 a month and service: 1,008,000 deployments.
INSERT INTO deployment_fact (service, deployment_id, at, status, lane, environment, sha, hotfix,
    via, parts, parts_without_outcome, parts_not_counted, url, excluded, kind, kind_rule,
    lead_source, unknown_changes, exclusion)
SELECT d.service, d.service || '-' || m.i || '-' || d.n, m.month + d.n * interval '1 day' * 0.98,
       CASE WHEN d.n = 27 THEN NULL WHEN d.n = 26 THEN 'failed' ELSE 'succeeded' END,
       'production', 'production', md5(d.service || '-' || m.i || '-' || d.n) || '00000000', d.n = 25,
       'deployment', 1, (d.n = 27)::integer, 0,
       'https://git.example.com/' || d.service || '/' || m.i || '/' || d.n, false,
       CASE WHEN d.n = 27 THEN NULL WHEN d.n = 26 THEN 'attempt' WHEN d.n = 24 THEN 'rollback'
            ELSE 'change' END,
       CASE WHEN d.n = 26 THEN 'failed' WHEN d.n = 24 THEN 'older_sha' ELSE 'new_sha' END,
       CASE WHEN d.n < 24 OR d.n = 25 THEN 'inferred' END, 0,
       CASE WHEN d.n = 27 THEN 'no_outcome' END
FROM (SELECT service, n FROM b_service, generate_series(0, 27) AS n) AS d CROSS JOIN b_month AS m
ORDER BY d.service, m.i, d.n;

INSERT INTO change (change_id, landed_at, ordinal, committed_at, truncated, services, url)
SELECT f.sha, f.at - interval '3 hours', 0, f.at - interval '20 hours', false, ARRAY[f.service], f.url
FROM deployment_fact AS f WHERE f.kind = 'change';
INSERT INTO change_delivery (service, change_id, deployment_id, at, source, lead_s, clamped)
SELECT f.service, f.sha, f.deployment_id, f.at, 'inferred', 3600 + random() * 86400 * 2, false
FROM deployment_fact AS f WHERE f.kind = 'change' ORDER BY f.service, f.at;

-- Three incidents a month and service, one of them not severe enough.
INSERT INTO incident_fact (incident_id, started_at, restored_at, restore_s, state, reopens,
    severity, services, is_incident, exclusion, url, review_url)
SELECT s.service || '-i' || m.i || '-' || n, m.month + n * interval '7 days',
       m.month + n * interval '7 days' + interval '50 minutes', 3000, 'resolved', 0, n + 1,
       ARRAY[s.service], true, CASE WHEN n = 3 THEN 'severity' END,
       'https://incidents.example.com/' || s.service || m.i || n,
       CASE WHEN n = 1 THEN 'https://reviews.example.com/' || s.service || m.i END
FROM b_service AS s CROSS JOIN b_month AS m CROSS JOIN generate_series(1, 3) AS n;
INSERT INTO incident_service (service, incident_id, started_at, restored_at, restore_s, reopens,
    counted, exclusion, attr_rule, targets)
SELECT services[1], incident_id, started_at, restored_at, restore_s, 0, exclusion IS NULL,
       exclusion, CASE WHEN exclusion IS NULL THEN 'latest_deployment' END, '{}'
FROM incident_fact;
INSERT INTO evidence (service, deployment_id, what, by_id)
SELECT f.service, f.deployment_id, 'incident:latest_deployment', f.service || '-i1-1'
FROM deployment_fact AS f WHERE f.kind = 'change' AND f.deployment_id ~ '-(7|14)$';

-- A change request in two months, and 20 work items a month.
INSERT INTO change_request (cr_id, state, close_code, services, actual_start, actual_end,
    marks_failure, at, url)
SELECT 'CHG' || s.service || m.i, 'closed', 'successful', ARRAY[s.service],
       m.month + interval '9 days', m.month + interval '9 days 2 hours', false,
       m.month + interval '10 days', 'https://changes.example.com/' || s.service || m.i
FROM b_service AS s CROSS JOIN b_month AS m WHERE m.i % 2 = 0;
INSERT INTO item_fact (item_id, status, done_at, services, named_services, class, class_rule,
    exclusion, item_type, labels, at, url)
SELECT s.service || '-' || m.i || '-w' || n, CASE WHEN n = 20 THEN 'cancelled' ELSE 'done' END,
       CASE WHEN n < 20 THEN m.month + n * interval '1 day' END, ARRAY[s.service],
       ARRAY[s.service], CASE WHEN n % 4 = 0 THEN 'failure_demand' ELSE 'planned' END,
       CASE WHEN n % 4 = 0 THEN 'type' ELSE 'default' END,
       CASE WHEN n = 20 THEN 'cancelled' END, CASE WHEN n % 4 = 0 THEN 'bug' ELSE 'story' END,
       '{}', m.month + n * interval '1 day', 'https://items.example.com/' || s.service || m.i || n
FROM b_service AS s CROSS JOIN b_month AS m CROSS JOIN generate_series(1, 20) AS n;
INSERT INTO item_left_out (service, item_id, at, exclusion)
SELECT services[1], item_id, at, exclusion FROM item_fact WHERE exclusion IS NOT NULL ORDER BY services[1], at;
INSERT INTO item_service (service, item_id, done_at, class)
SELECT services[1], item_id, done_at, class FROM item_fact
WHERE exclusion IS NULL ORDER BY services[1], done_at;

INSERT INTO monthly (scope, name, month, complete, settled, phase, delivery_measured, days,
    deployments, deployments_per_day, deploy_days, redeploys, rollbacks, failed_attempts, hotfixes,
    lead_time_n, lead_time_p50_s, lead_time_p85_s, lead_time_p95_s, lead_time_unknown_deployments,
    lead_time_clamped, deploy_lead_time_n, deploy_lead_time_p50_s, failed_deployments, fail_rate_n,
    fail_rate, failed_inferred, incidents_started, incidents_open_end, incidents_restored,
    restore_n, restore_p50_s, restore_p85_s, restore_p95_s, reopens, recovery_n, recovery_p50_s,
    rework_deploy_rate_n, rework_deploy_rate, items_done, items_planned, items_failure_demand,
    items_adhoc_value, unplanned_rate, failure_demand_rate, computed_at, revision)
SELECT n.scope, n.name, m.month, m.month < '2026-06-01', m.month < '2026-06-01',
       CASE n.scope WHEN 'service' THEN 'live' END, true, 30, 20 + r.x, (20 + r.x) / 30.0, 15, 0, 1,
       1, 1, 40, 60000 + 1000 * r.x, 120000, 180000, 0, 0, 20, 70000, r.x / 3, 20 + r.x,
       (r.x / 3)::double precision / (20 + r.x), r.x / 6, 3, 0, 3, 3, 2000 + 300 * r.x, 9000, 12000,
       0, 1, 3000, 21, 0.05, 19, 14, 5, 0, 5 / 19.0, 5 / 19.0, '2026-06-16', 1
FROM (SELECT 'service' AS scope, service AS name FROM b_service
      UNION ALL SELECT DISTINCT 'team', team FROM b_service) AS n
CROSS JOIN b_month AS m CROSS JOIN LATERAL (SELECT (random() * 12)::integer + m.i::integer * 0 AS x) AS r
ORDER BY n.scope, n.name, m.month;
INSERT INTO trend (scope, name, month, metric, direction, basis, n, s, p, slope_per_month)
SELECT o.scope, o.name, o.month, t.metric,
       (ARRAY['steady', 'steady', 'steady', 'steady', 'steady', 'steady', 'worsening', 'improving'])[
           1 + (abs(hashtext(o.name || t.metric || o.month)) % 8)], 'short', 6, 3, 0.5, 0.1
FROM monthly AS o
CROSS JOIN unnest(ARRAY['deploy_freq', 'lead_time', 'fail_rate', 'restore', 'unplanned']) AS t (metric)
WHERE o.complete ORDER BY o.scope, o.name, o.month, t.metric;
INSERT INTO assurance (scope, name, month, throughput, assurance)
SELECT scope, name, month, 'steady', CASE WHEN abs(hashtext(name || month)) % 20 = 0 THEN 'sliding'
       ELSE 'watch' END FROM monthly WHERE complete;
INSERT INTO scope_span (scope, name, first_month, last_month, measured_month)
SELECT scope, name, min(month), max(month), min(month) FROM monthly GROUP BY scope, name;

-- Where it all came from: a source for each service, and some that nobody claims.
INSERT INTO origin (coordinates, fingerprint, system, host, repository, repository_id, makes_service)
SELECT jsonb_build_object('system', 'github', 'repository', 'acme/' || service), md5(service),
       'github', 'github.com', 'acme/' || service, service, true
FROM (SELECT service FROM b_service UNION ALL SELECT 'stray' || i FROM generate_series(1, 50) AS i) AS s;
INSERT INTO origin_service (origin_id, rule_id, service, rank)
SELECT o.origin_id, 1, s.service, 1
FROM origin AS o JOIN b_service AS s ON o.repository = 'acme/' || s.service;
INSERT INTO observation (source, id, revision, kind, entity, at, sent_time, origin_id, data, kept_at)
SELECT '/github/github.com', f.service || f.deployment_id, 0, 'deployment', f.deployment_id, f.at, f.at,
       o.origin_id, '{"status": "succeeded"}', f.at
FROM deployment_fact AS f JOIN origin AS o ON o.repository = 'acme/' || f.service;
INSERT INTO observation (source, id, revision, kind, entity, at, sent_time, origin_id, data, kept_at)
SELECT '/github/github.com', o.repository || '/' || n, 0, 'deployment', 'stray' || n,
       '2026-06-01'::timestamptz - n * interval '1 hour', '2026-06-01', o.origin_id, '{}', '2026-06-01'
FROM origin AS o CROSS JOIN generate_series(1, 100) AS n WHERE o.repository LIKE 'acme/stray%';

DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'dorad_data' LOOP
        EXECUTE format('ANALYZE dorad_data.%I', t);
    END LOOP;
END
$$;
