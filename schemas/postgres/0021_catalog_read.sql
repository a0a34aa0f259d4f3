-- SPDX-License-Identifier: Apache-2.0
--
-- Reading the catalogue (CATALOG.md) from the JSON form of its file into tables.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.as_list(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE coalesce(jsonb_typeof(value), 'null')
        WHEN 'array' THEN value WHEN 'null' THEN '[]' ELSE jsonb_build_array(value) END
$$;
COMMENT ON FUNCTION dorad_data.as_list IS 'A list as it is, one thing as a list of it, nothing as an empty list.';

CREATE FUNCTION dorad_data.words_of(value jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value IS NOT NULL AND value <> 'null' THEN ARRAY(
        SELECT word(w) FROM jsonb_array_elements_text(as_list(value)) AS w) END
$$;
COMMENT ON FUNCTION dorad_data.words_of IS 'One or many words, lower-case and trimmed; null where none are given.';

CREATE FUNCTION dorad_data.rule_system(entry jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- The one key that is not a coordinate or a condition names the system, as `github` or,
    -- with the sender's own number, `github_id`.
    SELECT regexp_replace(min(key), '_id$', '')
    FROM jsonb_object_keys(entry) AS key
    WHERE key NOT IN ('paths', 'environment', 'workflow', 'task', 'job', 'branch', 'release',
                      'version', 'via', 'pipeline', 'component', 'host', 'project', 'project_id',
                      'ci', 'ci_id', 'assignment_group', 'repository', 'repository_id', 'types',
                      'labels', 'class', 'incident', 'done', 'cancelled', 'todo', 'in_progress',
                      'match', 'service', 'system', '1', '2', '3', '4', '5')
$$;
COMMENT ON FUNCTION dorad_data.rule_system IS 'The system that an entry of the catalogue is about.';

CREATE FUNCTION dorad_data.rule_coordinates(entry jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}')
    FROM jsonb_each(entry)
    WHERE key IN ('component', 'host', 'project', 'project_id', 'ci', 'ci_id',
                  'assignment_group', 'repository', 'repository_id')
      AND value <> 'null'
$$;
COMMENT ON FUNCTION dorad_data.rule_coordinates IS
    'The further coordinates that an entry of the catalogue wants.';

CREATE FUNCTION dorad_data.catalog_tables() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('pg_temp.n_team') IS NULL THEN
        CREATE TEMP TABLE n_team (LIKE dorad_data.team);
        CREATE TEMP TABLE n_service (LIKE dorad_data.service);
        CREATE TEMP TABLE n_alias (LIKE dorad_data.service_alias);
        CREATE TEMP TABLE n_ownership (LIKE dorad_data.ownership);
        CREATE TEMP TABLE n_phase (LIKE dorad_data.service_phase);
        CREATE TEMP TABLE n_source (LIKE dorad_data.source_rule);
        CREATE TEMP TABLE n_environment (LIKE dorad_data.environment_rule);
        CREATE TEMP TABLE n_rule (LIKE dorad_data.ticket_rule);
        CREATE TEMP TABLE n_setting (LIKE dorad_data.setting);
    END IF;
    DELETE FROM n_team; DELETE FROM n_service; DELETE FROM n_alias; DELETE FROM n_ownership;
    DELETE FROM n_phase; DELETE FROM n_source; DELETE FROM n_environment; DELETE FROM n_rule;
    DELETE FROM n_setting;
END
$$;
COMMENT ON FUNCTION dorad_data.catalog_tables IS 'Empty tables for a catalogue that is being read.';

CREATE FUNCTION dorad_data.read_services(catalog jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO n_team
        SELECT DISTINCT ON (t ->> 'name') t ->> 'name', t ->> 'title'
        FROM jsonb_array_elements(as_list(catalog -> 'teams')) AS t
        WHERE t ->> 'name' IS NOT NULL ORDER BY 1;
    INSERT INTO n_service
        SELECT DISTINCT ON (s ->> 'name') s ->> 'name', s ->> 'title',
               (s ->> 'attribution_window')::bigint,
               CASE WHEN jsonb_typeof(s -> 'links') = 'object' THEN s -> 'links' ELSE '{}' END
        FROM jsonb_array_elements(as_list(catalog -> 'services')) AS s
        WHERE s ->> 'name' IS NOT NULL ORDER BY 1;
    INSERT INTO n_alias
        WITH RECURSIVE given AS (
            SELECT DISTINCT ON (a) a COLLATE "C" AS alias, s ->> 'name' COLLATE "C" AS service
            FROM jsonb_array_elements(as_list(catalog -> 'services')) AS s
            CROSS JOIN jsonb_array_elements_text(as_list(s -> 'aliases')) AS a
            WHERE a <> s ->> 'name' ORDER BY a
        ), followed AS (
            SELECT alias, service, ARRAY[alias] AS passed FROM given
            UNION ALL
            SELECT f.alias, g.service, f.passed || g.alias
            FROM followed AS f JOIN given AS g ON g.alias = f.service
            WHERE g.alias <> ALL (f.passed)
        )
        SELECT DISTINCT ON (alias) alias, service FROM followed
        ORDER BY alias, cardinality(passed) DESC;
    INSERT INTO n_ownership
        SELECT service, since, coalesce(lead(since) OVER (PARTITION BY service ORDER BY since),
                                        'infinity'), team
        FROM (
            SELECT DISTINCT ON (service, since) *
            FROM (
                SELECT s ->> 'name' AS service,
                       coalesce(instant(o.line ->> 'from'), '-infinity') AS since,
                       o.line ->> 'team' AS team, o.place
                FROM jsonb_array_elements(as_list(catalog -> 'services')) AS s
                CROSS JOIN jsonb_array_elements(as_list(s -> 'owners'))
                    WITH ORDINALITY AS o (line, place)
            ) AS l
            ORDER BY service, since, place DESC
        ) AS d;
    INSERT INTO n_phase
        SELECT service, since, coalesce(lead(since) OVER (PARTITION BY service ORDER BY since),
                                        'infinity'), phase
        FROM (
            SELECT DISTINCT ON (service, since) *
            FROM (
                SELECT s ->> 'name' AS service,
                       coalesce(instant(p.line ->> 'from'), '-infinity') AS since,
                       p.line ->> 'phase' AS phase, p.place
                FROM jsonb_array_elements(as_list(catalog -> 'services')) AS s
                CROSS JOIN jsonb_array_elements(as_list(s -> 'phases'))
                    WITH ORDINALITY AS p (line, place)
            ) AS l
            ORDER BY service, since, place DESC
        ) AS d;
    INSERT INTO n_source
        SELECT row_number() OVER (ORDER BY s.place, e.place), s.service ->> 'name',
               rule_system(e.entry),
               e.entry ->> rule_system(e.entry), e.entry ->> (rule_system(e.entry) || '_id'),
               rule_coordinates(e.entry),
               CASE WHEN jsonb_array_length(as_list(e.entry -> 'paths')) > 0
                    THEN text_list(as_list(e.entry -> 'paths')) END,
               pattern(e.entry ->> 'environment'), e.entry ->> 'workflow',
               coalesce(e.entry ->> 'task', e.entry ->> 'job')
        FROM jsonb_array_elements(as_list(catalog -> 'services'))
            WITH ORDINALITY AS s (service, place)
        CROSS JOIN jsonb_array_elements(as_list(s.service -> 'sources'))
            WITH ORDINALITY AS e (entry, place)
        WHERE rule_system(e.entry) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.read_services IS 'Teams and services of a catalogue: into the n_ tables.';

CREATE FUNCTION dorad_data.rule_outcome(section text, entry jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE section
        WHEN 'deployments' THEN jsonb_strip_nulls(jsonb_build_object(
            'ruled', true, 'environment', entry -> 'environment'))
        WHEN 'incidents' THEN jsonb_build_object(
            'incident', coalesce(lower(entry ->> 'incident') NOT IN ('no', 'false', 'off'), true))
        WHEN 'work_items' THEN jsonb_build_object('class', entry -> 'class')
        ELSE (SELECT coalesce(jsonb_object_agg(key, as_list(value)), '{}')
              FROM jsonb_each(entry)
              WHERE key IN ('done', 'cancelled', 'todo', 'in_progress', '1', '2', '3', '4', '5'))
        END
$$;
COMMENT ON FUNCTION dorad_data.rule_outcome IS 'What a rule of the catalogue decides.';

CREATE FUNCTION dorad_data.read_rules(catalog jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO n_environment
        SELECT e.place, pattern(e.entry ->> 'match'),
               coalesce(a.service, e.entry ->> 'service'), e.entry ->> 'class'
        FROM jsonb_array_elements(as_list(catalog -> 'environments'))
            WITH ORDINALITY AS e (entry, place)
        LEFT JOIN n_alias AS a ON a.alias = e.entry ->> 'service';
    INSERT INTO n_rule
        SELECT row_number() OVER (ORDER BY e.section, e.place), e.section, rule_system(e.entry),
               e.entry ->> rule_system(e.entry), e.entry ->> (rule_system(e.entry) || '_id'),
               rule_coordinates(e.entry),
               words_of(e.entry -> 'types'), words_of(e.entry -> 'labels'),
               e.entry ->> 'workflow', e.entry ->> 'branch',
               coalesce(e.entry ->> 'task', e.entry ->> 'job'),
               coalesce(e.entry ->> 'via',
                        CASE WHEN e.entry ? 'release' THEN 'release'
                             WHEN e.entry ? 'version' THEN 'version'
                             WHEN e.entry ? 'pipeline' THEN 'pipeline'
                             WHEN e.entry ? 'job' THEN 'job' END),
               rule_outcome(e.section, e.entry)
        FROM (
            SELECT s.section, r.entry, r.place
            FROM (VALUES ('deployments'), ('incidents'), ('statuses'), ('severities'),
                         ('work_items')) AS s (section)
            CROSS JOIN jsonb_array_elements(as_list(catalog -> s.section))
                WITH ORDINALITY AS r (entry, place)
        ) AS e;
    INSERT INTO n_setting
        SELECT true, coalesce(catalog ->> 'report_tz', 'UTC'),
               coalesce((catalog ->> 'attribution_window')::bigint, 86400),
               coalesce(catalog ->> 'lead_time_start', 'commit'),
               coalesce((catalog ->> 'max_severity')::integer, 3),
               NOT EXISTS (SELECT FROM n_service)
                   OR coalesce(catalog ->> 'unmapped' = 'service', false),
               catalog, now();
    -- A zone that this server does not know would make every month fail.
    PERFORM now() AT TIME ZONE (SELECT report_tz FROM n_setting);
END
$$;
COMMENT ON FUNCTION dorad_data.read_rules IS 'Rules and settings of a catalogue: into the n_ tables.';
