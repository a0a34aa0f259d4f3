-- SPDX-License-Identifier: Apache-2.0
--
-- What the portal's pages ask for and no other view has in that shape.

-- A request once, however many services it is about: fact_change_request has a row for each of them.
CREATE VIEW dorad.portal_change_request AS
SELECT c.cr_id, k.services, c.state, c.close_code, c.actual_start, c.actual_end, c.marks_failure, c.url
FROM dorad_data.change_request AS c
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(s.service ORDER BY s.service), '{}') AS services
    FROM (
        SELECT unnest(c.services) AS service
        UNION SELECT d.service FROM dorad_data.change_request_deployment AS d WHERE d.cr_id = c.cr_id
    ) AS s
) AS k;
COMMENT ON VIEW dorad.portal_change_request IS 'Change requests, each once.';
COMMENT ON COLUMN dorad.portal_change_request.cr_id IS 'Its id.';
COMMENT ON COLUMN dorad.portal_change_request.services IS 'The services it is about or deployed, sorted.';
COMMENT ON COLUMN dorad.portal_change_request.state IS 'Its state as sent.';
COMMENT ON COLUMN dorad.portal_change_request.close_code IS 'Its close code as sent.';
COMMENT ON COLUMN dorad.portal_change_request.actual_start IS 'When the work began.';
COMMENT ON COLUMN dorad.portal_change_request.actual_end IS 'When the work ended.';
COMMENT ON COLUMN dorad.portal_change_request.marks_failure IS 'Closed as unsuccessful: its deployments failed.';
COMMENT ON COLUMN dorad.portal_change_request.url IS 'The page a person would open.';

DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_reader') THEN
        GRANT SELECT ON dorad.portal_change_request TO dorad_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dorad_writer') THEN
        GRANT SELECT ON dorad.portal_change_request TO dorad_writer;
    END IF;
END
$do$;
