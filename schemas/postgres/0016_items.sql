-- SPDX-License-Identifier: Apache-2.0
--
-- Work items: when they were completed, and whether they were planned (METRICS.md R25, section 5).

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.status_by_word(given text, raw text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce(given, CASE
        WHEN raw IS NULL THEN NULL
        WHEN word(raw) IN ('done', 'closed', 'complete', 'completed', 'resolved') THEN 'done'
        WHEN word(raw) IN ('cancelled', 'canceled', 'won''t do', 'won''t fix') THEN 'cancelled'
        ELSE 'in_progress' END);
END
$$;
COMMENT ON FUNCTION dorad_data.status_by_word IS
    'An item''s status as the sender gives it, else by the system''s own word.';

CREATE FUNCTION dorad_data.status_of(given text, raw text, of_origin bigint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT status.key
         FROM ticket_rule AS r
         CROSS JOIN LATERAL jsonb_each(r.outcome) AS status (key, words)
         CROSS JOIN LATERAL jsonb_array_elements_text(status.words) AS status_word
         WHERE r.section = 'statuses' AND raw IS NOT NULL
           AND word(status_word) = word(raw) AND rule_matches_origin(r, of_origin)
         ORDER BY r.rule_id, status.key LIMIT 1),
        status_by_word(given, raw))
$$;
COMMENT ON FUNCTION dorad_data.status_of IS
    'An item''s status: by a rule of the catalogue for the system''s own word, else as the sender '
    'gives it, else by the word itself.';

CREATE FUNCTION dorad_data.work_item_rule(of_origin bigint, item_type text, labels text[])
RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT r.outcome ->> 'class'
    FROM ticket_rule AS r
    WHERE r.section = 'work_items'
      AND (r.types IS NULL OR word(item_type) = ANY (r.types))
      AND (r.labels IS NULL OR EXISTS (
              SELECT FROM unnest(work_item_rule.labels) AS label WHERE word(label) = ANY (r.labels)))
      AND rule_matches_origin(r, of_origin)
    ORDER BY r.rule_id LIMIT 1
$$;
COMMENT ON FUNCTION dorad_data.work_item_rule IS
    'The class that the first `work_items:` rule gives that matches an item; null when none does.';

CREATE FUNCTION dorad_data.class_of_item(given text, labels text[], linked text[], item_type text,
                                         priority text, added_late boolean)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    -- METRICS.md section 5: the first rule wins. Returns class and rule.
    RETURN CASE
        WHEN given IN ('planned', 'failure_demand', 'adhoc_value') THEN ARRAY[given, 'override']
        WHEN 'dora:planned' = ANY (labels) THEN ARRAY['planned', 'override']
        WHEN 'dora:failure' = ANY (labels) THEN ARRAY['failure_demand', 'override']
        WHEN 'dora:adhoc' = ANY (labels) THEN ARRAY['adhoc_value', 'override']
        WHEN cardinality(linked) > 0 THEN ARRAY['failure_demand', 'linked_incident']
        WHEN item_type IN ('bug', 'defect', 'incident', 'problem', 'hotfix', 'vulnerability',
                           'break/fix') THEN ARRAY['failure_demand', 'type']
        WHEN labels && ARRAY['bug', 'defect', 'regression', 'incident', 'hotfix', 'rework',
                             'break-fix', 'vulnerability', 'security-fix', 'environment-issue',
                             'flaky-test', 'config-error'] THEN ARRAY['failure_demand', 'label']
        WHEN item_type IN ('support', 'service request', 'ad hoc') THEN ARRAY['adhoc_value', 'type']
        WHEN labels && ARRAY['unplanned', 'adhoc', 'ad-hoc', 'expedite', 'interrupt', 'support']
            THEN ARRAY['adhoc_value', 'label']
        WHEN priority = 'expedite' THEN ARRAY['adhoc_value', 'priority']
        WHEN added_late THEN ARRAY['adhoc_value', 'added_after_sprint_start']
        ELSE ARRAY['planned', 'default'] END;
END
$$;
COMMENT ON FUNCTION dorad_data.class_of_item IS
    'The class of an item by the built-in rules, and the rule that gave it. Words come lower-case.';

CREATE FUNCTION dorad_data.merge_items() RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on AS $$
DECLARE
    ruled boolean := EXISTS (SELECT FROM ticket_rule WHERE section = 'work_items');
    statuses_ruled boolean := EXISTS (SELECT FROM ticket_rule WHERE section = 'statuses');
    aliased boolean := EXISTS (SELECT FROM service_alias);
    corrected boolean := EXISTS (SELECT FROM correction WHERE target_kind = 'work_item');
    retired boolean := EXISTS (SELECT FROM service_phase WHERE phase = 'retired');
