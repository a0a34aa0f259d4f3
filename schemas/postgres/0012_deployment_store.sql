-- SPDX-License-Identifier: Apache-2.0
--
-- Deployments as computed against deployments as stored: only what differs is written, and what
-- differs says which months, incidents and change requests are touched (METRICS.md 9.2).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.assemble_deployments() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Those walked.
    INSERT INTO w_new_deployment
    SELECT w.service, w.deployment_id, w.at, w.status, w.exclusion, w.lane, w.environment,
           k.sha, w.given_sha, w.ref, w.is_rollback, w.rolls_back, w.hotfix, w.changes,
           w.members, w.via, w.origin_id, w.parts, w.parts_without_outcome,
           w.parts_not_counted, w.url, w.excluded, w.failure, k.kind, k.kind_rule,
           CASE WHEN k.kind <> 'change' THEN NULL
                WHEN w.changes IS NOT NULL THEN 'explicit'
                WHEN r.place IS NULL THEN 'unknown'
                WHEN r.before IS NULL THEN 'baseline'
                ELSE 'inferred' END,
           CASE WHEN w.changes IS NULL OR k.kind <> 'change' THEN 0 ELSE (
               SELECT count(*) FROM unnest(w.changes) AS listed
               WHERE NOT EXISTS (SELECT FROM change AS c WHERE c.change_id = listed)) END,
           p.landed_at, p.ordinal, p.change_id,
           back.target, taken.rollback_id, taken.at
    FROM w_walk AS w
    JOIN w_kind AS k ON k.service = w.service AND k.deployment_id = w.deployment_id
    JOIN w_reach AS r ON r.service = w.service AND r.deployment_id = w.deployment_id
    LEFT JOIN w_place AS p ON p.service = w.service AND p.place = r.furthest
    LEFT JOIN w_removal AS back
        ON back.service = w.service AND back.rollback_id = w.deployment_id
    LEFT JOIN LATERAL (
        -- The first removal stays.
        SELECT t.rollback_id, t.at FROM w_removal AS t
        WHERE t.service = w.service AND t.target = w.deployment_id
        ORDER BY t.at, t.rollback_id LIMIT 1) AS taken ON true;

    -- Those before the walk that a rollback within it takes back, or took back until now.
    INSERT INTO w_taken
    SELECT DISTINCT ON (b.service, b.target) b.service, b.target, b.rollback_id, b.at, s.start_at
    FROM (
        SELECT service, target, rollback_id, at FROM w_removal
        UNION ALL
        SELECT s.service, d.removes, NULL, NULL
        FROM w_start AS s
        CROSS JOIN LATERAL (
            SELECT f.removes FROM deployment_fact AS f
            WHERE f.service = s.service AND f.at >= s.start_at AND f.removes IS NOT NULL
            OFFSET 0) AS d
    ) AS b
    JOIN w_start AS s ON s.service = b.service
    ORDER BY b.service, b.target, b.at NULLS LAST, b.rollback_id;

    -- Those folded but not walked: what earlier walks said of them still stands.
    INSERT INTO w_new_deployment
    SELECT r.service, r.deployment_id, r.at, r.status, r.exclusion, r.lane, r.environment,
           coalesce(old.sha, r.given_sha), r.given_sha, r.ref, r.is_rollback, r.rolls_back,
           r.hotfix, r.changes, r.members, r.via, r.origin_id, r.parts,
           r.parts_without_outcome, r.parts_not_counted, r.url, r.excluded, r.failure,
           CASE r.status WHEN 'failed' THEN 'attempt' ELSE old.kind END,
           CASE r.status WHEN 'failed' THEN 'failed' ELSE old.kind_rule END,
           old.lead_source, coalesce(old.unknown_changes, 0),
           old.reach_landed_at, old.reach_ordinal, old.reach_change, old.removes,
           CASE WHEN t.target IS NULL OR old.removed_at < t.start_at THEN old.removed_by
                ELSE t.rollback_id END,
           CASE WHEN t.target IS NULL OR old.removed_at < t.start_at THEN old.removed_at
                ELSE t.at END
    FROM w_raw AS r
    LEFT JOIN deployment_fact AS old
        ON old.service = r.service AND old.deployment_id = r.deployment_id
       AND old.status = 'succeeded' AND r.status = 'succeeded'
    LEFT JOIN w_taken AS t ON t.service = old.service AND t.target = old.deployment_id
    WHERE NOT EXISTS (SELECT FROM w_walk AS w
                      WHERE w.service = r.service AND w.deployment_id = r.deployment_id);
    INSERT INTO w_new_deployment
    SELECT f.service, f.deployment_id, f.at, f.status, f.exclusion, f.lane, f.environment,
           f.sha, f.given_sha, f.ref, f.is_rollback, f.rolls_back, f.hotfix, f.changes,
           f.members, f.via, f.origin_id, f.parts, f.parts_without_outcome,
           f.parts_not_counted, f.url, f.excluded, f.failure, f.kind, f.kind_rule,
           f.lead_source, f.unknown_changes, f.reach_landed_at, f.reach_ordinal,
           f.reach_change, f.removes,
           CASE WHEN f.removed_at < t.start_at THEN f.removed_by ELSE t.rollback_id END,
           CASE WHEN f.removed_at < t.start_at THEN f.removed_at ELSE t.at END
    FROM w_taken AS t
    JOIN deployment_fact AS f
        ON f.service = t.service AND f.deployment_id = t.target AND f.at < t.start_at
    WHERE NOT EXISTS (SELECT FROM w_group AS g
                      WHERE g.service = f.service AND g.group_id = f.deployment_id);
