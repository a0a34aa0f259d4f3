-- SPDX-License-Identifier: Apache-2.0
--
-- The clock, and working off marks (METRICS.md 9.2).
--
-- Locks, all of them advisory and for the transaction:
--   world   shared by keep(), recompute() and a clock that goes on, exclusive for what changes the
--           rules or all rows (apply_catalog(), rebuild(), a clock that goes back). The row of the
--           clock is locked before it, never after;
--   facts   exclusive for changes, change requests and incidents: incidents look at the
--           deployments of all services, and changes and deployments at each other; shared for
--           deployments;
--   items   the work items, which look at no other fact and which none looks at;
--   origins shared by those who keep what came from known ones, exclusive for who says what one
--           means;
--   clock   exclusive for who moves it, shared for who gives a service or team other months: last;
--   walk    the deployments of one service;
--   scope   the months of one service or team.
-- What is read is read by statements after the lock, so they see what the holder before left;
-- a mark committed meanwhile stays for the next round.
--
-- Plans. What a batch costs must follow the batch, but the planner guesses how large it is, for a
-- session's whole life. So the functions that a worker calls (keep(), recompute(), advance(),
-- apply_catalog()) look up by key and do not hash or scan: pages are cheap to come by, hash and
-- merge joins are off. Functions that join only what they laid out themselves turn hashing on
-- again; LATERAL with OFFSET 0 is a lookup that stays one there. rebuild() and verify() read
-- everything, and have all of it on.

SET LOCAL search_path = dorad_data, pg_temp;

