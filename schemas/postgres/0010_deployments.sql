-- SPDX-License-Identifier: Apache-2.0
--
-- Deployments: from observations to records, parts and roll-outs (METRICS.md R8 to R11), with
-- environments and services read by the catalogue's rules.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.environment_class_by_name(environment text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- In this order: a name such as pre-prod holds the word prod.
    SELECT CASE
        WHEN lower(environment) ~ ('(^|[^a-z0-9])(staging|stage|stg|preprod|pre-prod|nonprod|'
                                   'non-prod|preview|internal)([^a-z0-9]|$)') THEN 'other'
        WHEN lower(environment) ~ '(^|[^a-z0-9])(prod|production|prd|live)([^a-z0-9]|$)'
            THEN 'production'
        ELSE 'other' END
$$;
COMMENT ON FUNCTION dorad_data.environment_class_by_name IS
    'The built-in reading of environment names (CATALOG.md).';

CREATE FUNCTION dorad_data.environment_class(of_service text, environment text, given text,
                                             outright boolean, is_surely boolean) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT r.class FROM environment_rule AS r
         WHERE coalesce(environment, '') ~* r.pattern
           AND (r.service IS NULL OR r.service = of_service)
         ORDER BY r.rule_id LIMIT 1),
        given,
        CASE WHEN outright THEN 'production'
             WHEN coalesce(environment, '') = '' THEN
                 CASE WHEN is_surely THEN 'production' ELSE 'other' END
             ELSE environment_class_by_name(environment) END)
$$;
COMMENT ON FUNCTION dorad_data.environment_class IS
    'production, sealed or other: a rule of the catalogue, else the sender''s sure word, else '
    'the built-in names. An event that names its service outright is production by default.';

CREATE FUNCTION dorad_data.rule_matches_origin(r dorad_data.ticket_rule, of_origin bigint)
RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT r.system IS NULL
        OR EXISTS (SELECT FROM origin AS o
                   WHERE o.origin_id = of_origin AND o.system = r.system
                     AND origin_matches(o, r.named, r.named_id, r.coordinates))
$$;
COMMENT ON FUNCTION dorad_data.rule_matches_origin IS
    'Whether the coordinates of a rule of the catalogue name this origin.';

