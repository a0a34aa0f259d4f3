-- SPDX-License-Identifier: Apache-2.0
--
-- Change requests: their deployments, and the failures that their close codes speak of
-- (METRICS.md section 4 and 9.1).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.services_of_ticket(data jsonb, of_origin bigint) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- Services that the event names win over its origin, an empty list too.
    IF jsonb_typeof(data -> 'services') = 'array' THEN
        RETURN real_names(text_list(data -> 'services'));
    ELSIF of_origin IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN sorted(ARRAY(
        SELECT m.service FROM (
            SELECT s.service, s.rank, max(s.rank) OVER () AS best
            FROM origin_service AS s WHERE s.origin_id = of_origin
        ) AS m WHERE m.rank = m.best));
END
$$;
COMMENT ON FUNCTION dorad_data.services_of_ticket IS
    'The services that an incident, item or change request is about.';

CREATE FUNCTION dorad_data.store_links(of_kind text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- w_link holds what the entities in w_entity name now.
    DELETE FROM link AS l USING w_entity AS e
    WHERE l.from_kind = of_kind AND l.from_id = e.entity AND l.service = ''
      AND NOT EXISTS (SELECT FROM w_link AS w
                      WHERE w.name_kind = l.name_kind AND w.name = l.name
                        AND w.from_id = l.from_id);
    INSERT INTO link
        SELECT DISTINCT w.name_kind, w.name, of_kind, w.from_id, '' FROM w_link AS w
        ORDER BY 1, 2, 4
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION dorad_data.store_links IS 'Stores who names whom, for the entities in w_entity.';

CREATE FUNCTION dorad_data.store_evidence(of_kind text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- w_evidence holds what the entities in w_entity say now; a deployment that gains or loses
    -- evidence has its month computed again.
    WITH gone AS (
        DELETE FROM evidence AS v USING w_entity AS e
        WHERE v.by_id = e.entity AND starts_with(v.what, of_kind)
          AND NOT EXISTS (SELECT FROM w_evidence AS w
                          WHERE w.service = v.service AND w.deployment_id = v.deployment_id
                            AND w.what = v.what AND w.by_id = v.by_id)
        RETURNING v.*
    ), came AS (
        INSERT INTO evidence
            SELECT w.* FROM w_evidence AS w ORDER BY 1, 2, 3, 4
        ON CONFLICT DO NOTHING
        RETURNING *
    )
    INSERT INTO w_anchor
        SELECT d.service, NULL, d.at, NULL, of_kind, v.by_id
        FROM (SELECT * FROM gone UNION ALL SELECT * FROM came) AS v
        JOIN deployment_fact AS d
            ON d.service = v.service AND d.deployment_id = v.deployment_id;
END
$$;
COMMENT ON FUNCTION dorad_data.store_evidence IS
    'Stores the evidence of the entities in w_entity, and lays out the anchors it touches.';

CREATE FUNCTION dorad_data.fold_requests(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather('change_request', today);
    PERFORM merge_origins('change_request');
    INSERT INTO w_request
        SELECT r.entity, r.data ->> 'state', r.data ->> 'close_code',
               CASE WHEN cardinality(text_list(r.data -> 'deployment_ids')) > 0
                    THEN sorted(text_list(r.data -> 'deployment_ids')) END,
               services_of_ticket(r.data, o.origin_id),
               instant(r.data ->> 'actual_start'), instant(r.data ->> 'actual_end'),
               coalesce(word(r.data ->> 'close_code') = 'unsuccessful'
                        AND word(coalesce(r.data ->> 'state', ''))
                            NOT IN ('cancelled', 'canceled'), false),
               r.at, o.origin_id, r.data ->> 'url'
        FROM (
            SELECT s.entity, merged(s.data ORDER BY s.at, s.id, s.source) AS data,
                   max(s.at) AS at
            FROM w_seen AS s GROUP BY s.entity
        ) AS r
        LEFT JOIN w_entity_origin AS o ON o.entity = r.entity;
    INSERT INTO w_request_deployment
        -- Those named, in whatever service;
        SELECT r.cr_id, d.service, d.deployment_id
        FROM w_request AS r
        CROSS JOIN unnest(r.deployment_ids) AS named
        CROSS JOIN LATERAL deployments_named(named) AS d
        UNION
        -- or, without names, the latest of each service in the time of the work.
        SELECT r.cr_id, service, d.deployment_id
        FROM w_request AS r
        CROSS JOIN unnest(r.services) AS service
        CROSS JOIN LATERAL (
            SELECT f.deployment_id FROM deployment_fact AS f
            WHERE f.service = service.service AND f.at >= r.actual_start AND f.at <= r.actual_end
              AND f.status IS NOT NULL
            ORDER BY f.at DESC, f.deployment_id DESC LIMIT 1) AS d
        WHERE r.deployment_ids IS NULL;
    INSERT INTO w_link (name_kind, name, from_id)
        SELECT 'deployment', named, r.cr_id
        FROM w_request AS r CROSS JOIN unnest(r.deployment_ids) AS named;
    INSERT INTO w_evidence
        SELECT d.service, d.deployment_id, 'change_request', d.cr_id
        FROM w_request_deployment AS d
        JOIN w_request AS r ON r.cr_id = d.cr_id AND r.marks_failure;
END
$$;
COMMENT ON FUNCTION dorad_data.fold_requests IS
    'Folds the change requests in w_entity: w_request, w_request_deployment, links and evidence.';

CREATE FUNCTION dorad_data.deployments_named(name text) RETURNS TABLE (
    service text, deployment_id text)
LANGUAGE sql STABLE ROWS 1 AS $$
    -- By the id of the roll-out or of one of its deployments; only those that count.
    SELECT f.service, f.deployment_id FROM deployment_fact AS f
    WHERE f.deployment_id = name AND f.status IS NOT NULL
    UNION
    SELECT f.service, f.deployment_id FROM deployment_member AS m
    JOIN deployment_fact AS f ON f.service = m.service AND f.deployment_id = m.group_id
    WHERE m.deployment_id = name AND f.status IS NOT NULL
$$;
COMMENT ON FUNCTION dorad_data.deployments_named IS
    'The counted deployments of an id, in whatever service.';

CREATE FUNCTION dorad_data.recompute_requests(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fold_requests(today);
    -- Incidents that name one whose deployments changed.
    INSERT INTO mark (stage, entity)
        SELECT DISTINCT 'incident', l.from_id
        FROM (
            (SELECT d.* FROM change_request_deployment AS d JOIN w_entity AS e ON e.entity = d.cr_id
             EXCEPT SELECT * FROM w_request_deployment)
            UNION ALL
            (SELECT * FROM w_request_deployment
             EXCEPT
             SELECT d.* FROM change_request_deployment AS d JOIN w_entity AS e ON e.entity = d.cr_id)
        ) AS c
        JOIN link AS l ON l.name_kind = 'change_request' AND l.name = c.cr_id
        WHERE l.from_kind = 'incident';
    DELETE FROM change_request_deployment AS d USING w_entity AS e WHERE d.cr_id = e.entity;
    INSERT INTO change_request_deployment
        SELECT * FROM w_request_deployment ORDER BY 1, 2, 3;
    DELETE FROM change_request_window AS w USING w_entity AS e WHERE w.cr_id = e.entity;
    INSERT INTO change_request_window
        SELECT service, r.cr_id, r.actual_start, r.actual_end
        FROM w_request AS r CROSS JOIN unnest(r.services) AS service
        WHERE r.deployment_ids IS NULL AND r.actual_start <= r.actual_end
        ORDER BY 1, 2;
    DELETE FROM change_request AS c USING w_entity AS e
    WHERE c.cr_id = e.entity AND NOT EXISTS (SELECT FROM w_request AS w WHERE w.cr_id = e.entity);
    INSERT INTO change_request AS c SELECT w.* FROM w_request AS w ORDER BY w.cr_id
    ON CONFLICT (cr_id) DO UPDATE SET
        (state, close_code, deployment_ids, services, actual_start, actual_end, marks_failure,
         at, origin_id, url) =
        (excluded.state, excluded.close_code, excluded.deployment_ids, excluded.services,
         excluded.actual_start, excluded.actual_end, excluded.marks_failure, excluded.at,
         excluded.origin_id, excluded.url)
    WHERE c.* IS DISTINCT FROM excluded.*;
    PERFORM store_links('change_request');
    PERFORM store_evidence('change_request');
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_requests IS
    'Folds the change requests in w_entity and stores what differs.';
