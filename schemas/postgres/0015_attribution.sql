-- SPDX-License-Identifier: Apache-2.0
--
-- Which deployments an incident is held against (METRICS.md section 4, R17 to R19).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.deployments_of_sha(sha text) RETURNS TABLE (
    service text, deployment_id text)
LANGUAGE sql STABLE ROWS 1 AS $$
    -- In each service the deployment that first delivered the change, else the earliest success
    -- with that sha. A prefix counts where exactly one change of the service fits.
    WITH meant AS (
        SELECT NULL AS service, sha AS whole
        UNION ALL
        SELECT c.service, min(c.change_id)
        FROM change_service AS c
        WHERE is_short_sha(sha) AND c.change_id > sha AND c.change_id < sha || 'g'
        GROUP BY c.service HAVING count(*) = 1
    ), hits AS (
        SELECT d.service, d.deployment_id, 1 AS preference, d.at
        FROM meant AS m
        JOIN change_delivery AS d
            ON d.change_id = m.whole AND (m.service IS NULL OR m.service = d.service)
        UNION ALL
        SELECT f.service, f.deployment_id, 2, f.at
        FROM meant AS m
        JOIN deployment_fact AS f
            ON f.sha = m.whole AND (m.service IS NULL OR m.service = f.service)
        WHERE f.status = 'succeeded'
    )
    SELECT DISTINCT ON (h.service) h.service, h.deployment_id
    FROM hits AS h
    ORDER BY h.service, h.preference, h.at, h.deployment_id
$$;
COMMENT ON FUNCTION dorad_data.deployments_of_sha IS
    'The deployment that a sha points to, in each service that has one (rule explicit_sha).';

