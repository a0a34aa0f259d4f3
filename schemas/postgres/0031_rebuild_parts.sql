-- SPDX-License-Identifier: Apache-2.0
--
-- A rebuild by several sessions side by side: what each computes, and where it puts it.
--
-- One session's transaction has the lock of the world from the first statement to the last, and
-- puts what was computed in the place of what differs (rebuild_begin, rebuild_take_over): table by
-- table, as they are complete; nobody sees any of it before the transaction commits.
-- Meanwhile others compute parts (rebuild_task), each in a transaction of its own: the functions
-- are the same as ever, and write to temporary tables; what those hold in the end is added to the
-- tables of the same name in the schema dorad_beside, where later parts find it. Nobody else
-- looks there, and nothing there is worth keeping: the tables are made by each rebuild, without
-- write-ahead log, and dropped at its end. What one that was killed left is dropped by the next.
--
-- Those tables are the schema owner's, whoever rebuilds; so what makes, indexes and drops them
-- runs with the owner's rights.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE SCHEMA dorad_beside;
COMMENT ON SCHEMA dorad_beside IS
    'Where a rebuild by several sessions puts what it computes; empty when there is none.';

CREATE FUNCTION dorad_data.part_of(name text, parts integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lock_key(name) & 2147483647) % parts
$$;
COMMENT ON FUNCTION dorad_data.part_of IS 'Which of so many parts, from 0, a service or team is in.';

CREATE FUNCTION dorad_data.clear_beside() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = dorad_data, pg_temp SET client_min_messages = warning AS $$
DECLARE
    t text;
BEGIN
    -- Every task of a rebuild looks at its run first: who has that, waits for all of them.
    IF to_regclass('dorad_beside.run') IS NOT NULL THEN
        LOCK TABLE dorad_beside.run IN ACCESS EXCLUSIVE MODE;
    END IF;
    FOR t IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'dorad_beside'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition
    LOOP
        EXECUTE format('DROP TABLE dorad_beside.%I', t);
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.clear_beside IS 'Drops what rebuilds have laid out.';