END
$$;
COMMENT ON FUNCTION dorad_data.assemble_deployments IS
    'Deployments as they are now, walked or not: into w_new_deployment.';

CREATE FUNCTION dorad_data.compare_deployments() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- What is the same goes no further.
    DELETE FROM w_new_deployment AS n USING deployment_fact AS f
    WHERE f.service = n.service AND f.deployment_id = n.deployment_id
      AND f.* IS NOT DISTINCT FROM n.*;
    INSERT INTO w_moved
        SELECT coalesce(n.service, f.service), coalesce(n.deployment_id, f.deployment_id),
               f.at, n.at, f.sha, n.sha,
               coalesce(f.members, '{}') || coalesce(n.members, '{}')
                   || coalesce(n.deployment_id, f.deployment_id),
               (f.at, f.status, f.members) IS DISTINCT FROM (n.at, n.status, n.members),
               f.kind = 'rollback' OR n.kind = 'rollback'
                   OR f.removed_at IS DISTINCT FROM n.removed_at,
               f.status IS NOT NULL, n.status IS NOT NULL
        FROM w_new_deployment AS n
        LEFT JOIN deployment_fact AS f
            ON f.service = n.service AND f.deployment_id = n.deployment_id
        UNION ALL
        -- Roll-outs that nothing speaks of any more.
        SELECT f.service, f.deployment_id, f.at, NULL, f.sha, NULL,
               coalesce(f.members, '{}') || f.deployment_id, true,
               f.kind = 'rollback' OR f.removed_at IS NOT NULL, f.status IS NOT NULL, false
        FROM w_group AS g
        JOIN deployment_fact AS f ON f.service = g.service AND f.deployment_id = g.group_id
        WHERE NOT EXISTS (SELECT FROM w_raw AS r
                          WHERE r.service = g.service AND r.deployment_id = g.group_id);
END
$$;
COMMENT ON FUNCTION dorad_data.compare_deployments IS
    'Leaves in w_new_deployment those that differ from what is stored, and says how in w_moved.';

CREATE FUNCTION dorad_data.links_of_deployments() RETURNS SETOF dorad_data.link
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT 'change', listed, 'deployment', n.deployment_id, n.service
    FROM w_new_deployment AS n CROSS JOIN unnest(n.changes) AS listed
    ORDER BY 1, 2, 3, 4, 5;
END
$$;
COMMENT ON FUNCTION dorad_data.links_of_deployments IS 'Which changes the deployments in w_new_deployment list.';

