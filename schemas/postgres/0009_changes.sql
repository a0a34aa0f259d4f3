-- SPDX-License-Identifier: Apache-2.0
--
-- Folding observations: what all kinds share, and changes (METRICS.md R15, 9.1).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.gather(of_kind text, today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM w_seen;
    INSERT INTO w_seen
        SELECT e.entity, o.at, o.id, o.source, coalesce(a.service, o.service), o.origin_id, o.data
        FROM w_entity AS e
        CROSS JOIN LATERAL (
            SELECT v.at, v.id, v.source, v.service, v.origin_id, v.data FROM observation AS v
            WHERE v.kind = of_kind AND v.entity = e.entity AND v.at <= today
              AND v.data IS NOT NULL OFFSET 0) AS o
        LEFT JOIN service_alias AS a ON a.alias = o.service;
    PERFORM know('w_seen (entity, at)');
END
$$;
COMMENT ON FUNCTION dorad_data.gather IS
    'The observations, up to now, of the entities in w_entity: into w_seen.';

CREATE FUNCTION dorad_data.merge_origins(of_kind text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    added bigint[];
BEGIN
    DELETE FROM w_entity_origin;
    INSERT INTO w_entity_origin
        SELECT s.entity,
               CASE WHEN min(s.origin_id) = max(s.origin_id) THEN min(s.origin_id) END,
               jsonb_strip_nulls(merged(s.data -> 'origin' ORDER BY s.at, s.id, s.source))
        FROM w_seen AS s
        WHERE s.named IS NULL AND s.origin_id IS NOT NULL
        GROUP BY s.entity;
    -- Coordinates that came in pieces make an origin of their own.
    IF EXISTS (SELECT FROM w_entity_origin WHERE origin_id IS NULL) THEN
        -- Before it has a number, as those do who keep events; and before anybody says that it
        -- means another service, who could not know yet what is pieced of it.
        IF EXISTS (SELECT FROM w_entity_origin AS w
                   WHERE w.origin_id IS NULL AND NOT EXISTS (
                       SELECT FROM origin AS o
                       JOIN pieced AS p ON p.origin_id = o.origin_id
                       WHERE o.fingerprint = md5(origin_identity(
                                 jsonb_build_object('origin', w.origin))::text)
                         AND p.kind = of_kind AND p.entity = w.entity)) THEN
            PERFORM lock_alone('origins', true);
        END IF;
        SELECT array_agg(n.origin_id) FILTER (WHERE n.is_new) INTO added
        FROM origins_of(ARRAY(
            SELECT DISTINCT origin_identity(jsonb_build_object('origin', w.origin))
            FROM w_entity_origin AS w WHERE w.origin_id IS NULL)) AS n;
        IF added IS NOT NULL THEN
            PERFORM follow_origins(added);
        END IF;
        WITH numbered AS (
            UPDATE w_entity_origin AS w SET origin_id = o.origin_id
            FROM origin AS o
            WHERE w.origin_id IS NULL
              AND o.fingerprint = md5(origin_identity(
                      jsonb_build_object('origin', w.origin))::text)
            RETURNING w.origin_id, w.entity
        )
        INSERT INTO pieced SELECT n.origin_id, of_kind, n.entity FROM numbered AS n
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.merge_origins IS
    'The origin of each entity in w_seen, merged from its events: into w_entity_origin.';

CREATE FUNCTION dorad_data.touches(paths jsonb, prefixes text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Folders are compared whole: services/check is not in services/checkout.
    SELECT EXISTS (
        SELECT FROM jsonb_array_elements_text(paths) AS folder, unnest(prefixes) AS prefix
        WHERE starts_with(btrim(folder, '/') || '/', ltrim(rtrim(prefix, '/') || '/', '/')))
$$;
COMMENT ON FUNCTION dorad_data.touches IS
    'Whether one of these folders lies in one of these path prefixes.';

CREATE FUNCTION dorad_data.real_names(names text[]) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF cardinality(names) = 1 AND names[1] IS NOT NULL THEN
        RETURN ARRAY[coalesce((SELECT a.service FROM service_alias AS a WHERE a.alias = names[1]),
                              names[1])];
    ELSIF cardinality(names) = 0 THEN
        RETURN '{}';
    END IF;
    RETURN sorted(ARRAY(
        SELECT coalesce(a.service, named) FROM unnest(names) AS named
        LEFT JOIN service_alias AS a ON a.alias = named));
END
$$;
COMMENT ON FUNCTION dorad_data.real_names IS
    'Names of services with their aliases followed, distinct and sorted (METRICS.md R2).';

CREATE FUNCTION dorad_data.services_of_change(data jsonb, of_origin bigint) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    paths_known boolean;
BEGIN
    IF jsonb_typeof(data -> 'services') = 'array' THEN
        RETURN real_names(text_list(data -> 'services'));
    ELSIF of_origin IS NULL THEN
        RETURN '{}';
    END IF;
    -- Paths count only where the sender gave all of them (CATALOG.md); the most specific
    -- sources that match are meant.
    paths_known := jsonb_typeof(data #> '{origin,paths}') IS NOT DISTINCT FROM 'array'
                   AND data #> '{origin,paths_truncated}' IS DISTINCT FROM 'true';
    RETURN sorted(ARRAY(
        SELECT m.service FROM (
            SELECT s.service, s.rank + (s.paths IS NOT NULL AND paths_known)::integer AS rank,
                   max(s.rank + (s.paths IS NOT NULL AND paths_known)::integer) OVER () AS best
            FROM origin_service AS s
            WHERE s.origin_id = of_origin
              AND (s.paths IS NULL OR NOT paths_known
                   OR touches(data #> '{origin,paths}', s.paths))
        ) AS m WHERE m.rank = m.best));
END
$$;
COMMENT ON FUNCTION dorad_data.services_of_change IS
    'The services that a change belongs to: those it names, else those its origin and paths mean.';

CREATE FUNCTION dorad_data.merge_changes() RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    aliased boolean := EXISTS (SELECT FROM service_alias);
BEGIN
    INSERT INTO w_change
        SELECT l.entity, l.at, coalesce((l.data ->> 'ordinal')::integer, 0),
               instant(l.data ->> 'committed_at'),
               instant(r.review ->> 'first_commit_at'), instant(r.review ->> 'opened_at'),
               l.data ->> 'previous', l.data -> 'truncated' IS NOT DISTINCT FROM 'true',
               CASE WHEN aliased OR one_name(l.data -> 'services') IS NULL
                    THEN services_of_change(l.data, l.origin_id)
                    ELSE one_name(l.data -> 'services') END, l.origin_id,
               r.review ->> 'id', l.data ->> 'url'
        FROM (
            -- The earliest landing stands whole.
            SELECT DISTINCT ON (s.entity) s.*
            FROM w_seen AS s WHERE s.data ->> 'landed_at' IS NOT NULL
            ORDER BY s.entity, s.at, s.id, s.source
        ) AS l
        LEFT JOIN (
            SELECT s.entity, merged(s.data -> 'review' ORDER BY s.at, s.id, s.source) AS review
            FROM w_seen AS s WHERE jsonb_typeof(s.data -> 'review') = 'object'
            GROUP BY s.entity
        ) AS r ON r.entity = l.entity;
    PERFORM know('w_change');
END
$$;
COMMENT ON FUNCTION dorad_data.merge_changes IS 'The changes whose observations are in w_seen: into w_change.';

CREATE FUNCTION dorad_data.fold_changes(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather('change', today);
    PERFORM merge_changes();
    PERFORM move_changes();
    IF NOT in_bulk() THEN
        PERFORM mark_after_changes();
    END IF;
    PERFORM store_changes();
END
$$;
COMMENT ON FUNCTION dorad_data.fold_changes IS
    'Folds the changes in w_entity, stores those that differ, and marks the walks that they touch.';

CREATE FUNCTION dorad_data.move_changes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- What changed for which service: a change that came, went, moved in the order (from the
    -- earlier of its places), or whose lead time starts elsewhere (from where it was delivered).
    INSERT INTO w_change_moved
        SELECT coalesce(old.service, new.service), coalesce(old.change_id, new.change_id),
               least(old.landed_at, new.landed_at)
        FROM (
            SELECT s.* FROM w_entity AS e JOIN change_service AS s ON s.change_id = e.entity
        ) AS old
        FULL JOIN (
            SELECT service, c.change_id, c.landed_at, c.ordinal
            FROM w_change AS c CROSS JOIN unnest(c.services) AS service
        ) AS new ON new.service = old.service AND new.change_id = old.change_id
        WHERE (old.landed_at, old.ordinal) IS DISTINCT FROM (new.landed_at, new.ordinal);
    PERFORM know('w_change_moved');
END
$$;
COMMENT ON FUNCTION dorad_data.move_changes IS
    'Which changes of w_change came, went or moved, for which services: into w_change_moved.';

CREATE FUNCTION dorad_data.mark_after_changes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- A walk starts at the earliest deployment that the change may matter to (METRICS.md 9.2):
    INSERT INTO mark (stage, service, at)
        SELECT 'walk', w.service, min(w.at)
        FROM (
            -- the first whose sha stands at or after it in order, which may precede its landing;
            SELECT m.service, d.at
            FROM w_change_moved AS m
            CROSS JOIN LATERAL (
                SELECT f.at FROM deployment_fact AS f
                WHERE f.service = m.service AND f.reach_landed_at >= m.from_landed_at
                ORDER BY f.reach_landed_at, f.at LIMIT 1) AS d
            UNION ALL
            -- one of that very sha, or of a prefix of it;
            SELECT m.service, d.at
            FROM w_change_moved AS m
            CROSS JOIN LATERAL (
                SELECT f.at FROM deployment_fact AS f
                WHERE f.service = m.service AND f.sha = m.change_id
                ORDER BY f.at LIMIT 1) AS d
            UNION ALL
            SELECT m.service, f.at
            FROM w_change_moved AS m
            JOIN deployment_fact AS f
                ON f.service = m.service
               AND f.given_sha BETWEEN left(m.change_id, 7) AND m.change_id
               AND octet_length(f.given_sha) < 40 AND is_short_sha(f.given_sha)
               AND starts_with(m.change_id, f.given_sha)
            UNION ALL
            -- one that lists it, in whatever service;
            SELECT f.service, f.at
            FROM w_entity AS e
            JOIN link AS l ON l.name_kind = 'change' AND l.name = e.entity
            JOIN deployment_fact AS f
                ON f.service = l.service AND f.deployment_id = l.from_id
            UNION ALL
            -- the one that delivered it, when its lead time may have changed.
            SELECT d.service, d.at
            FROM w_entity AS e
            JOIN change_delivery AS d ON d.change_id = e.entity
            LEFT JOIN w_change AS new ON new.change_id = e.entity
            LEFT JOIN change AS old ON old.change_id = e.entity
            WHERE (old.landed_at, old.committed_at, old.first_commit_at, old.opened_at)
                  IS DISTINCT FROM
                  (new.landed_at, new.committed_at, new.first_commit_at, new.opened_at)
        ) AS w
        GROUP BY w.service ORDER BY w.service;

    -- A sha that incidents name by a prefix may now mean one change, or no longer.
    INSERT INTO mark (stage, entity)
        SELECT DISTINCT l.from_kind, l.from_id
        FROM w_change_moved AS m
        JOIN link AS l
            ON l.name_kind = 'sha' AND l.name BETWEEN left(m.change_id, 7) AND m.change_id
           AND starts_with(m.change_id, l.name)
        ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_after_changes IS
    'Marks the walks and incidents that the changes in w_change touch, before they are stored.';

CREATE FUNCTION dorad_data.store_changes() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM change AS c USING w_entity AS e
    WHERE c.change_id = e.entity
      AND NOT EXISTS (SELECT FROM w_change AS w WHERE w.change_id = e.entity);
    INSERT INTO change AS c SELECT w.* FROM w_change AS w ORDER BY w.change_id
    ON CONFLICT (change_id) DO UPDATE SET
        (landed_at, ordinal, committed_at, first_commit_at, opened_at, previous, truncated,
         services, origin_id, review_id, url) =
        (excluded.landed_at, excluded.ordinal, excluded.committed_at, excluded.first_commit_at,
         excluded.opened_at, excluded.previous, excluded.truncated, excluded.services,
         excluded.origin_id, excluded.review_id, excluded.url)
    WHERE c.* IS DISTINCT FROM excluded.*;
    DELETE FROM change_service AS s USING w_change_moved AS m
    WHERE s.service = m.service AND s.change_id = m.change_id;
    INSERT INTO change_service
        SELECT m.service, w.change_id, w.landed_at, w.ordinal
        FROM w_change_moved AS m
        JOIN w_change AS w ON w.change_id = m.change_id AND m.service = ANY (w.services)
        ORDER BY 1, 3, 4, 2;
    PERFORM know('change', 'change_service');
END
$$;
COMMENT ON FUNCTION dorad_data.store_changes IS 'Stores the changes in w_change that differ from what is stored.';