CREATE FUNCTION dorad_data.lay_out_beside(of_run text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = dorad_data, pg_temp SET client_min_messages = warning AS $$
DECLARE
    t text;
BEGIN
    PERFORM clear_beside();
    FOREACH t IN ARRAY computed_tables() || 'mark'::text LOOP
        EXECUTE format('CREATE UNLOGGED TABLE dorad_beside.%I (LIKE dorad_data.%1$I INCLUDING DEFAULTS)'
                       ' WITH (autovacuum_enabled = off)', t);
    END LOOP;
    CREATE UNLOGGED TABLE dorad_beside.run (run text NOT NULL);
    INSERT INTO dorad_beside.run VALUES (of_run);
    -- The entities of each part of a kind: those after one, up to another.
    CREATE UNLOGGED TABLE dorad_beside.range (
        kind text COLLATE "C", part integer, after text COLLATE "C", upto text COLLATE "C");
    CREATE UNLOGGED TABLE dorad_beside.record (
        part integer, service text COLLATE "C", deployment_id text COLLATE "C")
        WITH (autovacuum_enabled = off);
    -- What events say that name their service outright, by part; laid out by lay_out_records().
    CREATE UNLOGGED TABLE dorad_beside.record_seen (
        part integer, service text COLLATE "C", deployment_id text COLLATE "C", at timestamptz,
        id text COLLATE "C", source text COLLATE "C", data jsonb) PARTITION BY LIST (part);
    CREATE UNLOGGED TABLE dorad_beside.record_seen_late PARTITION OF dorad_beside.record_seen DEFAULT
        WITH (autovacuum_enabled = off);
    CREATE UNLOGGED TABLE dorad_beside.scope (scope text COLLATE "C", name text COLLATE "C");
    CREATE UNLOGGED TABLE dorad_beside.differing (name text);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dorad_beside TO dorad_writer;
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.lay_out_beside IS 'Empty tables beside those that a rebuild computes.';

CREATE FUNCTION dorad_data.lay_out_records(parts integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = dorad_data, pg_temp SET client_min_messages = warning AS $$
BEGIN
    -- One that comes to light late is in a part of its own (mend_records), and that in the default.
    FOR part IN 0 .. parts - 1 LOOP
        EXECUTE format('CREATE UNLOGGED TABLE dorad_beside.%I PARTITION OF dorad_beside.record_seen'
                       ' FOR VALUES IN (%s) WITH (autovacuum_enabled = off)',
                       'record_seen_' || part, part);
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.lay_out_records IS
    'A table for what each part of the deployments is computed from.';

CREATE FUNCTION dorad_data.index_beside(of_table text, VARIADIC columns text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = dorad_data, pg_temp SET client_min_messages = warning AS $$
DECLARE
    listed text;
BEGIN
    -- For what later parts look up; the columns of each index as one text.
    FOREACH listed IN ARRAY columns LOOP
        EXECUTE format('CREATE INDEX ON dorad_beside.%I (%s)', of_table, (
            SELECT string_agg(quote_ident(c), ', ' ORDER BY place)
            FROM string_to_table(listed, ' ') WITH ORDINALITY AS s (c, place)));
    END LOOP;
    EXECUTE format('ANALYZE dorad_beside.%I', of_table);
END
$$;
COMMENT ON FUNCTION dorad_data.index_beside IS
    'Indexes of a table beside that is full, and what the planner wants to know of it.';

CREATE FUNCTION dorad_data.set_apart(VARIADIC tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_aside(tables, 'pg_temp, dorad_beside, dorad_data', 'part');
    PERFORM begin_work();
END
$$;
COMMENT ON FUNCTION dorad_data.set_apart IS
    'Begins a part that writes these tables: empty ones of their names stand first, then those '
    'beside, as other parts have filled them.';

CREATE FUNCTION dorad_data.hide(VARIADIC tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY tables LOOP
        EXECUTE format('CREATE TEMP TABLE %I (LIKE dorad_data.%1$I) ON COMMIT DROP', t);
        EXECUTE format('ANALYZE pg_temp.%I', t);
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.hide IS
    'Puts tables that are empty, and stay so, before these: a part has nothing before it to look at.';

CREATE FUNCTION dorad_data.lay_beside(VARIADIC tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY tables LOOP
        EXECUTE format('INSERT INTO dorad_beside.%I SELECT * FROM pg_temp.%1$I', t);
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.lay_beside IS 'Adds what a part has computed to the tables beside.';

CREATE FUNCTION dorad_data.lay_changes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dorad_beside.change SELECT * FROM w_change ORDER BY change_id;
    INSERT INTO dorad_beside.change_service
        SELECT service, w.change_id, w.landed_at, w.ordinal
        FROM w_change AS w CROSS JOIN unnest(w.services) AS service ORDER BY w.change_id, service;
END
$$;
COMMENT ON FUNCTION dorad_data.lay_changes IS 'Adds the changes in w_change to those beside.';

CREATE FUNCTION dorad_data.lay_deployments() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dorad_beside.deployment_fact
        SELECT * FROM w_new_deployment ORDER BY service, at, deployment_id;
    INSERT INTO dorad_beside.change_delivery
        SELECT * FROM w_delivery ORDER BY service, at, deployment_id;
    INSERT INTO dorad_beside.deployment_member SELECT * FROM members_of_groups();
    INSERT INTO dorad_beside.link SELECT * FROM links_of_deployments();
    INSERT INTO dorad_beside.scope SELECT DISTINCT 'service', service FROM w_new_deployment;
END
$$;
COMMENT ON FUNCTION dorad_data.lay_deployments IS
    'Adds the deployments in w_new_deployment, and what goes with them, to those beside.';

CREATE FUNCTION dorad_data.lay_items() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dorad_beside.item_fact SELECT * FROM w_item ORDER BY item_id;
    INSERT INTO dorad_beside.item_service SELECT * FROM counted_items();
    INSERT INTO dorad_beside.item_left_out SELECT * FROM uncounted_items();
    INSERT INTO dorad_beside.scope
        SELECT 'service', service FROM w_item AS w CROSS JOIN unnest(w.services) AS service
        WHERE w.exclusion IS NULL
        UNION SELECT 'team', team FROM w_item WHERE team IS NOT NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.lay_items IS 'Adds the items in w_item to those beside.';

CREATE FUNCTION dorad_data.divide_kind(of_kind text, portion integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- A look at some thirty thousand observations tells where to divide.
    percent double precision := least(100, 3e6 / greatest((
        SELECT c.reltuples FROM pg_class AS c
        WHERE c.oid = 'dorad_data.observation'::regclass), 1));
BEGIN
    INSERT INTO dorad_beside.range
    WITH looked_at AS (
        SELECT o.entity, row_number() OVER (ORDER BY o.entity) AS place
        FROM observation AS o TABLESAMPLE SYSTEM (percent) REPEATABLE (1)
        WHERE o.kind = of_kind AND o.entity <> ''
    ), cut AS (
        SELECT DISTINCT entity FROM looked_at
        WHERE place % greatest((portion * percent / 100)::bigint, 1) = 0
    )
    SELECT of_kind, row_number() OVER w - 1, coalesce(lag(c.entity) OVER w, ''), c.entity
    FROM (SELECT entity FROM cut UNION ALL SELECT NULL) AS c
    WINDOW w AS (ORDER BY c.entity NULLS LAST);
END
$$;
COMMENT ON FUNCTION dorad_data.divide_kind IS
    'Divides the entities of a kind into parts of about so many observations.';

CREATE FUNCTION dorad_data.condition_of_part(of_kind text, of_part integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT g.after, g.upto INTO STRICT r FROM dorad_beside.range AS g
    WHERE g.kind = of_kind AND g.part = of_part;
    -- Written out, so that a statement has the plan of its range. The last has no end.
    RETURN format('o.kind = %L AND o.entity > %L', of_kind, r.after)
           || CASE WHEN r.upto IS NULL THEN '' ELSE format(' AND o.entity <= %L', r.upto) END;
END
$$;
COMMENT ON FUNCTION dorad_data.condition_of_part IS 'Which observations o are of a part of a kind.';

CREATE FUNCTION dorad_data.gather_part(of_kind text, of_part integer, today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($query$
        INSERT INTO w_seen
            SELECT o.entity, o.at, o.id, o.source, coalesce(a.service, o.service), o.origin_id, o.data
            FROM observation AS o
            LEFT JOIN service_alias AS a ON a.alias = o.service
            WHERE %s AND o.at <= $1 AND o.data IS NOT NULL$query$,
        condition_of_part(of_kind, of_part)) USING today;
    PERFORM know('w_seen (entity, at)');
END
$$;
COMMENT ON FUNCTION dorad_data.gather_part IS
    'The observations, up to now, of the entities of a part: into w_seen.';

REVOKE EXECUTE ON FUNCTION dorad_data.clear_beside, dorad_data.lay_out_beside,
    dorad_data.lay_out_records, dorad_data.index_beside FROM PUBLIC;
