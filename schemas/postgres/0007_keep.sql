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

CREATE FUNCTION dorad_data.is_time(written text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN written IS NULL THEN true
                WHEN is_instant(written) THEN instant(written) IS NOT NULL ELSE false END
$$;
COMMENT ON FUNCTION dorad_data.is_time IS
    'Whether a text is a time, or there is none; raises where it has the form of one and is none.';

CREATE FUNCTION dorad_data.is_list(list jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT list IS NULL OR list::text !~ '^[^[]|.[[{]' AND octet_length(list::text) <= 500
$$;
COMMENT ON FUNCTION dorad_data.is_list IS 'Whether it is plain that this is a list of short names, or nothing.';

CREATE FUNCTION dorad_data.looks_sound(data jsonb) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(greatest(
               octet_length(data ->> 'service'), octet_length(data ->> 'sha'),
               octet_length(data ->> 'rollout_id'), octet_length(data ->> 'rolls_back'),
               octet_length(data ->> 'team'), octet_length(data ->> 'caused_by_sha'),
               octet_length(data ->> 'caused_by_change_request'),
               octet_length(data ->> 'duplicate_of'), octet_length(data ->> 'previous'),
               octet_length(data ->> 'environment')) <= 500, true)
       AND coalesce(data ->> 'status' IN ('started', 'succeeded', 'failed', 'cancelled', 'todo',
                                          'in_progress', 'done'), true)
       AND coalesce(data ->> 'environment_class' IN ('production', 'sealed', 'other'), true)
       AND is_time(data ->> 'landed_at') AND is_time(data ->> 'committed_at')
       AND is_time(data ->> 'started_at') AND is_time(data ->> 'resolved_at')
       AND is_list(data -> 'services') AND is_list(data -> 'labels')
       AND coalesce(jsonb_typeof(data -> 'origin') = 'object', true)
       AND coalesce(data -> 'ordinal' = '0', true)
       AND NOT data ?| '{actual_start,actual_end,sprint_started_at,added_to_sprint_at,changes,
                         caused_by_deployments,deployment_ids,linked_incidents,severity,
                         label_changes,review}'
$$;
COMMENT ON FUNCTION dorad_data.looks_sound IS
    'Whether a quick look at an event''s data shows that nothing is wrong; where not, '
    'fault_of_member() says of each member.';

CREATE FUNCTION dorad_data.looks_whole(kind text, id text, source text, "time" text, data jsonb)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- One expression, so that it is written out where it is asked: for each event.
    SELECT octet_length(id) BETWEEN 1 AND 255 AND octet_length(source) BETWEEN 1 AND 255
       AND is_instant("time") AND jsonb_typeof(data) = 'object'
       AND octet_length(entity_of(kind, data)) BETWEEN 1 AND 500
       AND CASE kind
           WHEN 'deployment' THEN data ->> 'service' IS NOT NULL
                                  OR jsonb_typeof(data -> 'origin') = 'object'
           WHEN 'incident' THEN coalesce(data ->> 'state' IN ('open', 'resolved', 'cancelled'), true)
           ELSE true END
       AND looks_sound(data)
$$;
COMMENT ON FUNCTION dorad_data.looks_whole IS
    'Whether a quick look at an event shows that nothing is wrong; where not, fault_in() says. '
    'Raises as that does where a time has the form of one and is none.';

CREATE FUNCTION dorad_data.fault_in(kind text, id text, source text, "time" text, data jsonb)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    fault text := fault_of(kind, id, source, "time", data);
BEGIN
    IF fault IS NULL AND data IS NOT NULL THEN
        SELECT 'data.' || m.key || m.fault INTO fault
        FROM (SELECT d.key, fault_of_member(d.key, d.value) AS fault FROM jsonb_each(data) AS d) AS m
        WHERE m.fault IS NOT NULL LIMIT 1;
    END IF;
    RETURN fault;
END
$$;
COMMENT ON FUNCTION dorad_data.fault_in IS
    'What is wrong with an event that could not be folded; null when nothing is.';

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
            endpoint text COLLATE "C", delivery text COLLATE "C", data jsonb, fault text
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
    INSERT INTO w_event (source, id, revision, kind, entity, at, sent_time, service, identity,
                         subject, endpoint, delivery, data, fault)
    SELECT e.source, e.id, coalesce(e.revision, 0), e.kind,
           coalesce(entity_of(e.kind, e.data), ''),
           CASE WHEN e.fault IS NOT NULL THEN NULL
                WHEN e.kind = 'change' AND e.data ->> 'landed_at' IS NOT NULL
                THEN instant(e.data ->> 'landed_at') ELSE instant(e."time") END,
           CASE WHEN e.fault IS NULL THEN instant(e."time") END,
           CASE WHEN e.kind = 'deployment' THEN nullif(e.data ->> 'service', '') END,
           CASE WHEN jsonb_typeof(e.data -> 'origin') = 'object' THEN origin_identity(e.data) END,
           e.subject, e.endpoint, e.delivery, e.data, e.fault
    FROM (
        SELECT r.*, CASE WHEN coalesce(looks_whole(r.kind, r.id, r.source, r."time", r.data), false)
                         THEN NULL ELSE fault_in(r.kind, r.id, r.source, r."time", r.data) END AS fault
        FROM (
            SELECT b.kind, b.source, b.id, b.revision, b."time", b.endpoint, b.delivery, b.subject,
                   nullif(b.data, 'null') AS data
            FROM jsonb_to_recordset(batch) AS b (
                kind text, source text, id text, revision bigint, "time" text, endpoint text,
                delivery text, subject text, data jsonb)
            OFFSET 0
        ) AS r
        OFFSET 0
    ) AS e;
    SELECT e.id, e.fault INTO bad FROM w_event AS e WHERE e.fault IS NOT NULL LIMIT 1;
    IF FOUND THEN
        PERFORM refuse_event(bad.id, bad.fault);
    END IF;
    -- Of several with one key one stands.
    IF EXISTS (SELECT FROM w_event GROUP BY source, id HAVING count(*) > 1) THEN
        DELETE FROM w_event AS e WHERE e.ctid = ANY (ARRAY(
            SELECT c.ctid FROM (
                SELECT w.ctid, row_number() OVER (
                    PARTITION BY w.source, w.id
                    ORDER BY w.revision DESC,
                             canonical_event(w.kind, w.subject, w.sent_time, w.data) COLLATE "C"
                    ) AS place
                FROM w_event AS w) AS c
            WHERE c.place > 1));
    END IF;
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

CREATE FUNCTION dorad_data.meet_kept() RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n_replaced integer;
BEGIN
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
    UPDATE w_event AS e SET entity = o.entity
    FROM observation AS o
    WHERE o.source = e.source AND o.id = e.id AND e.data IS NULL;
    RETURN n_replaced;
END
$$;
COMMENT ON FUNCTION dorad_data.meet_kept IS
    'Leaves in w_event what is new or better than what is kept, and returns how many it replaces.';

CREATE FUNCTION dorad_data.keep(batch jsonb) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off
SET random_page_cost = 0.1 SET client_min_messages = warning AS $$
DECLARE
    n_new integer;
    n_replaced integer := 0;
    n_updated integer;
    n_all integer := jsonb_array_length(batch);
    today timestamptz;
    moved bigint[];
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

    IF EXISTS (SELECT FROM w_event AS e
               JOIN observation AS o ON o.source = e.source AND o.id = e.id) THEN
        n_replaced := meet_kept();
    END IF;
    moved := number_origins();
    INSERT INTO w_touched
        SELECT e.kind, e.entity, e.service, e.origin_id, e.at, false FROM w_event AS e;
    DELETE FROM w_touched AS t WHERE t.at > today;
    moved := moved || lock_origins();

    WITH put AS (
        INSERT INTO observation AS o (source, id, revision, kind, entity, at, sent_time, service,
                                      origin_id, subject, endpoint, delivery, data, kept_at)
            SELECT e.source, e.id, e.revision, e.kind, e.entity, e.at, e.sent_time, e.service,
                   e.origin_id, e.subject, e.endpoint, e.delivery, e.data, now()
            FROM w_event AS e ORDER BY e.source, e.id
        ON CONFLICT (source, id) DO UPDATE SET
            revision = excluded.revision, kind = excluded.kind,
            entity = CASE WHEN excluded.data IS NULL THEN o.entity ELSE excluded.entity END,
            at = excluded.at, sent_time = excluded.sent_time, service = excluded.service,
            origin_id = excluded.origin_id, subject = excluded.subject,
            endpoint = excluded.endpoint, delivery = excluded.delivery, data = excluded.data,
            kept_at = excluded.kept_at
        WHERE excluded.revision > o.revision
           OR excluded.revision = o.revision
              AND canonical_event(excluded.kind, excluded.subject, excluded.sent_time, excluded.data)
                  COLLATE "C" < canonical_event(o.kind, o.subject, o.sent_time, o.data)
        RETURNING o.xmax <> 0 AS updated    -- of a row inserted it is 0
    )
    SELECT count(*), count(*) FILTER (WHERE put.updated) INTO n_new, n_updated FROM put;
    IF n_updated > n_replaced THEN
        -- Another worker kept the same event meanwhile, in a lesser form: what that touched
        -- is touched again, by another try.
        RAISE EXCEPTION 'an event was kept by two workers at once' USING ERRCODE = '40001';
    END IF;
    INSERT INTO future (at, source, id)
        SELECT e.at, e.source, e.id FROM w_event AS e WHERE e.at > today AND e.data IS NOT NULL;
    PERFORM touch(moved);
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
    PERFORM lock_alone('origins', true);
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

CREATE FUNCTION dorad_data.moved_origins() RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
BEGIN
    -- A name seen for the first time, or earlier than known, or by one that is not known to be
    -- its present bearer, or no longer.
    RETURN QUERY
    SELECT t.origin_id
    FROM (
        SELECT w.origin_id, min(w.at) AS at, bool_or(w.replaced) AS replaced,
               bool_or(w.kind IN ('deployment', 'change')) AS of_service
        FROM w_touched AS w WHERE w.origin_id IS NOT NULL GROUP BY w.origin_id
    ) AS t
    JOIN origin AS o ON o.origin_id = t.origin_id
    LEFT JOIN repository_name AS n
        ON n.system = o.system AND n.host = coalesce(o.host, '')
       AND n.name = o.repository AND n.repository_id = o.repository_id
    WHERE o.repository IS NOT NULL
      AND (t.replaced
           OR o.repository_id IS NOT NULL
              AND (n.name IS NULL OR t.at < n.at OR NOT n.bears_it OR NOT n.latest)
           OR t.of_service AND NOT EXISTS (
                  SELECT FROM origin_service AS s WHERE s.origin_id = t.origin_id));
END
$$;
COMMENT ON FUNCTION dorad_data.moved_origins IS
    'Of the origins in w_touched those whose names, or whose services, may be others now.';

CREATE FUNCTION dorad_data.lock_origins() RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    moved bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM w_touched WHERE origin_id IS NOT NULL) THEN
        RETURN '{}';
    END IF;
    -- Who says what an origin means marks all that came from it; so nobody may keep meanwhile,
    -- unseen by him, what is then marked for the service that it meant before. Most mean what
    -- they did, and are kept side by side.
    moved := ARRAY(SELECT moved_origins());
    IF moved = '{}' THEN
        PERFORM lock_shared('origins', true);
    ELSE
        PERFORM lock_alone('origins', true);
    END IF;
    -- Again, for somebody may have said so while this waited.
    moved := ARRAY(SELECT moved_origins());
    IF moved <> '{}' THEN
        PERFORM lock_alone('origins', true);
    END IF;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION dorad_data.lock_origins IS
    'Sees to it that nobody but this transaction says what the origins in w_touched mean until it '
    'ends, and returns those that have to be followed.';

CREATE FUNCTION dorad_data.touch(moved bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE origin AS o SET makes_service = true
    WHERE NOT o.makes_service AND o.repository IS NOT NULL AND o.origin_id IN (
        SELECT t.origin_id FROM w_touched AS t WHERE t.kind IN ('deployment', 'change'));
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
    -- A deployment that came by other coordinates before may have facts elsewhere, or soon will:
    -- another session may be computing it.
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT 'deployment', f.service, t.entity
        FROM w_touched AS t
        JOIN LATERAL (
            SELECT d.service FROM deployment_fact AS d WHERE d.deployment_id = t.entity
            UNION SELECT m.service FROM deployment_member AS m WHERE m.deployment_id = t.entity
            UNION
            SELECT s.service FROM observation AS v
            JOIN origin_service AS s ON s.origin_id = v.origin_id
            WHERE v.kind = 'deployment' AND v.entity = t.entity AND v.origin_id <> t.origin_id
              AND v.service IS NULL
        ) AS f ON true
        WHERE t.kind = 'deployment' AND t.service IS NULL AND t.entity <> '';
END
$$;
COMMENT ON FUNCTION dorad_data.touch IS
    'Marks what the events in w_touched touch (METRICS.md 9.2), the origins that moved first.';
