-- SPDX-License-Identifier: Apache-2.0
--
-- From coordinates to services (CATALOG.md): repositories followed by id through renames, and
-- the sources of the catalogue matched against each origin.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.main_coordinates(system text, coordinates jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- What `- {jira: OPS}` is compared with. A project of Jira is not its component of the
    -- same name; the other systems have one kind of thing each, under various names.
    SELECT CASE
        WHEN system = 'jira' THEN
            ARRAY[lower(coordinates ->> 'project'), lower(coordinates ->> 'project_id')]
        ELSE ARRAY(SELECT lower(value #>> '{}') FROM jsonb_each(coordinates)
                   WHERE key NOT IN ('system', 'host', 'assignment_group')
                     AND jsonb_typeof(value) IN ('string', 'number'))
    END
$$;
COMMENT ON FUNCTION dorad_data.main_coordinates IS
    'The coordinates that the main name of a source may mean, lower-case.';

CREATE FUNCTION dorad_data.coordinates_match(wanted jsonb, given jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT NOT EXISTS (
        SELECT FROM jsonb_each_text(wanted) AS w (key, value)
        WHERE NOT CASE jsonb_typeof(given -> w.key)
            WHEN 'array' THEN EXISTS (
                SELECT FROM jsonb_array_elements_text(given -> w.key) AS element
                WHERE lower(element) = lower(w.value))
            ELSE coalesce(lower(given ->> w.key) = lower(w.value), false) END)
$$;
COMMENT ON FUNCTION dorad_data.coordinates_match IS
    'Whether every coordinate wanted is given, without regard to case.';

CREATE FUNCTION dorad_data.origin_matches(of dorad_data.origin, named text, named_id text,
                                          wanted jsonb) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coordinates_match(wanted, of.coordinates) AND CASE
        WHEN named_id IS NOT NULL THEN
            CASE WHEN of.repository_id IS NOT NULL THEN of.repository_id = named_id
                 ELSE lower(named_id) = ANY (main_coordinates(of.system, of.coordinates)) END
        WHEN named IS NULL OR named = '*' THEN true
        WHEN of.repository_id IS NOT NULL THEN EXISTS (
            -- A name means the repository that bore it last.
            SELECT FROM repository_name AS n
            WHERE n.system = of.system AND n.host = coalesce(of.host, '')
              AND n.repository_id = of.repository_id AND n.bears_it
              AND lower(named) IN (lower(n.name), lower(n.host || '/' || n.name)))
        WHEN of.repository IS NOT NULL THEN
            lower(named) IN (lower(of.repository), lower(of.host || '/' || of.repository))
        ELSE lower(named) = ANY (main_coordinates(of.system, of.coordinates)) END
$$;
COMMENT ON FUNCTION dorad_data.origin_matches IS
    'Whether the coordinates of a rule of the catalogue name this origin.';

CREATE FUNCTION dorad_data.services_of_origins(origins bigint[]) RETURNS TABLE (
    origin_id bigint, rule_id integer, service text, rank integer,
    paths text[], environment text, workflow text, task text)
LANGUAGE sql STABLE AS $$
    WITH matched AS (
        SELECT o.origin_id, r.rule_id, r.service,
               1 + (SELECT count(*)::integer FROM jsonb_object_keys(r.coordinates)) AS rank,
               r.paths, r.environment, r.workflow, r.task
        FROM origin AS o
        JOIN source_rule AS r ON r.system = o.system
        WHERE o.origin_id = ANY (origins)
          AND origin_matches(o, r.named, r.named_id, r.coordinates)
    )
    SELECT * FROM matched
    UNION ALL
    -- An unlisted repository is a service of its own under its latest name, if the catalogue
    -- has it so; but only one that was deployed or pushed to: tickets never make services.
    SELECT o.origin_id, 0, coalesce(a.service, latest.name), 0, NULL, NULL, NULL, NULL
    FROM origin AS o
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT n.name FROM repository_name AS n
            WHERE n.system = o.system AND n.host = coalesce(o.host, '')
              AND n.repository_id = o.repository_id AND n.latest), o.repository)) AS latest (name)
    LEFT JOIN service_alias AS a ON a.alias = latest.name
    WHERE o.origin_id = ANY (origins)
      AND latest.name IS NOT NULL
      AND (SELECT unlisted_are_services FROM setting)
      AND NOT EXISTS (SELECT FROM matched AS m WHERE m.origin_id = o.origin_id)
      AND EXISTS (
          SELECT FROM origin AS same
          WHERE same.system = o.system AND same.host IS NOT DISTINCT FROM o.host
            AND same.makes_service
            AND (same.repository_id = o.repository_id
                 OR (o.repository_id IS NULL AND lower(same.repository) = lower(o.repository))
                 OR (same.repository_id IS NULL AND lower(same.repository) = lower(o.repository))))