BEGIN
    INSERT INTO w_item
    WITH folded AS MATERIALIZED (
        SELECT s.entity, merged(s.data) AS data, max(s.at) AS at
        FROM (SELECT * FROM w_seen ORDER BY entity, at, id, source) AS s GROUP BY s.entity
    ), carried AS MATERIALIZED (
        SELECT s.entity, s.at, s.id, s.source, s.data,
               CASE WHEN statuses_ruled
                    THEN status_of(s.data ->> 'status', s.data ->> 'status_raw', o.origin_id)
                    ELSE coalesce(s.data ->> 'status',
                                  status_by_word(NULL, s.data ->> 'status_raw')) END AS said
        FROM w_seen AS s
        LEFT JOIN w_entity_origin AS o ON o.entity = s.entity
    ), statuses AS (
        -- An event that says nothing leaves the status as it was, so it ends no run.
        SELECT c.*, lag(c.said) OVER (PARTITION BY c.entity ORDER BY c.at, c.id, c.source) AS was
        FROM carried AS c WHERE c.said IS NOT NULL
    ), ended AS (
        SELECT DISTINCT ON (entity) entity, said AS status, at
        FROM statuses WHERE said IS DISTINCT FROM was
        ORDER BY entity, at DESC, id DESC, source DESC
    ), named AS MATERIALIZED (
        SELECT f.entity, f.data, f.at, e.status,
               CASE WHEN e.status = 'done' THEN e.at END AS done_at,
               nullif(f.data ->> 'team', '') AS team,
               o.origin_id,
               CASE WHEN aliased OR one_name(f.data -> 'services') IS NULL
                    THEN services_of_ticket(f.data, o.origin_id)
                    ELSE one_name(f.data -> 'services') END AS services,
               CASE WHEN f.data -> 'labels' IS NULL AND r.changes IS NULL THEN '{}'
                    ELSE labels_of(f.data -> 'labels', r.changes) END AS labels,
               text_list(f.data -> 'linked_incidents') AS linked,
               regexp_replace(word(f.data ->> 'item_type'), '^\[system\] ', '') AS type,
               x.excluded, x.class AS corrected
        FROM folded AS f
        LEFT JOIN ended AS e ON e.entity = f.entity
        LEFT JOIN w_entity_origin AS o ON o.entity = f.entity
        LEFT JOIN relabelled() AS r ON r.entity = f.entity
        LEFT JOIN LATERAL (
            SELECT (array_agg(c.value ORDER BY c.at DESC, c.event_id DESC)
                        FILTER (WHERE c.field = 'excluded'))[1] = 'true' AS excluded,
                   (array_agg(c.value #>> '{}' ORDER BY c.at DESC, c.event_id DESC)
                        FILTER (WHERE c.field = 'class'))[1] AS class
            FROM correction AS c
            WHERE corrected AND c.target_kind = 'work_item' AND c.target_id = f.entity
        ) AS x ON true
    ), kept AS MATERIALIZED (
        -- Services retired by then are dropped.
        SELECT n.*, CASE WHEN n.done_at IS NULL OR NOT retired THEN n.services ELSE ARRAY(
                   SELECT service FROM unnest(n.services) AS service
                   WHERE NOT EXISTS (
                       SELECT FROM service_phase AS p
                       WHERE p.service = service.service AND p.phase = 'retired'
                         AND p.valid_from <= n.done_at AND n.done_at < p.valid_to)) END AS still
        FROM named AS n
    ), classed AS MATERIALIZED (
        SELECT k.*, CASE
            WHEN k.corrected IN ('planned', 'failure_demand', 'adhoc_value')
                THEN ARRAY[k.corrected, 'correction']
            ELSE coalesce(
                CASE WHEN ruled THEN (
                    SELECT ARRAY[w.class, 'catalog']
                    FROM work_item_rule(k.origin_id, k.type, k.labels) AS w (class)
                    WHERE w.class IS NOT NULL) END,
                class_of_item(k.data ->> 'class_override',
                              CASE WHEN k.labels = '{}' THEN '{}'
                                   ELSE ARRAY(SELECT word(l) FROM unnest(k.labels) AS l) END,
                              k.linked, k.type,
                              word(k.data ->> 'priority'),
                              instant(k.data ->> 'added_to_sprint_at')
                                  > instant(k.data ->> 'sprint_started_at') + interval '24 hours'))
            END AS class
        FROM kept AS k
    )
    SELECT c.entity, c.status, c.done_at, c.team, c.still, c.services, c.class[1], c.class[2],
           CASE WHEN c.excluded THEN 'correction'
                WHEN c.type IN ('epic', 'initiative', 'theme', 'subtask', 'sub-task')
                     AND c.excluded IS NULL THEN 'type'
                WHEN c.status = 'cancelled' THEN 'cancelled'
                WHEN c.status IS DISTINCT FROM 'done' THEN 'not_done'
                WHEN c.still = '{}' AND c.team IS NULL THEN 'unmapped' END,
           c.excluded, c.data ->> 'item_type', c.labels, c.data ->> 'priority',
           c.linked, c.at, c.origin_id, c.data ->> 'url'
    FROM classed AS c;
END
$$;
COMMENT ON FUNCTION dorad_data.merge_items IS 'The items whose observations are in w_seen: into w_item.';

CREATE FUNCTION dorad_data.fold_items(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gather('work_item', today);
    PERFORM merge_origins('work_item');
    PERFORM merge_items();
END
$$;
COMMENT ON FUNCTION dorad_data.fold_items IS 'Folds the items in w_entity: into w_item.';

CREATE FUNCTION dorad_data.counted_items() RETURNS SETOF dorad_data.item_service
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT service, n.item_id, n.done_at, n.class, n.team
    FROM w_item AS n CROSS JOIN unnest(n.services) AS service
    WHERE n.exclusion IS NULL ORDER BY 1, 3, 2;
END
$$;
COMMENT ON FUNCTION dorad_data.counted_items IS 'The items in w_item that count, for each service.';

CREATE FUNCTION dorad_data.uncounted_items() RETURNS SETOF dorad_data.item_left_out
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT service, n.item_id, coalesce(n.done_at, n.at), n.exclusion
    FROM w_item AS n CROSS JOIN unnest(n.named_services) AS service
    WHERE n.exclusion IN ('type', 'cancelled', 'correction', 'unmapped') ORDER BY 1, 3, 2;
END
$$;
COMMENT ON FUNCTION dorad_data.uncounted_items IS
    'The items in w_item that are done or at an end and do not count, for each service that they name.';

CREATE FUNCTION dorad_data.recompute_items(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fold_items(today);
    DELETE FROM w_item AS n USING item_fact AS o
    WHERE o.item_id = n.item_id AND o.* IS NOT DISTINCT FROM n.*;
    -- What is gone for good, or differs: where it counted, and where it does now.
    INSERT INTO w_anchor
        SELECT a.service, a.team, a.at, NULL, 'work_item', e.entity
        FROM w_entity AS e
        LEFT JOIN w_item AS n ON n.item_id = e.entity
        LEFT JOIN item_fact AS o ON o.item_id = e.entity
        CROSS JOIN LATERAL (
            SELECT service, NULL AS team, o.done_at AS at
            FROM unnest(o.services) AS service WHERE o.exclusion IS NULL
            UNION ALL SELECT NULL, o.team, o.done_at WHERE o.exclusion IS NULL AND o.team IS NOT NULL
            UNION ALL SELECT service, NULL, n.done_at
            FROM unnest(n.services) AS service WHERE n.exclusion IS NULL
            UNION ALL SELECT NULL, n.team, n.done_at WHERE n.exclusion IS NULL AND n.team IS NOT NULL
        ) AS a
        WHERE n.item_id IS NOT NULL
           OR o.item_id IS NOT NULL AND NOT EXISTS (SELECT FROM w_seen AS s WHERE s.entity = e.entity);
    DELETE FROM item_fact AS o USING w_entity AS e
    WHERE o.item_id = e.entity AND NOT EXISTS (SELECT FROM w_seen AS s WHERE s.entity = e.entity);
    DELETE FROM item_service AS s USING w_entity AS e
    WHERE s.item_id = e.entity
      AND (EXISTS (SELECT FROM w_item AS n WHERE n.item_id = e.entity)
           OR NOT EXISTS (SELECT FROM w_seen AS v WHERE v.entity = e.entity));
    INSERT INTO item_service
        SELECT * FROM counted_items();
    DELETE FROM item_left_out AS s USING w_entity AS e
    WHERE s.item_id = e.entity
      AND (EXISTS (SELECT FROM w_item AS n WHERE n.item_id = e.entity)
           OR NOT EXISTS (SELECT FROM w_seen AS v WHERE v.entity = e.entity));
    INSERT INTO item_left_out
        SELECT * FROM uncounted_items();
    INSERT INTO item_fact AS o SELECT n.* FROM w_item AS n ORDER BY n.item_id
    ON CONFLICT (item_id) DO UPDATE SET
        (status, done_at, team, services, named_services, class, class_rule, exclusion, excluded, item_type,
         labels, priority, linked_incidents, at, origin_id, url) =
        (excluded.status, excluded.done_at, excluded.team, excluded.services,
         excluded.named_services, excluded.class,
         excluded.class_rule, excluded.exclusion, excluded.excluded, excluded.item_type,
         excluded.labels, excluded.priority, excluded.linked_incidents, excluded.at,
         excluded.origin_id, excluded.url);
    PERFORM know('item_fact', 'item_service');
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_items IS 'Folds the items in w_entity and stores what differs.';
