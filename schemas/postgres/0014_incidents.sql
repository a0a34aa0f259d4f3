-- SPDX-License-Identifier: Apache-2.0
--
-- Incidents: from observations to intervals, duplicates and exclusions (METRICS.md R20 to R23).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.incident_rule(of_origin bigint, item_type text, labels text[])
RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT (r.outcome ->> 'incident')::boolean
    FROM ticket_rule AS r
    WHERE r.section = 'incidents'
      AND (r.types IS NULL OR word(item_type) = ANY (r.types))
      AND (r.labels IS NULL OR EXISTS (
              SELECT FROM unnest(incident_rule.labels) AS label WHERE word(label) = ANY (r.labels)))
      AND rule_matches_origin(r, of_origin)
    ORDER BY r.rule_id LIMIT 1
$$;
COMMENT ON FUNCTION dorad_data.incident_rule IS
    'What the first `incidents:` rule that matches a ticket says; null when none matches.';

CREATE FUNCTION dorad_data.severity_by_word(raw text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN w IN ('p1', 'sev1', 'sev-1', 's1', '1', 'critical', 'highest') THEN 1
        WHEN w IN ('p2', 'sev2', 'sev-2', 's2', '2', 'high', 'error') THEN 2
        WHEN w IN ('p3', 'sev3', 'sev-3', 's3', '3', 'medium', 'moderate', 'warning') THEN 3
        WHEN w IN ('p4', 'sev4', 'sev-4', 's4', '4', 'low') THEN 4
        WHEN w IN ('p5', 'sev5', 'sev-5', 's5', '5', 'lowest', 'info') THEN 5 END
    FROM (SELECT word(raw)) AS words (w)
$$;
COMMENT ON FUNCTION dorad_data.severity_by_word IS 'The built-in reading of severity words (CATALOG.md).';

CREATE FUNCTION dorad_data.severity_of(given text, raw text, of_origin bigint) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT level.key::integer
         FROM ticket_rule AS r
         CROSS JOIN LATERAL jsonb_each(r.outcome) AS level (key, words)
         CROSS JOIN LATERAL jsonb_array_elements_text(level.words) AS severity_word
         WHERE r.section = 'severities' AND raw IS NOT NULL
           AND word(severity_word) = word(raw) AND rule_matches_origin(r, of_origin)
         ORDER BY r.rule_id, level.key LIMIT 1),
        given::integer,
        severity_by_word(raw))
$$;
COMMENT ON FUNCTION dorad_data.severity_of IS
    'Severity 1 to 5: by a rule of the catalogue, else as the sender gives it, else by its word.';