$$;
COMMENT ON FUNCTION dorad_data.services_of_origins IS
    'Which services these origins may mean, computed from the catalogue as it stands.';

CREATE FUNCTION dorad_data.map_origins(origins bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[];
BEGIN
    -- Those whose rows differ from what they were, before they are replaced.
    SELECT coalesce(array_agg(DISTINCT d.origin_id), '{}') INTO changed
    FROM (
        (SELECT * FROM services_of_origins(origins)
         EXCEPT ALL
         SELECT * FROM origin_service AS s WHERE s.origin_id = ANY (origins))
        UNION ALL
        (SELECT * FROM origin_service AS s WHERE s.origin_id = ANY (origins)
         EXCEPT ALL
         SELECT * FROM services_of_origins(origins))
    ) AS d;
    -- The services that an origin no longer means have facts to give up.
    PERFORM mark_origins(changed);
    DELETE FROM origin_service AS s WHERE s.origin_id = ANY (changed);
    INSERT INTO origin_service
        SELECT * FROM services_of_origins(changed) ORDER BY 1, 2, 3;
    PERFORM mark_origins(changed);
    RETURN changed;
END
$$;
COMMENT ON FUNCTION dorad_data.map_origins IS
    'Maps origins to services again, marks the facts of those whose services changed, and '
    'returns them.';

CREATE FUNCTION dorad_data.mark_origins(origins bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT o.kind, s.service, o.entity
        FROM (
            SELECT v.origin_id, v.kind, v.entity FROM observation AS v
            WHERE v.origin_id = ANY (origins) AND v.at <= (SELECT as_of FROM clock)
              AND v.entity <> ''
            UNION ALL
            SELECT p.origin_id, p.kind, p.entity FROM pieced AS p
            WHERE p.origin_id = ANY (origins)
        ) AS o
        LEFT JOIN origin_service AS s ON s.origin_id = o.origin_id AND o.kind = 'deployment'
        WHERE o.kind <> 'deployment' OR s.service IS NOT NULL
        ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_origins IS
    'Marks everything that came from these origins, whole or in pieces, for the services they now '
    'mean.';

CREATE FUNCTION dorad_data.names_of_repositories(of_system text, of_host text, ids text[])
RETURNS SETOF dorad_data.repository_name
LANGUAGE sql STABLE AS $$
    -- All that ever shared a name with one of these, and so on: names go round.
    WITH RECURSIVE involved AS (
        SELECT id COLLATE "C" FROM unnest(ids) AS id
        UNION
        SELECT theirs.repository_id
        FROM involved AS i
        JOIN origin AS mine
            ON mine.system = of_system AND mine.host IS NOT DISTINCT FROM nullif(of_host, '')
           AND mine.repository_id = i.id AND mine.repository IS NOT NULL
        JOIN origin AS theirs
            ON theirs.system = of_system AND theirs.host IS NOT DISTINCT FROM mine.host
           AND lower(theirs.repository) = lower(mine.repository)
           AND theirs.repository_id IS NOT NULL
    ),
    seen AS (
        SELECT o.repository, o.repository_id, first.at AS first_at, last.at AS last_at, last.id
        FROM origin AS o
        CROSS JOIN LATERAL (
            SELECT v.at FROM observation AS v
            WHERE v.origin_id = o.origin_id AND v.data IS NOT NULL
              AND v.at <= (SELECT as_of FROM clock)
            ORDER BY v.at LIMIT 1) AS first
        CROSS JOIN LATERAL (
            SELECT v.at, v.id FROM observation AS v
            WHERE v.origin_id = o.origin_id AND v.data IS NOT NULL
              AND v.at <= (SELECT as_of FROM clock)
            ORDER BY v.at DESC, v.id DESC LIMIT 1) AS last
        WHERE o.system = of_system AND o.host IS NOT DISTINCT FROM nullif(of_host, '')
          AND o.repository IS NOT NULL AND o.repository_id IN (SELECT id FROM involved)
    ),
    borne AS (
        SELECT DISTINCT ON (repository, repository_id)
               repository, repository_id, last_at, id,
               min(first_at) OVER (PARTITION BY repository, repository_id) AS first_at
        FROM seen
        ORDER BY repository, repository_id, last_at DESC, id DESC
    )
    SELECT of_system, of_host, repository, repository_id, first_at,
           row_number() OVER (PARTITION BY lower(repository)
                              ORDER BY last_at DESC, id DESC, repository, repository_id) = 1
           -- One repository may have borne a name in two spellings; both are its own.
           OR repository_id = first_value(repository_id) OVER (
                  PARTITION BY lower(repository)
                  ORDER BY last_at DESC, id DESC, repository, repository_id),
           row_number() OVER (PARTITION BY repository_id
                              ORDER BY last_at DESC, id DESC, repository) = 1
    FROM borne
$$;
COMMENT ON FUNCTION dorad_data.names_of_repositories IS
    'The names of these repositories, and of all that ever shared one with them, as the '
    'observations up to now have them.';

CREATE FUNCTION dorad_data.follow_names(of_system text, of_host text, ids text[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    involved text[];
    turned text[];
BEGIN
    DELETE FROM w_name;
    INSERT INTO w_name SELECT * FROM names_of_repositories(of_system, of_host, ids);
    SELECT array_agg(DISTINCT i.id) INTO involved
    FROM (SELECT repository_id FROM w_name UNION SELECT unnest(ids)) AS i (id);
    -- Rules that name a repository mean another one when its name goes over.
    SELECT array_agg(DISTINCT n.repository_id) INTO turned
    FROM repository_name AS n
    LEFT JOIN w_name AS w
        ON w.name = n.name AND w.repository_id = n.repository_id
    WHERE n.system = of_system AND n.host = of_host AND n.repository_id = ANY (involved)
      AND n.bears_it IS DISTINCT FROM w.bears_it;
    IF turned IS NOT NULL
       AND EXISTS (SELECT FROM ticket_rule AS r WHERE r.system = of_system) THEN
        PERFORM mark_origins(ARRAY(
            SELECT o.origin_id FROM origin AS o
            WHERE o.system = of_system AND o.host IS NOT DISTINCT FROM nullif(of_host, '')
              AND o.repository_id = ANY (turned)));
    END IF;
    DELETE FROM repository_name AS n
    WHERE n.system = of_system AND n.host = of_host AND n.repository_id = ANY (involved);
    INSERT INTO repository_name SELECT * FROM w_name ORDER BY system, host, name, repository_id;
    RETURN ARRAY(SELECT o.origin_id FROM origin AS o
                 WHERE o.system = of_system AND o.host IS NOT DISTINCT FROM nullif(of_host, '')
                   AND o.repository_id = ANY (involved) ORDER BY 1);
END
$$;
COMMENT ON FUNCTION dorad_data.follow_names IS
    'Brings repository_name up to date for these repositories and returns the origins that '
    'have to be mapped again.';

CREATE FUNCTION dorad_data.follow_origins(origins bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    host_of record;
    again bigint[] := origins;
BEGIN
    -- Rare (a new or renamed repository): one at a time, so that each sees what the other did.
    PERFORM lock_alone('origins', true);
    PERFORM work_tables();
    FOR host_of IN
        SELECT o.system, coalesce(o.host, '') AS host, array_agg(DISTINCT o.repository_id) AS ids
        FROM origin AS o
        WHERE o.origin_id = ANY (origins)
          AND o.repository IS NOT NULL AND o.repository_id IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        again := again || follow_names(host_of.system, host_of.host, host_of.ids);
    END LOOP;
    -- A repository that began to make a service does so for all its origins.
    again := again || ARRAY(
        SELECT same.origin_id
        FROM origin AS o
        JOIN origin AS same ON same.system = o.system AND same.host IS NOT DISTINCT FROM o.host
         AND (same.repository_id = o.repository_id
              OR lower(same.repository) = lower(o.repository))
        WHERE o.origin_id = ANY (origins));
    PERFORM map_origins(ARRAY(SELECT DISTINCT unnest(again) ORDER BY 1));
END
$$;
COMMENT ON FUNCTION dorad_data.follow_origins IS
    'Brings the names and services of these origins up to date, and of all that share their names.';
