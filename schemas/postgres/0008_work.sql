-- SPDX-License-Identifier: Apache-2.0
--
-- Tables in which a recompute lays out its work. They are temporary, one set for each session.
-- All functions that use them run with the search path dorad_data, pg_temp (rebuild and verify:
-- pg_temp first, where their own copies of the fact tables are).
--
-- Plans are made once for a session, when nobody knows how large a batch will be, and a join by
-- two columns is thought to give one row: so those looked up by key have an index, without which
-- such a plan costs the square of the batch. In bulk they have none: there the planner is told
-- what there is (know), and an index would only have to be filled. None is unique, and they are
-- not ON COMMIT DELETE ROWS, which empties all of them, used or not, at the end of every
-- transaction (30 ms for these).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.work_tables() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    indexed boolean;
BEGIN
    -- Those for batches have indexes, those for everything have none.
    SELECT c.relhasindex INTO indexed FROM pg_class AS c WHERE c.oid = to_regclass('pg_temp.w_entity');
    IF indexed = NOT in_bulk() THEN
        RETURN;
    ELSIF indexed IS NOT NULL THEN
        PERFORM drop_work();
    END IF;
    PERFORM make_room();
    -- What is to be folded, and its observations.
    CREATE TEMP TABLE w_entity (entity text COLLATE "C");
    CREATE TEMP TABLE w_seen (
        entity text COLLATE "C", at timestamptz, id text COLLATE "C", source text COLLATE "C",
        named text COLLATE "C", origin_id bigint, data jsonb
    );
    CREATE TEMP TABLE w_entity_origin (
        entity text COLLATE "C", origin_id bigint, origin jsonb
    );
    CREATE TEMP TABLE w_taken_mark (LIKE dorad_data.mark);
    CREATE TEMP TABLE w_correction (LIKE dorad_data.correction);
    CREATE TEMP TABLE w_change (LIKE dorad_data.change);
    CREATE TEMP TABLE w_change_moved (
        service text COLLATE "C", change_id text COLLATE "C", from_landed_at timestamptz
    );

    -- Deployments: records (R8), their observations, roll-outs, and the walk (R13 to R16).
    CREATE TEMP TABLE w_record_mark (
        service text COLLATE "C", deployment_id text COLLATE "C"
    );
    CREATE TEMP TABLE w_record_seen (
        service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        id text COLLATE "C", source text COLLATE "C", outright boolean, data jsonb
    );
    CREATE TEMP TABLE w_folded (
        service text COLLATE "C", deployment_id text COLLATE "C", data jsonb,
        last_at timestamptz, last_id text COLLATE "C", environment text COLLATE "C",
        given text COLLATE "C", outright boolean, surely boolean
    );
    CREATE TEMP TABLE w_environment (LIKE dorad_data.environment_seen);
    CREATE TEMP TABLE w_record (
        service text COLLATE "C", deployment_id text COLLATE "C", group_id text COLLATE "C",
        environment text COLLATE "C", class text COLLATE "C", last_at timestamptz,
        last_id text COLLATE "C", sha text COLLATE "C", ref text COLLATE "C",
        is_rollback boolean, rolls_back text COLLATE "C", hotfix boolean,
        changes text[] COLLATE "C", via text COLLATE "C", origin_id bigint, url text
    );
    CREATE TEMP TABLE w_group (
        service text COLLATE "C", group_id text COLLATE "C"
    );
    CREATE TEMP TABLE w_part (
        service text COLLATE "C", group_id text COLLATE "C", environment text COLLATE "C",
        outcome text COLLATE "C", finish timestamptz, class text COLLATE "C", counted boolean
    );
    CREATE TEMP TABLE w_raw (LIKE dorad_data.deployment_fact);
    CREATE TEMP TABLE w_asked_start (
        service text COLLATE "C", start_at timestamptz
    );
    CREATE TEMP TABLE w_start (
        service text COLLATE "C", start_at timestamptz
    );
    CREATE TEMP TABLE w_walk (LIKE dorad_data.deployment_fact);
    CREATE TEMP TABLE w_kind (
        service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        lane text COLLATE "C", sha text COLLATE "C", changes text[] COLLATE "C",
        rolls_back text COLLATE "C", kind text COLLATE "C", kind_rule text COLLATE "C"
    );
    CREATE TEMP TABLE w_removal (
        service text COLLATE "C", rollback_id text COLLATE "C", at timestamptz,
        target text COLLATE "C"
    );
    CREATE TEMP TABLE w_taken (
        service text COLLATE "C", target text COLLATE "C", rollback_id text COLLATE "C",
        at timestamptz, start_at timestamptz
    );
    CREATE TEMP TABLE w_reach (
        service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        place integer, before integer, furthest integer
    );
    CREATE TEMP TABLE w_place (
        service text COLLATE "C", place integer, landed_at timestamptz, ordinal integer,
        change_id text COLLATE "C"
    );
    CREATE TEMP TABLE w_delivery (LIKE dorad_data.change_delivery);
    CREATE TEMP TABLE w_new_deployment (LIKE dorad_data.deployment_fact);
    CREATE TEMP TABLE w_moved (
        service text COLLATE "C", deployment_id text COLLATE "C",
        old_at timestamptz, new_at timestamptz, old_sha text COLLATE "C", new_sha text COLLATE "C",
        named text[] COLLATE "C", appeared boolean, rolled boolean,
        old_counted boolean, new_counted boolean
    );
    CREATE TEMP TABLE w_redelivered (
        service text COLLATE "C", change_id text COLLATE "C", at timestamptz
    );

    -- Incidents, change requests, items.
    CREATE TEMP TABLE w_incident (LIKE dorad_data.incident_fact);
    CREATE TEMP TABLE w_pair (
        LIKE dorad_data.incident_service,
        cause text, named text[] COLLATE "C", change_request text COLLATE "C",
        sha text COLLATE "C", corrected_to jsonb, elsewhere boolean
    );
    CREATE TEMP TABLE w_request (LIKE dorad_data.change_request);
    CREATE TEMP TABLE w_request_deployment (
        LIKE dorad_data.change_request_deployment);
    CREATE TEMP TABLE w_item (LIKE dorad_data.item_fact);
    CREATE TEMP TABLE w_evidence (LIKE dorad_data.evidence);
    CREATE TEMP TABLE w_link (
        name_kind text COLLATE "C", name text COLLATE "C", from_id text COLLATE "C"
    );
    -- Instants (or spans) whose months have to be computed again: of a service and its owners
    -- then, or of a team alone.
    CREATE TEMP TABLE w_anchor (
        service text COLLATE "C", team text COLLATE "C", at timestamptz, until timestamptz,
        fact_kind text COLLATE "C", fact_id text COLLATE "C"
    );

    -- Months.
    CREATE TEMP TABLE w_scope (
        scope text COLLATE "C", name text COLLATE "C"
    );
    CREATE TEMP TABLE w_month_mark (LIKE dorad_data.month_mark);
    CREATE TEMP TABLE w_holding (
        scope text COLLATE "C", name text COLLATE "C", service text COLLATE "C",
        valid_from timestamptz, valid_to timestamptz
    );
    CREATE TEMP TABLE w_span (LIKE dorad_data.scope_span);
    CREATE TEMP TABLE w_bucket (
        bucket integer, scope text COLLATE "C", name text COLLATE "C", month date,
        begins timestamptz, ends timestamptz, last_instant timestamptz, complete boolean,
        days integer, phase text COLLATE "C", measured boolean, settled boolean
    );
    CREATE TEMP TABLE w_slice (
        bucket integer, service text COLLATE "C", begins timestamptz, ends timestamptz
    );
    CREATE TEMP TABLE w_stored (LIKE dorad_data.monthly);
    CREATE TEMP TABLE w_monthly (LIKE dorad_data.monthly);
    CREATE TEMP TABLE w_month_changed (
        scope text COLLATE "C", name text COLLATE "C", month date, n_values integer
    );
    CREATE TEMP TABLE w_name (
        LIKE dorad_data.repository_name);
    CREATE TEMP TABLE w_by_origin (
        entity text COLLATE "C", origin_id bigint, services text[] COLLATE "C", ruled jsonb
    );
    CREATE TEMP TABLE w_other_record (
        LIKE w_record_mark);
    CREATE TEMP TABLE w_first_seen (LIKE w_record_seen);
    CREATE TEMP TABLE w_hit (
        incident_id text COLLATE "C", rule integer, service text COLLATE "C",
        deployment_id text COLLATE "C"
    );
    CREATE TEMP TABLE w_old_month (
        scope text COLLATE "C", name text COLLATE "C", month date, gone boolean
    );
    CREATE TEMP TABLE w_window (
        scope text COLLATE "C", name text COLLATE "C", month date, at integer
    );
    CREATE TEMP TABLE w_point (
        scope text COLLATE "C", name text COLLATE "C", month date, at integer,
        metric text COLLATE "C", value double precision, asked boolean
    );
    CREATE TEMP TABLE w_series (
        scope text COLLATE "C", name text COLLATE "C", month date, metric text COLLATE "C",
        basis text COLLATE "C", n integer, s integer, p double precision,
        slope double precision, moves boolean
    );
    CREATE TEMP TABLE w_trend (LIKE dorad_data.trend);
    CREATE TEMP TABLE w_assurance (LIKE dorad_data.assurance);
    IF NOT in_bulk() THEN
        PERFORM work_indexes();
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.work_tables IS 'Makes the session''s work tables, if it has none yet.';

