-- SPDX-License-Identifier: Apache-2.0
--
-- A large history, made up within the database: :deployments deployments of :services services
-- over :months months, and to each a change, to every tenth of each service an incident, to every
-- second an item.
-- Rows are written as keep() writes them; what marks would lead to is left to rebuild().

SET search_path = dorad_data;
SET synchronous_commit = off;

CREATE TEMP TABLE made AS
SELECT n, 's' || n % :services AS service, md5('sha' || n) || left(md5('more' || n), 8) AS sha,
       timestamptz '2026-01-01 00:00+00' - make_interval(months => :months)
           + n * (make_interval(months => :months) / :deployments) AS at
FROM generate_series(1, :deployments) AS n;

INSERT INTO observation (source, id, revision, kind, entity, at, sent_time, service, data, kept_at)
SELECT '/bench', 'd/' || n || '/' || status, 0, 'deployment', 'd' || n, at + after, at + after, service,
       jsonb_build_object('deployment_id', 'd' || n, 'service', service, 'status', status,
                          'environment', 'production', 'environment_class', 'production', 'sha', sha,
                          'url', 'https://git.example/acme/' || service || '/deployments/' || n),
       now()
FROM made, (VALUES ('started', interval '0'), ('succeeded', interval '3 min')) AS s (status, after)
UNION ALL
SELECT '/bench', 'c/' || n, 0, 'change', sha, at - interval '1 h', at - interval '1 h', NULL,
       jsonb_build_object('change_id', sha, 'services', jsonb_build_array(service), 'ordinal', 0,
                          'landed_at', at - interval '1 h', 'committed_at', at - interval '1 day'),
       now()
FROM made
UNION ALL
SELECT '/bench', 'i/' || n || '/' || state, 0, 'incident', 'i' || n, at + after, at + after, NULL,
       jsonb_build_object('incident_id', 'i' || n, 'services', jsonb_build_array(service),
                          'state', state, 'severity', 2),
       now()
FROM made, (VALUES ('open', interval '1 h'), ('resolved', interval '3 h')) AS s (state, after)
WHERE n / :services % 10 = 0
UNION ALL
SELECT '/bench', 'w/' || n || '/' || status, 0, 'work_item', 'w' || n, at + after, at + after, NULL,
       jsonb_build_object('item_id', 'w' || n, 'services', jsonb_build_array(service), 'status', status,
                          'item_type', (ARRAY['Story', 'Bug', 'Support'])[1 + n % 3]),
       now()
FROM made, (VALUES ('todo', interval '0'), ('done', interval '2 days')) AS s (status, after)
WHERE n / :services % 2 = 0;

UPDATE clock SET as_of = '2026-01-10 00:00+00';
ANALYZE observation;
