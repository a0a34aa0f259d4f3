-- SPDX-License-Identifier: Apache-2.0
--
-- Monthly rows as computed against rows as stored, and what a changed row was (METRICS.md
-- section 10).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.values_of(monthly_row jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT monthly_row - '{scope,name,month,computed_at,revision}'::text[]
$$;
COMMENT ON FUNCTION dorad_data.values_of IS 'The values of a monthly row, by column.';

CREATE FUNCTION dorad_data.differing(this jsonb, that jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}')
    FROM jsonb_each(this) WHERE value IS DISTINCT FROM that -> key
$$;
COMMENT ON FUNCTION dorad_data.differing IS 'The members of an object that differ from those of another.';

CREATE FUNCTION dorad_data.counts_values() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('dorad.counts_values', true) = 'on', false)
$$;
COMMENT ON FUNCTION dorad_data.counts_values IS
    'Whether somebody wants to know how many values of each row changed.';

CREATE FUNCTION dorad_data.note_revisions() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO monthly_revision (scope, name, month, revision, computed_at, changed_at, was,
                                  became, because)
    SELECT c.scope, c.name, c.month, c.revision, c.computed_at, now(), c.was, c.became,
           coalesce((
               -- Why: the facts that marked this month.
               SELECT jsonb_agg(fact ORDER BY fact)
               FROM (
                   SELECT DISTINCT fact
                   FROM w_month_mark AS k CROSS JOIN LATERAL jsonb_array_elements(k.because) AS fact
                   WHERE k.scope = c.scope AND k.name = c.name
                     AND c.month BETWEEN k.month AND coalesce(k.until, k.month)
                   ORDER BY fact LIMIT 20) AS facts), '[]')
    FROM (
        SELECT o.scope, o.name, o.month, o.revision, o.computed_at,
               differing(values_of(to_jsonb(o)), to_jsonb(n)) - 'settled' AS was,
               CASE WHEN n.name IS NULL THEN 'null'
                    ELSE differing(to_jsonb(n), to_jsonb(o))
                         - '{settled,computed_at,revision}'::text[] END AS became
        FROM w_old_month AS k
        JOIN w_stored AS o ON o.scope = k.scope AND o.name = k.name AND o.month = k.month
        LEFT JOIN w_monthly AS n
            ON n.scope = o.scope AND n.name = o.name AND n.month = o.month
        WHERE o.complete
    ) AS c
    WHERE c.was <> '{}'
    ORDER BY c.scope, c.name, c.month;
END
$$;
COMMENT ON FUNCTION dorad_data.note_revisions IS
    'Keeps what the rows in w_old_month were that are about to change after their month was complete.';

CREATE FUNCTION dorad_data.store_months() RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    counting boolean := counts_values();
    n_spans integer;
