-- SPDX-License-Identifier: Apache-2.0
--
-- Beyond one worker and one server: which worker reads which shards of the streams, and how far
-- behind a replica is.
--
-- A lease only keeps workers out of each other's way. Who has none, or has lost his, does no harm:
-- a stream's group hands an entry to one worker, and what is kept twice is kept once (R1).

CREATE TABLE dorad_data.rollup_worker (
    streams text NOT NULL,
    worker  text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (streams, worker)
);
COMMENT ON TABLE dorad_data.rollup_worker IS 'The roll-up workers that run.';
COMMENT ON COLUMN dorad_data.rollup_worker.streams IS 'Of which streams: their prefix and number of shards.';
COMMENT ON COLUMN dorad_data.rollup_worker.worker IS 'Its name, HOST:INSTANCE.';
COMMENT ON COLUMN dorad_data.rollup_worker.seen_at IS 'When it last renewed its leases.';

CREATE TABLE dorad_data.shard_lease (
    streams text NOT NULL,
    shard   integer NOT NULL,
    worker  text NOT NULL,
    PRIMARY KEY (streams, shard),
    FOREIGN KEY (streams, worker) REFERENCES dorad_data.rollup_worker ON DELETE CASCADE
);
CREATE INDEX shard_lease_worker ON dorad_data.shard_lease (streams, worker);
COMMENT ON TABLE dorad_data.shard_lease IS 'Which worker reads which shard.';
COMMENT ON COLUMN dorad_data.shard_lease.streams IS 'Of which streams: their prefix and number of shards.';
COMMENT ON COLUMN dorad_data.shard_lease.shard IS 'The shard, from 0.';
COMMENT ON COLUMN dorad_data.shard_lease.worker IS 'Who reads it.';

CREATE FUNCTION dorad_data.lease_shards(of_streams text, me text, n_shards integer, term interval)
RETURNS integer[]
LANGUAGE plpgsql SET search_path = dorad_data, pg_temp AS $$
DECLARE
    now_at timestamptz;
    share integer;
    n_mine integer;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_key('dorad'), lock_key('leases'));
    now_at := clock_timestamp();    -- after the wait for the lock
    INSERT INTO rollup_worker (streams, worker, seen_at) VALUES (of_streams, me, now_at)
        ON CONFLICT (streams, worker) DO UPDATE SET seen_at = excluded.seen_at;
    DELETE FROM rollup_worker WHERE seen_at < now_at - term;

    -- The shares of all add up to the whole: the first by name have one more.
    SELECT n_shards / count(*)
           + (count(*) FILTER (WHERE worker < me) < n_shards % count(*))::integer
    INTO share
    FROM rollup_worker WHERE streams = of_streams;

    SELECT count(*) INTO n_mine FROM shard_lease WHERE streams = of_streams AND worker = me;
    DELETE FROM shard_lease AS l
    USING (SELECT shard FROM shard_lease WHERE streams = of_streams AND worker = me
           ORDER BY shard DESC LIMIT greatest(n_mine - share, 0)) AS over
    WHERE l.streams = of_streams AND l.shard = over.shard;
    INSERT INTO shard_lease (streams, shard, worker)
        SELECT of_streams, s.shard, me
        FROM generate_series(0, n_shards - 1) AS s (shard)
        WHERE NOT EXISTS (SELECT FROM shard_lease AS l
                          WHERE l.streams = of_streams AND l.shard = s.shard)
        ORDER BY s.shard LIMIT greatest(share - n_mine, 0);
    RETURN ARRAY(SELECT shard FROM shard_lease
                 WHERE streams = of_streams AND worker = me ORDER BY shard);
END
$$;
COMMENT ON FUNCTION dorad_data.lease_shards IS
    'Says that this worker runs, takes or gives back shards until it has its share, and says which it has.';

CREATE FUNCTION dorad_data.leave_shards(of_streams text, me text) RETURNS void
LANGUAGE sql SET search_path = dorad_data, pg_temp AS $$
    DELETE FROM rollup_worker WHERE streams = of_streams AND worker = me;
$$;
COMMENT ON FUNCTION dorad_data.leave_shards IS 'This worker ends: others may have its shards at once.';

-- Where nothing comes from the primary, what was replayed last tells how old all of it is; a
-- primary commits at least once a minute, when the roll-up moves the clock.
CREATE VIEW dorad.replica AS
SELECT r.is_replica,
    CASE WHEN NOT r.is_replica THEN NULL
         WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
              AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL)
             THEN interval '0'
         ELSE greatest(clock_timestamp() - pg_last_xact_replay_timestamp(), interval '0') END AS lag
FROM (SELECT pg_is_in_recovery() AS is_replica) AS r;
COMMENT ON VIEW dorad.replica IS 'Whether this server is a replica, and how far behind.';
COMMENT ON COLUMN dorad.replica.is_replica IS 'Whether it replays what another commits.';
COMMENT ON COLUMN dorad.replica.lag IS 'Age of what it shows; null where it is none, or has replayed nothing yet.';

REVOKE EXECUTE ON FUNCTION dorad_data.lease_shards, dorad_data.leave_shards FROM PUBLIC;
DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_reader') THEN
        GRANT SELECT ON dorad.replica TO dorad_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON dorad_data.rollup_worker, dorad_data.shard_lease
            TO dorad_writer;
        GRANT EXECUTE ON FUNCTION dorad_data.lease_shards, dorad_data.leave_shards TO dorad_writer;
        GRANT SELECT ON dorad.replica TO dorad_writer;
    END IF;
END
$do$;