CREATE FUNCTION dorad_data.members_of_groups() RETURNS SETOF dorad_data.deployment_member
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT r.service, r.deployment_id, r.group_id FROM w_record AS r
    WHERE r.group_id <> r.deployment_id ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION dorad_data.members_of_groups IS 'Which deployments in w_record are part of a roll-out of another id.';

CREATE FUNCTION dorad_data.store_deployments() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM link AS l USING w_moved AS m
    WHERE l.from_kind = 'deployment' AND l.from_id = m.deployment_id AND l.service = m.service;
    INSERT INTO link SELECT * FROM links_of_deployments();
    DELETE FROM deployment_fact AS f USING w_moved AS m
    WHERE f.service = m.service AND f.deployment_id = m.deployment_id AND m.new_at IS NULL;
    INSERT INTO deployment_fact AS f
        SELECT n.* FROM w_new_deployment AS n ORDER BY n.service, n.at, n.deployment_id
    ON CONFLICT (service, deployment_id) DO UPDATE SET
        (at, status, exclusion, lane, environment, sha, given_sha, ref, is_rollback, rolls_back,
         hotfix, changes, members, via, origin_id, parts, parts_without_outcome,
         parts_not_counted, url, excluded, failure, kind, kind_rule, lead_source,
         unknown_changes, reach_landed_at, reach_ordinal, reach_change, removes, removed_by,
         removed_at) =
        (excluded.at, excluded.status, excluded.exclusion, excluded.lane, excluded.environment,
         excluded.sha, excluded.given_sha, excluded.ref, excluded.is_rollback,
         excluded.rolls_back, excluded.hotfix, excluded.changes, excluded.members, excluded.via,
         excluded.origin_id, excluded.parts, excluded.parts_without_outcome,
         excluded.parts_not_counted, excluded.url, excluded.excluded, excluded.failure,
         excluded.kind, excluded.kind_rule, excluded.lead_source, excluded.unknown_changes,
         excluded.reach_landed_at, excluded.reach_ordinal, excluded.reach_change,
         excluded.removes, excluded.removed_by, excluded.removed_at);

    -- Which deployments are in which roll-out.
    DELETE FROM deployment_member AS m USING w_group AS g
    WHERE m.service = g.service AND m.group_id = g.group_id
      AND NOT EXISTS (SELECT FROM w_record AS r
                      WHERE r.service = m.service AND r.deployment_id = m.deployment_id
                        AND r.group_id = m.group_id);
    INSERT INTO deployment_member AS m
        SELECT * FROM members_of_groups()
    ON CONFLICT (service, deployment_id) DO UPDATE SET group_id = excluded.group_id
    WHERE m.group_id <> excluded.group_id;
END
$$;
COMMENT ON FUNCTION dorad_data.store_deployments IS 'Stores what compare_deployments() found to differ.';

CREATE FUNCTION dorad_data.store_deliveries() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_redelivered
        SELECT coalesce(n.service, o.service), coalesce(n.change_id, o.change_id),
               unnest(ARRAY[o.at, n.at])
        FROM w_delivery AS n
        FULL JOIN (
            SELECT d.* FROM w_start AS s
            CROSS JOIN LATERAL (
                SELECT c.* FROM change_delivery AS c
                WHERE c.service = s.service AND c.at >= s.start_at OFFSET 0) AS d
        ) AS o ON o.service = n.service AND o.change_id = n.change_id
        WHERE (o.deployment_id, o.at, o.source, o.lead_s, o.clamped)
              IS DISTINCT FROM (n.deployment_id, n.at, n.source, n.lead_s, n.clamped);
    DELETE FROM change_delivery AS d USING w_redelivered AS r
    WHERE d.service = r.service AND d.change_id = r.change_id;
    INSERT INTO change_delivery
        SELECT n.* FROM w_delivery AS n
        WHERE EXISTS (SELECT FROM w_redelivered AS r
                      WHERE r.service = n.service AND r.change_id = n.change_id)
        ORDER BY n.service, n.at, n.change_id;
END
$$;
COMMENT ON FUNCTION dorad_data.store_deliveries IS 'Stores the deliveries of w_delivery that differ from what is stored.';