CREATE FUNCTION dorad_data.corrected_names(value jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'string' THEN CASE WHEN value #>> '{}' IN ('', 'none') THEN '{}'
                                ELSE ARRAY[value #>> '{}'] END
        WHEN 'array' THEN text_list(value)
        WHEN 'object' THEN ARRAY[coalesce(value ->> 'deployment', value ->> 'deployment_id',
                                          value ->> 'id')]
        ELSE '{}' END
$$;
COMMENT ON FUNCTION dorad_data.corrected_names IS
    'The deployments that a correction of an attribution names; none for false, null or "none".';

CREATE FUNCTION dorad_data.attribute_explicitly() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Rules 1 to 3 look at all services; only then is it known who is a victim.
    DELETE FROM w_hit;
    INSERT INTO w_hit
        WITH asking AS (
            SELECT DISTINCT p.incident_id, p.named, p.change_request, p.sha
            FROM w_pair AS p
            WHERE p.counted AND (p.named IS NOT NULL OR p.change_request IS NOT NULL
                                 OR p.sha IS NOT NULL)
        )
        SELECT a.incident_id, 1, d.service, d.deployment_id
        FROM asking AS a
        CROSS JOIN unnest(a.named) AS name
        CROSS JOIN LATERAL deployments_named(name) AS d
        UNION
        SELECT a.incident_id, 2, d.service, d.deployment_id
        FROM asking AS a
        JOIN change_request_deployment AS d ON d.cr_id = a.change_request
        JOIN deployment_fact AS f
            ON f.service = d.service AND f.deployment_id = d.deployment_id
        WHERE f.status IS NOT NULL
        UNION
        SELECT a.incident_id, 3, d.service, d.deployment_id
        FROM asking AS a
        CROSS JOIN LATERAL deployments_of_sha(a.sha) AS d
        WHERE a.sha IS NOT NULL;
    UPDATE w_pair AS p SET
        attr_rule = CASE
            WHEN h.rule = 1 THEN 'explicit_deployment'
            WHEN h.rule = 2 THEN 'explicit_change_request'
            WHEN h.rule = 3 THEN 'explicit_sha'
            ELSE 'explicit_other_service' END,
        targets = coalesce(h.targets, '{}')
    FROM (
        SELECT q.service, q.incident_id, here.rule, here.targets
        FROM w_pair AS q
        LEFT JOIN LATERAL (
            SELECT x.rule, sorted(array_agg(x.deployment_id)) AS targets
            FROM w_hit AS x
            WHERE x.incident_id = q.incident_id AND x.service = q.service
            GROUP BY x.rule ORDER BY x.rule LIMIT 1) AS here ON true
        WHERE EXISTS (SELECT FROM w_hit AS x WHERE x.incident_id = q.incident_id)
    ) AS h
    WHERE p.service = h.service AND p.incident_id = h.incident_id
      AND p.counted AND p.attr_rule IS NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.attribute_explicitly IS
    'Rules 1 to 4 for the pairs in w_pair that no rule has decided yet.';

CREATE FUNCTION dorad_data.attribute_incidents() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Corrections go after every rule, so nothing else is asked.
    UPDATE w_pair AS p SET attr_rule = 'correction', targets = ARRAY(
        SELECT DISTINCT d.deployment_id
        FROM unnest(corrected_names(p.corrected_to)) AS name
        CROSS JOIN LATERAL deployments_named(name) AS d
        WHERE d.service = p.service ORDER BY 1)
    WHERE p.counted AND p.corrected_to IS NOT NULL;
    -- Rule 0
    UPDATE w_pair SET attr_rule = 'excluded_cause'
    WHERE counted AND attr_rule IS NULL AND word(cause) <> 'deployment';
    PERFORM attribute_explicitly();
    -- Rule 5: the earliest rollback while it was open of what was out when it began.
    UPDATE w_pair AS p SET attr_rule = 'rollback', targets = ARRAY[r.removes]
    FROM (
        SELECT q.service, q.incident_id, back.removes
        FROM w_pair AS q
        CROSS JOIN LATERAL (
            SELECT f.removes
            FROM deployment_fact AS f
            JOIN deployment_fact AS t
                ON t.service = f.service AND t.deployment_id = f.removes
            WHERE f.service = q.service AND f.at >= q.started_at
              AND f.at <= coalesce(q.restored_at, 'infinity')
              AND f.kind = 'rollback' AND f.lane IS NOT NULL AND f.status = 'succeeded'
              AND t.at <= q.started_at
            ORDER BY f.at, f.deployment_id LIMIT 1) AS back
        WHERE q.counted AND q.attr_rule IS NULL
    ) AS r
    WHERE p.service = r.service AND p.incident_id = r.incident_id;
    -- Rule 6: the latest change within the window that was not taken back by then.
    UPDATE w_pair AS p SET attr_rule = 'latest_deployment', targets = ARRAY[r.deployment_id]
    FROM (
        SELECT q.service, q.incident_id, latest.deployment_id
        FROM w_pair AS q
        LEFT JOIN service AS s ON s.service = q.service
        CROSS JOIN setting
        CROSS JOIN LATERAL (
            SELECT f.deployment_id
            FROM deployment_fact AS f
            WHERE f.service = q.service AND f.at <= q.started_at
              AND f.at >= q.started_at - make_interval(
                      secs => coalesce(s.attribution_window_s, setting.attribution_window_s))
              AND f.kind = 'change'
              AND (f.removed_at IS NULL OR f.removed_at > q.started_at)
            ORDER BY f.at DESC, f.deployment_id DESC LIMIT 1) AS latest
        WHERE q.counted AND q.attr_rule IS NULL
    ) AS r
    WHERE p.service = r.service AND p.incident_id = r.incident_id;
    -- Rule 7
    UPDATE w_pair SET attr_rule = 'none' WHERE counted AND attr_rule IS NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.attribute_incidents IS
    'Rules 0 to 7 of METRICS.md section 4 for each pair in w_pair.';

CREATE FUNCTION dorad_data.store_incidents() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_link (name_kind, name, from_id)
        SELECT 'deployment', name, w.incident_id
        FROM w_incident AS w
        CROSS JOIN unnest(w.caused_by_deployments || ARRAY(
            SELECT unnest(corrected_names(c.value)) FROM jsonb_each(w.corrected_to) AS c)) AS name
        WHERE name IS NOT NULL
        UNION ALL
        SELECT 'change_request', w.caused_by_change_request, w.incident_id
        FROM w_incident AS w WHERE w.caused_by_change_request IS NOT NULL
        UNION ALL
        SELECT 'sha', w.caused_by_sha, w.incident_id
        FROM w_incident AS w WHERE w.caused_by_sha IS NOT NULL
        UNION ALL
        SELECT 'incident', w.duplicate_of, w.incident_id
        FROM w_incident AS w WHERE w.duplicate_of IS NOT NULL;
    INSERT INTO w_evidence
        SELECT p.service, target, 'incident:' || p.attr_rule, p.incident_id
        FROM w_pair AS p CROSS JOIN unnest(p.targets) AS target
        WHERE p.counted;

    -- From its start to its end an incident stands in every month: as started, open, restored.
    INSERT INTO w_anchor
        SELECT coalesce(n.service, o.service), NULL, a.at, a.until, 'incident',
               coalesce(n.incident_id, o.incident_id)
        FROM w_pair AS n
        FULL JOIN (
            SELECT s.* FROM w_entity AS e JOIN incident_service AS s ON s.incident_id = e.entity
        ) AS o ON o.service = n.service AND o.incident_id = n.incident_id
        CROSS JOIN LATERAL (VALUES
            (least(o.started_at, o.restored_at),
             CASE WHEN o.restored_at IS NULL THEN 'infinity'
                  ELSE greatest(o.started_at, o.restored_at) END, o.counted),
            (least(n.started_at, n.restored_at),
             CASE WHEN n.restored_at IS NULL THEN 'infinity'
                  ELSE greatest(n.started_at, n.restored_at) END, n.counted)
        ) AS a (at, until, counted)
        WHERE a.counted
          AND (n.started_at, n.restored_at, n.restore_s, n.reopens, n.counted, n.attr_rule,
               n.targets) IS DISTINCT FROM
              (o.started_at, o.restored_at, o.restore_s, o.reopens, o.counted, o.attr_rule,
               o.targets);
    DELETE FROM incident_service AS s USING w_entity AS e
    WHERE s.incident_id = e.entity
      AND NOT EXISTS (SELECT FROM w_pair AS p
                      WHERE p.service = s.service AND p.incident_id = s.incident_id);
    INSERT INTO incident_service AS s
        SELECT p.service, p.incident_id, p.started_at, p.restored_at, p.restore_s, p.reopens,
               p.counted, p.exclusion, p.attr_rule, p.targets
        FROM w_pair AS p ORDER BY p.service, p.incident_id
    ON CONFLICT (service, incident_id) DO UPDATE SET
        (started_at, restored_at, restore_s, reopens, counted, exclusion, attr_rule, targets) =
        (excluded.started_at, excluded.restored_at, excluded.restore_s, excluded.reopens,
         excluded.counted, excluded.exclusion, excluded.attr_rule, excluded.targets)
    WHERE s.* IS DISTINCT FROM excluded.*;
    DELETE FROM incident_fact AS i USING w_entity AS e
    WHERE i.incident_id = e.entity
      AND NOT EXISTS (SELECT FROM w_incident AS w WHERE w.incident_id = e.entity);
    INSERT INTO incident_fact AS i SELECT w.* FROM w_incident AS w ORDER BY w.incident_id
    ON CONFLICT (incident_id) DO UPDATE SET
        (started_at, restored_at, restore_s, state, reopens, severity, environment_class,
         services, duplicate_of, duplicate_end, is_incident, exclusion, cause,
         caused_by_deployments, caused_by_change_request, caused_by_sha, excluded, corrected_to,
         item_type, title, origin_id, url, review_url) =
        (excluded.started_at, excluded.restored_at, excluded.restore_s, excluded.state,
         excluded.reopens, excluded.severity, excluded.environment_class, excluded.services,
         excluded.duplicate_of, excluded.duplicate_end, excluded.is_incident,
         excluded.exclusion, excluded.cause, excluded.caused_by_deployments,
         excluded.caused_by_change_request, excluded.caused_by_sha, excluded.excluded,
         excluded.corrected_to, excluded.item_type, excluded.title, excluded.origin_id,
         excluded.url, excluded.review_url)
    WHERE i.* IS DISTINCT FROM excluded.*;
    PERFORM store_links('incident');
    PERFORM store_evidence('incident');
END
$$;
COMMENT ON FUNCTION dorad_data.store_incidents IS
    'Stores the incidents of w_incident and w_pair that differ, and lays out the anchors touched.';

CREATE FUNCTION dorad_data.recompute_incidents(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fold_incidents(today);
    PERFORM know('w_incident');
    PERFORM follow_duplicates();
    PERFORM exclude_incidents();
    PERFORM know('w_pair');
    PERFORM attribute_incidents();
    PERFORM store_incidents();
    PERFORM know('incident_fact', 'incident_service', 'evidence');
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_incidents IS
    'Folds and attributes the incidents in w_entity, and stores what differs.';