CREATE FUNCTION dorad_data.work_indexes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    CREATE INDEX ON w_entity (entity);
    CREATE INDEX ON w_seen (entity);
    CREATE INDEX ON w_entity_origin (entity);
    CREATE INDEX ON w_change (change_id);
    CREATE INDEX ON w_change_moved (service, change_id);
    -- The id first: of an origin's deployments the services are not known yet.
    CREATE INDEX ON w_record_mark (deployment_id, service);
    CREATE INDEX ON w_record_seen (service, deployment_id);
    CREATE INDEX ON w_environment (service, environment);
    CREATE INDEX ON w_record (service, group_id);
    CREATE INDEX ON w_by_origin (entity);
    CREATE INDEX ON w_group (service, group_id);
    CREATE INDEX ON w_part (service, group_id);
    CREATE INDEX ON w_raw (service, deployment_id);
    CREATE INDEX ON w_start (service);
    CREATE INDEX ON w_walk (service, deployment_id);
    CREATE INDEX ON w_kind (service, deployment_id);
    CREATE INDEX ON w_removal (service, target);
    CREATE INDEX ON w_removal (service, rollback_id);
    CREATE INDEX ON w_taken (service, target);
    CREATE INDEX ON w_reach (service, deployment_id);
    CREATE INDEX ON w_place (service, place);
    CREATE INDEX ON w_place (service, change_id);
    CREATE INDEX ON w_delivery (service, change_id);
    CREATE INDEX ON w_redelivered (service, change_id);
    CREATE INDEX ON w_new_deployment (service, deployment_id);
    CREATE INDEX ON w_incident (incident_id);
    CREATE INDEX ON w_pair (incident_id, service);
    CREATE INDEX ON w_request (cr_id);
    CREATE INDEX ON w_request_deployment (cr_id);
    CREATE INDEX ON w_item (item_id);
    CREATE INDEX ON w_scope (scope, name);
    CREATE INDEX ON w_span (scope, name);
    CREATE INDEX ON w_holding (scope, name);
    CREATE INDEX ON w_month_mark (scope, name);
    CREATE INDEX ON w_bucket (bucket);
    CREATE INDEX ON w_stored (scope, name, month);
    CREATE INDEX ON w_monthly (scope, name, month);
    CREATE INDEX ON w_old_month (scope, name, month);
    CREATE INDEX ON w_month_changed (scope, name, month);
    CREATE INDEX ON w_window (scope, name, month);
    CREATE INDEX ON w_series (scope, name, month, metric, basis);
