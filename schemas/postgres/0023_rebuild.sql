-- SPDX-License-Identifier: Apache-2.0
--
-- Everything computed again, beside what is stored: to compare (verify) or to take its place
-- (rebuild). The functions that compute are the same as ever; only that the search path begins
-- with pg_temp, where for that time empty tables stand of the names of those that are computed.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.computed_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY['repository_name', 'origin_service', 'correction', 'change', 'change_service',
                 'deployment_fact', 'deployment_member', 'change_delivery', 'link',
                 'change_request', 'change_request_window', 'change_request_deployment',
                 'incident_fact', 'incident_service', 'evidence', 'item_fact', 'item_service',
                 'item_left_out', 'monthly', 'trend', 'assurance', 'scope_span']
$$;
COMMENT ON FUNCTION dorad_data.computed_tables IS
    'The tables that follow from observations and catalogue, and can be computed again.';

CREATE FUNCTION dorad_data.written_beside() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT computed_tables() || ARRAY['mark', 'month_mark', 'monthly_revision', 'environment_seen']
$$;
COMMENT ON FUNCTION dorad_data.written_beside IS
    'The tables that computing everything writes to: those computed, and what is written on the way.';

CREATE FUNCTION dorad_data.set_aside(tables text[], path text, bulk text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    -- The tasks of a session that rebuilds share its work tables.
    IF bulk <> 'part' THEN
        PERFORM drop_work();
    END IF;
    FOREACH t IN ARRAY tables LOOP
        EXECUTE format('CREATE TEMP TABLE %I (LIKE dorad_data.%1$I INCLUDING DEFAULTS '
                       'INCLUDING IDENTITY) ON COMMIT DROP', t);
        -- What rows are told apart by. The other indexes are made when the table is full (know).
        EXECUTE (
            SELECT string_agg(format('ALTER TABLE pg_temp.%I ADD PRIMARY KEY (%s);', t,
                                     (SELECT string_agg(quote_ident(k), ', ' ORDER BY place)
                                      FROM unnest(key_columns(t)) WITH ORDINALITY AS keys (k, place))), ' ')
            WHERE key_columns(t) IS NOT NULL);
    END LOOP;
    PERFORM set_config('search_path', path, true);
    PERFORM set_config('dorad.bulk', bulk, true);
END
$$;
COMMENT ON FUNCTION dorad_data.set_aside IS
    'Puts empty temporary tables before these, by a search path that begins with pg_temp.';

CREATE FUNCTION dorad_data.put_back(tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    -- The work tables go too: plans made for a million rows must not outlive them.
    PERFORM drop_work();
    FOREACH t IN ARRAY tables LOOP
        EXECUTE format('DROP TABLE pg_temp.%I', t);
    END LOOP;
    PERFORM set_config('search_path', 'dorad_data, pg_temp', true);
    PERFORM set_config('dorad.bulk', 'off', true);
END
$$;
COMMENT ON FUNCTION dorad_data.put_back IS 'Takes the temporary tables away again.';

CREATE FUNCTION dorad_data.all_entities(of_kind text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM begin_work();
    INSERT INTO w_entity
        SELECT DISTINCT o.entity FROM observation AS o
        WHERE o.kind = of_kind AND o.entity <> '';
    PERFORM know('w_entity');
END
$$;
COMMENT ON FUNCTION dorad_data.all_entities IS 'Every entity of a kind into w_entity.';

CREATE FUNCTION dorad_data.compute_origins() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    host_of record;
BEGIN
    FOR host_of IN
        SELECT o.system, coalesce(o.host, '') AS host, array_agg(DISTINCT o.repository_id) AS ids
        FROM origin AS o WHERE o.repository IS NOT NULL AND o.repository_id IS NOT NULL
        GROUP BY 1, 2
    LOOP
        INSERT INTO repository_name
            SELECT * FROM names_of_repositories(host_of.system, host_of.host, host_of.ids);
    END LOOP;
    INSERT INTO origin_service
        SELECT * FROM services_of_origins(ARRAY(SELECT origin_id FROM origin));
    PERFORM know('origin_service');
END
$$;
COMMENT ON FUNCTION dorad_data.compute_origins IS 'Names and services of all origins.';

CREATE FUNCTION dorad_data.compute_all() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    today timestamptz := (SELECT as_of FROM clock);
    tz text := (SELECT report_tz FROM setting);
BEGIN
    PERFORM compute_origins();
    PERFORM all_entities('correction');
    PERFORM recompute_corrections(today);
    PERFORM all_entities('change');
    PERFORM fold_changes(today);

    PERFORM begin_work();
    DELETE FROM mark;
    INSERT INTO w_record_mark
        SELECT coalesce(a.service, o.service), o.entity
        FROM observation AS o
        LEFT JOIN service_alias AS a ON a.alias = o.service
        WHERE o.kind = 'deployment' AND o.service IS NOT NULL AND o.entity <> ''
        UNION
        SELECT s.service, o.entity
        FROM observation AS o
        JOIN origin_service AS s ON s.origin_id = o.origin_id
        WHERE o.kind = 'deployment' AND o.service IS NULL AND o.entity <> '';
    LOOP
        PERFORM recompute_deployments(today);
        PERFORM begin_work();
        -- Coordinates that only together mean a service come out on the way.
        EXIT WHEN take_services(2147483647) = 0;
    END LOOP;

    PERFORM all_entities('change_request');
    PERFORM recompute_requests(today);
    PERFORM all_entities('incident');
    PERFORM recompute_incidents(today);
    PERFORM all_entities('work_item');
    PERFORM recompute_items(today);

    PERFORM begin_work();
    INSERT INTO w_scope
        SELECT 'service', service FROM deployment_fact
        UNION SELECT 'service', service FROM incident_service
        UNION SELECT 'service', service FROM item_service
        UNION SELECT 'team', team FROM ownership WHERE team IS NOT NULL
        UNION SELECT 'team', team FROM item_fact WHERE team IS NOT NULL;
    PERFORM compute_scopes(today, tz, true);
    PERFORM store_trends();
END
$$;
COMMENT ON FUNCTION dorad_data.compute_all IS
    'Computes every fact and month, into the tables that stand first in the search path.';

CREATE FUNCTION dorad_data.same_columns(of_table text, of_alias text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT string_agg(format('%s.%I', of_alias, a.attname), ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = format('dorad_data.%I', of_table)::regclass
      AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attname NOT IN ('computed_at', 'revision')
$$;
COMMENT ON FUNCTION dorad_data.same_columns IS 'The columns in which a computed table is compared.';

CREATE FUNCTION dorad_data.key_columns(of_table text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
    FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
    WHERE i.indrelid = format('dorad_data.%I', of_table)::regclass AND i.indisprimary
$$;
COMMENT ON FUNCTION dorad_data.key_columns IS 'The columns of a table''s primary key.';

CREATE FUNCTION dorad_data.differences(of_table text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($query$
        SELECT %L || ' ' || coalesce(to_jsonb(stored), to_jsonb(beside))::text || ': ' || CASE
                   WHEN stored.* IS NULL THEN 'is missing'
                   WHEN beside.* IS NULL THEN 'should not be there'
                   ELSE 'should have ' || differing(
                       to_jsonb(beside) - '{computed_at,revision}'::text[], to_jsonb(stored))::text END
        FROM dorad_data.%I AS stored
        FULL JOIN pg_temp.%2$I AS beside ON (%s) = (%s)
        WHERE ROW (%s) IS DISTINCT FROM ROW (%s)
        LIMIT 100$query$,
        of_table, of_table,
        (SELECT string_agg(format('stored.%I', k), ', ') FROM unnest(key_columns(of_table)) AS k),
        (SELECT string_agg(format('beside.%I', k), ', ') FROM unnest(key_columns(of_table)) AS k),
        same_columns(of_table, 'stored'), same_columns(of_table, 'beside'));
END
$$;
COMMENT ON FUNCTION dorad_data.differences IS
    'Rows of a table that differ from those computed beside it, at most 100.';

CREATE FUNCTION dorad_data.verify() RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = on SET enable_mergejoin = on SET default_statistics_target = 10
SET client_min_messages = warning AS $$
DECLARE
    waiting bigint;
    t text;
BEGIN
    -- One instant for all that is read: the caller's snapshot, or nobody writing meanwhile.
    IF current_setting('transaction_isolation') = 'read committed' THEN
        PERFORM pg_advisory_xact_lock(lock_key('dorad'), lock_key('world'));
    END IF;
    SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM month_mark)
           + (SELECT count(*) FROM future, clock WHERE at <= as_of) INTO waiting;
    IF waiting > 0 THEN
        RETURN NEXT format('%s marks are waiting to be worked off; run the roll-up first', waiting);
        RETURN;
    END IF;
    PERFORM set_aside(written_beside(), 'pg_temp, dorad_data', 'on');
    PERFORM compute_all();
    FOREACH t IN ARRAY computed_tables() LOOP
        RETURN QUERY SELECT * FROM differences(t);
    END LOOP;
    PERFORM put_back(written_beside());
END
$$;
COMMENT ON FUNCTION dorad_data.verify IS
    'Computes everything beside what is stored and returns a line for each row that differs in '
    'anything but computed_at and revision; no lines: all is equal.';

CREATE FUNCTION dorad_data.take_over(of_table text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    keys text := (SELECT string_agg(format('%I', k), ', ') FROM unnest(key_columns(of_table)) AS k);
    keys_s text := (SELECT string_agg(format('s.%I', k), ', ') FROM unnest(key_columns(of_table)) AS k);
    keys_c text := (SELECT string_agg(format('c.%I', k), ', ') FROM unnest(key_columns(of_table)) AS k);
BEGIN
    EXECUTE format($query$
        DELETE FROM dorad_data.%I AS s
        WHERE NOT EXISTS (
            SELECT FROM %1$I AS c
            WHERE (%s) = (%s) AND ROW (%s) IS NOT DISTINCT FROM ROW (%s))$query$,
        of_table, keys_c, keys_s, same_columns(of_table, 'c'), same_columns(of_table, 's'));
    EXECUTE format($query$
        INSERT INTO dorad_data.%I
        SELECT c.* FROM %1$I AS c
        WHERE NOT EXISTS (SELECT FROM dorad_data.%1$I AS s WHERE (%s) = (%s))
        ORDER BY %s$query$, of_table, keys_c, keys_s, keys);
END
$$;
COMMENT ON FUNCTION dorad_data.take_over IS
    'Puts the rows computed beside a table, found first in the search path, in the place of those '
    'that differ.';

CREATE FUNCTION dorad_data.take_over_months() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Rows keep their age where they are equal; a changed one is a revision as ever.
    UPDATE monthly AS c SET computed_at = s.computed_at, revision = s.revision
    FROM dorad_data.monthly AS s
    WHERE s.scope = c.scope AND s.name = c.name AND s.month = c.month;
    INSERT INTO dorad_data.monthly_revision (scope, name, month, revision, computed_at,
                                             changed_at, was, became, because)
    SELECT d.scope, d.name, d.month, d.revision, d.computed_at, now(), d.was, d.became,
           '[["rebuild", "all"]]'
    FROM (
        SELECT s.scope, s.name, s.month, s.revision, s.computed_at,
               differing(values_of(to_jsonb(s)), to_jsonb(c)) - 'settled' AS was,
               CASE WHEN c.name IS NULL THEN 'null'
                    ELSE differing(values_of(to_jsonb(c)), to_jsonb(s)) - 'settled' END AS became
        FROM dorad_data.monthly AS s
        LEFT JOIN monthly AS c
            ON c.scope = s.scope AND c.name = s.name AND c.month = s.month
        WHERE s.complete AND s.* IS DISTINCT FROM c.*
    ) AS d
    WHERE d.was <> '{}';
    UPDATE monthly AS c SET computed_at = now(), revision = c.revision + (EXISTS (
            SELECT FROM dorad_data.monthly_revision AS r
            WHERE r.scope = c.scope AND r.name = c.name AND r.month = c.month
              AND r.revision = c.revision AND r.changed_at = now()))::integer
    FROM dorad_data.monthly AS s
    WHERE s.scope = c.scope AND s.name = c.name AND s.month = c.month
      AND s.* IS DISTINCT FROM c.*;
END
$$;
COMMENT ON FUNCTION dorad_data.take_over_months IS
    'Before monthly rows computed beside take over: their ages, and the revisions that they make.';

CREATE FUNCTION dorad_data.forget_marks() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- All that waits is contained in what is computed.
    DELETE FROM mark;
    DELETE FROM month_mark;
    DELETE FROM future WHERE at <= (SELECT as_of FROM clock);
    INSERT INTO future (at, source, id)
        SELECT o.at, o.source, o.id FROM observation AS o
        WHERE o.at > (SELECT as_of FROM clock) AND o.data IS NOT NULL
          AND NOT EXISTS (SELECT FROM future AS f WHERE f.source = o.source AND f.id = o.id);
END
$$;
COMMENT ON FUNCTION dorad_data.forget_marks IS
    'Leaves no marks, where everything is computed; only what is kept ahead of its time waits on.';

CREATE FUNCTION dorad_data.rebuild() RETURNS void
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = on SET enable_mergejoin = on SET default_statistics_target = 10
SET client_min_messages = warning AS $$
DECLARE
    t text;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_key('dorad'), lock_key('world'));
    PERFORM forget_marks();
    PERFORM set_aside(written_beside(), 'pg_temp, dorad_data', 'on');
    PERFORM compute_all();
    PERFORM take_over_months();
    FOREACH t IN ARRAY computed_tables() LOOP
        PERFORM take_over(t);
    END LOOP;
    PERFORM put_back(written_beside());
END
$$;
COMMENT ON FUNCTION dorad_data.rebuild IS
    'Computes everything again and puts it in the place of what differs; readers see the old '
    'rows until it commits, then the new, never a hole.';
