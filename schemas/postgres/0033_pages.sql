-- SPDX-License-Identifier: Apache-2.0
--
-- What changed since when, for whoever keeps what they made of it: the portal makes a page anew when
-- something on it changed, and not because something else did.
--
-- Each transaction that changes what a page shows adds a row for each service and team that it is about.
-- Rows are only added, so no writer waits for another, and it does not matter in which order they commit:
-- who counts the rows of a scope twice and finds as many has seen the same transactions both times. They
-- go away when the clock has moved by a minute, and page_epoch changes with that, so that no count is
-- compared with one from before. On a replica all of this is what it was on the primary.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE TABLE dorad_data.page_change (
    scope           text COLLATE "C" NOT NULL,
    name            text COLLATE "C" NOT NULL,
    by_transaction  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (scope, name, by_transaction)
);
COMMENT ON TABLE dorad_data.page_change IS 'Which transactions changed what pages show, since page_epoch.';
COMMENT ON COLUMN dorad_data.page_change.scope IS
    'service or team: pages of one; list: what pages say of many; all: everything.';
COMMENT ON COLUMN dorad_data.page_change.name IS 'Of which service or team; empty: of list and all.';
COMMENT ON COLUMN dorad_data.page_change.by_transaction IS 'The transaction.';

CREATE TABLE dorad_data.page_epoch (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch  xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE dorad_data.page_epoch IS 'Since when page_change has what changed: one row.';
COMMENT ON COLUMN dorad_data.page_epoch.one IS 'There is one.';
COMMENT ON COLUMN dorad_data.page_epoch.epoch IS 'The transaction that emptied it.';
INSERT INTO dorad_data.page_epoch DEFAULT VALUES;

-- ---- what a statement changed: the rows in `changed`, as they were and as they became ----

CREATE FUNCTION dorad_data.note_all() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dorad_data.page_change (scope, name) SELECT 'all', '' WHERE EXISTS (SELECT FROM changed)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_all IS 'Rows that any page may show changed.';

CREATE FUNCTION dorad_data.note_emptied() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dorad_data.page_change (scope, name) VALUES ('all', '') ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_emptied IS 'A table that pages show was emptied.';

CREATE FUNCTION dorad_data.note_filled() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    -- Where an empty table is filled (fill), nobody asks for each row whose it is.
    IF current_setting('dorad.fills', true) IS DISTINCT FROM 'on' THEN
        RETURN false;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name) VALUES ('all', '') ON CONFLICT DO NOTHING;
    RETURN true;
END
$$;
COMMENT ON FUNCTION dorad_data.note_filled IS 'Whether a table is being filled, which is noted as a change of everything.';

CREATE FUNCTION dorad_data.note_scopes() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name) SELECT DISTINCT c.scope, c.name FROM changed AS c
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_scopes IS 'Rows of a service or team changed that its own pages show.';

CREATE FUNCTION dorad_data.note_listed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name)
        SELECT DISTINCT c.scope, c.name FROM changed AS c
        UNION ALL SELECT 'list', '' WHERE EXISTS (SELECT FROM changed)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_listed IS
    'Rows of a service or team changed that its own pages show, and pages of many.';

CREATE FUNCTION dorad_data.note_service() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name) SELECT DISTINCT 'service', c.service FROM changed AS c
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_service IS 'Facts of one service changed.';

CREATE FUNCTION dorad_data.note_changes() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name)
        SELECT 'service', s.service FROM changed AS c CROSS JOIN unnest(c.services) AS s (service)
        UNION
        SELECT 'service', d.service FROM changed AS c CROSS JOIN LATERAL (
            SELECT o.service FROM dorad_data.change_delivery AS o
            WHERE o.change_id = c.change_id OFFSET 0) AS d
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_changes IS 'Changes changed: of the services that they touch or went to.';

CREATE FUNCTION dorad_data.note_incidents() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name)
        SELECT 'service', s.service FROM changed AS c CROSS JOIN unnest(c.services) AS s (service)
        UNION
        SELECT 'service', p.service FROM changed AS c CROSS JOIN LATERAL (
            SELECT o.service FROM dorad_data.incident_service AS o
            WHERE o.incident_id = c.incident_id OFFSET 0) AS p
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_incidents IS 'Incidents changed: of the services that they hit.';

CREATE FUNCTION dorad_data.note_items() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name)
        SELECT 'service', s.service
        FROM changed AS c CROSS JOIN unnest(c.services || c.named_services) AS s (service)
        UNION
        SELECT 'service', p.service FROM changed AS c CROSS JOIN LATERAL (
            SELECT o.service FROM dorad_data.item_service AS o
            WHERE o.item_id = c.item_id OFFSET 0) AS p
        UNION
        SELECT 'team', c.team FROM changed AS c WHERE c.team IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_items IS 'Work items changed: of their services, and of the team that they name.';