END
$$;
COMMENT ON FUNCTION dorad_data.work_indexes IS 'Indexes of the work tables that are looked up by key.';

CREATE FUNCTION dorad_data.drop_work() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    FOR t IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind = 'r'
          AND starts_with(c.relname, 'w_')
    LOOP
        EXECUTE format('DROP TABLE pg_temp.%I', t);
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.drop_work IS
    'Drops the session''s work tables: those for batches and those for everything are not the same.';

CREATE FUNCTION dorad_data.clear_work() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    grown text;
BEGIN
    -- Rows deleted leave their places behind, and nobody vacuums temporary tables. Not for each
    -- batch: plans are made anew after it, as they are in bulk anyway.
    FOR grown IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = pg_my_temp_schema() AND c.relkind = 'r'
          AND starts_with(c.relname, 'w_')
          AND pg_relation_size(c.oid) > CASE WHEN in_bulk() THEN 0 ELSE 2097152 END
    LOOP
        EXECUTE format('TRUNCATE pg_temp.%I', grown);
    END LOOP;
    DELETE FROM w_entity;
    DELETE FROM w_seen;
    DELETE FROM w_entity_origin;
    DELETE FROM w_taken_mark;
    DELETE FROM w_correction;
    DELETE FROM w_change;
    DELETE FROM w_change_moved;
    DELETE FROM w_record_mark;
    DELETE FROM w_record_seen;
    DELETE FROM w_folded;
    DELETE FROM w_environment;
    DELETE FROM w_record;
    DELETE FROM w_group;
    DELETE FROM w_part;
    DELETE FROM w_raw;
    DELETE FROM w_asked_start;
    DELETE FROM w_start;
    DELETE FROM w_walk;
    DELETE FROM w_kind;
    DELETE FROM w_removal;
    DELETE FROM w_taken;
    DELETE FROM w_reach;
    DELETE FROM w_place;
    DELETE FROM w_delivery;
    DELETE FROM w_new_deployment;
    DELETE FROM w_moved;
    DELETE FROM w_redelivered;
    DELETE FROM w_incident;
    DELETE FROM w_pair;
    DELETE FROM w_request;
    DELETE FROM w_request_deployment;
    DELETE FROM w_item;
    DELETE FROM w_evidence;
    DELETE FROM w_link;
    DELETE FROM w_anchor;
    DELETE FROM w_scope;
    DELETE FROM w_month_mark;
    DELETE FROM w_holding;
    DELETE FROM w_span;
    DELETE FROM w_bucket;
    DELETE FROM w_slice;
    DELETE FROM w_stored;
    DELETE FROM w_monthly;
    DELETE FROM w_month_changed;
    DELETE FROM w_name;
    DELETE FROM w_by_origin;
    DELETE FROM w_other_record;
    DELETE FROM w_first_seen;
    DELETE FROM w_hit;
    DELETE FROM w_old_month;
    DELETE FROM w_window;
    DELETE FROM w_point;
    DELETE FROM w_series;
    DELETE FROM w_trend;
    DELETE FROM w_assurance;
