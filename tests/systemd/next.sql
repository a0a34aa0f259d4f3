-- SPDX-License-Identifier: Apache-2.0
--
-- What a next version might bring: a column of a table that is in use, and an index.
-- Meanwhile: the running version goes on.

SET LOCAL search_path = dorad_data, pg_temp;

ALTER TABLE dorad_data.observation ADD COLUMN looked_at timestamptz;
COMMENT ON COLUMN dorad_data.observation.looked_at IS 'Nothing; it shows that a migration was applied.';
CREATE INDEX observation_by_endpoint ON dorad_data.observation (endpoint);