CREATE FUNCTION dorad_data.deployment_rule(of_origin bigint, via text, workflow text, task text,
                                           ref text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT r.outcome
    FROM ticket_rule AS r
    WHERE r.section = 'deployments'
      AND (r.via IS NULL OR r.via = deployment_rule.via)
      AND (r.workflow IS NULL OR lower(r.workflow) = lower(deployment_rule.workflow))
      AND (r.task IS NULL OR lower(r.task) = lower(deployment_rule.task))
      AND (r.branch IS NULL OR r.branch = regexp_replace(ref, '^refs/(heads|tags)/', ''))
      AND rule_matches_origin(r, of_origin)
    ORDER BY r.rule_id LIMIT 1
$$;
COMMENT ON FUNCTION dorad_data.deployment_rule IS
    'What the first `deployments:` rule that matches says; null when none makes this a deployment.';

CREATE FUNCTION dorad_data.gather_records(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM w_entity;
    INSERT INTO w_entity SELECT DISTINCT deployment_id FROM w_record_mark;
    PERFORM know('w_entity', 'w_record_mark');
    DELETE FROM w_record_seen;
    DELETE FROM w_seen;
    WITH seen AS MATERIALIZED (
        SELECT coalesce(a.service, o.service) AS service, e.entity, o.at, o.id, o.source,
               o.origin_id, o.data
        FROM w_entity AS e
        CROSS JOIN LATERAL (
            SELECT v.service, v.at, v.id, v.source, v.origin_id, v.data FROM observation AS v
            WHERE v.kind = 'deployment' AND v.entity = e.entity
              AND v.at <= today AND v.data IS NOT NULL OFFSET 0) AS o
        LEFT JOIN service_alias AS a ON a.alias = o.service
    ), by_origin AS (
        INSERT INTO w_seen
            SELECT s.entity, s.at, s.id, s.source, NULL, s.origin_id, s.data
            FROM seen AS s WHERE s.service IS NULL
    )
    -- Events that name their service outright belong to that service's record alone.
    INSERT INTO w_record_seen
        SELECT s.service, s.entity, s.at, s.id, s.source, true, s.data
        FROM seen AS s
        WHERE EXISTS (SELECT FROM w_record_mark AS m
                      WHERE m.service = s.service AND m.deployment_id = s.entity);
    IF EXISTS (SELECT FROM w_seen) THEN
        PERFORM know('w_seen (entity, at)');
        PERFORM gather_by_origin();
    END IF;
    PERFORM know('w_record_seen (service, deployment_id)');
END
$$;
COMMENT ON FUNCTION dorad_data.gather_records IS
    'The observations of the records in w_record_mark: into w_record_seen.';

CREATE FUNCTION dorad_data.gather_by_origin() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM merge_origins('deployment');
    DELETE FROM w_by_origin;
    INSERT INTO w_by_origin
        SELECT d.entity, d.origin_id, m.services,
               -- What is no deployment by itself is one only where a rule says so.
               CASE WHEN coalesce(d.data ->> 'via', 'deployment') IN ('deployment', 'sync')
                    THEN '{}'
                    ELSE deployment_rule(d.origin_id, d.data ->> 'via', d.origin ->> 'workflow',
                                         d.origin ->> 'task', d.data ->> 'ref') END
        FROM (
            SELECT o.entity, o.origin_id, o.origin,
                   merged(s.data - 'origin' ORDER BY s.at, s.id, s.source) AS data
            FROM w_entity_origin AS o
            JOIN w_seen AS s ON s.entity = o.entity AND s.named IS NULL
            GROUP BY o.entity, o.origin_id, o.origin
        ) AS d
        CROSS JOIN LATERAL (
            -- A source that names an environment, workflow or task is followed by the
            -- deployments that have it; the most specific that match are meant.
            SELECT array_agg(DISTINCT r.service) FILTER (WHERE r.rank = r.best) AS services
            FROM (
                SELECT p.service, p.rank, max(p.rank) OVER () AS best
                FROM (
                    SELECT s.service, s.rank + (s.environment IS NOT NULL)::integer
                           + (s.workflow IS NOT NULL)::integer + (s.task IS NOT NULL)::integer AS rank
                    FROM origin_service AS s
                    WHERE s.origin_id = d.origin_id
                      AND (s.environment IS NULL OR d.data ->> 'environment' ~* s.environment)
                      AND (s.workflow IS NULL OR lower(s.workflow) = lower(d.origin ->> 'workflow'))
                      AND (s.task IS NULL OR lower(s.task) = lower(d.origin ->> 'task'))
                ) AS p
            ) AS r
        ) AS m;
    PERFORM mark_elsewhere();
    DELETE FROM w_by_origin WHERE ruled IS NULL OR services IS NULL;
    INSERT INTO w_record_seen
        SELECT m.service, s.entity, s.at, s.id, s.source, false,
               CASE WHEN b.ruled ? 'environment'
                    THEN s.data || jsonb_build_object('environment', b.ruled -> 'environment')
                    ELSE s.data END
               || jsonb_build_object('dorad_origin', b.origin_id)
               || CASE WHEN b.ruled = '{}' THEN '{}'
                       ELSE jsonb_build_object('dorad_ruled', true) END
        FROM w_by_origin AS b
        JOIN w_record_mark AS m
            ON m.deployment_id = b.entity AND m.service = ANY (b.services)
        JOIN w_seen AS s ON s.entity = b.entity AND s.named IS NULL;
    -- Pieces of coordinates can together mean a service that none of them meant alone.
    INSERT INTO mark (stage, service, entity)
        SELECT 'deployment', u.meant, b.entity
        FROM w_by_origin AS b CROSS JOIN unnest(b.services) AS u (meant)
        WHERE (SELECT count(DISTINCT s.origin_id) > 1 FROM w_seen AS s
               WHERE s.entity = b.entity AND s.named IS NULL)
          AND NOT EXISTS (SELECT FROM w_record_mark AS m
                          WHERE m.service = u.meant AND m.deployment_id = b.entity)
          AND NOT EXISTS (SELECT FROM deployment_fact AS f
                          WHERE f.service = u.meant AND f.deployment_id = b.entity)
          AND NOT EXISTS (SELECT FROM deployment_member AS f
                          WHERE f.service = u.meant AND f.deployment_id = b.entity);
END
$$;
COMMENT ON FUNCTION dorad_data.gather_by_origin IS
    'The observations in w_seen that came by an origin, for the services it means.';

CREATE FUNCTION dorad_data.mark_elsewhere() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- While an event was kept that says more of where a deployment is from, another session may
    -- have computed it for the service that it was taken for until then; who kept the event did
    -- not see that yet. One that is named outright is another thing of the same name.
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT 'deployment', f.service, b.entity
        FROM w_by_origin AS b
        CROSS JOIN LATERAL (
            SELECT d.service, d.origin_id FROM deployment_fact AS d
            WHERE d.deployment_id = b.entity
            UNION
            SELECT d.service, d.origin_id
            FROM deployment_member AS m
            JOIN deployment_fact AS d ON d.service = m.service AND d.deployment_id = m.group_id
            WHERE m.deployment_id = b.entity) AS f
        WHERE f.origin_id IS NOT NULL
          AND (b.ruled IS NULL OR b.services IS NULL OR f.service <> ALL (b.services))
          AND NOT EXISTS (SELECT FROM w_record_mark AS m
                          WHERE m.service = f.service AND m.deployment_id = b.entity)
          AND NOT EXISTS (
              SELECT FROM observation AS o
              LEFT JOIN service_alias AS a ON a.alias = o.service
              WHERE o.kind = 'deployment' AND o.entity = b.entity
                AND coalesce(a.service, o.service) = f.service);
END
$$;
COMMENT ON FUNCTION dorad_data.mark_elsewhere IS
    'Marks the deployments in w_by_origin for services that have a fact of them and should not.';

CREATE FUNCTION dorad_data.fold_records() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM w_folded;
    DELETE FROM w_environment;
    INSERT INTO w_folded
        SELECT f.service, f.deployment_id, f.data, f.last_at, f.last_id,
               coalesce(f.data ->> 'environment', ''),
               coalesce(f.data ->> 'environment_class', ''), f.outright,
               coalesce(f.data ->> 'via', 'deployment') = 'deployment' OR f.data ? 'dorad_ruled'
        FROM (
            SELECT s.service, s.deployment_id, bool_or(s.outright) AS outright,
                   merged(s.data) AS data, max(s.at) AS last_at,
                   (array_agg(s.id))[count(*)] AS last_id
            -- Sorted once for all: to sort for each aggregate of each record is dearer.
            FROM (SELECT * FROM w_record_seen ORDER BY service, deployment_id, at, id, source) AS s
            GROUP BY s.service, s.deployment_id
        ) AS f;
    -- Environments are few; the rules are asked once for each.
    INSERT INTO w_environment
        SELECT d.*, environment_class(d.service, nullif(d.environment, ''), nullif(d.given, ''),
                                      d.outright, d.surely)
        FROM (SELECT DISTINCT service, environment, given, outright, surely FROM w_folded) AS d;
    INSERT INTO environment_seen AS s
        SELECT * FROM w_environment ORDER BY service, environment, given, outright, surely
    ON CONFLICT (service, environment, given, outright, surely)
        DO UPDATE SET class = excluded.class WHERE s.class <> excluded.class;
    INSERT INTO w_record
        SELECT f.service, f.deployment_id,
               coalesce(nullif(f.data ->> 'rollout_id', ''), f.deployment_id),
               f.data ->> 'environment', n.class, f.last_at, f.last_id,
               nullif(f.data ->> 'sha', ''), f.data ->> 'ref',
               CASE f.data -> 'is_rollback' WHEN 'true' THEN true WHEN 'false' THEN false END,
               nullif(f.data ->> 'rolls_back', ''),
               f.data -> 'hotfix' IS NOT DISTINCT FROM 'true',
               text_list(f.data -> 'changes'), f.data ->> 'via',
               (f.data ->> 'dorad_origin')::bigint, f.data ->> 'url'
        FROM w_folded AS f
        JOIN w_environment AS n
            ON n.service = f.service AND n.environment = f.environment AND n.given = f.given
           AND n.outright = f.outright AND n.surely = f.surely;
    PERFORM know('w_record');
END
$$;
COMMENT ON FUNCTION dorad_data.fold_records IS
    'Folds the records in w_record_seen field by field (METRICS.md R7, R8): into w_record.';

CREATE FUNCTION dorad_data.gather_groups(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather_records(today);
    PERFORM fold_records();
    -- The roll-outs touched: those that the records are in now, and those that they were in.
    INSERT INTO w_group
        SELECT service, group_id FROM w_record
        UNION
        SELECT m.service, coalesce(g.group_id, m.deployment_id)
        FROM w_record_mark AS m
        LEFT JOIN deployment_member AS g
            ON g.service = m.service AND g.deployment_id = m.deployment_id;
    PERFORM know('w_group');
    -- Their other records have to be folded with them.
    DELETE FROM w_other_record;
    INSERT INTO w_other_record
        SELECT o.service, o.deployment_id
        FROM (
            SELECT g.service, m.deployment_id
            FROM w_group AS g
            JOIN deployment_member AS m ON m.service = g.service AND m.group_id = g.group_id
            UNION
            -- A roll-out may go by the id of one of its deployments.
            SELECT g.service, g.group_id FROM w_group AS g
        ) AS o
        WHERE NOT EXISTS (SELECT FROM w_record_mark AS m
                          WHERE m.service = o.service AND m.deployment_id = o.deployment_id);
    IF FOUND THEN
            DELETE FROM w_first_seen;
        INSERT INTO w_first_seen SELECT * FROM w_record_seen;
        DELETE FROM w_record_mark;
        INSERT INTO w_record_mark SELECT * FROM w_other_record;
        PERFORM gather_records(today);
        PERFORM fold_records();
        INSERT INTO w_record_seen SELECT * FROM w_first_seen;
        -- Those that turn out to be in roll-outs that nothing touched stay as they are.
        DELETE FROM w_record AS r
        WHERE NOT EXISTS (SELECT FROM w_group AS g
                          WHERE g.service = r.service AND g.group_id = r.group_id);
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.gather_groups IS
    'Folds the records in w_record_mark and all others of the same roll-outs: w_record, w_group.';

CREATE FUNCTION dorad_data.fold_parts() RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO w_part
        WITH outcomes AS (
            SELECT r.service, r.group_id, r.environment, s.at, s.id, s.source, r.class,
                   s.data ->> 'status' AS outcome
            FROM w_record AS r
            JOIN w_record_seen AS s
                ON s.service = r.service AND s.deployment_id = r.deployment_id
            WHERE s.data ->> 'status' IN ('succeeded', 'failed', 'cancelled')
        ), runs AS (
            SELECT o.*, outcome IS DISTINCT FROM lag(outcome) OVER w AS begins_run,
                   last_value(class) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING
                                                  AND UNBOUNDED FOLLOWING) AS last_class
            FROM outcomes AS o
            WINDOW w AS (PARTITION BY service, group_id, environment ORDER BY at, id, source)
        ), ended AS (
            -- R9: the outcome is the last; it finished with the first of the run that ends there.
            SELECT DISTINCT ON (service, group_id, environment) *
            FROM runs WHERE begins_run
            ORDER BY service, group_id, environment, at DESC, id DESC, source DESC
        )
        SELECT p.service, p.group_id, p.environment, e.outcome, e.at, e.last_class,
               -- R10
               coalesce(CASE coalesce(ph.phase, 'live')
                   WHEN 'live' THEN e.last_class = 'production'
                   WHEN 'development' THEN e.last_class IN ('production', 'sealed')
                   ELSE false END, false)
        FROM (SELECT DISTINCT service, group_id, environment FROM w_record) AS p
        LEFT JOIN ended AS e
            ON e.service = p.service AND e.group_id = p.group_id
           AND e.environment IS NOT DISTINCT FROM p.environment
        LEFT JOIN service_phase AS ph
            ON ph.service = p.service AND ph.valid_from <= e.at AND e.at < ph.valid_to;
    PERFORM know('w_part');
END
$$;
COMMENT ON FUNCTION dorad_data.fold_parts IS
    'Parts of roll-outs, their outcomes, and whether they count (METRICS.md R9, R10): into w_part.';

CREATE FUNCTION dorad_data.fold_groups() RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO w_raw (
        service, deployment_id, at, status, exclusion, lane, environment, given_sha, ref,
        is_rollback, rolls_back, hotfix, changes, members, via, origin_id, url,
        parts, parts_without_outcome, parts_not_counted, excluded, failure, unknown_changes)
    WITH parts AS (
        SELECT service, group_id, count(*) AS parts,
               count(*) FILTER (WHERE outcome IS NULL) AS without_outcome,
               count(*) FILTER (WHERE outcome IS NOT NULL AND NOT counted) AS not_counted,
               bool_or(counted AND outcome = 'failed') AS failed,
               bool_or(counted AND outcome = 'succeeded') AS succeeded,
               bool_or(counted) AS counted,
               bool_or(class IN ('production', 'sealed')) AS known_class,
               max(finish) FILTER (WHERE counted AND outcome = 'failed') AS failed_at,
               max(finish) FILTER (WHERE counted AND outcome = 'succeeded') AS succeeded_at,
               -- The lane is that of the part that finished last.
               (array_agg(class) FILTER (WHERE counted))[1] AS lane,
               (array_agg(environment))[1] AS environment
        FROM (SELECT * FROM w_part
              ORDER BY service, group_id, counted DESC, finish DESC NULLS LAST,
                       class DESC NULLS LAST, environment) AS p
        GROUP BY service, group_id
    ), fields AS (
        -- R11: fields come from the records of the counted parts, in order of their last event;
        -- of a roll-out that does not count at all from all its records, for people to see.
        SELECT r.service, r.group_id,
               max(r.last_at) AS last_at,
               (array_agg(r.sha) FILTER (WHERE r.sha IS NOT NULL))[1] AS sha,
               (array_agg(r.ref) FILTER (WHERE r.ref IS NOT NULL))[1] AS ref,
               (array_agg(r.rolls_back) FILTER (WHERE r.rolls_back IS NOT NULL))[1] AS rolls_back,
               bool_or(r.is_rollback) AS is_rollback,
               bool_or(r.hotfix) AS hotfix,
               bool_or(r.changes IS NOT NULL) AS lists_changes,
               (array_agg(r.via) FILTER (WHERE r.via IS NOT NULL))[1] AS via,
               (array_agg(r.origin_id) FILTER (WHERE r.origin_id IS NOT NULL))[1] AS origin_id,
               (array_agg(r.url) FILTER (WHERE r.url IS NOT NULL))[1] AS url
        FROM (
            SELECT r.*
            FROM w_record AS r
            JOIN w_part AS p
                ON p.service = r.service AND p.group_id = r.group_id
               AND p.environment IS NOT DISTINCT FROM r.environment
            WHERE p.counted OR NOT EXISTS (
                SELECT FROM w_part AS other
                WHERE other.service = r.service AND other.group_id = r.group_id AND other.counted)
            ORDER BY r.service, r.group_id, r.last_at DESC, r.last_id DESC
        ) AS r
        GROUP BY r.service, r.group_id
    ), listed AS (
        SELECT r.service, r.group_id, sorted(array_agg(c)) AS changes
        FROM w_record AS r
        JOIN w_part AS p
            ON p.service = r.service AND p.group_id = r.group_id
           AND p.environment IS NOT DISTINCT FROM r.environment AND p.counted
        CROSS JOIN unnest(r.changes) AS c
        GROUP BY r.service, r.group_id
    ), members AS (
        SELECT service, group_id, sorted(array_agg(deployment_id)) AS members
        FROM w_record
        GROUP BY service, group_id
        HAVING bool_or(deployment_id <> group_id)
    )
    SELECT p.service, p.group_id,
           coalesce(CASE WHEN p.failed THEN p.failed_at ELSE p.succeeded_at END, f.last_at),
           CASE WHEN p.failed THEN 'failed' WHEN p.succeeded THEN 'succeeded' END,
           CASE WHEN p.failed OR p.succeeded THEN NULL
                WHEN p.counted THEN 'cancelled'
                WHEN p.not_counted = 0 THEN 'no_outcome'
                WHEN p.known_class THEN 'phase'
                ELSE 'environment' END,
           CASE WHEN p.failed OR p.succeeded THEN p.lane END, p.environment,
           f.sha, f.ref, f.is_rollback, f.rolls_back, f.hotfix,
           CASE WHEN f.lists_changes THEN coalesce(l.changes, '{}') END,
           m.members, f.via, f.origin_id, f.url,
           p.parts, p.without_outcome, p.not_counted,
           coalesce(x.excluded = 'true', false),
           CASE x.failure WHEN 'true' THEN true WHEN 'false' THEN false END,
           0
    FROM parts AS p
    JOIN fields AS f ON f.service = p.service AND f.group_id = p.group_id
    LEFT JOIN listed AS l ON l.service = p.service AND l.group_id = p.group_id
    LEFT JOIN members AS m ON m.service = p.service AND m.group_id = p.group_id
    LEFT JOIN LATERAL (
        -- The correction that names this service goes before one that names none.
        SELECT (array_agg(c.value ORDER BY c.target_service DESC, c.at DESC, c.event_id DESC)
                    FILTER (WHERE c.field = 'excluded'))[1] AS excluded,
               (array_agg(c.value ORDER BY c.target_service DESC, c.at DESC, c.event_id DESC)
                    FILTER (WHERE c.field = 'failure'))[1] AS failure
        FROM correction AS c
        WHERE c.target_kind = 'deployment'
          AND (c.target_id = p.group_id OR c.target_id = ANY (m.members))
          AND c.target_service IN ('', p.service)
    ) AS x ON true;
    PERFORM know('w_raw');
END
$$;
COMMENT ON FUNCTION dorad_data.fold_groups IS
    'Roll-outs as they come out of their parts (METRICS.md R11): into w_raw, not yet walked.';