CREATE FUNCTION dorad_data.note_requests() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF dorad_data.note_filled() THEN
        RETURN NULL;
    END IF;
    INSERT INTO dorad_data.page_change (scope, name)
        SELECT 'service', s.service FROM changed AS c CROSS JOIN unnest(c.services) AS s (service)
        UNION
        SELECT 'service', d.service FROM changed AS c CROSS JOIN LATERAL (
            SELECT o.service FROM dorad_data.change_request_deployment AS o
            WHERE o.cr_id = c.cr_id OFFSET 0) AS d
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_requests IS
    'Change requests changed: of the services that they are about or deployed.';

-- Each table that pages read, and of whom its rows speak. What changes seldom, or is of many at once,
-- changes everything.
DO $do$
DECLARE
    t record;
    rows_of text;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('setting', 'note_all'), ('team', 'note_all'), ('service', 'note_all'),
        ('service_alias', 'note_all'), ('ownership', 'note_all'), ('service_phase', 'note_all'), ('correction', 'note_all'),
        ('monthly', 'note_scopes'), ('monthly_revision', 'note_scopes'),
        ('trend', 'note_listed'), ('assurance', 'note_listed'), ('scope_span', 'note_listed'),
        ('deployment_fact', 'note_service'), ('change_delivery', 'note_service'),
        ('evidence', 'note_service'), ('incident_service', 'note_service'),
        ('item_service', 'note_service'), ('item_left_out', 'note_service'),
        ('change_request_deployment', 'note_service'),
        ('change', 'note_changes'), ('incident_fact', 'note_incidents'),
        ('item_fact', 'note_items'), ('change_request', 'note_requests')
    ) AS tables (name, note) LOOP
        EXECUTE format('CREATE TRIGGER note_insert AFTER INSERT ON dorad_data.%I'
                       ' REFERENCING NEW TABLE AS changed FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION dorad_data.%I()', t.name, t.note);
        EXECUTE format('CREATE TRIGGER note_delete AFTER DELETE ON dorad_data.%I'
                       ' REFERENCING OLD TABLE AS changed FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION dorad_data.%I()', t.name, t.note);
        FOREACH rows_of IN ARRAY ARRAY['OLD', 'NEW'] LOOP
            EXECUTE format('CREATE TRIGGER note_update_%s AFTER UPDATE ON dorad_data.%I'
                           ' REFERENCING %s TABLE AS changed FOR EACH STATEMENT'
                           ' EXECUTE FUNCTION dorad_data.%I()', lower(rows_of), t.name, rows_of, t.note);
        END LOOP;
        EXECUTE format('CREATE TRIGGER note_truncate AFTER TRUNCATE ON dorad_data.%I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION dorad_data.note_emptied()', t.name);
    END LOOP;
END
$do$;

-- Pages name the minute that they are of, so none of them outlives it, and what was noted may go. A dated
-- line of the catalogue begins at its instant.
CREATE FUNCTION dorad_data.note_clock() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF date_trunc('minute', OLD.as_of) IS DISTINCT FROM date_trunc('minute', NEW.as_of) THEN
        DELETE FROM dorad_data.page_change;
        UPDATE dorad_data.page_epoch SET epoch = pg_current_xact_id();
    ELSIF EXISTS (
        SELECT FROM (SELECT valid_from FROM dorad_data.ownership UNION ALL SELECT valid_from FROM dorad_data.service_phase) AS d
        WHERE d.valid_from > least(OLD.as_of, NEW.as_of) AND d.valid_from <= greatest(OLD.as_of, NEW.as_of))
    THEN
        INSERT INTO dorad_data.page_change (scope, name) VALUES ('all', '') ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION dorad_data.note_clock IS 'The clock moves: a new epoch with each minute.';
CREATE TRIGGER note_update AFTER UPDATE ON dorad_data.clock
    FOR EACH ROW WHEN (OLD.as_of IS DISTINCT FROM NEW.as_of) EXECUTE FUNCTION dorad_data.note_clock();

CREATE VIEW dorad.portal_change AS SELECT scope, name, by_transaction FROM dorad_data.page_change;
COMMENT ON VIEW dorad.portal_change IS 'Which transactions changed what pages show, since portal_epoch.';
COMMENT ON COLUMN dorad.portal_change.scope IS 'service or team: pages of one; list: what pages say of many; all: everything.';
COMMENT ON COLUMN dorad.portal_change.name IS 'Of which service or team; empty: of list and all.';
COMMENT ON COLUMN dorad.portal_change.by_transaction IS 'The transaction.';
CREATE VIEW dorad.portal_epoch AS SELECT epoch FROM dorad_data.page_epoch;
COMMENT ON VIEW dorad.portal_epoch IS 'Since when portal_change has what changed: one row.';
COMMENT ON COLUMN dorad.portal_epoch.epoch IS 'The transaction since which; another with each minute of the clock.';

DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_reader') THEN
        GRANT SELECT ON dorad.portal_change, dorad.portal_epoch TO dorad_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT SELECT, INSERT, DELETE ON dorad_data.page_change TO dorad_writer;
        GRANT SELECT, UPDATE ON dorad_data.page_epoch TO dorad_writer;
        GRANT SELECT ON dorad.portal_change, dorad.portal_epoch TO dorad_writer;
    END IF;
END
$do$;