BEGIN
    -- What is the same goes no further.
    DELETE FROM w_monthly AS n USING w_stored AS o
    WHERE o.scope = n.scope AND o.name = n.name AND o.month = n.month
      AND o.* IS NOT DISTINCT FROM n.*;
    DELETE FROM w_old_month;
    INSERT INTO w_old_month
        SELECT o.scope, o.name, o.month, false
        FROM w_monthly AS n
        JOIN w_stored AS o ON o.scope = n.scope AND o.name = n.name AND o.month = n.month;
    WITH gone AS (
        -- Months that the scope has no longer.
        INSERT INTO w_stored
            SELECT o.*
            FROM w_scope AS s
            LEFT JOIN w_span AS n ON n.scope = s.scope AND n.name = s.name
            CROSS JOIN LATERAL (
                SELECT m.* FROM monthly AS m
                WHERE m.scope = s.scope AND m.name = s.name
                  AND (n.name IS NULL OR m.month < n.first_month OR m.month > n.last_month)
                OFFSET 0) AS o
            RETURNING scope, name, month
    )
    INSERT INTO w_old_month SELECT g.scope, g.name, g.month, true FROM gone AS g;
    INSERT INTO w_month_changed
        SELECT n.scope, n.name, n.month, CASE WHEN counting THEN (
                   SELECT count(*) FROM jsonb_object_keys(differing(
                       values_of(to_jsonb(n)), coalesce(to_jsonb(o), '{}')))) END
        FROM w_monthly AS n
        LEFT JOIN w_stored AS o ON o.scope = n.scope AND o.name = n.name AND o.month = n.month
        UNION ALL
        SELECT o.scope, o.name, o.month, CASE WHEN counting THEN (
                   SELECT count(*) FROM jsonb_object_keys(values_of(to_jsonb(o)))) END
        FROM w_old_month AS k
        JOIN w_stored AS o ON o.scope = k.scope AND o.name = k.name AND o.month = k.month
        WHERE k.gone;
    PERFORM note_revisions();
    DELETE FROM monthly AS o WHERE o.ctid = ANY (ARRAY(
        SELECT d.ctid FROM w_old_month AS k CROSS JOIN LATERAL (
            SELECT m.ctid FROM monthly AS m
            WHERE k.gone AND m.scope = k.scope AND m.name = k.name AND m.month = k.month
            OFFSET 0) AS d));
    -- A revision is a change after the month was complete; that it settles is none.
    UPDATE w_monthly AS n SET
        computed_at = now(),
        revision = o.revision + (o.complete AND EXISTS (
            SELECT FROM monthly_revision AS r
            WHERE r.scope = o.scope AND r.name = o.name AND r.month = o.month
              AND r.revision = o.revision AND r.changed_at = now()))::integer
    FROM w_stored AS o
    WHERE o.scope = n.scope AND o.name = n.name AND o.month = n.month;
    PERFORM upsert_months();
    DELETE FROM scope_span AS o WHERE o.ctid = ANY (ARRAY(
        SELECT d.ctid FROM w_scope AS s CROSS JOIN LATERAL (
            SELECT p.ctid FROM scope_span AS p
            WHERE p.scope = s.scope AND p.name = s.name OFFSET 0) AS d
        WHERE NOT EXISTS (SELECT FROM w_span AS n
                          WHERE n.scope = s.scope AND n.name = s.name)));
    INSERT INTO scope_span AS o SELECT n.* FROM w_span AS n ORDER BY n.scope, n.name
    ON CONFLICT (scope, name) DO UPDATE SET
        (first_month, last_month, measured_month) =
        (excluded.first_month, excluded.last_month, excluded.measured_month)
    WHERE o.* IS DISTINCT FROM excluded.*;
    GET DIAGNOSTICS n_spans = ROW_COUNT;
    RETURN n_spans;
END
$$;
COMMENT ON FUNCTION dorad_data.store_months IS
    'Stores the rows of w_monthly that differ, and lists them in w_month_changed. Returns how many '
    'services and teams have rows from or to another month than before.';

CREATE FUNCTION dorad_data.upsert_months() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO monthly AS o SELECT n.* FROM w_monthly AS n ORDER BY n.scope, n.name, n.month
    ON CONFLICT (scope, name, month) DO UPDATE SET
        (complete, settled, phase, delivery_measured, days, deployments, deployments_per_day,
         deploy_days, redeploys, rollbacks, failed_attempts, hotfixes, lead_time_n,
         lead_time_p50_s, lead_time_p85_s, lead_time_p95_s, lead_time_unknown_deployments,
         lead_time_clamped, deploy_lead_time_n, deploy_lead_time_p50_s, failed_deployments,
         fail_rate_n, fail_rate, failed_inferred, incidents_started, incidents_open_end,
         incidents_restored, restore_n, restore_p50_s, restore_p85_s, restore_p95_s, reopens,
         recovery_n, recovery_p50_s, rework_deploy_rate_n, rework_deploy_rate, items_done,
         items_planned, items_failure_demand, items_adhoc_value, unplanned_rate,
         failure_demand_rate, computed_at, revision) =
        (excluded.complete, excluded.settled, excluded.phase, excluded.delivery_measured,
         excluded.days, excluded.deployments, excluded.deployments_per_day,
         excluded.deploy_days, excluded.redeploys, excluded.rollbacks,
         excluded.failed_attempts, excluded.hotfixes, excluded.lead_time_n,
         excluded.lead_time_p50_s, excluded.lead_time_p85_s, excluded.lead_time_p95_s,
         excluded.lead_time_unknown_deployments, excluded.lead_time_clamped,
         excluded.deploy_lead_time_n, excluded.deploy_lead_time_p50_s,
         excluded.failed_deployments, excluded.fail_rate_n, excluded.fail_rate,
         excluded.failed_inferred, excluded.incidents_started, excluded.incidents_open_end,
         excluded.incidents_restored, excluded.restore_n, excluded.restore_p50_s,
         excluded.restore_p85_s, excluded.restore_p95_s, excluded.reopens,
         excluded.recovery_n, excluded.recovery_p50_s, excluded.rework_deploy_rate_n,
         excluded.rework_deploy_rate, excluded.items_done, excluded.items_planned,
         excluded.items_failure_demand, excluded.items_adhoc_value, excluded.unplanned_rate,
         excluded.failure_demand_rate, excluded.computed_at, excluded.revision);
END
$$;
COMMENT ON FUNCTION dorad_data.upsert_months IS 'Writes the rows of w_monthly, sorted by key.';
