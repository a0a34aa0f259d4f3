-- SPDX-License-Identifier: Apache-2.0
--
-- Who may do what. dorad_owner has the schema; dorad_writer is the roll-up; dorad_reader is the
-- portal and BI: it reads the views and nothing else.

DO $do$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['dorad_owner', 'dorad_writer', 'dorad_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'role % is not there and may not be made by %; grants to it are left out',
                        wanted, current_user;
                WHEN duplicate_object OR unique_violation THEN NULL;    -- made meanwhile
            END;
        END IF;
    END LOOP;

    REVOKE ALL ON SCHEMA dorad_data FROM PUBLIC;
    REVOKE ALL ON SCHEMA dorad FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA dorad_data, dorad FROM PUBLIC;
    REVOKE EXECUTE ON FUNCTION dorad_data.keep, dorad_data.advance, dorad_data.recompute,
        dorad_data.apply_catalog, dorad_data.rebuild, dorad_data.verify FROM PUBLIC;

    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT USAGE ON SCHEMA dorad_data, dorad TO dorad_writer;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dorad_data TO dorad_writer;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA dorad_data TO dorad_writer;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA dorad_data TO dorad_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA dorad TO dorad_writer;
        -- What came in is the record: it is added to and replaced (R1), never deleted.
        REVOKE DELETE ON dorad_data.observation FROM dorad_writer;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_reader') THEN
        GRANT USAGE ON SCHEMA dorad TO dorad_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA dorad TO dorad_reader;
        -- Compiling a wide view takes a hundred times as long as reading it.
        BEGIN
            ALTER ROLE dorad_reader SET jit = off;
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    END IF;
END
$do$;
