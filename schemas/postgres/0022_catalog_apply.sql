-- SPDX-License-Identifier: Apache-2.0
--
-- Applying a catalogue: what differs is marked, computed again, and reported.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.mark_all_months(of_scope text, names text[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO month_mark (scope, name, month, until, because)
        SELECT of_scope, name, '-infinity', 'infinity', '[["catalog", "applied"]]'
        FROM unnest(names) AS name WHERE name IS NOT NULL
$$;
COMMENT ON FUNCTION dorad_data.mark_all_months IS 'Marks all months of these services or teams.';

CREATE FUNCTION dorad_data.mark_deployments_of(services text[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO mark (stage, service, entity)
        SELECT 'deployment', f.service, f.deployment_id FROM deployment_fact AS f
        WHERE f.service = ANY (services)
        UNION
        SELECT 'deployment', m.service, m.deployment_id FROM deployment_member AS m
        WHERE m.service = ANY (services)
$$;
COMMENT ON FUNCTION dorad_data.mark_deployments_of IS 'Marks all deployments of these services.';

CREATE FUNCTION dorad_data.mark_tickets_of(names text[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO mark (stage, entity)
        SELECT 'incident', i.incident_id FROM incident_fact AS i WHERE i.services && names
        UNION ALL
        SELECT 'work_item', i.item_id FROM item_fact AS i WHERE i.named_services && names
$$;
COMMENT ON FUNCTION dorad_data.mark_tickets_of IS 'Marks all incidents and items of these services.';

CREATE FUNCTION dorad_data.mark_renamed(names text[]) RETURNS void
LANGUAGE sql AS $$
    -- Whatever a name could have meant or means now: all facts of the services involved, each
    -- for each of them.
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT 'deployment', n.name, d.entity
        FROM unnest(names) AS n (name)
        CROSS JOIN (
            SELECT f.deployment_id AS entity FROM deployment_fact AS f WHERE f.service = ANY (names)
            UNION
            SELECT m.deployment_id FROM deployment_member AS m WHERE m.service = ANY (names)
        ) AS d
        UNION ALL
        SELECT 'change', NULL, c.change_id FROM change AS c WHERE c.services && names
        UNION ALL
        SELECT 'change_request', NULL, c.cr_id FROM change_request AS c WHERE c.services && names
        UNION ALL
        SELECT 'correction', NULL, o.entity FROM observation AS o
        WHERE o.kind = 'correction' AND o.data #>> '{target,service}' = ANY (names);
    SELECT mark_tickets_of(names);
$$;
COMMENT ON FUNCTION dorad_data.mark_renamed IS 'Marks all facts of services whose aliases changed.';

CREATE FUNCTION dorad_data.mark_settings() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    new setting;
    old setting;
BEGIN
    SELECT * INTO new FROM n_setting;
    SELECT * INTO old FROM setting;
    IF new.report_tz <> old.report_tz THEN
        PERFORM mark_all_months('service', ARRAY(SELECT name FROM scope_span WHERE scope = 'service'));
        PERFORM mark_all_months('team', ARRAY(SELECT name FROM scope_span WHERE scope = 'team'));
    END IF;
    IF new.lead_time_start <> old.lead_time_start THEN
        INSERT INTO mark (stage, service, at)
            SELECT DISTINCT 'walk', service, '-infinity'::timestamptz FROM change_delivery;
    END IF;
    IF new.max_severity <> old.max_severity THEN
        INSERT INTO mark (stage, entity)
            SELECT 'incident', incident_id FROM incident_fact
            WHERE severity > least(new.max_severity, old.max_severity)
              AND severity <= greatest(new.max_severity, old.max_severity);
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_settings IS 'Marks what the settings in n_setting change.';

CREATE FUNCTION dorad_data.mark_services() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    moved text[];
BEGIN
    -- Attribution windows, the default of those that have none included.
    SELECT array_agg(k.service) INTO moved
    FROM (
        SELECT service FROM n_service UNION SELECT service FROM service
        UNION SELECT name FROM scope_span WHERE scope = 'service'
    ) AS k
    LEFT JOIN n_service AS n ON n.service = k.service
    LEFT JOIN service AS o ON o.service = k.service
    WHERE coalesce(n.attribution_window_s, (SELECT attribution_window_s FROM n_setting))
          <> coalesce(o.attribution_window_s, (SELECT attribution_window_s FROM setting));
    PERFORM mark_tickets_of(moved);
    PERFORM mark_all_months('service', moved);
    PERFORM mark_all_months('team', ARRAY(
        SELECT DISTINCT team FROM ownership WHERE service = ANY (moved)));
    IF (SELECT attribution_window_s FROM n_setting)
       <> (SELECT attribution_window_s FROM setting) THEN
        PERFORM mark_all_months('team', ARRAY(SELECT name FROM scope_span WHERE scope = 'team'));
    END IF;

    -- Owners: the rows of the teams that have or had them.
    PERFORM mark_all_months('team', ARRAY(
        SELECT DISTINCT d.team
        FROM ((TABLE n_ownership EXCEPT TABLE ownership)
              UNION ALL (TABLE ownership EXCEPT TABLE n_ownership)) AS d));

    -- Phases: what counts, in the service and in the teams that owned it.
    SELECT array_agg(DISTINCT d.service) INTO moved
    FROM ((TABLE n_phase EXCEPT TABLE service_phase)
          UNION ALL (TABLE service_phase EXCEPT TABLE n_phase)) AS d;
    PERFORM mark_deployments_of(moved);
    PERFORM mark_tickets_of(moved);
    PERFORM mark_all_months('service', moved);
    PERFORM mark_all_months('team', ARRAY(
        SELECT DISTINCT team FROM ownership WHERE service = ANY (moved)
        UNION SELECT team FROM n_ownership WHERE service = ANY (moved)));

    -- Aliases.
    SELECT array_agg(DISTINCT name) INTO moved
    FROM ((TABLE n_alias EXCEPT TABLE service_alias)
          UNION ALL (TABLE service_alias EXCEPT TABLE n_alias)) AS d
    CROSS JOIN LATERAL (VALUES (d.alias), (d.service)) AS names (name);
    IF moved IS NOT NULL THEN
        PERFORM mark_renamed(moved);
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_services IS
    'Marks what the windows, owners, phases and aliases in the n_ tables change.';

CREATE FUNCTION dorad_data.mark_rules() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Rules that came, went or changed places; n_rule still holds the new ones, and
    -- ticket_rule the old.
    CREATE TEMP TABLE IF NOT EXISTS n_changed_rule (
        LIKE dorad_data.ticket_rule);
    DELETE FROM n_changed_rule;
    INSERT INTO n_changed_rule
        SELECT d.* FROM (
            (TABLE n_rule EXCEPT TABLE ticket_rule)
            UNION ALL (TABLE ticket_rule EXCEPT TABLE n_rule)) AS d;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO mark (stage, entity)
        SELECT 'incident', i.incident_id
        FROM incident_fact AS i
        WHERE EXISTS (SELECT FROM n_changed_rule AS r
                      WHERE r.section IN ('incidents', 'severities')
                        AND rule_matches_origin(ROW (r.*)::ticket_rule, i.origin_id))
        UNION ALL
        SELECT 'work_item', i.item_id
        FROM item_fact AS i
        WHERE EXISTS (SELECT FROM n_changed_rule AS r
                      WHERE r.section IN ('statuses', 'work_items')
                        AND rule_matches_origin(ROW (r.*)::ticket_rule, i.origin_id));
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT 'deployment', s.service, v.entity
        FROM origin AS o
        JOIN origin_service AS s ON s.origin_id = o.origin_id
        CROSS JOIN LATERAL (
            SELECT x.entity FROM observation AS x
            WHERE x.origin_id = o.origin_id AND x.kind = 'deployment'
              AND x.data ->> 'via' NOT IN ('deployment', 'sync')
            UNION ALL
            SELECT p.entity FROM pieced AS p
            WHERE p.origin_id = o.origin_id AND p.kind = 'deployment'
        ) AS v
        WHERE EXISTS (SELECT FROM n_changed_rule AS r
                      WHERE r.section = 'deployments'
                        AND rule_matches_origin(ROW (r.*)::ticket_rule, o.origin_id));
END
$$;
COMMENT ON FUNCTION dorad_data.mark_rules IS 'Marks what the rules in n_rule change.';

CREATE FUNCTION dorad_data.mark_environments() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- After the new rules are stored: which environments of which services mean something else?
    PERFORM mark_deployments_of(ARRAY(
        SELECT DISTINCT s.service FROM environment_seen AS s
        WHERE s.class <> environment_class(s.service, nullif(s.environment, ''),
                                           nullif(s.given, ''), s.outright, s.surely)));
    UPDATE environment_seen AS s
    SET class = environment_class(s.service, nullif(s.environment, ''), nullif(s.given, ''),
                                  s.outright, s.surely)
    WHERE s.class <> environment_class(s.service, nullif(s.environment, ''),
                                       nullif(s.given, ''), s.outright, s.surely);
END
$$;
COMMENT ON FUNCTION dorad_data.mark_environments IS
    'Marks the deployments of services whose environments the rules now read otherwise.';

CREATE FUNCTION dorad_data.store_catalog() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    unlisted_before boolean := (SELECT unlisted_are_services FROM setting);
    sources_differ boolean;
    environments_differ boolean;
BEGIN
    PERFORM mark_settings();
    PERFORM mark_services();
    PERFORM mark_rules();
    sources_differ := EXISTS (TABLE n_source EXCEPT TABLE source_rule)
        OR EXISTS (TABLE source_rule EXCEPT TABLE n_source)
        OR EXISTS (TABLE n_alias EXCEPT TABLE service_alias)
        OR EXISTS (TABLE service_alias EXCEPT TABLE n_alias)
        OR unlisted_before <> (SELECT unlisted_are_services FROM n_setting);
    environments_differ := EXISTS (TABLE n_environment EXCEPT TABLE environment_rule)
        OR EXISTS (TABLE environment_rule EXCEPT TABLE n_environment);

    DELETE FROM team; INSERT INTO team TABLE n_team;
    DELETE FROM service; INSERT INTO service TABLE n_service;
    DELETE FROM service_alias; INSERT INTO service_alias TABLE n_alias;
    DELETE FROM ownership; INSERT INTO ownership TABLE n_ownership;
    DELETE FROM service_phase; INSERT INTO service_phase TABLE n_phase;
    DELETE FROM source_rule; INSERT INTO source_rule TABLE n_source;
    DELETE FROM environment_rule; INSERT INTO environment_rule TABLE n_environment;
    DELETE FROM ticket_rule; INSERT INTO ticket_rule TABLE n_rule;
    UPDATE setting AS s SET
        (report_tz, attribution_window_s, lead_time_start, max_severity,
         unlisted_are_services, catalog, applied_at) =
        (n.report_tz, n.attribution_window_s, n.lead_time_start, n.max_severity,
         n.unlisted_are_services, n.catalog, n.applied_at)
    FROM n_setting AS n;

    IF sources_differ THEN
        PERFORM map_origins(ARRAY(SELECT origin_id FROM origin ORDER BY 1));
    END IF;
    IF environments_differ THEN
        PERFORM mark_environments();
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.store_catalog IS
    'Stores the catalogue in the n_ tables and marks all that it changes.';

CREATE FUNCTION dorad_data.work_off() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        PERFORM begin_work();
        IF EXISTS (SELECT FROM mark) THEN
            PERFORM recompute_facts(100, true, false);
        ELSIF EXISTS (SELECT FROM month_mark) THEN
            PERFORM recompute_months(1000);
        ELSE
            RETURN;
        END IF;
        INSERT INTO applied_change SELECT scope, name, month, n_values FROM w_month_changed;
    END LOOP;
END
$$;
COMMENT ON FUNCTION dorad_data.work_off IS 'Works off all marks within this transaction.';

CREATE FUNCTION dorad_data.apply_and_report(catalog jsonb) RETURNS TABLE (
    scope text, name text, months integer, changed_values integer)
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS applied_change (
        scope text COLLATE "C", name text COLLATE "C", month date, n_values integer
    );
    -- What waited before is none of this catalogue's doing.
    PERFORM work_off();
    PERFORM set_config('dorad.counts_values', 'on', true);
    PERFORM catalog_tables();
    PERFORM read_services(catalog);
    PERFORM read_rules(catalog);
    PERFORM store_catalog();
    DELETE FROM applied_change;
    PERFORM work_off();
    PERFORM set_config('dorad.counts_values', 'off', true);
    RETURN QUERY
        SELECT c.scope, c.name, count(DISTINCT c.month)::integer, sum(c.n_values)::integer
        FROM applied_change AS c
        WHERE c.n_values > 0
        GROUP BY c.scope, c.name ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION dorad_data.apply_and_report IS
    'Applies a catalogue within this transaction and says what changed.';

CREATE FUNCTION dorad_data.apply_catalog(catalog jsonb, dry_run boolean) RETURNS TABLE (
    scope text, name text, months integer, changed_values integer)
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off
SET random_page_cost = 0.1 SET client_min_messages = warning AS $$
DECLARE
    report jsonb;
BEGIN
    -- A worker applies its catalogue at each start: the same again waits for nobody.
    IF NOT dry_run AND EXISTS (SELECT FROM setting AS s WHERE s.applied_at IS NOT NULL
                               AND s.catalog = apply_catalog.catalog) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(lock_key('dorad'), lock_key('world'));
    BEGIN
        SELECT jsonb_agg(to_jsonb(r)) INTO report FROM apply_and_report(catalog) AS r;
        IF dry_run THEN
            -- Undoes all of the above, but for what the variable holds.
            RAISE EXCEPTION USING ERRCODE = 'DD001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'DD001' THEN
        NULL;
    END;
    RETURN QUERY SELECT * FROM jsonb_to_recordset(report) AS r (
        scope text, name text, months integer, changed_values integer);
END
$$;
COMMENT ON FUNCTION dorad_data.apply_catalog IS
    'Stores the catalogue and computes again exactly what it changes; returns for each service '
    'and team how many months and values changed. With dry_run nothing is stored.';
