-- SPDX-License-Identifier: Apache-2.0
--
-- keep(): a batch of events into observations (METRICS.md R1), and marks for what they touch.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.entity_of(kind text, data jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE kind
        WHEN 'deployment' THEN data ->> 'deployment_id'
        WHEN 'change' THEN data ->> 'change_id'
        WHEN 'incident' THEN data ->> 'incident_id'
        WHEN 'change_request' THEN data ->> 'cr_id'
        WHEN 'work_item' THEN data ->> 'item_id'
        WHEN 'correction' THEN data #>> '{target,id}' END
$$;
COMMENT ON FUNCTION dorad_data.entity_of IS 'The key of what an event speaks of (EVENTS.md section 2).';

CREATE FUNCTION dorad_data.fault_of(kind text, id text, source text, "time" text, data jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    -- What the folds rely on; the schemas of the events say more. NULL: nothing is wrong.
    RETURN CASE
        WHEN kind IS NULL OR kind NOT IN ('deployment', 'change', 'incident', 'work_item',
                                          'change_request', 'correction') THEN
            'kind is not one of deployment, change, incident, work_item, change_request, correction'
        WHEN coalesce(id, '') = '' OR octet_length(id) > 255 THEN
            'id is missing or longer than 255 bytes'
        WHEN coalesce(source, '') = '' OR octet_length(source) > 255 THEN
            'source is missing or longer than 255 bytes'
        WHEN "time" IS NULL OR NOT is_instant("time") THEN
            'time is not of the form 2026-06-01T21:59:22.000000Z'
        WHEN data IS NULL THEN NULL
        WHEN jsonb_typeof(data) <> 'object' THEN 'data is neither an object nor null'
        WHEN coalesce(entity_of(kind, data), '') = '' THEN
            CASE kind WHEN 'deployment' THEN 'data.deployment_id is missing'
                      WHEN 'change' THEN 'data.change_id is missing'
                      WHEN 'incident' THEN 'data.incident_id is missing'
                      WHEN 'change_request' THEN 'data.cr_id is missing'
                      WHEN 'work_item' THEN 'data.item_id is missing'
                      ELSE 'data.target.id is missing' END
        WHEN octet_length(entity_of(kind, data)) > 500 THEN
            'the id of what it speaks of is longer than 500 bytes'
        WHEN kind = 'deployment' AND data ->> 'service' IS NULL
             AND coalesce(jsonb_typeof(data -> 'origin'), 'null') = 'null' THEN
            'data names neither a service nor an origin'
        WHEN kind = 'incident' AND data ->> 'state' IS NOT NULL
             AND data ->> 'state' NOT IN ('open', 'resolved', 'cancelled') THEN
            'data.state is not open, resolved or cancelled'
        END;
END
$$;
COMMENT ON FUNCTION dorad_data.fault_of IS
    'What is wrong with an event as a whole that could not be folded; null when nothing is.';

CREATE FUNCTION dorad_data.fault_of_time(written jsonb) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF written IS NULL OR written = 'null' THEN
        RETURN NULL;
    ELSIF NOT is_instant(written #>> '{}') THEN
        RETURN ' is not a time of the form 2026-06-01T21:59:22.000000Z';
    END IF;
    -- Read once now, so that no fold can fail on the 30th of February.
    RETURN CASE WHEN instant(written #>> '{}') IS NULL THEN ' is not a time' END;
END
$$;
COMMENT ON FUNCTION dorad_data.fault_of_time IS
    'What is wrong with a time within an event; raises where it has the form of one and is none.';

CREATE FUNCTION dorad_data.fault_of_member(key text, value jsonb) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF value = 'null' THEN
        RETURN NULL;
    END IF;
    CASE
        WHEN key IN ('landed_at', 'committed_at', 'started_at', 'resolved_at', 'actual_start',
                     'actual_end', 'sprint_started_at', 'added_to_sprint_at') THEN
            RETURN fault_of_time(value);
        WHEN key IN ('changes', 'services', 'caused_by_deployments', 'deployment_ids', 'labels',
                     'linked_incidents') THEN
            RETURN CASE
                WHEN jsonb_typeof(value) <> 'array' OR jsonb_path_exists(
                         value, '$[*] ? (@.type() == "array" || @.type() == "object")') THEN
                    ' is not a list of names'
                WHEN octet_length(value::text) > 500 AND EXISTS (
                         SELECT FROM jsonb_array_elements_text(value) AS element
                         WHERE octet_length(element) > 500) THEN
                    ' has a name longer than 500 bytes' END;
        WHEN key IN ('ordinal', 'severity') THEN
            RETURN CASE WHEN jsonb_typeof(value) <> 'number' OR value #>> '{}' !~ '^\d{1,9}$'
                        THEN ' is not an integer from 0 to 999999999' END;
        WHEN key IN ('service', 'sha', 'rollout_id', 'rolls_back', 'team', 'caused_by_sha',
                     'caused_by_change_request', 'duplicate_of', 'previous', 'environment') THEN
            RETURN CASE WHEN octet_length(value #>> '{}') > 500 THEN ' is longer than 500 bytes' END;
        WHEN key = 'status' THEN
            RETURN CASE WHEN value #>> '{}' NOT IN ('started', 'succeeded', 'failed', 'cancelled',
                                                    'todo', 'in_progress', 'done')
                        THEN ' is not one that EVENTS.md names' END;
        WHEN key = 'environment_class' THEN
            RETURN CASE WHEN value #>> '{}' NOT IN ('production', 'sealed', 'other')
                        THEN ' is not production, sealed or other' END;
        WHEN key IN ('origin', 'label_changes') THEN
            RETURN CASE WHEN jsonb_typeof(value) <> 'object' THEN ' is not an object' END;
        WHEN key = 'review' THEN
            IF jsonb_typeof(value) <> 'object' THEN
                RETURN ' is not an object';
            END IF;
            RETURN coalesce('.opened_at' || fault_of_time(value -> 'opened_at'),
                            '.first_commit_at' || fault_of_time(value -> 'first_commit_at'));
        ELSE
            RETURN NULL;
    END CASE;
END
$$;
COMMENT ON FUNCTION dorad_data.fault_of_member IS
    'What is wrong with a member of an event''s data; null when nothing is.';

CREATE FUNCTION dorad_data.is_sound(key text, value jsonb) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- One expression, so that it is written out where it is asked: for each member of each event.
    SELECT CASE
        WHEN value = 'null' THEN true
        WHEN key IN ('landed_at', 'committed_at', 'started_at', 'resolved_at', 'actual_start',
                     'actual_end', 'sprint_started_at', 'added_to_sprint_at') THEN
            CASE WHEN is_instant(value #>> '{}') THEN instant(value #>> '{}') IS NOT NULL
                 ELSE false END
        WHEN key IN ('changes', 'services', 'caused_by_deployments', 'deployment_ids', 'labels',
                     'linked_incidents') THEN
            value::text !~ '^[^[]|.[[{]' AND octet_length(value::text) <= 500
        WHEN key IN ('service', 'sha', 'rollout_id', 'rolls_back', 'team', 'caused_by_sha',
                     'caused_by_change_request', 'duplicate_of', 'previous', 'environment') THEN
            octet_length(value::text) <= 500
        WHEN key = 'status' THEN
            value IN ('"started"', '"succeeded"', '"failed"', '"cancelled"', '"todo"',
                      '"in_progress"', '"done"')
        WHEN key = 'environment_class' THEN value IN ('"production"', '"sealed"', '"other"')
        WHEN key IN ('origin', 'label_changes') THEN jsonb_typeof(value) = 'object'
        WHEN key IN ('ordinal', 'severity', 'review') THEN false
        ELSE true END
$$;
COMMENT ON FUNCTION dorad_data.is_sound IS
    'Whether a quick look at a member of an event''s data shows that nothing is wrong; where not, '
    'fault_of_member() says. Raises as that does where a time has the form of one and is none.';

CREATE FUNCTION dorad_data.canonical_event(kind text, subject text, "time" timestamptz, data jsonb)
RETURNS text
LANGUAGE sql STABLE AS $$
    -- Of two events with the same source, id and revision; what they share is left out, and
    -- the keys that are left stand in sorted order. Without a subject "time" comes next.
    SELECT canonical(coalesce(data, 'null')) || ',"s' || coalesce(
               'ubject":' || to_json(subject)::text, 'v') || ',"time":"'
           || to_char("time" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           || '","type":"dorad.' || kind || '.v1"'
$$;
COMMENT ON FUNCTION dorad_data.canonical_event IS
    'By what two events of one key and revision are compared; the smaller stands (METRICS.md R1).';

CREATE FUNCTION dorad_data.origin_identity(data jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_strip_nulls(data -> 'origin')
           - '{paths,paths_truncated,workflow,task,environment}'::text[]
    WHERE jsonb_typeof(data -> 'origin') = 'object'
$$;
COMMENT ON FUNCTION dorad_data.origin_identity IS
    'The coordinates of an event that say where it is from, without those that vary with each event.';

CREATE FUNCTION dorad_data.origins_of(identities jsonb[]) RETURNS TABLE (
    identity jsonb, origin_id bigint, is_new boolean)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH wanted AS (
        SELECT DISTINCT i.identity, md5(i.identity::text) AS fingerprint
        FROM unnest(identities) AS i (identity)
    ), added AS (
        INSERT INTO origin (coordinates, fingerprint, system, host, repository, repository_id)
        SELECT w.identity, w.fingerprint, coalesce(w.identity ->> 'system', ''),
               w.identity ->> 'host', nullif(w.identity ->> 'repository', ''),
               nullif(w.identity ->> 'repository_id', '')
        FROM wanted AS w
        WHERE NOT EXISTS (SELECT FROM origin AS o WHERE o.fingerprint = w.fingerprint)
        ORDER BY w.fingerprint COLLATE "C"
        ON CONFLICT (fingerprint) DO NOTHING
        RETURNING origin.origin_id AS id, fingerprint
    )
    SELECT w.identity, coalesce(a.id, o.origin_id), a.id IS NOT NULL
    FROM wanted AS w
    LEFT JOIN added AS a ON a.fingerprint = w.fingerprint
    LEFT JOIN origin AS o ON o.fingerprint = w.fingerprint;
END
$$;
COMMENT ON FUNCTION dorad_data.origins_of IS
    'The number of each set of coordinates, given one where it had none. Null where another '
    'transaction gave it one at the same moment: ask again.';

CREATE FUNCTION dorad_data.refuse_event(id text, why text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'event %: %', coalesce(id, '(without id)'), why USING ERRCODE = '22023';
END
$$;
COMMENT ON FUNCTION dorad_data.refuse_event IS 'Raises the error for an event that cannot be kept.';

CREATE FUNCTION dorad_data.make_room() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Can be asked for only before a session's first temporary table.
    IF pg_my_temp_schema() = 0
       AND pg_size_bytes(current_setting('temp_buffers')) < pg_size_bytes('32MB') THEN
        PERFORM set_config('temp_buffers', '32MB', false);
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.make_room IS
    'Gives a session memory for its temporary tables: what does not fit is written to files.';

CREATE FUNCTION dorad_data.stage_tables() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.w_event') IS NULL THEN
        PERFORM make_room();
        CREATE TEMP TABLE w_event (
            source text COLLATE "C", id text COLLATE "C", revision bigint,
            kind text COLLATE "C", entity text COLLATE "C",
            at timestamptz, sent_time timestamptz, service text COLLATE "C",
            identity jsonb, origin_id bigint, subject text COLLATE "C",
            endpoint text COLLATE "C", delivery text COLLATE "C", data jsonb,
            is_new boolean
        );
        CREATE TEMP TABLE w_touched (
            kind text COLLATE "C", entity text COLLATE "C", service text COLLATE "C",
            origin_id bigint, at timestamptz, replaced boolean
        );
    END IF;
    IF pg_relation_size('pg_temp.w_event') > 4194304 THEN
        TRUNCATE w_event, w_touched;
    END IF;
    DELETE FROM w_event;
    DELETE FROM w_touched;
END
$$;
COMMENT ON FUNCTION dorad_data.stage_tables IS
    'Empty tables for the events of a batch: as they came, and what they touch.';

CREATE FUNCTION dorad_data.stage_events(batch jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    PERFORM stage_tables();

    SELECT b.id, b.fault INTO bad
    FROM jsonb_to_recordset(batch) AS e (kind text, source text, id text, "time" text, data jsonb)
    CROSS JOIN LATERAL (
        SELECT e.id, fault_of(e.kind, e.id, e.source, e."time", nullif(e.data, 'null')) AS fault
        UNION ALL
        SELECT e.id, 'data.' || m.key || fault_of_member(m.key, m.value)
        FROM jsonb_each(CASE WHEN jsonb_typeof(e.data) = 'object' THEN e.data ELSE '{}' END) AS m
        WHERE NOT is_sound(m.key, m.value)
    ) AS b
    WHERE b.fault IS NOT NULL
    LIMIT 1;
    IF FOUND THEN
        PERFORM refuse_event(bad.id, bad.fault);
    END IF;

    INSERT INTO w_event (source, id, revision, kind, entity, at, sent_time, service, identity,
                         subject, endpoint, delivery, data)
    SELECT DISTINCT ON (e.source COLLATE "C", e.id COLLATE "C")
           e.source, e.id, coalesce(e.revision, 0), e.kind,
           coalesce(entity_of(e.kind, e.data), ''),
           CASE WHEN e.kind = 'change' AND e.data ->> 'landed_at' IS NOT NULL
                THEN instant(e.data ->> 'landed_at') ELSE instant(e."time") END,
           instant(e."time"),
           CASE WHEN e.kind = 'deployment' THEN nullif(e.data ->> 'service', '') END,
           origin_identity(e.data), e.subject, e.endpoint, e.delivery, e.data
    FROM (
        SELECT r.kind, r.source, r.id, r.revision, r."time", r.endpoint, r.delivery, r.subject,
               nullif(r.data, 'null') AS data,
               count(*) OVER (PARTITION BY r.source, r.id) AS copies
        FROM jsonb_to_recordset(batch) AS r (
            kind text, source text, id text, revision bigint, "time" text, endpoint text,
            delivery text, subject text, data jsonb)
    ) AS e
    ORDER BY e.source COLLATE "C", e.id COLLATE "C", coalesce(e.revision, 0) DESC,
             CASE WHEN e.copies > 1
                  THEN canonical_event(e.kind, e.subject, instant(e."time"), e.data) END COLLATE "C";
END
$$;
COMMENT ON FUNCTION dorad_data.stage_events IS
    'Reads a batch into w_event, one row for each key; an event that could not be folded is refused.';

CREATE FUNCTION dorad_data.blame_event(batch jsonb, why text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    one jsonb;
BEGIN
    -- Only after the batch as a whole has failed: which one was it?
    FOR one IN SELECT * FROM jsonb_array_elements(batch) LOOP
        BEGIN
            PERFORM stage_events(jsonb_build_array(one));
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            PERFORM refuse_event(one ->> 'id', SQLERRM);
        END;
    END LOOP;
    RAISE EXCEPTION '%', why USING ERRCODE = '22023';
END
$$;
COMMENT ON FUNCTION dorad_data.blame_event IS 'Raises the error of the one event that spoils a batch.';

CREATE FUNCTION dorad_data.keep(batch jsonb) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off
SET random_page_cost = 0.1 SET client_min_messages = warning AS $$
DECLARE
    n_new integer;
    n_replaced integer;
    n_all integer := jsonb_array_length(batch);
    today timestamptz;
    new_origins bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(lock_key('dorad'), lock_key('world'));
    BEGIN
        PERFORM stage_events(batch);
    EXCEPTION
        WHEN invalid_parameter_value THEN RAISE;
        WHEN data_exception OR integrity_constraint_violation THEN
            PERFORM blame_event(batch, SQLERRM);
    END;
    SELECT as_of INTO today FROM clock;

    -- What is kept already, or better, goes no further; what it replaces is touched too.
    DELETE FROM w_event AS e USING observation AS o
    WHERE o.source = e.source AND o.id = e.id
      AND (o.revision > e.revision
           OR o.revision = e.revision
              AND (o.kind = e.kind AND o.sent_time = e.sent_time
                       AND o.data IS NOT DISTINCT FROM e.data
                   OR canonical_event(o.kind, o.subject, o.sent_time, o.data) COLLATE "C"
                      <= canonical_event(e.kind, e.subject, e.sent_time, e.data)));
    INSERT INTO w_touched
        SELECT o.kind, o.entity, o.service, o.origin_id, o.at, true
        FROM w_event AS e JOIN observation AS o ON o.source = e.source AND o.id = e.id;
    GET DIAGNOSTICS n_replaced = ROW_COUNT;
    -- A withdrawal does not say of what: the event that it withdraws does.
    UPDATE w_event AS e SET entity = o.entity, is_new = false
    FROM observation AS o
    WHERE o.source = e.source AND o.id = e.id AND e.data IS NULL;

    new_origins := number_origins();

    INSERT INTO observation AS o (source, id, revision, kind, entity, at, sent_time, service,
                                  origin_id, subject, endpoint, delivery, data, kept_at)
        SELECT e.source, e.id, e.revision, e.kind, e.entity, e.at, e.sent_time, e.service,
               e.origin_id, e.subject, e.endpoint, e.delivery, e.data, now()
        FROM w_event AS e ORDER BY e.source, e.id
    ON CONFLICT (source, id) DO UPDATE SET
        revision = excluded.revision, kind = excluded.kind,
        entity = CASE WHEN excluded.data IS NULL THEN o.entity ELSE excluded.entity END,
        at = excluded.at, sent_time = excluded.sent_time, service = excluded.service,
        origin_id = excluded.origin_id, subject = excluded.subject, endpoint = excluded.endpoint,
        delivery = excluded.delivery, data = excluded.data, kept_at = excluded.kept_at
    WHERE excluded.revision > o.revision
       OR excluded.revision = o.revision
          AND canonical_event(excluded.kind, excluded.subject, excluded.sent_time, excluded.data)
              COLLATE "C" < canonical_event(o.kind, o.subject, o.sent_time, o.data);
    GET DIAGNOSTICS n_new = ROW_COUNT;

    INSERT INTO w_touched
        SELECT e.kind, e.entity, e.service, e.origin_id, e.at, false FROM w_event AS e;
    INSERT INTO future (at, source, id)
        SELECT e.at, e.source, e.id FROM w_event AS e WHERE e.at > today AND e.data IS NOT NULL;
    DELETE FROM w_touched AS t WHERE t.at > today;
    PERFORM touch(new_origins);
    RETURN jsonb_build_object('kept', n_new - n_replaced, 'replaced', n_replaced,
                              'unchanged', n_all - n_new);
END
$$;
COMMENT ON FUNCTION dorad_data.keep IS
    'Keeps a batch of events and marks what they touch; the same event twice changes nothing. '
    'The batch is a list of {kind, source, id, revision, time, endpoint, delivery, subject, '
    'data}. Returns how many were kept, replaced and unchanged. A bad event raises 22023 with '
    'its id and the reason.';

CREATE FUNCTION dorad_data.number_origins() RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    added bigint[];
BEGIN
    UPDATE w_event AS e SET origin_id = o.origin_id
    FROM origin AS o
    WHERE e.identity IS NOT NULL AND o.fingerprint = md5(e.identity::text);
    IF NOT EXISTS (SELECT FROM w_event WHERE identity IS NOT NULL AND origin_id IS NULL) THEN
        RETURN '{}';
    END IF;
    SELECT coalesce(array_agg(n.origin_id) FILTER (WHERE n.is_new), '{}') INTO added
    FROM origins_of((SELECT array_agg(DISTINCT identity) FROM w_event
                     WHERE identity IS NOT NULL AND origin_id IS NULL)) AS n;
    -- A new statement sees those that another transaction numbered meanwhile.
    UPDATE w_event AS e SET origin_id = o.origin_id
    FROM origin AS o
    WHERE e.identity IS NOT NULL AND e.origin_id IS NULL
      AND o.fingerprint = md5(e.identity::text);
    RETURN added;
END
$$;
COMMENT ON FUNCTION dorad_data.number_origins IS
    'Gives the events in w_event the numbers of their origins, and returns those that are new.';

CREATE FUNCTION dorad_data.touch(new_origins bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    moved bigint[];
BEGIN
    UPDATE origin AS o SET makes_service = true
    WHERE NOT o.makes_service AND o.repository IS NOT NULL AND o.origin_id IN (
        SELECT t.origin_id FROM w_touched AS t WHERE t.kind IN ('deployment', 'change'));
    moved := new_origins;
    IF FOUND OR EXISTS (SELECT FROM w_touched WHERE origin_id IS NOT NULL) THEN
        SELECT array_agg(DISTINCT m.origin_id) INTO moved
        FROM (
            SELECT unnest(new_origins) AS origin_id
            UNION ALL
            -- A name seen for the first time, or earlier than known, or by one that is not
            -- known to be its present bearer, or no longer.
            SELECT t.origin_id
            FROM w_touched AS t
            JOIN origin AS o ON o.origin_id = t.origin_id
            LEFT JOIN repository_name AS n
                ON n.system = o.system AND n.host = coalesce(o.host, '')
               AND n.name = o.repository AND n.repository_id = o.repository_id
            WHERE o.repository IS NOT NULL
              AND (t.replaced
                   OR o.repository_id IS NOT NULL
                      AND (n.name IS NULL OR t.at < n.at OR NOT n.bears_it OR NOT n.latest)
                   OR t.kind IN ('deployment', 'change') AND NOT EXISTS (
                          SELECT FROM origin_service AS s WHERE s.origin_id = t.origin_id))
        ) AS m;
    END IF;
    IF cardinality(moved) > 0 THEN
        PERFORM follow_origins(moved);
    END IF;

    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT t.kind, CASE WHEN t.kind = 'deployment'
                                     THEN coalesce(a.service, t.service, s.service) END, t.entity
        FROM w_touched AS t
        LEFT JOIN service_alias AS a ON a.alias = t.service
        LEFT JOIN origin_service AS s
            ON s.origin_id = t.origin_id AND t.service IS NULL AND t.kind = 'deployment'
        WHERE t.entity <> ''
          AND (t.kind <> 'deployment' OR coalesce(t.service, s.service) IS NOT NULL);
    -- A deployment that came by other coordinates before may have facts elsewhere.
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT 'deployment', f.service, t.entity
        FROM w_touched AS t
        JOIN LATERAL (
            SELECT d.service FROM deployment_fact AS d WHERE d.deployment_id = t.entity
            UNION SELECT m.service FROM deployment_member AS m WHERE m.deployment_id = t.entity
        ) AS f ON true
        WHERE t.kind = 'deployment' AND t.service IS NULL AND t.entity <> '';
END
$$;
COMMENT ON FUNCTION dorad_data.touch IS
    'Marks what the events in w_touched touch (METRICS.md 9.2), names and origins first.';