CREATE FUNCTION dorad_data.mark_after_walk() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO w_anchor
        SELECT m.service, NULL, a.at, NULL::timestamptz, 'deployment', m.deployment_id
        FROM w_moved AS m
        CROSS JOIN LATERAL (VALUES (m.old_at, m.old_counted), (m.new_at, m.new_counted)) AS a (at, counted)
        WHERE a.counted
        UNION ALL
        SELECT service, NULL, at, NULL::timestamptz, 'change', change_id FROM w_redelivered WHERE at IS NOT NULL;

    INSERT INTO mark (stage, entity)
        -- Incidents within the window after it, and for rollbacks those open across it.
        SELECT 'incident', i.incident_id
        FROM w_moved AS m
        CROSS JOIN LATERAL (VALUES (m.old_at, m.old_counted), (m.new_at, m.new_counted)) AS a (at, counted)
        LEFT JOIN service AS s ON s.service = m.service
        CROSS JOIN setting
        JOIN incident_service AS i
            ON i.service = m.service AND i.started_at >= a.at
           AND i.started_at <= a.at + make_interval(
                   secs => coalesce(s.attribution_window_s, setting.attribution_window_s))
        WHERE a.counted
        UNION
        SELECT 'incident', i.incident_id
        FROM w_moved AS m
        CROSS JOIN LATERAL (VALUES (m.old_at, m.old_counted), (m.new_at, m.new_counted)) AS a (at, counted)
        JOIN incident_service AS i
            ON i.service = m.service AND i.started_at <= a.at
           AND (i.restored_at >= a.at OR i.restored_at IS NULL)
        WHERE a.counted AND m.rolled
        UNION
        -- Whoever names it, by any of its ids.
        SELECT l.from_kind, l.from_id
        FROM w_moved AS m
        CROSS JOIN unnest(m.named) AS called (name)
        JOIN link AS l ON l.name_kind = 'deployment' AND l.name = called.name
        WHERE m.appeared
        UNION
        -- Whoever names a sha that was deployed or first delivered, in full or by a prefix.
        SELECT l.from_kind, l.from_id
        FROM (
            SELECT unnest(ARRAY[old_sha, new_sha]) FROM w_moved
            UNION SELECT change_id FROM w_redelivered
        ) AS touched (sha)
        JOIN link AS l
            ON l.name_kind = 'sha' AND l.name BETWEEN left(touched.sha, 7) AND touched.sha
           AND (l.name = touched.sha OR starts_with(touched.sha, l.name))
        UNION
        -- Change requests in whose time it was.
        SELECT 'change_request', w.cr_id
        FROM w_moved AS m
        CROSS JOIN LATERAL (VALUES (m.old_at, m.old_counted), (m.new_at, m.new_counted)) AS a (at, counted)
        JOIN change_request_window AS w
            ON w.service = m.service AND w.actual_start <= a.at AND w.actual_end >= a.at
        WHERE a.counted AND m.appeared
        ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_after_walk IS
    'Marks the incidents and change requests that the changed deployments touch, and lays out '
    'their anchors in w_anchor.';

CREATE FUNCTION dorad_data.compute_deployments() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fold_parts();
    PERFORM fold_groups();
    PERFORM start_walks();
    IF EXISTS (SELECT FROM w_start) THEN
        PERFORM walk_kinds();
        PERFORM walk_rollbacks();
        PERFORM walk_reach();
        PERFORM walk_deliveries();
    END IF;
    PERFORM know('w_removal');
    PERFORM assemble_deployments();
    PERFORM know('w_new_deployment');
END
$$;
COMMENT ON FUNCTION dorad_data.compute_deployments IS
    'Deployments and deliveries out of the records in w_record: into w_new_deployment, w_delivery.';

CREATE FUNCTION dorad_data.recompute_deployments(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather_groups(today);
    PERFORM compute_deployments();
    PERFORM compare_deployments();
    PERFORM know('w_moved');
    PERFORM store_deliveries();
    PERFORM store_deployments();
    PERFORM know('deployment_fact', 'deployment_member', 'change_delivery', 'link');
    IF NOT in_bulk() THEN
        PERFORM mark_after_walk();
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_deployments IS
    'Folds the records in w_record_mark and walks the services in w_asked_start too.';