END
$$;
COMMENT ON FUNCTION dorad_data.clear_work IS 'Empties the work tables.';

CREATE FUNCTION dorad_data.in_bulk() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('dorad.bulk', true) IN ('on', 'part'), false)
$$;
COMMENT ON FUNCTION dorad_data.in_bulk IS
    'Whether everything is being computed at once (on), or a part of everything (part), so that '
    'nothing needs marking.';

CREATE FUNCTION dorad_data.complete_indexes(of_table text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    definition text;
BEGIN
    FOR definition IN
        SELECT replace(pg_get_indexdef(i.indexrelid), 'dorad_data.' || of_table, 'pg_temp.' || of_table)
        FROM pg_index AS i
        WHERE i.indrelid = to_regclass('dorad_data.' || of_table) AND NOT i.indisprimary
          AND NOT EXISTS (
              SELECT FROM pg_class AS made
              JOIN pg_class AS kept ON kept.relname = made.relname
              WHERE made.relnamespace = pg_my_temp_schema() AND kept.oid = i.indexrelid)
    LOOP
        EXECUTE definition;
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.complete_indexes IS
    'Gives a temporary copy of a table, once it is full, the indexes that the table has.';

CREATE FUNCTION dorad_data.know(VARIADIC tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known text;
BEGIN
    -- Plans are made once for a session, for batches; a million rows ask for other ones.
    IF in_bulk() THEN
        FOREACH known IN ARRAY tables LOOP
            -- Of a part what is computed is not looked at again; of the whole it is.
            CONTINUE WHEN known NOT LIKE 'w\_%' AND current_setting('dorad.bulk') = 'part';
            IF known NOT LIKE 'w\_%' THEN
                PERFORM complete_indexes(known);
            END IF;
            EXECUTE format('ANALYZE %s', known);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.know IS
    'In bulk, tells the planner how large these tables (or columns of them) have become.';