CREATE FUNCTION dorad_data.labels_of(labels jsonb, changes jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF changes IS NULL THEN
        RETURN sorted(text_list(labels));
    END IF;
    RETURN sorted(ARRAY(
        SELECT label FROM unnest(text_list(labels)) AS label WHERE NOT changes ? label
        UNION ALL
        SELECT key FROM jsonb_each(changes) WHERE value = 'true'));
END
$$;
COMMENT ON FUNCTION dorad_data.labels_of IS
    'The labels of a list as changed label by label since.';

CREATE FUNCTION dorad_data.relabelled() RETURNS TABLE (entity text, changes jsonb)
LANGUAGE plpgsql STABLE SET enable_hashjoin = on AS $$
BEGIN
    -- Changes label by label count from the last whole list on.
    RETURN QUERY
    SELECT s.entity, merged(s.data -> 'label_changes' ORDER BY s.at, s.id, s.source)
    FROM w_seen AS s
    LEFT JOIN (
        SELECT DISTINCT ON (l.entity) l.entity, l.at, l.id, l.source
        FROM w_seen AS l WHERE l.data ? 'labels'
        ORDER BY l.entity, l.at DESC, l.id DESC, l.source DESC
    ) AS whole ON whole.entity = s.entity
    WHERE jsonb_typeof(s.data -> 'label_changes') = 'object'
      AND (whole.entity IS NULL
           OR (s.at, s.id, s.source) >= (whole.at, whole.id, whole.source))
    GROUP BY s.entity;
END
$$;
COMMENT ON FUNCTION dorad_data.relabelled IS
    'Of the tickets gathered, which labels were put on or taken off since the last whole list.';

CREATE FUNCTION dorad_data.merge_incidents() RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    ruled boolean := EXISTS (SELECT FROM ticket_rule WHERE section = 'incidents');
    severities_ruled boolean := EXISTS (SELECT FROM ticket_rule WHERE section = 'severities');
    aliased boolean := EXISTS (SELECT FROM service_alias);
BEGIN
    INSERT INTO w_incident (
        incident_id, started_at, restored_at, restore_s, state, reopens, severity,
        environment_class, services, duplicate_of, is_incident, cause, caused_by_deployments,
        caused_by_change_request, caused_by_sha, excluded, corrected_to, item_type, title,
        origin_id, url, review_url)
    WITH folded AS MATERIALIZED (
        SELECT s.entity, merged(s.data) AS data, min(s.at) AS at
        FROM (SELECT * FROM w_seen ORDER BY entity, at, id, source) AS s GROUP BY s.entity
    ), carried AS (
        -- An event without state leaves it as it was; before any, open.
        SELECT s.entity, s.at, s.id, s.source, s.data,
               count(s.data ->> 'state') OVER (PARTITION BY s.entity
                                               ORDER BY s.at, s.id, s.source) AS said
        FROM w_seen AS s
    ), states AS (
        SELECT c.*, coalesce(max(c.data ->> 'state') OVER (PARTITION BY c.entity, c.said),
                             'open') AS state
        FROM carried AS c
    ), turns AS (
        SELECT s.*, lag(s.state) OVER (PARTITION BY s.entity ORDER BY s.at, s.id, s.source) AS was
        FROM states AS s
    ), runs AS (
        -- R9 and R22: of a run of equal states the first counts.
        SELECT t.entity, t.at, t.id, t.source, t.state, t.was,
               coalesce(instant(t.data ->> 'resolved_at'), t.at) AS ends_at,
               row_number() OVER w AS turn,
               lag(t.at) OVER w AS opened_at,
               lead(t.state) OVER w IS NULL AS is_last,
               instant(f.data ->> 'started_at') AS started_at
        FROM turns AS t
        JOIN folded AS f ON f.entity = t.entity
        WHERE t.state IS DISTINCT FROM t.was
        WINDOW w AS (PARTITION BY t.entity ORDER BY t.at, t.id, t.source)
    ), walked AS (
        SELECT r.entity,
               max(r.state) FILTER (WHERE r.is_last) AS state,
               max(r.ends_at) FILTER (WHERE r.is_last AND r.state = 'resolved') AS restored_at,
               count(*) FILTER (WHERE r.state = 'open' AND r.was IS NOT NULL) AS reopens,
               -- Resolved by its first event, or never seen open, it has a sample only if its
               -- start is known.
               bool_and(r.started_at IS NULL)
                   AND (bool_or(r.turn = 1 AND r.state = 'resolved')
                        OR NOT bool_or(r.state = 'open')) AS no_start,
               -- The first interval begins at the known start, any other when it was opened.
               sum(greatest(extract(epoch FROM r.ends_at - CASE
                       WHEN r.turn = 1 THEN r.started_at
                       WHEN r.turn = 2 THEN coalesce(r.started_at, r.opened_at)
                       ELSE r.opened_at END), 0))
                   FILTER (WHERE r.state = 'resolved' AND (r.turn = 1 OR r.was = 'open')) AS open_s
        FROM runs AS r
        GROUP BY r.entity
    )
    SELECT f.entity, coalesce(instant(f.data ->> 'started_at'), f.at), w.restored_at,
           CASE WHEN w.restored_at IS NOT NULL AND NOT w.no_start
                THEN coalesce(w.open_s, 0)::double precision END,
           w.state, w.reopens,
           CASE WHEN severities_ruled
                THEN severity_of(f.data ->> 'severity', f.data ->> 'severity_raw', o.origin_id)
                ELSE coalesce((f.data ->> 'severity')::integer,
                              severity_by_word(f.data ->> 'severity_raw')) END,
           f.data ->> 'environment_class',
           CASE WHEN aliased OR one_name(f.data -> 'services') IS NULL
                THEN services_of_ticket(f.data, o.origin_id)
                ELSE one_name(f.data -> 'services') END,
           nullif(f.data ->> 'duplicate_of', ''),
           CASE WHEN f.data -> 'candidate' = 'true' THEN coalesce(found.incident, false)
                ELSE coalesce(found.incident, true) END,
           nullif(f.data ->> 'cause', ''), text_list(f.data -> 'caused_by_deployments'),
           nullif(f.data ->> 'caused_by_change_request', ''),
           nullif(f.data ->> 'caused_by_sha', ''),
           x.excluded, x.corrected_to,
           f.data ->> 'item_type', f.data ->> 'title', o.origin_id, f.data ->> 'url',
           f.data ->> 'review_url'
    FROM folded AS f
    JOIN walked AS w ON w.entity = f.entity
    LEFT JOIN w_entity_origin AS o ON o.entity = f.entity
    LEFT JOIN relabelled() AS r ON r.entity = f.entity
    LEFT JOIN LATERAL (
        SELECT CASE WHEN ruled THEN incident_rule(
                   o.origin_id, f.data ->> 'item_type',
                   labels_of(f.data -> 'labels', r.changes)) END
        OFFSET 0
    ) AS found (incident) ON true
    LEFT JOIN LATERAL (
        SELECT (array_agg(c.value ORDER BY c.at DESC, c.event_id DESC)
                    FILTER (WHERE c.field = 'excluded' AND c.target_service = ''))[1]
                   = 'true' AS excluded,
               jsonb_object_agg(c.target_service, c.value)
                    FILTER (WHERE c.field = 'attribution') AS corrected_to
        FROM correction AS c
        WHERE c.target_kind = 'incident' AND c.target_id = f.entity
    ) AS x ON true;
END
$$;
COMMENT ON FUNCTION dorad_data.merge_incidents IS
    'The incidents whose observations are in w_seen: into w_incident.';

CREATE FUNCTION dorad_data.fold_incidents(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather('incident', today);
    PERFORM merge_origins('incident');
    PERFORM merge_incidents();
END
$$;
COMMENT ON FUNCTION dorad_data.fold_incidents IS
    'Folds the incidents in w_entity (METRICS.md R20 to R22): into w_incident.';

CREATE FUNCTION dorad_data.follow_duplicates() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Who leads, by however long a chain, to one that came, went or leads elsewhere now?
    INSERT INTO w_entity
        WITH RECURSIVE turned AS (
            SELECT e.entity
            FROM w_entity AS e
            LEFT JOIN w_incident AS n ON n.incident_id = e.entity
            LEFT JOIN incident_fact AS o ON o.incident_id = e.entity
            WHERE (n.is_incident, n.duplicate_of) IS DISTINCT FROM (o.is_incident, o.duplicate_of)
        ), ahead AS (
            SELECT entity FROM turned
            UNION
            SELECT l.from_id
            FROM ahead AS t
            JOIN link AS l ON l.name_kind = 'incident' AND l.name = t.entity
            WHERE l.from_kind = 'incident'
        )
        SELECT entity FROM ahead EXCEPT SELECT entity FROM w_entity;
    INSERT INTO w_incident
        SELECT i.* FROM w_entity AS e JOIN incident_fact AS i ON i.incident_id = e.entity
        WHERE NOT EXISTS (SELECT FROM w_incident AS w WHERE w.incident_id = e.entity)
          AND NOT EXISTS (SELECT FROM w_seen AS s WHERE s.entity = e.entity)
          -- Folded to nothing: all its events were withdrawn.
          AND EXISTS (SELECT FROM observation AS v
                      WHERE v.kind = 'incident' AND v.entity = e.entity AND v.data IS NOT NULL
                        AND v.at <= (SELECT as_of FROM clock));

    UPDATE w_incident AS w SET duplicate_end = chain.ends
    FROM (
        WITH RECURSIVE path AS (
            SELECT i.incident_id AS start, i.incident_id AS current, i.duplicate_of AS next,
                   ARRAY[i.incident_id] AS visited
            FROM w_incident AS i WHERE i.duplicate_of IS NOT NULL AND i.is_incident
            UNION ALL
            SELECT p.start, k.incident_id, k.duplicate_of, p.visited || k.incident_id
            FROM path AS p
            CROSS JOIN LATERAL (
                -- Folded now, else as stored; one that nobody has seen ends the chain.
                SELECT n.incident_id, n.duplicate_of FROM w_incident AS n
                WHERE n.incident_id = p.next AND n.is_incident
                UNION ALL
                SELECT o.incident_id, o.duplicate_of FROM incident_fact AS o
                WHERE o.incident_id = p.next AND o.is_incident
                  AND NOT EXISTS (SELECT FROM w_entity AS e WHERE e.entity = o.incident_id)
            ) AS k
            WHERE k.incident_id <> ALL (p.visited)
        ), last AS (
            SELECT DISTINCT ON (start) * FROM path ORDER BY start, cardinality(visited) DESC
        )
        -- In a cycle the end is its smallest id.
        SELECT l.start, CASE
            WHEN array_position(l.visited, l.next) IS NULL THEN l.current
            ELSE (SELECT min(id COLLATE "C")
                  FROM unnest(l.visited[array_position(l.visited, l.next):]) AS id) END AS ends
        FROM last AS l
    ) AS chain
    WHERE chain.start = w.incident_id;
END
$$;
COMMENT ON FUNCTION dorad_data.follow_duplicates IS
    'Where the chains of duplicates end, for all that lead to the incidents in w_incident.';

CREATE FUNCTION dorad_data.exclude_incidents() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- R23, in the order given there; a correction goes after every rule.
    UPDATE w_incident AS w SET exclusion = CASE
        WHEN excluded THEN 'correction'
        WHEN services = '{}' AND excluded IS NOT NULL THEN 'unmapped'
        WHEN NOT excluded THEN NULL
        WHEN NOT is_incident THEN 'not_an_incident'
        WHEN duplicate_end <> incident_id THEN 'duplicate'
        WHEN state = 'cancelled' THEN 'cancelled'
        WHEN environment_class = 'other' THEN 'environment'
        WHEN severity > (SELECT max_severity FROM setting) THEN 'severity'
        WHEN services = '{}' THEN 'unmapped' END;
    INSERT INTO w_pair (service, incident_id, started_at, restored_at, restore_s, reopens,
                        counted, exclusion, targets, cause, named, change_request, sha,
                        corrected_to)
        SELECT hit.service, w.incident_id, w.started_at, w.restored_at, w.restore_s, w.reopens,
               w.exclusion IS NULL AND p.counts,
               coalesce(w.exclusion, CASE WHEN NOT p.counts THEN 'phase' END),
               '{}', w.cause, w.caused_by_deployments, w.caused_by_change_request,
               w.caused_by_sha,
               CASE WHEN w.corrected_to ? hit.service THEN w.corrected_to -> hit.service
                    ELSE w.corrected_to -> '' END
        FROM w_incident AS w
        CROSS JOIN unnest(w.services) AS hit (service)
        LEFT JOIN service_phase AS ph
            ON ph.service = hit.service AND ph.valid_from <= w.started_at
           AND w.started_at < ph.valid_to
        CROSS JOIN LATERAL (
            SELECT coalesce(ph.phase, 'live') <> 'retired'
                   AND (w.environment_class IS DISTINCT FROM 'sealed'
                        OR ph.phase IS NOT DISTINCT FROM 'development')) AS p (counts);
END
$$;
COMMENT ON FUNCTION dorad_data.exclude_incidents IS
    'Which incidents count, and for which services: into w_incident and w_pair.';
