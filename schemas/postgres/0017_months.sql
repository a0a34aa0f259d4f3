-- SPDX-License-Identifier: Apache-2.0
--
-- Monthly rows (METRICS.md R26, sections 3, 9.1, 10): which months a service or team has, the
-- facts in each, and the row they give. A row is always computed whole, never incremented.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.six(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT round(value::numeric, 6)::double precision
$$;
COMMENT ON FUNCTION dorad_data.six IS 'Rounded to 6 decimals, as floats in rows are (METRICS.md R27).';

CREATE FUNCTION dorad_data.ratio(part bigint, whole bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT round(part::numeric / nullif(whole, 0), 6)::double precision
$$;
COMMENT ON FUNCTION dorad_data.ratio IS 'A quotient rounded to 6 decimals; null when there is nothing to divide by.';

CREATE FUNCTION dorad_data.hold_scopes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- A service holds its own facts always; a team those of the services it owned at the time.
    INSERT INTO w_holding
        SELECT s.scope, s.name, s.name, '-infinity', 'infinity'
        FROM w_scope AS s WHERE s.scope = 'service'
        UNION ALL
        SELECT s.scope, s.name, o.service, o.valid_from, o.valid_to
        FROM w_scope AS s JOIN ownership AS o ON o.team = s.name
        WHERE s.scope = 'team';
END
$$;
COMMENT ON FUNCTION dorad_data.hold_scopes IS 'Which services'' facts the scopes in w_scope hold, and when: into w_holding.';

CREATE FUNCTION dorad_data.span_scopes(today timestamptz, tz text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_span
    WITH firsts AS (
        SELECT h.scope, h.name,
               min(d.at) AS deployed_at, min(m.at) AS measured_at,
               min(least(i.at, r.at, t.at)) AS other_at
        FROM w_holding AS h
        LEFT JOIN LATERAL (
            SELECT f.at FROM deployment_fact AS f
            WHERE f.service = h.service AND f.at >= h.valid_from AND f.at < h.valid_to
              AND f.status IS NOT NULL AND NOT f.excluded
            ORDER BY f.at LIMIT 1) AS d ON true
        LEFT JOIN LATERAL (
            SELECT f.at FROM deployment_fact AS f
            WHERE f.service = h.service AND f.at >= h.valid_from AND f.at < h.valid_to
              AND f.status = 'succeeded' AND NOT f.excluded
            ORDER BY f.at LIMIT 1) AS m ON true
        LEFT JOIN LATERAL (
            SELECT f.started_at AS at FROM incident_service AS f
            WHERE f.service = h.service AND f.started_at >= h.valid_from
              AND f.started_at < h.valid_to AND f.counted
            ORDER BY f.started_at LIMIT 1) AS i ON true
        LEFT JOIN LATERAL (
            SELECT f.restored_at AS at FROM incident_service AS f
            WHERE f.service = h.service AND f.restored_at >= h.valid_from
              AND f.restored_at < h.valid_to AND f.counted
            ORDER BY f.restored_at LIMIT 1) AS r ON true
        LEFT JOIN LATERAL (
            SELECT f.done_at AS at FROM item_service AS f
            WHERE f.service = h.service AND f.done_at >= h.valid_from
              AND f.done_at < h.valid_to AND (h.scope = 'service' OR f.team IS NULL)
            ORDER BY f.done_at LIMIT 1) AS t ON true
        GROUP BY h.scope, h.name
        UNION ALL
        -- A team also has the items that name it.
        SELECT s.scope, s.name, NULL, NULL, (
            SELECT min(f.done_at) FROM item_fact AS f
            WHERE f.team = s.name AND f.exclusion IS NULL)
        FROM w_scope AS s WHERE s.scope = 'team'
    ), spans AS (
        SELECT f.scope, f.name,
               month_of(min(least(f.deployed_at, f.other_at)), tz) AS first_month,
               month_of(min(f.measured_at), tz) AS measured_month
        FROM firsts AS f GROUP BY f.scope, f.name
    )
    SELECT s.scope, s.name, s.first_month,
           -- Only a service's rows end, in the month of its last retirement.
           coalesce((
               SELECT month_of(p.valid_from, tz) FROM service_phase AS p
               WHERE s.scope = 'service' AND p.service = s.name AND p.phase = 'retired'
                 AND p.valid_from <= today AND today < p.valid_to), month_of(today, tz)),
           s.measured_month
    FROM spans AS s
    WHERE s.first_month IS NOT NULL;
    DELETE FROM w_span WHERE first_month > last_month;
END
$$;
COMMENT ON FUNCTION dorad_data.span_scopes IS
    'From which month to which each scope in w_scope has rows: into w_span.';

CREATE FUNCTION dorad_data.choose_buckets(today timestamptz, tz text, all_months boolean)
RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on AS $$
BEGIN
    INSERT INTO w_bucket (bucket, scope, name, month, begins, ends, complete)
    SELECT row_number() OVER (ORDER BY b.scope, b.name, b.month), b.scope, b.name, b.month,
           m.begins, m.ends, m.ends <= today
    FROM (
        SELECT DISTINCT n.scope, n.name, g.month::date AS month
        FROM w_span AS n
        LEFT JOIN LATERAL (
            SELECT p.* FROM scope_span AS p
            WHERE p.scope = n.scope AND p.name = n.name LIMIT 1) AS o ON true
        CROSS JOIN LATERAL (
            SELECT n.first_month AS from_month, n.last_month AS to_month
            WHERE all_months OR o.name IS NULL
            UNION ALL
            SELECT k.month, coalesce(k.until, k.month) FROM w_month_mark AS k
            WHERE k.scope = n.scope AND k.name = n.name
            UNION ALL
            -- Rows that the span did not have before,
            SELECT n.first_month, o.first_month WHERE n.first_month < o.first_month
            UNION ALL
            SELECT o.last_month, n.last_month WHERE n.last_month > o.last_month
            UNION ALL
            -- and those whose delivery is measured from another month on.
            SELECT least(n.measured_month, o.measured_month),
                   CASE WHEN n.measured_month IS NULL OR o.measured_month IS NULL
                        THEN n.last_month ELSE greatest(n.measured_month, o.measured_month) END
            WHERE n.measured_month IS DISTINCT FROM o.measured_month AND o.name IS NOT NULL
        ) AS r
        CROSS JOIN LATERAL generate_series(
            greatest(r.from_month, n.first_month)::timestamp,
            least(r.to_month, n.last_month)::timestamp, interval '1 month') AS g (month)
    ) AS b
    JOIN (
        SELECT d.month, month_start(d.month, tz) AS begins,
               month_start(next_month(d.month), tz) AS ends
        FROM (
            SELECT g.month::date AS month
            FROM (SELECT min(first_month) AS a, max(last_month) AS z FROM w_span) AS x
            CROSS JOIN LATERAL generate_series(x.a::timestamp, x.z::timestamp,
                                               interval '1 month') AS g (month)
        ) AS d
    ) AS m ON m.month = b.month;

    UPDATE w_bucket AS b SET
        last_instant = least(b.ends, today) - interval '1 microsecond',
        days = CASE WHEN b.complete THEN next_month(b.month) - b.month
                    ELSE extract(day FROM today AT TIME ZONE tz)::integer END;
    INSERT INTO w_slice
        SELECT b.bucket, h.service, greatest(b.begins, h.valid_from), least(b.ends, h.valid_to)
        FROM w_bucket AS b
        JOIN w_holding AS h ON h.scope = b.scope AND h.name = b.name
        WHERE h.valid_from < b.ends AND h.valid_to > b.begins;
    PERFORM know('w_bucket', 'w_slice', 'w_holding', 'w_span');
END
$$;
COMMENT ON FUNCTION dorad_data.choose_buckets IS
    'The months to compute: those marked, and those that the spans add: into w_bucket and w_slice.';

CREATE FUNCTION dorad_data.judge_buckets(today timestamptz) RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    default_window bigint := (SELECT attribution_window_s FROM setting);
BEGIN
    UPDATE w_bucket AS b SET
        phase = CASE WHEN b.scope = 'service' THEN coalesce(e.phase, 'live') END,
        measured = coalesce(n.measured_month <= b.month, false) OR e.any_live,
        settled = b.complete AND b.ends + make_interval(
            secs => coalesce(e.attribution_window_s, default_window)) <= today
    FROM w_span AS n, (
        -- What the scope holds at the end of the month: phases, and the longest window.
        SELECT c.bucket, max(p.phase) AS phase,
               coalesce(bool_or(h.service IS NOT NULL AND coalesce(p.phase, 'live') = 'live'),
                        false) AS any_live,
               max(coalesce(s.attribution_window_s, default_window))
                   FILTER (WHERE h.service IS NOT NULL) AS attribution_window_s
        FROM w_bucket AS c
        LEFT JOIN w_holding AS h
            ON h.scope = c.scope AND h.name = c.name
           AND h.valid_from <= c.last_instant AND c.last_instant < h.valid_to
        LEFT JOIN service_phase AS p
            ON p.service = h.service
           AND p.valid_from <= c.last_instant AND c.last_instant < p.valid_to
        LEFT JOIN service AS s ON s.service = h.service
        GROUP BY c.bucket
    ) AS e
    WHERE n.scope = b.scope AND n.name = b.name AND e.bucket = b.bucket;
END
$$;
COMMENT ON FUNCTION dorad_data.judge_buckets IS
    'Phase, whether delivery is measured, and whether the month is settled, for w_bucket.';

CREATE FUNCTION dorad_data.read_stored() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_stored
        SELECT o.*
        FROM w_bucket AS b
        CROSS JOIN LATERAL (
            SELECT m.* FROM monthly AS m
            WHERE m.scope = b.scope AND m.name = b.name AND m.month = b.month OFFSET 0) AS o;
    PERFORM know('w_stored');
END
$$;
COMMENT ON FUNCTION dorad_data.read_stored IS
    'The rows of the months in w_bucket as they stand: into w_stored.';

CREATE FUNCTION dorad_data.compute_months(today timestamptz, tz text) RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
BEGIN
    -- What is in a month is looked up, month for month (OFFSET 0 keeps it so): all that a service
    -- ever had is never read for the sake of one.
    INSERT INTO w_monthly
    WITH deployed AS (
        SELECT l.bucket,
               count(*) FILTER (WHERE f.kind = 'change') AS deployments,
               count(DISTINCT (f.at AT TIME ZONE tz)::date)
                   FILTER (WHERE f.kind = 'change') AS deploy_days,
               count(*) FILTER (WHERE f.kind = 'redeploy') AS redeploys,
               count(*) FILTER (WHERE f.kind = 'rollback') AS rollbacks,
               count(*) FILTER (WHERE f.kind = 'attempt') AS failed_attempts,
               count(*) FILTER (WHERE f.kind = 'change' AND f.hotfix) AS hotfixes,
               count(*) FILTER (WHERE f.kind = 'change'
                                  AND f.lead_source IN ('unknown', 'baseline')) AS lead_unknown,
               count(*) FILTER (WHERE c.failed) AS failed,
               count(*) FILTER (WHERE c.failed OR f.kind = 'change') AS fail_rate_n,
               count(*) FILTER (WHERE c.failed AND f.failure IS NULL
                                  AND f.removed_by IS NULL AND NOT e.other) AS inferred
        FROM w_slice AS l
        CROSS JOIN LATERAL (
            SELECT d.service, d.deployment_id, d.at, d.kind, d.hotfix, d.lead_source, d.failure,
                   d.removed_by
            FROM deployment_fact AS d
            WHERE d.service = l.service AND d.at >= l.begins AND d.at < l.ends
              AND d.status IS NOT NULL AND NOT d.excluded OFFSET 0) AS f
        CROSS JOIN LATERAL (
            SELECT count(*) > 0 AS some,
                   coalesce(bool_or(v.what <> 'incident:latest_deployment'), false) AS other
            FROM evidence AS v
            WHERE v.service = f.service AND v.deployment_id = f.deployment_id) AS e
        CROSS JOIN LATERAL (
            SELECT coalesce(f.failure, f.removed_by IS NOT NULL OR e.some)) AS c (failed)
        GROUP BY l.bucket
    ), leads AS (
        SELECT l.bucket, d.service, d.deployment_id, d.lead_s, d.clamped
        FROM w_slice AS l
        CROSS JOIN LATERAL (
            SELECT c.service, c.deployment_id, c.lead_s, c.clamped FROM change_delivery AS c
            WHERE c.service = l.service AND c.at >= l.begins AND c.at < l.ends
              AND c.lead_s IS NOT NULL OFFSET 0) AS d
        WHERE NOT EXISTS (SELECT FROM deployment_fact AS f
                          WHERE f.service = d.service AND f.deployment_id = d.deployment_id
                            AND f.excluded)
    ), led AS (
        SELECT bucket, count(*) AS n, count(*) FILTER (WHERE clamped) AS clamped,
               percentile_cont(ARRAY[0.5, 0.85, 0.95]) WITHIN GROUP (ORDER BY lead_s) AS p
        FROM leads GROUP BY bucket
    ), deploy_led AS (
        -- Of each deployment its oldest change.
        SELECT bucket, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY lead_s) AS p50
        FROM (SELECT bucket, max(lead_s) AS lead_s FROM leads
              GROUP BY bucket, service, deployment_id) AS oldest
        GROUP BY bucket
    ), started AS (
        SELECT l.bucket, count(DISTINCT i.incident_id) AS n
        FROM w_slice AS l
        CROSS JOIN LATERAL (
            SELECT s.incident_id FROM incident_service AS s
            WHERE s.service = l.service AND s.started_at >= l.begins AND s.started_at < l.ends
              AND s.counted OFFSET 0) AS i
        GROUP BY l.bucket
    ), restored AS (
        -- One sample an incident, however many services of a team it hit.
        SELECT l.bucket, i.incident_id, min(i.restore_s) AS restore_s, min(i.reopens) AS reopens,
               bool_or(i.targets <> '{}') AS has_target
        FROM w_slice AS l
        CROSS JOIN LATERAL (
            SELECT s.incident_id, s.restore_s, s.reopens, s.targets FROM incident_service AS s
            WHERE s.service = l.service AND s.restored_at >= l.begins AND s.restored_at < l.ends
              AND s.counted OFFSET 0) AS i
        GROUP BY l.bucket, i.incident_id
    ), restores AS (
        SELECT bucket, count(*) AS incidents, count(restore_s) AS n, sum(reopens) AS reopens,
               percentile_cont(ARRAY[0.5, 0.85, 0.95]) WITHIN GROUP (ORDER BY restore_s) AS p,
               count(restore_s) FILTER (WHERE has_target) AS recovery_n,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY restore_s)
                   FILTER (WHERE has_target) AS recovery_p50
        FROM restored GROUP BY bucket
    ), open AS (
        -- R24: of what is held at the end of the month.
        SELECT b.bucket, count(DISTINCT i.incident_id) AS n
        FROM w_bucket AS b
        JOIN w_holding AS h
            ON h.scope = b.scope AND h.name = b.name
           AND h.valid_from <= b.last_instant AND b.last_instant < h.valid_to
        CROSS JOIN LATERAL (
            SELECT o.incident_id FROM incident_service AS o
            WHERE o.service = h.service AND o.counted AND o.restored_at IS NULL
              AND o.started_at < least(b.ends, today)
            UNION ALL
            SELECT o.incident_id FROM incident_service AS o
            WHERE o.service = h.service AND o.counted AND o.restored_at >= least(b.ends, today)
              AND o.started_at < least(b.ends, today)
            OFFSET 0
        ) AS i
        GROUP BY b.bucket
    ), items AS (
        SELECT k.bucket, count(*) AS done,
               count(*) FILTER (WHERE k.class = 'planned') AS planned,
               count(*) FILTER (WHERE k.class = 'failure_demand') AS failure,
               count(*) FILTER (WHERE k.class = 'adhoc_value') AS adhoc
        FROM (
            SELECT l.bucket, i.item_id, i.class
            FROM w_slice AS l
            JOIN w_bucket AS b ON b.bucket = l.bucket
            CROSS JOIN LATERAL (
                SELECT s.item_id, s.class, s.team FROM item_service AS s
                WHERE s.service = l.service AND s.done_at >= l.begins AND s.done_at < l.ends
                OFFSET 0) AS i
            WHERE b.scope = 'service' OR i.team IS NULL
            UNION
            -- The team that an item names has it alone.
            SELECT b.bucket, i.item_id, i.class
            FROM w_bucket AS b
            CROSS JOIN LATERAL (
                SELECT f.item_id, f.class FROM item_fact AS f
                WHERE f.team = b.name AND f.done_at >= b.begins AND f.done_at < b.ends
                  AND f.exclusion IS NULL OFFSET 0) AS i
            WHERE b.scope = 'team'
        ) AS k
        GROUP BY k.bucket
    )
    SELECT b.scope, b.name, b.month, b.complete, b.settled, b.phase, b.measured, b.days,
           CASE WHEN b.measured THEN coalesce(d.deployments, 0) END,
           CASE WHEN b.measured THEN ratio(coalesce(d.deployments, 0), b.days) END,
           CASE WHEN b.measured THEN coalesce(d.deploy_days, 0) END,
           CASE WHEN b.measured THEN coalesce(d.redeploys, 0) END,
           CASE WHEN b.measured THEN coalesce(d.rollbacks, 0) END,
           CASE WHEN b.measured THEN coalesce(d.failed_attempts, 0) END,
           CASE WHEN b.measured THEN coalesce(d.hotfixes, 0) END,
           coalesce(a.n, 0), six(a.p[1]), six(a.p[2]), six(a.p[3]),
           coalesce(d.lead_unknown, 0), coalesce(a.clamped, 0),
           coalesce(q.n, 0), six(q.p50),
           coalesce(d.failed, 0), coalesce(d.fail_rate_n, 0), ratio(d.failed, d.fail_rate_n),
           coalesce(d.inferred, 0),
           coalesce(s.n, 0), coalesce(o.n, 0), coalesce(r.incidents, 0),
           coalesce(r.n, 0), six(r.p[1]), six(r.p[2]), six(r.p[3]), coalesce(r.reopens, 0),
           coalesce(r.recovery_n, 0), six(r.recovery_p50),
           coalesce(d.deployments + d.rollbacks, 0),
           ratio(d.hotfixes + d.rollbacks, d.deployments + d.rollbacks),
           coalesce(t.done, 0), coalesce(t.planned, 0), coalesce(t.failure, 0),
           coalesce(t.adhoc, 0), ratio(t.failure + t.adhoc, t.done), ratio(t.failure, t.done),
           -- As they stand, so that rows can be compared whole.
           coalesce(old.computed_at, now()), coalesce(old.revision, 1)
    FROM w_bucket AS b
    LEFT JOIN w_stored AS old
        ON old.scope = b.scope AND old.name = b.name AND old.month = b.month
    LEFT JOIN deployed AS d ON d.bucket = b.bucket
    LEFT JOIN led AS a ON a.bucket = b.bucket
    LEFT JOIN deploy_led AS q ON q.bucket = b.bucket
    LEFT JOIN started AS s ON s.bucket = b.bucket
    LEFT JOIN restores AS r ON r.bucket = b.bucket
    LEFT JOIN open AS o ON o.bucket = b.bucket
    LEFT JOIN items AS t ON t.bucket = b.bucket;
END
$$;
COMMENT ON FUNCTION dorad_data.compute_months IS 'The rows of the months in w_bucket: into w_monthly.';
