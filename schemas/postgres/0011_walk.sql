-- SPDX-License-Identifier: Apache-2.0
--
-- The walk over a service's deployments in order (METRICS.md R12 to R16): kinds, rollbacks and
-- what they take back, first deliveries. A walk starts at the earliest instant touched and
-- takes what came before from the stored facts.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.is_short_sha(sha text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- A whole one, as most are, is told by its length alone.
    SELECT octet_length(sha) < 40 AND sha ~ '^[0-9a-f]{7,39}$'
$$;
COMMENT ON FUNCTION dorad_data.is_short_sha IS 'Whether a sha may be the beginning of a longer one.';

CREATE FUNCTION dorad_data.whole_sha(of_service text, sha text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- A prefix is used when exactly one change of the service fits.
    IF sha IS NULL OR NOT is_short_sha(sha) THEN
        RETURN sha;
    END IF;
    RETURN coalesce(
        (SELECT c.change_id FROM change_service AS c
         WHERE c.service = of_service AND c.change_id = sha),
        (SELECT CASE WHEN count(*) = 1 THEN min(m.change_id) END
         FROM (SELECT c.change_id FROM change_service AS c
               WHERE c.service = of_service AND c.change_id > sha AND c.change_id < sha || 'g'
               LIMIT 2) AS m),
        sha);
END
$$;
COMMENT ON FUNCTION dorad_data.whole_sha IS
    'A sha written out, where it is a prefix of exactly one change of the service.';

CREATE FUNCTION dorad_data.start_walks() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Where marks ask for it, or where something folded came, went or changed.
    INSERT INTO w_asked_start
        SELECT coalesce(new.service, old.service), least(new.at, old.at)
        FROM w_raw AS new
        FULL JOIN (
            SELECT f.* FROM w_group AS g
            JOIN deployment_fact AS f
                ON f.service = g.service AND f.deployment_id = g.group_id
        ) AS old ON old.service = new.service AND old.deployment_id = new.deployment_id
        WHERE (new.status = 'succeeded' OR old.status = 'succeeded')
          AND (new.at, new.status, new.lane, new.given_sha, new.is_rollback, new.rolls_back,
               new.changes, new.members)
              IS DISTINCT FROM
              (old.at, old.status, old.lane, old.given_sha, old.is_rollback, old.rolls_back,
               old.changes, old.members);
    INSERT INTO w_start
        SELECT service, min(start_at) FROM w_asked_start GROUP BY service;

    INSERT INTO w_walk
        SELECT r.* FROM w_start AS s
        JOIN w_raw AS r ON r.service = s.service AND r.at >= s.start_at
        WHERE r.status = 'succeeded';
    INSERT INTO w_walk
        SELECT f.* FROM w_start AS s
        CROSS JOIN LATERAL (
            SELECT d.* FROM deployment_fact AS d
            WHERE d.service = s.service AND d.at >= s.start_at AND d.status = 'succeeded'
            OFFSET 0) AS f
        WHERE NOT EXISTS (SELECT FROM w_group AS g
                          WHERE g.service = f.service AND g.group_id = f.deployment_id);
    PERFORM know('w_walk', 'w_start');
END
$$;
COMMENT ON FUNCTION dorad_data.start_walks IS
    'Where the walk of each service starts, and the succeeded deployments from there on: into '
    'w_start and w_walk.';

CREATE FUNCTION dorad_data.walk_kinds() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_kind
    WITH walked AS (
        SELECT service, deployment_id, at, lane,
               CASE WHEN is_short_sha(given_sha) THEN whole_sha(service, given_sha)
                    ELSE given_sha END AS sha,
               changes, is_rollback, rolls_back, true AS in_walk
        FROM w_walk
        UNION ALL
        -- What was running when the walk starts.
        SELECT l.service, f.deployment_id, f.at, l.lane, f.sha, NULL, NULL, NULL, false
        FROM (SELECT DISTINCT service, lane FROM w_walk) AS l
        JOIN w_start AS s ON s.service = l.service
        CROSS JOIN LATERAL (
            SELECT d.deployment_id, d.at, d.sha FROM deployment_fact AS d
            WHERE d.service = l.service AND d.lane = l.lane AND d.status = 'succeeded'
              AND d.at < s.start_at
            ORDER BY d.at DESC, d.deployment_id DESC LIMIT 1) AS f
    ), seen AS (
        SELECT w.*,
               coalesce(b.at, first_value(w.at) OVER by_sha) AS first_at,
               coalesce(b.deployment_id, first_value(w.deployment_id) OVER by_sha) AS first_id
        FROM walked AS w
        JOIN w_start AS s ON s.service = w.service
        LEFT JOIN LATERAL (
            SELECT d.at, d.deployment_id FROM deployment_fact AS d
            WHERE d.service = w.service AND d.sha = w.sha AND d.lane = w.lane
              AND d.status = 'succeeded' AND d.at < s.start_at
            ORDER BY d.at, d.deployment_id LIMIT 1) AS b ON true
        WINDOW by_sha AS (PARTITION BY w.service, w.lane, w.sha
                          ORDER BY w.at, w.deployment_id)
    ), compared AS (
        SELECT s.*,
               row_number() OVER in_order = 1 AS is_first,
               lag(sha) OVER in_order AS running,
               lag(first_at) OVER in_order AS running_first_at,
               lag(first_id) OVER in_order AS running_first_id
        FROM seen AS s
        WINDOW in_order AS (PARTITION BY service, lane ORDER BY at, deployment_id)
    ), decided AS (
        -- R13, in the order given there.
        SELECT c.*, CASE
            WHEN is_rollback THEN 'flag'
            WHEN cardinality(changes) > 0 THEN 'changes_listed'
            WHEN sha = running THEN 'same_sha'
            WHEN is_rollback IS NULL
                 AND (first_at, first_id) < (at, deployment_id)
                 AND (first_at, first_id) < (running_first_at, running_first_id)
                 AND running IS NOT NULL AND sha IS NOT NULL THEN 'older_sha'
            WHEN sha IS NULL THEN 'unknown_sha'
            WHEN is_first THEN 'first_in_lane'
            ELSE 'new_sha' END AS rule
        FROM compared AS c
    )
    SELECT service, deployment_id, at, lane, sha, changes, rolls_back,
           CASE rule WHEN 'flag' THEN 'rollback' WHEN 'older_sha' THEN 'rollback'
                     WHEN 'same_sha' THEN 'redeploy' ELSE 'change' END,
           rule
    FROM decided WHERE in_walk;
    PERFORM know('w_kind');
END
$$;
COMMENT ON FUNCTION dorad_data.walk_kinds IS 'The kind of each deployment in w_walk (METRICS.md R13): into w_kind.';

CREATE FUNCTION dorad_data.named_target(of_service text, name text, before_at timestamptz,
                                        before_id text, start_at timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    target text;
BEGIN
    -- An earlier change of the service, in any lane, by the id of the roll-out or of one of its
    -- deployments; the roll-out's own id goes first.
    SELECT c.deployment_id INTO target
    FROM (
        SELECT k.deployment_id, k.at FROM w_kind AS k
        WHERE k.service = of_service AND k.deployment_id = name AND k.kind = 'change'
        UNION ALL
        SELECT k.deployment_id, k.at FROM w_walk AS m
        JOIN w_kind AS k ON k.service = m.service AND k.deployment_id = m.deployment_id
        WHERE m.service = of_service AND name = ANY (m.members) AND k.kind = 'change'
        UNION ALL
        SELECT f.deployment_id, f.at FROM deployment_fact AS f
        WHERE f.service = of_service AND f.deployment_id = name AND f.kind = 'change'
          AND f.at < start_at
        UNION ALL
        SELECT f.deployment_id, f.at FROM deployment_member AS m
        JOIN deployment_fact AS f ON f.service = m.service AND f.deployment_id = m.group_id
        WHERE m.service = of_service AND m.deployment_id = name AND f.kind = 'change'
          AND f.at < start_at
    ) AS c
    WHERE (c.at, c.deployment_id COLLATE "C") < (before_at, before_id COLLATE "C")
    ORDER BY c.deployment_id = name DESC, c.at DESC, c.deployment_id DESC LIMIT 1;
    RETURN target;
END
$$;
COMMENT ON FUNCTION dorad_data.named_target IS
    'The deployment that a rollback names, if that is an earlier change of the service (METRICS.md R14).';

CREATE FUNCTION dorad_data.walk_rollbacks() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    of_service text;
    -- Changes out and not yet taken back, latest last, of the walk itself.
    production text[];
    sealed text[];
    taken_back text[];
    target text;
BEGIN
    FOR r IN
        SELECT k.service, k.deployment_id, k.at, k.lane, k.rolls_back, k.kind, s.start_at
        FROM w_kind AS k
        JOIN w_start AS s ON s.service = k.service
        WHERE k.kind IN ('change', 'rollback')
          AND k.service IN (SELECT b.service FROM w_kind AS b WHERE b.kind = 'rollback')
        ORDER BY k.service, k.at, k.deployment_id
    LOOP
        IF of_service IS DISTINCT FROM r.service THEN
            of_service := r.service;
            production := '{}';
            sealed := '{}';
            taken_back := '{}';
        END IF;
        IF r.kind = 'change' THEN
            IF r.lane = 'sealed' THEN
                sealed := sealed || r.deployment_id;
            ELSE
                production := production || r.deployment_id;
            END IF;
            CONTINUE;
        END IF;

        target := NULL;
        IF r.rolls_back IS NOT NULL THEN
            target := named_target(r.service, r.rolls_back, r.at, r.deployment_id, r.start_at);
            production := array_remove(production, target);
            sealed := array_remove(sealed, target);
        END IF;
        IF target IS NULL AND r.lane = 'sealed' AND cardinality(sealed) > 0 THEN
            target := sealed[cardinality(sealed)];
            sealed := trim_array(sealed, 1);
        ELSIF target IS NULL AND r.lane <> 'sealed' AND cardinality(production) > 0 THEN
            target := production[cardinality(production)];
            production := trim_array(production, 1);
        ELSIF target IS NULL THEN
            SELECT f.deployment_id INTO target
            FROM deployment_fact AS f
            WHERE f.service = r.service AND f.lane = r.lane AND f.status = 'succeeded'
              AND f.kind = 'change' AND f.at < r.start_at
              AND (f.removed_at IS NULL OR f.removed_at >= r.start_at)
              AND f.deployment_id <> ALL (taken_back)
            ORDER BY f.at DESC, f.deployment_id DESC LIMIT 1;
        END IF;
        IF target IS NOT NULL THEN
            taken_back := taken_back || target;
            INSERT INTO w_removal VALUES (r.service, r.deployment_id, r.at, target);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.walk_rollbacks IS
    'What each rollback in w_kind takes back (METRICS.md R14): into w_removal. A walk in the '
    'plain sense: which deployment is out depends on all rollbacks before.';

CREATE FUNCTION dorad_data.walk_reach() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Places in the order of changes, as numbers: of the shas deployed, and of the furthest
    -- that had been reached before the walk.
    INSERT INTO w_place
        SELECT p.service,
               dense_rank() OVER (PARTITION BY p.service
                                  ORDER BY p.landed_at, p.ordinal, p.change_id),
               p.landed_at, p.ordinal, p.change_id
        FROM (
            SELECT k.service, c.landed_at, c.ordinal, k.sha
            FROM w_kind AS k
            CROSS JOIN LATERAL (
                -- Looked up: all changes there are would be hashed for each part of a rebuild.
                SELECT s.landed_at, s.ordinal FROM change_service AS s
                WHERE s.service = k.service AND s.change_id = k.sha OFFSET 0) AS c
            WHERE k.kind = 'change' AND k.changes IS NULL
            UNION
            SELECT s.service, b.reach_landed_at, b.reach_ordinal, b.reach_change
            FROM w_start AS s
            CROSS JOIN LATERAL (
                SELECT f.reach_landed_at, f.reach_ordinal, f.reach_change
                FROM deployment_fact AS f
                WHERE f.service = s.service AND f.status = 'succeeded' AND f.at < s.start_at
                ORDER BY f.at DESC, f.deployment_id DESC LIMIT 1) AS b
            WHERE b.reach_landed_at IS NOT NULL
        ) AS p (service, landed_at, ordinal, change_id);
    PERFORM know('w_place');
    INSERT INTO w_reach
        SELECT r.service, r.deployment_id, r.at, r.place,
               max(r.place) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
               max(r.place) OVER (w ROWS UNBOUNDED PRECEDING)
        FROM (
            SELECT k.service, k.deployment_id, k.at,
                   CASE WHEN k.kind = 'change' AND k.changes IS NULL THEN p.place END AS place
            FROM w_kind AS k
            LEFT JOIN w_place AS p ON p.service = k.service AND p.change_id = k.sha
            UNION ALL
            SELECT s.service, NULL, '-infinity', p.place
            FROM w_start AS s
            CROSS JOIN LATERAL (
                SELECT f.reach_change FROM deployment_fact AS f
                WHERE f.service = s.service AND f.status = 'succeeded' AND f.at < s.start_at
                ORDER BY f.at DESC, f.deployment_id DESC LIMIT 1) AS b
            JOIN w_place AS p ON p.service = s.service AND p.change_id = b.reach_change
        ) AS r
        WINDOW w AS (PARTITION BY r.service ORDER BY r.at, r.deployment_id);
    DELETE FROM w_reach WHERE deployment_id IS NULL;
    PERFORM know('w_reach');
END
$$;
COMMENT ON FUNCTION dorad_data.walk_reach IS
    'How far along the changes of its service each deployment in w_kind stands, and how far any '
    'before it did: into w_reach, places in w_place.';

CREATE FUNCTION dorad_data.walk_deliveries() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    begins text := (SELECT lead_time_start FROM setting);
BEGIN
    INSERT INTO w_delivery
    WITH candidates AS (
        -- Exactly those listed, in whatever service they landed;
        SELECT k.service, listed AS change_id, k.deployment_id, k.at, 'explicit' AS source
        FROM w_kind AS k
        CROSS JOIN unnest(k.changes) AS listed
        WHERE k.kind = 'change'
        UNION ALL
        -- else all between what was reached before and where its sha stands. The first such
        -- deployment of the service is the baseline.
        SELECT r.service, c.change_id, r.deployment_id, r.at,
               CASE WHEN r.before IS NULL THEN 'baseline' ELSE 'inferred' END
        FROM w_reach AS r
        JOIN w_place AS high ON high.service = r.service AND high.place = r.place
        LEFT JOIN w_place AS low ON low.service = r.service AND low.place = r.before
        JOIN change_service AS c
            ON c.service = r.service
           AND (c.landed_at, c.ordinal, c.change_id)
               <= (high.landed_at, high.ordinal, high.change_id)
           AND (c.landed_at, c.ordinal, c.change_id)
               > (coalesce(low.landed_at, '-infinity'), coalesce(low.ordinal, 0),
                  coalesce(low.change_id, ''))
        WHERE r.place > coalesce(r.before, 0)
    ), first AS (
        SELECT DISTINCT ON (service, change_id) *
        FROM candidates
        ORDER BY service, change_id, at, deployment_id
    ), timed AS (
        SELECT f.*, extract(epoch FROM f.at - CASE begins
                   WHEN 'merge' THEN c.landed_at
                   WHEN 'review' THEN coalesce(
                       least(c.committed_at, c.first_commit_at, c.opened_at), c.landed_at)
                   ELSE coalesce(c.committed_at, c.landed_at) END)::double precision AS lead_s
        FROM first AS f
        JOIN change AS c ON c.change_id = f.change_id
        JOIN w_start AS s ON s.service = f.service
        WHERE NOT EXISTS (
            SELECT FROM change_delivery AS d
            WHERE d.service = f.service AND d.change_id = f.change_id AND d.at < s.start_at)
    )
    SELECT service, change_id, deployment_id, at, source,
           CASE WHEN source <> 'baseline' THEN greatest(lead_s, 0) END,
           source <> 'baseline' AND lead_s < 0
    FROM timed;
    PERFORM know('w_delivery');
END
$$;
COMMENT ON FUNCTION dorad_data.walk_deliveries IS
    'First deliveries by the deployments in w_kind, and their lead times (METRICS.md R16): into w_delivery.';
