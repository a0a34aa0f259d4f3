-- SPDX-License-Identifier: Apache-2.0
--
-- Tables in which a recompute lays out its work. They are temporary, one set for each session,
-- and empty between transactions. All functions that use them run with the search path
-- dorad_data, pg_temp (rebuild and verify: pg_temp first, where their own copies of the fact
-- tables are).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.work_tables() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.w_entity') IS NOT NULL THEN
        RETURN;
    END IF;
    -- What is to be folded, and its observations.
    CREATE TEMP TABLE w_entity (entity text COLLATE "C" PRIMARY KEY) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_seen (
        entity text COLLATE "C", at timestamptz, id text COLLATE "C", source text COLLATE "C",
        named text COLLATE "C", origin_id bigint, data jsonb
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_entity_origin (
        entity text COLLATE "C", origin_id bigint, origin jsonb
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_taken_mark (LIKE dorad_data.mark) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_correction (LIKE dorad_data.correction) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_change (LIKE dorad_data.change) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_change_moved (
        service text COLLATE "C", change_id text COLLATE "C", from_landed_at timestamptz
    ) ON COMMIT DELETE ROWS;

    -- Deployments: records (R8), their observations, roll-outs, and the walk (R13 to R16).
    CREATE TEMP TABLE w_record_mark (
        service text COLLATE "C", deployment_id text COLLATE "C",
        PRIMARY KEY (service, deployment_id)
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_record_seen (
        service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        id text COLLATE "C", source text COLLATE "C", outright boolean, data jsonb
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_folded (
        service text COLLATE "C", deployment_id text COLLATE "C", data jsonb,
        last_at timestamptz, last_id text COLLATE "C", environment text COLLATE "C",
        given text COLLATE "C", outright boolean, surely boolean
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_environment (LIKE dorad_data.environment_seen) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_record (
        service text COLLATE "C", deployment_id text COLLATE "C", group_id text COLLATE "C",
        environment text COLLATE "C", class text COLLATE "C", last_at timestamptz,
        last_id text COLLATE "C", sha text COLLATE "C", ref text COLLATE "C",
        is_rollback boolean, rolls_back text COLLATE "C", hotfix boolean,
        changes text[] COLLATE "C", via text COLLATE "C", origin_id bigint, url text
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_group (
        service text COLLATE "C", group_id text COLLATE "C",
        PRIMARY KEY (service, group_id)
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_part (
        service text COLLATE "C", group_id text COLLATE "C", environment text COLLATE "C",
        outcome text COLLATE "C", finish timestamptz, class text COLLATE "C", counted boolean
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_raw (LIKE dorad_data.deployment_fact) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_start (
        service text COLLATE "C" PRIMARY KEY, start_at timestamptz
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_walk (LIKE dorad_data.deployment_fact) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_kind (
        service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        lane text COLLATE "C", sha text COLLATE "C", changes text[] COLLATE "C",
        rolls_back text COLLATE "C", kind text COLLATE "C", kind_rule text COLLATE "C"
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_removal (
        service text COLLATE "C", rollback_id text COLLATE "C", at timestamptz,
        target text COLLATE "C"
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_taken (
        service text COLLATE "C", target text COLLATE "C", rollback_id text COLLATE "C",
        at timestamptz, start_at timestamptz
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_reach (
        service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        place integer, before integer, furthest integer
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_place (
        service text COLLATE "C", place integer, landed_at timestamptz, ordinal integer,
        change_id text COLLATE "C"
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_delivery (LIKE dorad_data.change_delivery) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_new_deployment (LIKE dorad_data.deployment_fact) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_moved (
        service text COLLATE "C", deployment_id text COLLATE "C",
        old_at timestamptz, new_at timestamptz, old_sha text COLLATE "C", new_sha text COLLATE "C",
        named text[] COLLATE "C", appeared boolean, rolled boolean,
        old_counted boolean, new_counted boolean
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_redelivered (
        service text COLLATE "C", change_id text COLLATE "C", at timestamptz
    ) ON COMMIT DELETE ROWS;

    -- Incidents, change requests, items.
    CREATE TEMP TABLE w_incident (LIKE dorad_data.incident_fact) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_pair (
        LIKE dorad_data.incident_service,
        cause text, named text[] COLLATE "C", change_request text COLLATE "C",
        sha text COLLATE "C", corrected_to jsonb, elsewhere boolean
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_request (LIKE dorad_data.change_request) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_request_deployment (
        LIKE dorad_data.change_request_deployment) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_item (LIKE dorad_data.item_fact) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_evidence (LIKE dorad_data.evidence) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_link (
        name_kind text COLLATE "C", name text COLLATE "C", from_id text COLLATE "C"
    ) ON COMMIT DELETE ROWS;
    -- Instants (or spans) whose months have to be computed again: of a service and its owners
    -- then, or of a team alone.
    CREATE TEMP TABLE w_anchor (
        service text COLLATE "C", team text COLLATE "C", at timestamptz, until timestamptz,
        fact_kind text COLLATE "C", fact_id text COLLATE "C"
    ) ON COMMIT DELETE ROWS;

    -- Months.
    CREATE TEMP TABLE w_scope (
        scope text COLLATE "C", name text COLLATE "C", PRIMARY KEY (scope, name)
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_month_mark (LIKE dorad_data.month_mark) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_holding (
        scope text COLLATE "C", name text COLLATE "C", service text COLLATE "C",
        valid_from timestamptz, valid_to timestamptz
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_span (LIKE dorad_data.scope_span) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_bucket (
        bucket integer PRIMARY KEY, scope text COLLATE "C", name text COLLATE "C", month date,
        begins timestamptz, ends timestamptz, last_instant timestamptz, complete boolean,
        days integer, phase text COLLATE "C", measured boolean, settled boolean
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_slice (
        bucket integer, service text COLLATE "C", begins timestamptz, ends timestamptz
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_monthly (LIKE dorad_data.monthly) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_month_changed (
        scope text COLLATE "C", name text COLLATE "C", month date, n_values integer
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_trend (LIKE dorad_data.trend) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE w_assurance (LIKE dorad_data.assurance) ON COMMIT DELETE ROWS;
END
$$;
COMMENT ON FUNCTION dorad_data.work_tables IS 'Makes the session''s work tables, if it has none yet.';

CREATE FUNCTION dorad_data.in_bulk() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('dorad.bulk', true) = 'on', false)
$$;
COMMENT ON FUNCTION dorad_data.in_bulk IS
    'Whether everything is being computed at once, so that nothing needs marking.';

CREATE FUNCTION dorad_data.know(VARIADIC tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known text;
BEGIN
    -- Plans are made once for a session, for batches; a million rows ask for other ones.
    IF in_bulk() THEN
        FOREACH known IN ARRAY tables LOOP
            EXECUTE format('ANALYZE %I', known);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.know IS
    'In bulk, tells the planner how large these tables have become.';