CREATE FUNCTION dorad_data.take_entities(of_stage text, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    DELETE FROM w_entity;
    DELETE FROM w_link;
    DELETE FROM w_evidence;
    WITH taken AS (
        DELETE FROM mark AS m
        WHERE m.ctid = ANY (ARRAY(
            SELECT q.ctid FROM mark AS q WHERE q.stage = of_stage
            ORDER BY q.mark_id LIMIT at_most FOR UPDATE SKIP LOCKED))
        RETURNING m.entity
    ), listed AS (
        INSERT INTO w_entity SELECT DISTINCT entity FROM taken RETURNING 1
    )
    SELECT count(*) FROM taken INTO n;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.take_entities IS
    'Takes marks of a stage into w_entity and returns how many.';

CREATE FUNCTION dorad_data.take_services(at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n integer;
    chosen text[] COLLATE "C";
    waiting text;
BEGIN
    DELETE FROM w_taken_mark;
    chosen := ARRAY(
        SELECT c.service
        FROM (
            SELECT m.service FROM mark AS m WHERE m.stage IN ('deployment', 'walk')
            GROUP BY m.service ORDER BY min(m.mark_id) OFFSET 0
        ) AS c
        WHERE pg_try_advisory_xact_lock(lock_key('dorad.walk'), lock_key(c.service))
        LIMIT at_most);
    IF chosen = '{}' THEN
        -- All are in others' hands: wait for one.
        SELECT m.service INTO waiting FROM mark AS m
        WHERE m.stage IN ('deployment', 'walk') ORDER BY m.mark_id LIMIT 1;
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
        PERFORM pg_advisory_xact_lock(lock_key('dorad.walk'), lock_key(waiting));
        chosen := ARRAY[waiting];
    END IF;
    WITH taken AS (
        DELETE FROM mark AS m
        WHERE m.stage IN ('deployment', 'walk') AND m.service = ANY (chosen)
        RETURNING m.*
    )
    INSERT INTO w_taken_mark SELECT * FROM taken;
    GET DIAGNOSTICS n = ROW_COUNT;
    INSERT INTO w_record_mark
        SELECT DISTINCT t.service, t.entity FROM w_taken_mark AS t WHERE t.stage = 'deployment';
    INSERT INTO w_asked_start
        SELECT t.service, min(t.at) FROM w_taken_mark AS t WHERE t.stage = 'walk'
        GROUP BY t.service;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.take_services IS
    'Takes all marks of the services that have waited longest and that nobody else works on into '
    'w_record_mark and w_asked_start, and returns how many.';

CREATE FUNCTION dorad_data.recompute_corrections(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- w_entity holds the ids of what is corrected. The latest for each target and field stands,
    -- but for those that another event withdraws.
    DELETE FROM w_correction;
    INSERT INTO w_correction
        SELECT DISTINCT ON (c.kind, c.id, c.service, c.field)
               c.kind, c.service, c.id, c.field, c.data -> 'value', c.data ->> 'reason',
               c.data ->> 'by', c.at, c.event_id
        FROM (
            SELECT o.data #>> '{target,kind}' AS kind, o.entity AS id,
                   coalesce(a.service, o.data #>> '{target,service}', '') AS service,
                   o.data ->> 'field' AS field, o.data, o.at, o.id AS event_id
            FROM w_entity AS e
            JOIN observation AS o ON o.kind = 'correction' AND o.entity = e.entity
            LEFT JOIN service_alias AS a ON a.alias = o.data #>> '{target,service}'
            WHERE o.at <= today AND o.data IS NOT NULL AND o.data ->> 'withdraws' IS NULL
              AND o.data ->> 'field' IS NOT NULL AND o.data #>> '{target,kind}' IS NOT NULL
              AND NOT EXISTS (
                  SELECT FROM observation AS w
                  WHERE w.kind = 'correction' AND w.entity = o.entity AND w.at <= today
                    AND w.data ->> 'withdraws' = o.id)
        ) AS c
        ORDER BY c.kind, c.id, c.service, c.field, c.at DESC, c.event_id DESC;
    INSERT INTO mark (stage, service, entity)
        SELECT DISTINCT t.kind, d.service, t.id
        FROM (
            SELECT coalesce(n.target_kind, o.target_kind) AS kind, coalesce(n.target_id, o.target_id) AS id
            FROM w_correction AS n
            FULL JOIN (
                SELECT c.* FROM w_entity AS e JOIN correction AS c ON c.target_id = e.entity
            ) AS o
                ON o.target_kind = n.target_kind AND o.target_id = n.target_id
               AND o.target_service = n.target_service AND o.field = n.field
            WHERE n.* IS DISTINCT FROM o.*
        ) AS t
        LEFT JOIN LATERAL (
            SELECT f.service FROM deployment_fact AS f WHERE f.deployment_id = t.id
            UNION SELECT m.service FROM deployment_member AS m WHERE m.deployment_id = t.id
        ) AS d ON t.kind = 'deployment'
        WHERE t.kind IN ('incident', 'work_item') OR d.service IS NOT NULL
        ORDER BY 1, 2, 3;
    DELETE FROM correction AS c USING w_entity AS e WHERE c.target_id = e.entity;
    INSERT INTO correction SELECT * FROM w_correction ORDER BY 1, 3, 2, 4;
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_corrections IS
    'Which corrections of the targets in w_entity stand; marks the targets for which that changed.';

CREATE FUNCTION dorad_data.mark_months(tz text) RETURNS void
LANGUAGE plpgsql SET enable_hashjoin = on AS $$
BEGIN
    INSERT INTO month_mark (scope, name, month, until, because)
    WITH anchors AS (
        SELECT 'service' AS scope, a.service AS name, a.at, a.until, a.fact_kind, a.fact_id
        FROM w_anchor AS a WHERE a.service IS NOT NULL
        UNION ALL
        SELECT 'team', o.team, a.at, a.until, a.fact_kind, a.fact_id
        FROM w_anchor AS a
        JOIN ownership AS o
            ON o.service = a.service AND o.valid_from <= coalesce(a.until, a.at)
           AND o.valid_to > a.at
        WHERE o.team IS NOT NULL
        UNION ALL
        SELECT 'team', a.team, a.at, a.until, a.fact_kind, a.fact_id
        FROM w_anchor AS a WHERE a.team IS NOT NULL
    ), dated AS (
        SELECT DISTINCT scope, name, month_of(at, tz) AS month,
               CASE WHEN until = 'infinity' THEN 'infinity'::date
                    ELSE month_of(until, tz) END AS until, fact_kind, fact_id
        FROM anchors
    ), counted AS (
        SELECT d.*, row_number() OVER (PARTITION BY scope, name, month, until
                                       ORDER BY fact_kind, fact_id) AS place
        FROM dated AS d
    )
    SELECT scope, name, month, until, jsonb_agg(jsonb_build_array(fact_kind, fact_id))
    FROM counted WHERE place <= 20
    GROUP BY scope, name, month, until
    ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_months IS
    'Marks the months of the anchors in w_anchor: of their services, and of the owners then.';

CREATE FUNCTION dorad_data.many_wait(VARIADIC stages text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
    -- Few is not none: while events come in, there are always some.
    SELECT EXISTS (SELECT FROM mark WHERE stage = ANY (stages) OFFSET 200)
$$;
COMMENT ON FUNCTION dorad_data.many_wait IS
    'Whether so many facts of these stages wait that what follows from them would be computed again.';

CREATE FUNCTION dorad_data.recompute_facts(max_services integer, alone boolean, regardless boolean)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    -- Taken in portions of this size, lest one transaction grow without bound.
    portion CONSTANT integer := 5000;
    n integer;
    total integer := 0;
BEGIN
    -- The clock is looked at after marks were taken, never before: it may go on meanwhile, and
    -- with it come marks for the events that it passes.
    n := take_entities('correction', portion);
    IF n > 0 THEN
        PERFORM recompute_corrections((SELECT as_of FROM clock));
        total := total + n;
    END IF;
    n := take_entities('change', portion);
    IF n > 0 THEN
        PERFORM fold_changes((SELECT as_of FROM clock));
        total := total + n;
    END IF;
    -- What deployments look at comes first: else a service is walked once for each portion.
    IF NOT many_wait('correction', 'change') AND (alone OR NOT many_wait('deployment', 'walk')) THEN
        n := take_services(max_services);
        IF n > 0 THEN
            PERFORM recompute_deployments((SELECT as_of FROM clock));
            total := total + n;
        END IF;
    END IF;
    -- What incidents look at comes first, too.
    IF regardless OR NOT many_wait('correction', 'change', 'deployment', 'walk') THEN
        n := take_entities('change_request', portion);
        IF n > 0 THEN
            PERFORM recompute_requests((SELECT as_of FROM clock));
            total := total + n;
        END IF;
        n := take_entities('incident', portion);
        IF n > 0 THEN
            PERFORM recompute_incidents((SELECT as_of FROM clock));
            total := total + n;
        END IF;
    END IF;
    -- Not locked where there are none: another session may be asked for those that come.
    IF EXISTS (SELECT FROM mark WHERE stage = 'work_item') AND lock_alone('items', false) THEN
        n := take_entities('work_item', portion);
        IF n > 0 THEN
            PERFORM recompute_items((SELECT as_of FROM clock));
            total := total + n;
        END IF;
    END IF;
    PERFORM mark_months((SELECT report_tz FROM setting));
    RETURN total;
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_facts IS
    'Works off marks of facts, for at most so many services, and marks the months they touch. '
    'Many deployments are left to recompute_services(), in which other workers may join, unless '
    'there are none (alone); and incidents wait while much is to be done that they look at, unless '
    'it is their turn (regardless). Returns how many marks were worked off.';

CREATE FUNCTION dorad_data.recompute_services(max_services integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n integer := take_services(max_services);
BEGIN
    IF n > 0 THEN
        PERFORM recompute_deployments((SELECT as_of FROM clock));
        PERFORM mark_months((SELECT report_tz FROM setting));
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_services IS
    'Works off marks of deployments, for at most so many services, and marks the months they touch. '
    'Returns how many marks were worked off.';

CREATE FUNCTION dorad_data.recompute_marked_items() RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n integer := take_entities('work_item', 5000);
BEGIN
    IF n > 0 THEN
        PERFORM recompute_items((SELECT as_of FROM clock));
        PERFORM mark_months((SELECT report_tz FROM setting));
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_marked_items IS
    'Works off marks of work items, and marks the months they touch. Returns how many.';

CREATE FUNCTION dorad_data.lock_alone(what text, patient boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT patient THEN
        RETURN pg_try_advisory_xact_lock(lock_key('dorad'), lock_key(what));
    END IF;
    PERFORM pg_advisory_xact_lock(lock_key('dorad'), lock_key(what));
    RETURN true;
END
$$;
COMMENT ON FUNCTION dorad_data.lock_alone IS
    'Locks the facts or the items alone; false: others have them, and patience was not asked for.';

CREATE FUNCTION dorad_data.lock_shared(what text, patient boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT patient THEN
        RETURN pg_try_advisory_xact_lock_shared(lock_key('dorad'), lock_key(what));
    END IF;
    PERFORM pg_advisory_xact_lock_shared(lock_key('dorad'), lock_key(what));
    RETURN true;
END
$$;
COMMENT ON FUNCTION dorad_data.lock_shared IS
    'Locks the facts together with others that do; false: somebody has them alone, and patience was '
    'not asked for.';

CREATE FUNCTION dorad_data.take_scopes(max_scopes integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n integer;
    waiting record;
BEGIN
    -- Asked again in one round, where others had all of what was taken first.
    DELETE FROM w_scope;
    INSERT INTO w_scope
        SELECT c.scope, c.name
        FROM (
            SELECT m.scope, m.name FROM month_mark AS m
            GROUP BY m.scope, m.name ORDER BY min(m.mark_id) OFFSET 0
        ) AS c
        WHERE pg_try_advisory_xact_lock(lock_key('dorad.' || c.scope), lock_key(c.name))
        LIMIT max_scopes;
    IF NOT FOUND THEN
        -- All are in others' hands: wait for one.
        SELECT m.scope, m.name INTO waiting FROM month_mark AS m ORDER BY m.mark_id LIMIT 1;
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
        PERFORM pg_advisory_xact_lock(lock_key('dorad.' || waiting.scope), lock_key(waiting.name));
        INSERT INTO w_scope VALUES (waiting.scope, waiting.name);
    END IF;
    WITH taken AS (
        DELETE FROM month_mark AS m USING w_scope AS s
        WHERE m.scope = s.scope AND m.name = s.name
        RETURNING m.*
    )
    INSERT INTO w_month_mark SELECT * FROM taken;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.take_scopes IS
    'Takes the marks of the services and teams that have waited longest and that nobody else '
    'works on into w_month_mark, and returns how many.';

CREATE FUNCTION dorad_data.recompute_months(max_scopes integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    n integer := take_scopes(max_scopes);
    today timestamptz := (SELECT as_of FROM clock);
    tz text := (SELECT report_tz FROM setting);
BEGIN
    IF n > 0 THEN
        PERFORM compute_scopes(today, tz, false);
        PERFORM store_trends();
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_months IS
    'Works off marks of months, for at most so many services and teams; returns how many.';

CREATE FUNCTION dorad_data.compute_scopes(today timestamptz, tz text, all_months boolean)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hold_scopes();
    PERFORM span_scopes(today, tz);
    PERFORM choose_buckets(today, tz, all_months);
    PERFORM judge_buckets(today);
    PERFORM read_stored();
    PERFORM compute_months(today, tz);
    IF store_months() > 0 AND NOT in_bulk() THEN
        PERFORM meet_clock(today);
    END IF;
    PERFORM compute_trends();
END
$$;
COMMENT ON FUNCTION dorad_data.compute_scopes IS
    'Computes and stores the months of the scopes in w_scope, those marked, or all; and computes '
    'what trends come of that.';

CREATE FUNCTION dorad_data.meet_clock(today timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- A clock that goes on marks the months of those that it sees, and does not see yet what this
    -- transaction says they have. It waits for it from here on; or it has gone on already.
    PERFORM lock_shared('clock', true);
    INSERT INTO month_mark (scope, name, month, until, because)
        SELECT n.scope, n.name, n.first_month, 'infinity', '[["clock", "day"]]'
        FROM w_span AS n CROSS JOIN clock AS c
        WHERE c.as_of <> today;
END
$$;
COMMENT ON FUNCTION dorad_data.meet_clock IS
    'Marks what was computed as of an instant that is not the clock''s any more.';

CREATE FUNCTION dorad_data.recompute_some(max_services integer, turn integer, patient boolean)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    regardless boolean := turn % 8 = 4;
    walks boolean := many_wait('deployment', 'walk') AND NOT regardless
                     AND (turn % 4 = 2 OR NOT many_wait('correction', 'change'));
BEGIN
    IF NOT (CASE WHEN walks THEN lock_shared('facts', patient)
                 ELSE lock_alone('facts', patient) END) THEN
        RETURN NULL;
    ELSIF walks THEN
        RETURN recompute_services(max_services);
    END IF;
    RETURN recompute_facts(max_services, false, regardless);
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_some IS
    'Works off marks of facts: where there are many deployments of those alone, beside other workers; '
    'else of all kinds. Null: others have the facts, and patience was not asked for.';

CREATE FUNCTION dorad_data.recompute(max_services integer, turn integer DEFAULT 0) RETURNS integer
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off
SET random_page_cost = 0.1 SET client_min_messages = warning AS $$
DECLARE
    facts boolean;
    items boolean;
    months boolean;
    n integer;
BEGIN
    PERFORM lock_shared('world', true);
    facts := EXISTS (SELECT FROM mark WHERE stage <> 'work_item');
    items := EXISTS (SELECT FROM mark WHERE stage = 'work_item');
    months := EXISTS (SELECT FROM month_mark);
    IF NOT (facts OR items OR months) THEN
        RETURN 0;
    END IF;
    PERFORM begin_work();
    -- While events come in there is no end to the facts: so months have a turn of their own.
    IF months AND turn > 0 AND turn % (CASE WHEN many_marks() THEN 8 ELSE 2 END) = 0 THEN
        n := recompute_months(max_services);
    ELSIF facts THEN
        n := recompute_some(max_services, turn, false);
    END IF;
    -- While others have the facts, there may be something else to do. Months are not, if much is
    -- still to come that will touch them again.
    IF n IS NULL AND items AND lock_alone('items', false) THEN
        n := recompute_marked_items();
    ELSIF n IS NULL AND months AND NOT (facts AND many_marks()) THEN
        n := recompute_months(max_services);
    ELSIF n IS NULL AND facts THEN
        n := recompute_some(max_services, turn, true);
    ELSIF n IS NULL AND lock_alone('items', true) THEN
        n := recompute_marked_items();
    END IF;
    -- None: another worker has just done it, and there may be more. To ask for another lock now
    -- could be a deadlock.
    RETURN greatest(n, 1);
END
$$;
COMMENT ON FUNCTION dorad_data.recompute IS
    'Works off marks, for at most so many services, and returns how many; 0: nothing is left. '
    'Several workers may run it at once, each call in a transaction of its own. What others follow '
    'from goes first; where more comes in all the time that would be always, so a worker counts its '
    'calls (turn: 1, 2, 3 ...), and now and then it is the others'' turn.';

CREATE FUNCTION dorad_data.many_marks() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM mark WHERE stage <> 'work_item' OFFSET 200)
$$;
COMMENT ON FUNCTION dorad_data.many_marks IS
    'Whether so many facts wait that months computed now would be computed again.';

CREATE FUNCTION dorad_data.recompute_ahead(at_least integer) RETURNS integer
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off
SET random_page_cost = 0.1 SET client_min_messages = warning AS $$
DECLARE
    n integer;
BEGIN
    PERFORM lock_shared('world', true);
    IF EXISTS (SELECT FROM mark WHERE stage = 'work_item' OFFSET at_least - 1)
       AND lock_alone('items', false) THEN
        PERFORM begin_work();
        n := recompute_marked_items();
    ELSIF EXISTS (SELECT FROM mark WHERE stage = 'change' OFFSET at_least - 1)
       AND lock_alone('facts', false) THEN
        PERFORM begin_work();
        n := take_entities('change', 5000);
        IF n > 0 THEN
            PERFORM fold_changes((SELECT as_of FROM clock));
        END IF;
    END IF;
    RETURN coalesce(n, 0);
END
$$;
COMMENT ON FUNCTION dorad_data.recompute_ahead IS
    'While more events come in: works off marks of what will hardly be touched again by them (items, '
    'changes), where at least so many wait, and waits for nobody. Returns how many.';

CREATE FUNCTION dorad_data.begin_work() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM work_tables();
    PERFORM clear_work();
END
$$;
COMMENT ON FUNCTION dorad_data.begin_work IS 'Empty work tables for one round of work.';

CREATE FUNCTION dorad_data.advance(new_as_of timestamptz, by_clock boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql
SET search_path = dorad_data, pg_temp SET timezone = 'UTC' SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off
SET random_page_cost = 0.1 SET client_min_messages = warning AS $$
DECLARE
    old_as_of timestamptz;
BEGIN
    SELECT as_of INTO old_as_of FROM clock FOR UPDATE;
    -- What dated lines and future events mean is the catalogue's, of which there may be another
    -- one as soon as this has been waited for.
    PERFORM lock_shared('world', true);
    -- Workers ask at the same moment, and no two clocks are equal.
    IF new_as_of = old_as_of
       OR by_clock AND new_as_of < old_as_of AND new_as_of > old_as_of - interval '5 minutes' THEN
        -- What another worker kept as future while the clock was being moved is due already.
        PERFORM take_up_future(old_as_of);
        RETURN;
    END IF;
    UPDATE clock SET as_of = new_as_of;
    IF new_as_of < old_as_of THEN
        PERFORM rebuild();
        RETURN;
    END IF;
    PERFORM take_up_future(new_as_of);
    IF old_as_of > '-infinity' THEN
        PERFORM lock_alone('clock', true);
        PERFORM mark_clock(old_as_of, new_as_of, (SELECT report_tz FROM setting));
    END IF;
END
$$;
COMMENT ON FUNCTION dorad_data.advance IS
    'Sets the instant that the numbers are about, and marks what that touches: events and dated '
    'lines of the catalogue between the old value and the new, months that end or settle. Going '
    'back computes everything again; with by_clock, less than five minutes back does nothing, '
    'so that workers whose clocks differ do no harm.';

CREATE FUNCTION dorad_data.start_clock(first_as_of timestamptz) RETURNS void
LANGUAGE sql AS $$
    UPDATE dorad_data.clock SET as_of = first_as_of WHERE as_of = '-infinity'
$$;
COMMENT ON FUNCTION dorad_data.start_clock IS
    'Sets the clock where it was never set: else the first events, a year of history, are all kept '
    'as future.';

CREATE FUNCTION dorad_data.take_up_future(until timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM future WHERE at <= until) THEN
        RETURN;
    END IF;
    PERFORM stage_tables();
    WITH due AS (
        DELETE FROM future WHERE at <= until RETURNING source, id
    )
    INSERT INTO w_touched
        SELECT o.kind, o.entity, o.service, o.origin_id, o.at, false
        FROM (SELECT DISTINCT source, id FROM due) AS d
        JOIN observation AS o ON o.source = d.source AND o.id = d.id
        WHERE o.at <= until;
    PERFORM touch(lock_origins());
END
$$;
COMMENT ON FUNCTION dorad_data.take_up_future IS
    'Touches what the events touch that were kept ahead of their time.';

CREATE FUNCTION dorad_data.mark_clock(old_as_of timestamptz, new_as_of timestamptz, tz text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- A month that begins may be the first of a service, whose first fact is later in it.
    ahead timestamptz := CASE WHEN month_of(old_as_of, tz) = month_of(new_as_of, tz) THEN new_as_of
                              ELSE month_start(next_month(month_of(new_as_of, tz)), tz) END;
BEGIN
    INSERT INTO month_mark (scope, name, month, until, because)
        -- At local midnight the running month has another day; at its end it is complete.
        SELECT s.scope, s.name, month_of(old_as_of, tz), month_of(new_as_of, tz), '[["clock", "day"]]'::jsonb
        FROM scope_span AS s
        WHERE (old_as_of AT TIME ZONE tz)::date <> (new_as_of AT TIME ZONE tz)::date
          AND s.last_month >= month_of(old_as_of, tz)
        UNION ALL
        -- A month settles when the attribution window after it is over.
        SELECT s.scope, s.name, m.month, NULL, '[["clock", "settled"]]'::jsonb
        FROM (
            SELECT attribution_window_s AS secs FROM setting
            UNION SELECT attribution_window_s FROM service WHERE attribution_window_s IS NOT NULL
        ) AS w
        CROSS JOIN LATERAL generate_series(
            previous_month(month_of(old_as_of - make_interval(secs => w.secs), tz), 1)::timestamp,
            month_of(new_as_of, tz)::timestamp, interval '1 month') AS g (month)
        CROSS JOIN LATERAL (SELECT g.month::date) AS m (month)
        JOIN scope_span AS s ON m.month BETWEEN s.first_month AND s.last_month
        WHERE month_start(next_month(m.month), tz) + make_interval(secs => w.secs) > old_as_of
          AND month_start(next_month(m.month), tz) + make_interval(secs => w.secs) <= new_as_of
        UNION ALL
        -- Dated phases and owners: an owner's row shows what it holds at the end of a month.
        SELECT k.scope, k.name, month_of(d.valid_from, tz), 'infinity', '[["catalog", "dated line"]]'::jsonb
        FROM (
            SELECT service, valid_from FROM service_phase
            WHERE valid_from >= old_as_of AND valid_from <= new_as_of
            UNION
            SELECT service, valid_from FROM ownership
            WHERE valid_from >= old_as_of AND valid_from <= new_as_of
        ) AS d
        CROSS JOIN LATERAL (
            SELECT 'service' AS scope, d.service AS name
            UNION
            SELECT 'team', o.team FROM ownership AS o
            WHERE o.service = d.service AND o.team IS NOT NULL
        ) AS k
        UNION ALL
        -- An incident may begin or end later than the event that says so: until then it is not
        -- open, or still is, and its service may have no other fact, hence no row.
        SELECT k.scope, k.name, month_of(old_as_of, tz), month_of(new_as_of, tz), '[["clock", "incident"]]'
        FROM (
            SELECT i.incident_id FROM incident_fact AS i
            WHERE i.started_at >= old_as_of AND i.started_at < ahead
            UNION
            SELECT i.incident_id FROM incident_fact AS i
            WHERE i.restored_at >= old_as_of AND i.restored_at < ahead
        ) AS i
        JOIN incident_service AS s ON s.incident_id = i.incident_id AND s.counted
        CROSS JOIN LATERAL (
            SELECT 'service' AS scope, s.service AS name
            UNION
            SELECT 'team', o.team FROM ownership AS o
            WHERE o.service = s.service AND o.team IS NOT NULL
        ) AS k;
END
$$;
COMMENT ON FUNCTION dorad_data.mark_clock IS
    'Marks the months that a later clock alone changes (METRICS.md 9.2).';
