-- SPDX-License-Identifier: Apache-2.0
--
-- A rebuild by several sessions: its parts, in which order they go, and its end.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.rebuild_begin() RETURNS text
LANGUAGE plpgsql SET search_path = dorad_data, pg_temp AS $$
BEGIN
    -- This transaction does nothing while the others work, however long; and the clock, which
    -- all of them look at, stands still.
    PERFORM set_config('idle_in_transaction_session_timeout', '0', true);
    PERFORM FROM clock FOR SHARE;
    PERFORM pg_advisory_xact_lock(lock_key('dorad'), lock_key('world'));
    RETURN pg_current_xact_id()::text;
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild_begin IS
    'Begins a rebuild in the transaction that will end it, and returns the name of its run.';

CREATE FUNCTION dorad_data.check_run(of_run text, what text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF pg_xact_status(of_run::xid8) IS NOT DISTINCT FROM 'in progress' THEN
        IF what = 'lay_out' THEN
            RETURN;
        ELSIF to_regclass('dorad_beside.run') IS NOT NULL
              AND EXISTS (SELECT FROM dorad_beside.run AS r WHERE r.run = of_run) THEN
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'the rebuild that this part belongs to is over' USING ERRCODE = '57000';
END
$$;
COMMENT ON FUNCTION dorad_data.check_run IS
    'Raises where a rebuild is over, or another one has begun; else that one waits for us.';

CREATE FUNCTION dorad_data.part_of_records(of_part integer, today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parts integer := (SELECT count(*) FROM dorad_beside.range WHERE kind = 'deployment');
    here text := condition_of_part('deployment', of_part);
BEGIN
    EXECUTE format($query$
        INSERT INTO dorad_beside.record_seen
            SELECT part_of(s.service, $1), s.*
            FROM (
                SELECT coalesce(a.service, o.service) AS service, o.entity, o.at, o.id, o.source, o.data
                FROM observation AS o
                LEFT JOIN service_alias AS a ON a.alias = o.service
                WHERE %s AND o.service IS NOT NULL AND o.at <= $2 AND o.data IS NOT NULL
            ) AS s$query$, here) USING parts, today;
    EXECUTE format($query$
        INSERT INTO dorad_beside.record
            SELECT DISTINCT part_of(s.service, $1), s.service, o.entity
            FROM observation AS o
            JOIN origin_service AS s ON s.origin_id = o.origin_id
            WHERE %s AND o.service IS NULL$query$, here) USING parts;
END
$$;
COMMENT ON FUNCTION dorad_data.part_of_records IS
    'Puts what is seen of deployments with the parts that their services are in; which records '
    'there are, where origins say it.';

CREATE FUNCTION dorad_data.part_of_deployments(of_part integer, today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_record_mark
        SELECT r.service, r.deployment_id FROM dorad_beside.record AS r WHERE r.part = of_part;
    IF FOUND THEN
        PERFORM gather_records(today);
        DELETE FROM w_record_seen WHERE outright;
    END IF;
    INSERT INTO w_record_seen
        SELECT r.service, r.deployment_id, r.at, r.id, r.source, true, r.data
        FROM dorad_beside.record_seen AS r WHERE r.part = of_part;
    PERFORM know('w_record_seen (service, deployment_id)');
    -- Whole services: there are no other records of these roll-outs.
    PERFORM fold_records();
    PERFORM compute_deployments();
    PERFORM lay_deployments();
    -- Coordinates that only together mean a service come out on the way.
    INSERT INTO dorad_beside.mark
        SELECT m.* FROM mark AS m
        WHERE m.stage = 'deployment' AND NOT EXISTS (
            SELECT FROM dorad_beside.record AS r
            WHERE r.service = m.service AND r.deployment_id = m.entity);
END
$$;
COMMENT ON FUNCTION dorad_data.part_of_deployments IS 'The deployments of the services of a part.';

CREATE FUNCTION dorad_data.mend_records() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parts integer := (SELECT count(*) FROM dorad_beside.range WHERE kind = 'deployment');
    again text[] := (SELECT array_agg(DISTINCT m.service) FROM dorad_beside.mark AS m);
BEGIN
    -- Their services are computed anew: all records of theirs are a part of their own now.
    DELETE FROM dorad_beside.deployment_fact WHERE service = ANY (again);
    DELETE FROM dorad_beside.deployment_member WHERE service = ANY (again);
    DELETE FROM dorad_beside.change_delivery WHERE service = ANY (again);
    DELETE FROM dorad_beside.link WHERE from_kind = 'deployment' AND service = ANY (again);
    UPDATE dorad_beside.record SET part = parts + 1 WHERE part = parts;
    UPDATE dorad_beside.record SET part = parts WHERE service = ANY (again);
    UPDATE dorad_beside.record_seen SET part = parts + 1 WHERE part = parts;
    UPDATE dorad_beside.record_seen SET part = parts WHERE service = ANY (again);
    INSERT INTO dorad_beside.record
        SELECT DISTINCT parts, m.service, m.entity FROM dorad_beside.mark AS m;
    DELETE FROM dorad_beside.mark;
END
$$;
COMMENT ON FUNCTION dorad_data.mend_records IS
    'Makes those services a part of their own of which deployments came to light too late.';

CREATE FUNCTION dorad_data.part_of_tickets(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM all_entities('change_request');
    PERFORM recompute_requests(today);
    PERFORM all_entities('incident');
    PERFORM recompute_incidents(today);
    PERFORM lay_beside('change_request', 'change_request_window', 'change_request_deployment',
                       'incident_fact', 'incident_service', 'evidence', 'link');
    INSERT INTO dorad_beside.scope SELECT DISTINCT 'service', service FROM incident_service;
END
$$;
COMMENT ON FUNCTION dorad_data.part_of_tickets IS
    'Change requests and incidents: they look at the deployments of all services, and at each other.';

CREATE FUNCTION dorad_data.part_of_months(of_part integer, today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    parts integer := (SELECT count(*) FROM dorad_beside.range WHERE kind = 'deployment');
BEGIN
    INSERT INTO w_scope
        SELECT s.scope, s.name
        FROM (
            SELECT scope, name FROM dorad_beside.scope
            UNION SELECT 'team', team FROM ownership WHERE team IS NOT NULL
        ) AS s
        WHERE part_of(s.name, parts) = of_part;
    PERFORM know('w_scope');
    PERFORM compute_scopes(today, (SELECT report_tz FROM setting), true);
    PERFORM lay_beside('monthly', 'scope_span');
    INSERT INTO dorad_beside.trend SELECT * FROM w_trend;
    INSERT INTO dorad_beside.assurance SELECT * FROM w_assurance;
END
$$;
COMMENT ON FUNCTION dorad_data.part_of_months IS 'All months of the services and teams of a part.';

CREATE FUNCTION dorad_data.rebuild_task(run text, what text, which text) RETURNS void
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = on SET enable_mergejoin = on SET random_page_cost = 0.1
SET default_statistics_target = 10 SET client_min_messages = warning AS $$
DECLARE
    today timestamptz := (SELECT as_of FROM clock);
BEGIN
    PERFORM check_run(run, what);
    CASE what
    WHEN 'lay_out' THEN
        PERFORM lay_out_beside(run);
    WHEN 'origins' THEN
        PERFORM set_apart('repository_name', 'origin_service');
        PERFORM compute_origins();
        PERFORM lay_beside('repository_name', 'origin_service');
        PERFORM index_beside('repository_name', 'system host name repository_id');
        PERFORM index_beside('origin_service', 'origin_id');
    WHEN 'corrections' THEN
        PERFORM set_apart('correction', 'mark');
        PERFORM all_entities('correction');
        PERFORM recompute_corrections(today);
        PERFORM lay_beside('correction');
        PERFORM index_beside('correction', 'target_kind target_id');
    WHEN 'divide' THEN
        -- A part takes a few seconds and fits into a session's memory.
        PERFORM divide_kind(which, coalesce(
            nullif(current_setting('dorad.portion', true), '')::integer, 80000));
        IF which = 'deployment' THEN
            PERFORM lay_out_records((SELECT count(*)::integer FROM dorad_beside.range WHERE kind = which));
        END IF;
    WHEN 'records' THEN
        PERFORM set_apart(VARIADIC '{}');
        PERFORM part_of_records(which::integer, today);
    WHEN 'changes' THEN
        PERFORM set_apart(VARIADIC '{}');
        PERFORM gather_part('change', which::integer, today);
        PERFORM merge_changes();
        PERFORM lay_changes();
    WHEN 'index' THEN
        PERFORM index_beside(split_part(which, ':', 1),
                             VARIADIC string_to_array(split_part(which, ':', 2), ','));
    WHEN 'deployments' THEN
        PERFORM set_apart('environment_seen', 'mark');
        PERFORM hide('deployment_fact', 'deployment_member', 'change_delivery');
        PERFORM part_of_deployments(which::integer, today);
    WHEN 'mend' THEN
        PERFORM mend_records();
    WHEN 'tickets' THEN
        PERFORM set_apart('change_request', 'change_request_window', 'change_request_deployment',
                          'incident_fact', 'incident_service', 'evidence', 'link', 'mark');
        PERFORM part_of_tickets(today);
    WHEN 'items' THEN
        PERFORM set_apart('mark');
        PERFORM gather_part('work_item', which::integer, today);
        PERFORM merge_origins('work_item');
        PERFORM merge_items();
        PERFORM lay_items();
    WHEN 'months' THEN
        PERFORM set_apart('monthly', 'monthly_revision', 'scope_span');
        PERFORM part_of_months(which::integer, today);
    END CASE;
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild_task IS 'One part of a rebuild by several sessions.';

CREATE FUNCTION dorad_data.rebuild_tasks(run text, after text) RETURNS TABLE (
    step text, task text, takes_over boolean)
LANGUAGE plpgsql SET search_path = dorad_data, pg_temp AS $$
DECLARE
    next text;
BEGIN
    IF after IS NULL THEN
        RETURN QUERY SELECT 'lay_out', format('SELECT dorad_data.rebuild_task(%L, %L, %L)',
                                              run, 'lay_out', ''), false;
        RETURN;
    END IF;
    IF after IN ('deployments', 'mended') AND EXISTS (SELECT FROM dorad_beside.mark) THEN
        next := 'mend';
    ELSE
        SELECT s.next INTO next
        FROM (VALUES ('lay_out', 'lay'), ('lay', 'fold'), ('fold', 'index_changes'),
                     ('index_changes', 'deployments'), ('mend', 'mended'),
                     ('deployments', 'index_deployments'), ('mended', 'index_deployments'),
                     ('index_deployments', 'tickets'), ('tickets', 'index_tickets'),
                     ('index_tickets', 'months'), ('months', 'take_over')) AS s (before, next)
        WHERE s.before = after;
    END IF;
    RETURN QUERY
    SELECT next, format('SELECT dorad_data.rebuild_task(%L, %L, %L)', run, t.what, t.which), false
    FROM (
        -- The longest first, so that at the end of a step nobody waits for long.
        SELECT s.what, s.which
        FROM (VALUES
            ('lay', 'divide', 'deployment'), ('lay', 'divide', 'change'), ('lay', 'divide', 'work_item'),
            ('lay', 'corrections', ''), ('lay', 'origins', ''),
            ('index_changes', 'index', 'change:change_id'),
            ('index_changes', 'index', 'change_service:change_id,service landed_at'),
            ('index_changes', 'index', 'record:part'),
            ('mend', 'mend', ''),
            ('index_deployments', 'index',
             'deployment_fact:service deployment_id,service at,sha,deployment_id'),
            ('index_deployments', 'index', 'change_delivery:change_id,service at'),
            ('index_deployments', 'index', 'deployment_member:deployment_id,service group_id'),
            ('tickets', 'tickets', ''),
            ('index_tickets', 'index', 'item_service:service done_at'),
            ('index_tickets', 'index', 'item_fact:team done_at'),
            ('index_tickets', 'index', 'incident_service:service started_at,service restored_at'),
            ('index_tickets', 'index', 'evidence:service deployment_id')) AS s (step, what, which)
        WHERE s.step = next
        UNION ALL
        SELECT CASE r.kind WHEN 'deployment' THEN 'records' ELSE 'changes' END, r.part::text
        FROM dorad_beside.range AS r WHERE next = 'fold' AND r.kind IN ('deployment', 'change')
        UNION ALL
        SELECT next, r.part::text FROM dorad_beside.range AS r
        WHERE next IN ('deployments', 'months') AND r.kind = 'deployment'
        UNION ALL
        SELECT 'deployments', count(*)::text FROM dorad_beside.range AS r
        WHERE r.kind = 'deployment' HAVING next = 'mended'
        UNION ALL
        SELECT 'items', r.part::text FROM dorad_beside.range AS r
        WHERE next = 'tickets' AND r.kind = 'work_item'
    ) AS t;
    RETURN QUERY
    SELECT next, format('SELECT dorad_data.rebuild_take_over(%L, %L)', run, t.name), true
    FROM unnest(computed_tables()) AS t (name)
    LEFT JOIN (
        -- The largest as soon as they are complete; all others when everything is.
        VALUES ('index_changes', 'change'), ('index_changes', 'change_service'),
               ('index_deployments', 'deployment_fact'), ('index_deployments', 'change_delivery'),
               ('index_tickets', 'item_fact'), ('index_tickets', 'item_service')
    ) AS e (step, name) ON e.name = t.name
    WHERE coalesce(e.step, 'take_over') = next;
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild_tasks IS
    'The statements of the step of a rebuild that comes after one (first: null), to be run in any '
    'order and side by side. Those that take over are for the transaction that began the rebuild, '
    'one after another, and may last beyond the step. None: when all of them are done, it is time '
    'for rebuild_finish().';

CREATE FUNCTION dorad_data.differs(of_table text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    keys text[] := key_columns(of_table);
    found boolean;
BEGIN
    -- As many rows, and to each of them an equal one: there is nothing to put in place.
    EXECUTE format($query$
        SELECT (SELECT count(*) FROM dorad_data.%I) <> (SELECT count(*) FROM dorad_beside.%1$I)
            OR EXISTS (
                SELECT FROM dorad_beside.%1$I AS c
                WHERE NOT EXISTS (
                    SELECT FROM dorad_data.%1$I AS s
                    WHERE (%s) = (%s) AND ROW (%s) IS NOT DISTINCT FROM ROW (%s)))$query$, of_table,
        (SELECT string_agg(format('c.%I', k), ', ') FROM unnest(keys) AS k),
        (SELECT string_agg(format('s.%I', k), ', ') FROM unnest(keys) AS k),
        same_columns(of_table, 'c'), same_columns(of_table, 's')) INTO found;
    RETURN found;
END
$$;
COMMENT ON FUNCTION dorad_data.differs IS 'Whether a table differs from what was computed beside it.';

CREATE FUNCTION dorad_data.fill(of_table text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    empty boolean;
    n bigint;
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM dorad_data.%I)', of_table) INTO empty;
    IF empty THEN
        PERFORM set_config('dorad.fills', 'on', true);
        -- As the parts laid them: what belongs together is together.
        EXECUTE format('INSERT INTO dorad_data.%I SELECT * FROM dorad_beside.%1$I', of_table);
        GET DIAGNOSTICS n = ROW_COUNT;
        PERFORM set_config('dorad.fills', 'off', true);
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.fill IS
    'Fills a table that is empty with what was computed beside it, and returns how many rows; null: '
    'it is not empty.';

CREATE FUNCTION dorad_data.rebuild_take_over(run text, of_table text) RETURNS void
LANGUAGE plpgsql
SET search_path = dorad_beside, dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = on SET enable_mergejoin = on SET client_min_messages = warning AS $$
DECLARE
    filled bigint;
BEGIN
    PERFORM check_run(run, 'take_over');
    filled := fill(of_table);
    IF filled IS NULL AND differs(of_table) THEN
        IF of_table = 'monthly' THEN
            PERFORM take_over_months();
        END IF;
        PERFORM take_over(of_table);
        INSERT INTO dorad_beside.differing VALUES (of_table);
    ELSIF filled > 0 THEN
        INSERT INTO dorad_beside.differing VALUES (of_table);
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild_take_over IS
    'Puts what the parts of a rebuild computed of a table in the place of what differs; readers see '
    'the old rows until its transaction commits, then the new, never a hole.';

CREATE FUNCTION dorad_data.rebuild_finish(run text) RETURNS void
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET client_min_messages = warning AS $$
BEGIN
    PERFORM check_run(run, 'finish');
    PERFORM forget_marks();
    PERFORM clear_beside();
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild_finish IS
    'When everything has taken over: what waited is contained in it, and what was laid out can go.';

CREATE FUNCTION dorad_data.rebuild_forget(of_run text) RETURNS void
LANGUAGE plpgsql SET search_path = dorad_data, pg_temp AS $$
BEGIN
    IF to_regclass('dorad_beside.run') IS NOT NULL
       AND EXISTS (SELECT FROM dorad_beside.run AS r WHERE r.run = of_run) THEN
        PERFORM clear_beside();
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild_forget IS 'Drops what a rebuild that failed has laid out.';

REVOKE EXECUTE ON FUNCTION dorad_data.rebuild_begin, dorad_data.rebuild_task,
    dorad_data.rebuild_tasks, dorad_data.rebuild_take_over, dorad_data.rebuild_finish,
    dorad_data.rebuild_forget FROM PUBLIC;
DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT USAGE ON SCHEMA dorad_beside TO dorad_writer;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dorad_data TO dorad_writer;
    END IF;
END
$do$;
